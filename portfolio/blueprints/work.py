"""Work: each person's own elements, and who does what by when."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from portfolio import navigation, web
from portfolio.blueprints.forms import Typed, refused
from portfolio.days import day_of
from portfolio.editions import rubric_of
from portfolio.errors import DomainError
from portfolio.models import Dossier, DossierState
from portfolio.policy import Permission
from portfolio.queries import people, places, supplements
from portfolio.queries import work as queries
from portfolio.queries.places import ElementAt
from portfolio.queries.standing import standing
from portfolio.services import dossiers, touches
from portfolio.templating import days_until

blueprint = Blueprint("work", __name__)


@blueprint.get("/dossiers/<int:dossier_id>/work/mine")
@web.guard(Permission.WORK_READ, places.dossier)
def mine(dossier: Dossier) -> Any:
    """My elements, what each lacks and by when, the most urgent first."""
    navigation.stand_on(dossier.school, dossier)
    found = queries.my_work(web.db(), dossier, user_id=web.actor().user_id, now=web.now())
    return render_template(
        "work/mine.html",
        dossier=dossier,
        rubric=rubric_of(web.db(), dossier.cycle.rubric_digest),
        groups=queries.by_urgency(found),
        tasks=found,
        asked=supplements.asked_of(web.db(), dossier),
        days_until=days_until,
    )


@blueprint.get("/dossiers/<int:dossier_id>/work")
@web.guard(Permission.ELEMENT_ASSIGN, places.dossier)
def division(dossier: Dossier) -> Any:
    """Who does what by when."""
    return _division_page(dossier)


@blueprint.post("/dossiers/<int:dossier_id>/work")
@web.guard(Permission.ELEMENT_ASSIGN, places.dossier)
def assign(dossier: Dossier) -> Any:
    """Give the elements chosen, and all those of the Bs chosen, to somebody by a day."""
    try:
        count = _assign(dossier, Typed(request.form))
    except DomainError as error:
        errors = refused(error)
        again, _place = places.dossier(web.db(), dossier_id=dossier.id)
        return _division_page(again, errors), 422
    flash(ngettext("%(num)s element is assigned.", "%(num)s elements are assigned.", count), "ok")
    return redirect(url_for("work.division", dossier_id=dossier.id))


@blueprint.post("/dossiers/<int:dossier_id>/elements/<code>/looked-at")
@web.guard(Permission.ELEMENT_SCORE, places.element)
def look_at(at: ElementAt) -> Any:
    """Tick off that an element the rubric changed was looked at."""
    touches.look_at(
        web.db(), actor=web.actor(), now=web.now(), dossier=at.dossier, element=at.assessment.element
    )
    return _back_to(at)


@blueprint.post("/dossiers/<int:dossier_id>/elements/<code>/put-right")
@web.guard(Permission.ELEMENT_SCORE, places.element)
def put_right(at: ElementAt) -> Any:
    """Tick off that what the last panel found is put right."""
    touches.put_right(
        web.db(), actor=web.actor(), now=web.now(), dossier=at.dossier, element=at.assessment.element
    )
    return _back_to(at)


def _back_to(at: ElementAt) -> Any:
    flash(_("Saved"), "ok")
    return redirect(url_for("dossier.element", dossier_id=at.dossier.id, code=at.assessment.element))


def _assign(dossier: Dossier, typed: Typed) -> int:
    due_on = typed.day("due_on")
    typed.check()
    stands = standing(web.db(), dossier, now=web.now(), with_uncited=False)
    chosen = set(request.form.getlist("element"))
    for group in request.form.getlist("group"):
        chosen.update(queries.codes_of(stands.rubric, group))
    rows = [row for code, row in stands.assessments.items() if code in chosen]
    if not rows:
        raise DomainError("elements_missing", field="element")
    return dossiers.assign_elements(
        web.db(),
        actor=web.actor(),
        now=web.now(),
        dossier=dossier,
        assessments=rows,
        user_id=typed.key("assignee"),
        due_on=due_on,
    )


def _division_page(dossier: Dossier, errors: dict[str, str] | None = None) -> str:
    navigation.stand_on(dossier.school, dossier)
    stands = standing(web.db(), dossier, now=web.now(), with_uncited=False)
    return render_template(
        "work/division.html",
        dossier=dossier,
        rubric=stands.rubric,
        shares=queries.division(stands, today=day_of(web.now())),
        staff=people.assignable(web.db(), school_id=dossier.school_id),
        names=people.names_of(web.db(), {row.assignee_id for row in stands.assessments.values()}),
        editable=dossier.state is not DossierState.SIGNING,
        first_day=day_of(web.now()),
        last_day=day_of(dossier.cycle.submit_by),
        typed=request.form,
        errors=errors or {},
    )
