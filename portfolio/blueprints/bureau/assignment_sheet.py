"""Who scores what, from a spreadsheet: a template, a preview with every refused cell, then all of it or nothing."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from portfolio import web, wording
from portfolio.blueprints.bureau.root import blueprint
from portfolio.blueprints.documents import download
from portfolio.blueprints.sheets import carried_sheet, to_carry, uploaded_sheet
from portfolio.documents import assignment_sheet as document
from portfolio.editions import rubric_of
from portfolio.errors import DomainError
from portfolio.models import Round
from portfolio.policy import Permission
from portfolio.queries import assigning, bureau_places
from portfolio.services import assignment_sheets as services
from portfolio.services.assignment_sheets import Ground, Plan
from rubric.spans import shorten

SHEET = "/bureau/rounds/<int:round_id>/assigning/sheet"


@blueprint.get(SHEET)
@web.guard(Permission.CITY_MANAGE, bureau_places.round_)
def assignment_sheet(held: Round) -> Any:
    """Take the template along, bring it back filled in."""
    return _page(held)


@blueprint.get(f"{SHEET}.xlsx")
@web.guard(Permission.CITY_MANAGE, bureau_places.round_)
def assignment_template(held: Round) -> Response:
    """The round's waiting schools to fill in, and its experts to look up."""
    schools = [each.school for each in assigning.waiting(web.db(), held)]
    experts = [
        (bench.panel.name, expert.name, expert.username)
        for bench in assigning.benches(web.db(), held)
        for expert in bench.experts
    ]
    title = f"{held.cycle.name}　{held.name}"
    return download(document.workbook(title, schools, experts), f"{title} {_('Assignments')}", "xlsx")


@blueprint.post(SHEET)
@web.guard(Permission.CITY_MANAGE, bureau_places.round_)
def preview_assignments(held: Round) -> Any:
    """What a sheet would assign; nothing is assigned yet."""
    round_id = held.id
    web.refuse()
    again = bureau_places.round_(web.db(), round_id=round_id)[0]
    try:
        data = uploaded_sheet()
        return _page(again, plan=_plan(again, data), data=data)
    except DomainError as error:
        return _page(again, error=wording.explain(error)), 422


@blueprint.post(f"{SHEET}/assignments")
@web.guard(Permission.CITY_MANAGE, bureau_places.round_)
def assign_from_sheet(held: Round) -> Any:
    """Do what was previewed, all of it or nothing."""
    round_id, cycle_id = held.id, held.cycle_id
    try:
        given = services.apply(
            web.db(),
            actor=web.actor(),
            now=web.now(),
            planned=_plan(held, carried_sheet()),
            previewed=request.form.get("digest", ""),
        )
    except DomainError as error:
        web.refuse()
        return _refused(round_id, error)
    flash(ngettext("%(num)s package is assigned.", "%(num)s packages are assigned.", len(given)), "ok")
    return redirect(url_for("bureau.panels", cycle=cycle_id))


def _plan(held: Round, data: bytes) -> Plan:
    lines = document.read(data)
    waiting, benches = assigning.waiting(web.db(), held), assigning.benches(web.db(), held)
    people = {person for bench in benches for person in bench.people}
    return services.plan(
        lines,
        Ground(
            rubric_of(web.db(), held.cycle.rubric_digest),
            waiting,
            benches,
            assigning.ties(web.db(), people, {each.school_id for each in waiting}),
            held.independent_scores,
        ),
    )


def _refused(round_id: int, error: DomainError) -> Any:
    """The preview again, as things stand now."""
    held = bureau_places.round_(web.db(), round_id=round_id)[0]
    words = wording.explain(error)
    try:
        data = carried_sheet()
        return _page(held, plan=_plan(held, data), data=data, error=words), 409
    except DomainError:
        return _page(held, error=words), 422


def _page(held: Round, *, plan: Plan | None = None, data: bytes = b"", error: str | None = None) -> str:
    rubric = rubric_of(web.db(), held.cycle.rubric_digest)
    return render_template(
        "bureau/assignment_sheet.html",
        round=held,
        plan=plan,
        shorten=lambda codes: shorten(codes, rubric),
        sheet=to_carry(data),
        error=error,
    )
