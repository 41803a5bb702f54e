"""The rectification list after a result: the school reports item by item, panel or bureau re-check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from portfolio import navigation, web
from portfolio.blueprints.forms import refused
from portfolio.blueprints.settlement.root import place_of
from portfolio.editions import rubric_of
from portfolio.errors import NotFound, Refused, StaleWrite
from portfolio.models import Assignment, CheckOutcome
from portfolio.policy import Permission
from portfolio.queries import answers, places
from portfolio.queries import rectifying as queries
from portfolio.queries.rectifying import ItemAt
from portfolio.queries.rounds import still_blind
from portfolio.services import rectifying as service
from portfolio.services.answering import MOST_FILES, read_cited
from portfolio.services.dossiers import based_on

blueprint = Blueprint("rectification", __name__)
LIST = "/rounds/<int:round_id>/rectification/<int:package_id>"


@blueprint.get(LIST)
@web.guard(Permission.ANSWERS_READ, places.settlement)
def items(assignment: Assignment) -> Any:
    """Every item with what was reported and what re-checks found."""
    return _page(assignment)


@blueprint.post(f"{LIST}/items/<int:number>/reports")
@web.guard(Permission.RECTIFICATION_ANSWER, queries.item)
def answer(at: ItemAt, number: int) -> Any:
    """Report what was done about an item."""
    text = request.form.get("text", "")
    try:
        service.answer(
            web.db(),
            actor=web.actor(),
            now=web.now(),
            assignment=at.assignment,
            item=at.item,
            text=text,
            cited=read_cited(request.form),
        )
    except Refused as error:
        return _again(at, number, errors=refused(error)), 422
    flash(_("Reported. The panel or the bureau re-checks it."), "ok")
    return redirect(_address(at.assignment, number))


@blueprint.post(f"{LIST}/items/<int:number>/checks")
@web.guard(Permission.RECTIFICATION_CHECK, queries.item)
def check(at: ItemAt, number: int) -> Any:
    """Say how far an item is put right."""
    form = request.form
    try:
        service.check(
            web.db(),
            actor=web.actor(),
            now=web.now(),
            assignment=at.assignment,
            item=at.item,
            outcome=form.get("outcome", ""),
            reason=form.get("reason", ""),
            answers=based_on(form.get("answers")),
        )
    except Refused as error:
        return _again(at, number, errors=refused(error)), 422
    except StaleWrite:
        return _again(at, number, stale=True), 409
    flash(_("Saved: the school sees what the re-check found."), "ok")
    return redirect(_address(at.assignment, number))


def _address(assignment: Assignment, number: int) -> str:
    return url_for(
        "rectification.items",
        round_id=assignment.round_id,
        package_id=assignment.package_id,
        _anchor=f"item-{number}",
    )


def _again(at: ItemAt, number: int, **shown: Any) -> str:
    web.refuse()
    found = places.settlement(web.db(), round_id=at.assignment.round_id, package_id=at.assignment.package_id)[
        0
    ]
    return _page(found, number=number, typed=request.form, **shown)


def _page(
    assignment: Assignment,
    *,
    number: int | None = None,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    stale: bool = False,
) -> str:
    """The page; `number` is the item whose form was refused. Raises NotFound for who is still to judge."""
    dossier = assignment.package.dossier
    if assignment.package.school_id in web.actor().schools():
        navigation.stand_on(dossier.school, dossier)
    if assignment.published_at is None:
        return render_template("result/nothing.html", assignment=assignment)
    if still_blind(web.db(), web.actor(), dossier):
        raise NotFound()
    place = place_of(assignment)
    reports = web.may(Permission.RECTIFICATION_ANSWER, place)
    own = assignment.package.school_id in web.actor().conflicts
    return render_template(
        "result/rectification.html",
        assignment=assignment,
        rubric=rubric_of(web.db(), assignment.package.rubric_digest),
        items=queries.items(web.db(), assignment.id, now=web.now()),
        reports=reports,
        checks=web.may(Permission.RECTIFICATION_CHECK, place) and not own,
        opens=web.may(Permission.FILE_READ, replace(place, answers=True)),
        outcomes=CheckOutcome,
        library=answers.library(web.db(), assignment.package.school_id) if reports else (),
        rows=range(1, MOST_FILES + 1),
        number=number,
        typed=typed or {},
        errors=errors or {},
        stale=stale,
    )
