"""Cycles: opened under a rubric, with their rounds and the schools that take part."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select

from portfolio import web
from portfolio.blueprints.bureau.overview import GLYPHS
from portfolio.blueprints.bureau.root import blueprint
from portfolio.blueprints.forms import Typed, keys, local_input, refused
from portfolio.errors import DomainError
from portfolio.models import Cycle, School
from portfolio.policy import Permission
from portfolio.queries import bureau_places
from portfolio.queries import cycles as queries
from portfolio.services import cycles as services
from portfolio.services.cycles import RoundPlan
from rubric.loader import DEFAULT, available, find
from rubric.model import Rubric

MOST_ROUNDS = 2


@blueprint.get("/bureau/cycles")
@web.guard(Permission.CITY_READ)
def cycles() -> Any:
    """All cycles, and the form for a new one."""
    return _cycles_page(_blank())


@blueprint.post("/bureau/cycles")
@web.guard(Permission.CITY_MANAGE)
def open_cycle() -> Any:
    """Open a cycle."""
    try:
        cycle = services.open_cycle(web.db(), actor=web.actor(), now=web.now(), **_plan(Typed(request.form)))
    except DomainError as error:
        return _cycles_page(request.form, refused(error)), 422
    flash(_("The cycle is open. Choose the schools that take part."), "ok")
    return redirect(url_for("bureau.cycle", cycle_id=cycle.id))


@blueprint.get("/bureau/cycles/<int:cycle_id>")
@web.guard(Permission.CITY_READ, bureau_places.cycle)
def cycle(held: Cycle) -> Any:
    """A cycle: who takes part, its rounds, panels and packages."""
    return cycle_page(held)


@blueprint.post("/bureau/cycles/<int:cycle_id>/dossiers")
@web.guard(Permission.CITY_MANAGE, bureau_places.cycle)
def open_dossiers(held: Cycle) -> Any:
    """Open dossiers for the schools chosen."""
    chosen = keys(request.form.getlist("school"))
    schools = web.db().scalars(select(School).where(School.id.in_(chosen))).all()
    try:
        if not schools:
            raise DomainError("schools_missing", field="school")
        for school in schools:
            services.open_dossier(web.db(), actor=web.actor(), now=web.now(), school=school, cycle=held)
    except DomainError as error:
        errors = refused(error)
        again, _place = bureau_places.cycle(web.db(), cycle_id=held.id)
        return cycle_page(again, errors, chosen=chosen), 422
    flash(ngettext("%(num)s dossier is open.", "%(num)s dossiers are open.", len(schools)), "ok")
    return redirect(url_for("bureau.cycle", cycle_id=held.id))


def cycle_page(
    held: Cycle, errors: Mapping[str, str] | None = None, *, chosen: set[int] | None = None
) -> str:
    """The cycle's page; `chosen` are schools ticked in a form that was refused."""
    return render_template(
        "bureau/cycle.html",
        cycle=held,
        desk=queries.cycle_desk(web.db(), held, now=web.now()),
        glyphs=GLYPHS,
        errors=errors or {},
        chosen=chosen or set(),
        typed=request.form,
    )


def _cycles_page(typed: Mapping[str, str], errors: Mapping[str, str] | None = None) -> str:
    return render_template(
        "bureau/cycles.html",
        rows=queries.all_cycles(web.db()),
        rubrics=[(name, find(name).title) for name in available()],
        positions=range(1, MOST_ROUNDS + 1),
        typed=typed,
        errors=errors or {},
    )


def _blank() -> dict[str, str]:
    """The form as it opens: what most cycles have."""
    opens = web.now().replace(minute=0)
    typed = {
        "rubric": DEFAULT,
        "opens_at": local_input(opens),
        "submit_by": local_input(opens + timedelta(days=60)),
    }
    typed["score_step"] = "0.1"
    for position in range(1, MOST_ROUNDS + 1):
        typed |= {
            f"scores_{position}": "3" if position == MOST_ROUNDS else "1",
            f"tolerance_{position}": "0.2",
        }
    return typed


def _plan(typed: Typed) -> dict[str, Any]:
    """The cycle as typed. Raises Refused."""
    plan = {
        "name": typed.text("name"),
        "rubric": _rubric(typed),
        "opens_at": typed.needed_moment("opens_at"),
        "submit_by": typed.needed_moment("submit_by"),
        "score_step": typed.points("score_step"),
        "rounds": [_round(typed, n) for n in range(1, MOST_ROUNDS + 1) if n == 1 or typed.text(f"round_{n}")],
    }
    typed.check()
    return plan


def _rubric(typed: Typed) -> Rubric | None:
    try:
        return find(typed.text("rubric"))
    except LookupError:
        typed.errors["rubric"] = DomainError("rubric_unknown", field="rubric")
        return None


def _round(typed: Typed, position: int) -> RoundPlan:
    return RoundPlan(
        name=typed.text(f"round_{position}"),
        review_by=typed.moment(f"review_by_{position}"),
        independent_scores=typed.whole(f"scores_{position}"),
        tolerance=typed.points(f"tolerance_{position}") or Decimal(0),
    )
