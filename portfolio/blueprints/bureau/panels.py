"""Panels: formed for a round, given packages, their results published."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from portfolio import web
from portfolio.blueprints.bureau.root import blueprint
from portfolio.blueprints.forms import Typed, keys, refused
from portfolio.errors import DomainError, NotFound
from portfolio.models import Assignment, Cycle, Package, Panel, Review, Round, User
from portfolio.policy import Permission
from portfolio.queries import bureau_places, cycles, places
from portfolio.queries import desks as queries
from portfolio.services import closing, interests, publishing
from portfolio.services import panels as services


@blueprint.get("/bureau/panels")
@web.guard(Permission.CITY_READ)
def panels() -> Any:
    """The panels of a cycle (the newest by default), round by round."""
    asked = Typed(request.args).key("cycle")
    rows = cycles.all_cycles(web.db())
    held = next((row.cycle for row in rows if asked in (None, row.cycle.id)), None)
    if held is None and asked is not None:
        raise NotFound()
    return _panels_page(held, [row.cycle for row in rows])


@blueprint.post("/bureau/rounds/<int:round_id>/panels")
@web.guard(Permission.CITY_MANAGE, bureau_places.round_)
def form_panel(held: Round) -> Any:
    """Form a panel for a round."""
    typed = Typed(request.form)
    experts = _people(request.form.getlist("experts"))
    chair = next(iter(_people([typed.text("chair")])), None)
    try:
        panel = services.form_panel(
            web.db(),
            actor=web.actor(),
            now=web.now(),
            round=held,
            name=typed.text("name"),
            experts=experts,
            chair=chair,
        )
    except DomainError as error:
        errors = refused(error)
        cycle, _place = bureau_places.cycle(web.db(), cycle_id=held.cycle_id)
        return _panels_page(cycle, [cycle], errors, refused_round=held.id), 422
    flash(_("%(name)s is formed.", name=panel.name), "ok")
    return redirect(url_for("bureau.panels", cycle=held.cycle_id))


@blueprint.post("/bureau/packages/<int:package_id>/assignments")
@web.guard(Permission.CITY_MANAGE, places.package)
def assign(package: Package) -> Any:
    """Give a package to a panel."""
    panel = web.db().get(Panel, Typed(request.form).key("panel") or 0)
    try:
        if panel is None:
            raise DomainError("panel_unknown", field="panel")
        services.assign(web.db(), actor=web.actor(), now=web.now(), panel=panel, package=package)
    except DomainError as error:
        words = next(iter(refused(error).values()))
        cycle, _place = bureau_places.cycle(web.db(), cycle_id=package.cycle_id)
        beside = _beside(error, f"assign-{Typed(request.form).key('round')}-{package.id}")
        return _panels_page(cycle, [cycle], {beside: words}), 422
    flash(_("The package is with %(panel)s.", panel=panel.name), "ok")
    return redirect(_back(package.cycle_id))


@blueprint.post("/bureau/assignments/<int:assignment_id>/publication")
@web.guard(Permission.CITY_MANAGE, bureau_places.assignment)
def publish(held: Assignment) -> Any:
    """Show the school its result."""
    cycle_id, school = held.package.cycle_id, held.package.dossier.school.name
    publishing.publish(web.db(), actor=web.actor(), now=web.now(), assignment=held)
    flash(_("%(school)s can read its result now.", school=school), "ok")
    return redirect(_back(cycle_id))


@blueprint.post("/bureau/assignments/<int:assignment_id>/reopening")
@web.guard(Permission.CITY_MANAGE, bureau_places.assignment)
def reopen(held: Assignment) -> Any:
    """Open a closed review again, with a reason that stays on record."""
    package, school = held.package, held.package.dossier.school.name
    reason = request.form.get("reason", "")
    try:
        closing.reopen(web.db(), actor=web.actor(), now=web.now(), assignment=held, reason=reason)
    except DomainError as error:
        words = next(iter(refused(error).values()))
        cycle, _place = bureau_places.cycle(web.db(), cycle_id=package.cycle_id)
        return _panels_page(cycle, [cycle], {_beside(error, f"reopen-{held.id}"): words}), 422
    flash(_("The review of %(school)s is open again.", school=school), "ok")
    return redirect(_back(package.cycle_id))


@blueprint.post("/bureau/reviews/<int:review_id>/substitute")
@web.guard(Permission.CITY_MANAGE, places.review)
def substitute(review: Review) -> Any:
    """Give the package to another expert in the place of one who stepped aside."""
    assignment, package = review.assignment, review.assignment.package
    expert = next(iter(_people([Typed(request.form).text("expert")])), None)
    try:
        if expert is None:
            raise DomainError("person_unknown", field="expert")
        interests.substitute(
            web.db(), actor=web.actor(), now=web.now(), assignment=assignment, leaving=review, expert=expert
        )
    except DomainError as error:
        words = next(iter(refused(error).values()))
        cycle, _place = bureau_places.cycle(web.db(), cycle_id=package.cycle_id)
        return _panels_page(cycle, [cycle], {_beside(error, f"substitute-{review.id}"): words}), 422
    flash(_("%(name)s reviews the package now.", name=expert.name), "ok")
    return redirect(_back(package.cycle_id))


# Refusals of what somebody did meanwhile: there is no form any more beside which to say so.
_OVERTAKEN = frozenset(
    {
        "package_assigned",
        "package_superseded",
        "not_closed",
        "already_published",
        "assignment_closed",
        "not_stepped_aside",
        "already_substituted",
    }
)


def _beside(error: DomainError, form: str) -> str:
    """Where on the page a refusal is said: at the form, or above all where that is gone."""
    return "" if error.code in _OVERTAKEN else form


def _back(cycle_id: int) -> str:
    return web.local_target(request.form.get("next")) or url_for("bureau.panels", cycle=cycle_id)


def _people(typed: list[str]) -> list[User]:
    """The people chosen, of those who can sit on a panel."""
    eligible = {candidate.user_id for candidate in queries.candidates(web.db())}
    chosen = keys(typed) & eligible
    return list(web.db().scalars(select(User).where(User.id.in_(chosen)).order_by(User.name)))


def _panels_page(
    held: Cycle | None,
    cycles: list[Cycle],
    errors: Mapping[str, str] | None = None,
    *,
    refused_round: int | None = None,
) -> str:
    return render_template(
        "bureau/panels.html",
        cycle=held,
        cycles=cycles,
        desks=queries.round_desks(web.db(), held) if held else [],
        candidates=queries.candidates(web.db()) if web.may(Permission.CITY_MANAGE) else [],
        errors=errors or {},
        refused_round=refused_round,
        typed=request.form,
    )
