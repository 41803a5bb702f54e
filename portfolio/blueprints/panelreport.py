"""The panel's report and its rectification list: written by the chair, read by the panel once the table is open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portfolio import web, wording
from portfolio.blueprints.forms import Typed, refused
from portfolio.blueprints.settlement.root import place_of
from portfolio.editions import rubric_of
from portfolio.errors import DomainError, NotFound, StaleWrite
from portfolio.models import Assignment, ReportSection
from portfolio.policy import Permission, Place
from portfolio.queries import panel_report as queries
from portfolio.queries import places
from portfolio.queries.rounds import still_blind
from portfolio.services import panel_reports as service
from portfolio.services.dossiers import based_on
from portfolio.services.panel_reports import LONGEST_PART, Plan
from portfolio.services.terms import proposed

blueprint = Blueprint("panelreport", __name__)
REPORT = "/rounds/<int:round_id>/report/<int:package_id>"


def _part(session: Session, *, round_id: int, package_id: int, part: str) -> tuple[Assignment, Place]:
    """The assignment whose report has this part. Raises NotFound for one that no report has."""
    assignment, place = places.settlement(session, round_id=round_id, package_id=package_id)
    rubric = rubric_of(session, assignment.package.rubric_digest)
    if part not in {*ReportSection, *(each.code for each in rubric.indicators)}:
        raise NotFound()
    return assignment, place


def _item(session: Session, *, round_id: int, package_id: int, **_which: int) -> tuple[Assignment, Place]:
    """The assignment whose list an item is on; whether it is there, the service says."""
    return places.settlement(session, round_id=round_id, package_id=package_id)


@blueprint.get(REPORT)
@web.guard(Permission.SETTLEMENT_READ, places.settlement)
def report(assignment: Assignment) -> Any:
    """The report as it stands; to write for the chair."""
    return _page(assignment)


@blueprint.post(f"{REPORT}/parts/<part>")
@web.guard(Permission.SETTLEMENT_WRITE, _part)
def write_part(assignment: Assignment, round_id: int, package_id: int, part: str) -> Any:
    """Save a part; what was typed stays on the page if it can't be."""
    typed = request.form.get("text", "")
    version = based_on(request.form.get("version"))
    try:
        service.write_part(
            web.db(),
            actor=web.actor(),
            now=web.now(),
            assignment=assignment,
            part=part,
            text=typed,
            version=version,
        )
    except StaleWrite:
        return _again(round_id, package_id, part=part, text=typed, stale=True), 409
    except DomainError as error:
        if error.field is None:
            raise
        errors = {part: wording.explain(error)}
        return _again(round_id, package_id, part=part, text=typed, errors=errors), 422
    flash(_("Saved"), "ok")
    return redirect(_address(round_id, package_id, part))


@blueprint.post(f"{REPORT}/items")
@web.guard(Permission.SETTLEMENT_WRITE, places.settlement)
def list_item(assignment: Assignment, round_id: int, package_id: int) -> Any:
    """Put a line on the rectification list."""
    try:
        service.list_item(
            web.db(), actor=web.actor(), now=web.now(), assignment=assignment, plan=_plan(Typed(request.form))
        )
    except DomainError as error:
        return _refused_item(error, round_id, package_id, number=0), 422
    flash(_("Added to the list."), "ok")
    return redirect(_address(round_id, package_id, "items"))


@blueprint.post(f"{REPORT}/items/<int:number>")
@web.guard(Permission.SETTLEMENT_WRITE, _item)
def change_item(assignment: Assignment, round_id: int, package_id: int, number: int) -> Any:
    """Write a line anew."""
    try:
        service.change_item(
            web.db(),
            actor=web.actor(),
            now=web.now(),
            assignment=assignment,
            number=number,
            plan=_plan(Typed(request.form)),
            version=based_on(request.form.get("version")),
        )
    except StaleWrite:
        return _again(round_id, package_id, number=number, stale=True), 409
    except DomainError as error:
        return _refused_item(error, round_id, package_id, number=number), 422
    flash(_("Saved"), "ok")
    return redirect(_address(round_id, package_id, f"item-{number}"))


@blueprint.post(f"{REPORT}/items/<int:number>/removal")
@web.guard(Permission.SETTLEMENT_WRITE, _item)
def drop_item(assignment: Assignment, round_id: int, package_id: int, number: int) -> Any:
    """Take a line off the list."""
    version = based_on(request.form.get("version"))
    try:
        service.drop_item(
            web.db(), actor=web.actor(), now=web.now(), assignment=assignment, number=number, version=version
        )
    except StaleWrite:
        return _again(round_id, package_id, number=number, stale=True), 409
    flash(_("Taken off the list."), "ok")
    return redirect(_address(round_id, package_id, "items"))


def _plan(typed: Typed) -> Plan:
    """A line as typed. Raises Refused."""
    plan = Plan(
        element=typed.text("element"),
        problem=typed.text("problem"),
        measure=typed.text("measure"),
        responsible=typed.text("responsible"),
        due_on=typed.day("due_on"),
    )
    typed.check()
    return plan


def _address(round_id: int, package_id: int, anchor: str) -> str:
    return url_for("panelreport.report", round_id=round_id, package_id=package_id, _anchor=anchor)


def _refused_item(error: DomainError, round_id: int, package_id: int, *, number: int) -> str:
    """The page with the form as it was typed; a refusal that belongs to no field goes on."""
    if error.field is None and not hasattr(error, "errors"):
        raise error
    return _again(round_id, package_id, number=number, errors=refused(error))


def _again(round_id: int, package_id: int, **shown: Any) -> str:
    web.refuse()
    found = places.settlement(web.db(), round_id=round_id, package_id=package_id)[0]
    return _page(found, typed=request.form, **shown)


def _page(
    assignment: Assignment,
    *,
    typed: Mapping[str, str] | None = None,
    part: str | None = None,
    text: str = "",
    number: int | None = None,
    errors: Mapping[str, str] | None = None,
    stale: bool = False,
) -> str:
    """The page; `part` or the item `number` (0: a new one) is what was typed and refused."""
    if assignment.closed_at and still_blind(web.db(), web.actor(), assignment.package.dossier):
        raise NotFound()
    rubric = rubric_of(web.db(), assignment.package.rubric_digest)
    waits = proposed(web.db(), assignment) is not None
    opened = assignment.settling_since is not None and assignment.closed_at is None and not waits
    writes = opened and web.may(Permission.SETTLEMENT_WRITE, place_of(assignment))
    return render_template(
        "result/report.html",
        assignment=assignment,
        package=assignment.package,
        rubric=rubric,
        report=queries.panel_report(web.db(), assignment.id),
        proposals=queries.proposals(web.db(), assignment, rubric) if writes else [],
        sections=ReportSection,
        waits=waits,
        writes=writes,
        take=request.args.get("take"),
        longest=LONGEST_PART,
        typed=typed,
        part=part,
        text=text,
        number=number,
        errors=errors or {},
        stale=stale,
    )
