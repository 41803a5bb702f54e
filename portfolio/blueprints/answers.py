"""Answers to factual errors: written and sent by the school, decided by the panel's chair, one page an element."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from portfolio import navigation, web
from portfolio.blueprints.forms import refused
from portfolio.blueprints.settlement.root import place_of
from portfolio.errors import DomainError, NotFound, Refused, StaleWrite
from portfolio.models import Assignment
from portfolio.policy import Permission
from portfolio.queries import answers as queries
from portfolio.queries import places
from portfolio.queries.rounds import still_blind
from portfolio.queries.settlement import element as located
from portfolio.services import appeals as service
from portfolio.services.answering import MOST_FILES, read_cited
from portfolio.services.dossiers import based_on

blueprint = Blueprint("answers", __name__)
ANSWERS = "/rounds/<int:round_id>/answers/<int:package_id>"
CASE = f"{ANSWERS}/elements/<code>"


@blueprint.get(ANSWERS)
@web.guard(Permission.ANSWERS_READ, places.settlement)
def answers(assignment: Assignment) -> Any:
    """Everything the school answered; its drafts are for itself."""
    _check_sees(assignment)
    if assignment.published_at is None:
        return _nothing_yet(assignment)
    cases = queries.cases(web.db(), assignment, drafts=_of_the_school(assignment))
    _stand_on_school(assignment)
    decides = any(case.view is not None and case.view.waits for case in cases) and _decides(assignment)
    return render_template(
        "result/answers.html", assignment=assignment, cases=cases, decides=decides, now=web.now()
    )


@blueprint.get(CASE)
@web.guard(Permission.ANSWERS_READ, located)
def case(assignment: Assignment, code: str) -> Any:
    """One element: how it was judged, what the school answers, and what becomes of it."""
    return _page(assignment, code)


@blueprint.post(CASE)
@web.guard(Permission.APPEAL_WRITE, located)
def draft(assignment: Assignment, round_id: int, package_id: int, code: str) -> Any:
    """Save a draft; the principal sends it."""
    form = request.form
    try:
        service.draft(
            web.db(),
            actor=web.actor(),
            now=web.now(),
            assignment=assignment,
            code=code,
            text=form.get("text", ""),
            cited=read_cited(form),
            version=based_on(form.get("version")),
        )
    except Refused as error:
        return _again(round_id, package_id, code, errors=refused(error)), 422
    except StaleWrite:
        return _again(round_id, package_id, code, stale=True), 409
    flash(_("Saved as a draft. The principal sends it."), "ok")
    return redirect(_address(assignment, code))


@blueprint.post(f"{CASE}/sending")
@web.guard(Permission.APPEAL_SEND, located)
def send(assignment: Assignment, round_id: int, package_id: int, code: str) -> Any:
    """Send the draft as it was read."""
    return _with_draft(service.send, assignment, round_id, package_id, code, done=_("Sent to the panel."))


@blueprint.post(f"{CASE}/removal")
@web.guard(Permission.APPEAL_WRITE, located)
def discard(assignment: Assignment, round_id: int, package_id: int, code: str) -> Any:
    """Discard a draft."""
    return _with_draft(service.discard, assignment, round_id, package_id, code, done=_("Discarded."))


def _with_draft(
    verb: Callable[..., object],
    assignment: Assignment,
    round_id: int,
    package_id: int,
    code: str,
    *,
    done: str,
) -> Any:
    """Do this with the draft as it was read, or show what it is by now."""
    version = based_on(request.form.get("version"))
    try:
        verb(web.db(), actor=web.actor(), now=web.now(), assignment=assignment, code=code, version=version)
    except StaleWrite:
        return _again(round_id, package_id, code, stale=True), 409
    flash(done, "ok")
    return redirect(_address(assignment, code))


@blueprint.post(f"{CASE}/acceptance")
@web.guard(Permission.APPEAL_DECIDE, located)
def accept(assignment: Assignment, round_id: int, package_id: int, code: str) -> Any:
    """The school is right: another final score."""
    score, reason = request.form.get("score", ""), request.form.get("reason", "")
    try:
        service.accept(
            web.db(),
            actor=web.actor(),
            now=web.now(),
            assignment=assignment,
            code=code,
            score_text=score,
            reason=reason,
        )
    except Refused as error:
        return _again(round_id, package_id, code, errors=refused(error)), 422
    flash(_("Accepted: the new final score stands, and the school sees it."), "ok")
    return redirect(_address(assignment))


@blueprint.post(f"{CASE}/refusal")
@web.guard(Permission.APPEAL_DECIDE, located)
def decline(assignment: Assignment, round_id: int, package_id: int, code: str) -> Any:
    """The final score stays."""
    reason = request.form.get("reason", "")
    try:
        service.decline(
            web.db(), actor=web.actor(), now=web.now(), assignment=assignment, code=code, reason=reason
        )
    except Refused as error:
        return _again(round_id, package_id, code, errors=refused(error)), 422
    flash(_("Declined: the final score stays, and the school sees why."), "ok")
    return redirect(_address(assignment))


def _address(assignment: Assignment, code: str | None = None) -> str:
    endpoint = "answers.case" if code else "answers.answers"
    return url_for(endpoint, round_id=assignment.round_id, package_id=assignment.package_id, code=code)


def _of_the_school(assignment: Assignment) -> bool:
    return assignment.package.school_id in web.actor().schools()


def _check_sees(assignment: Assignment) -> None:
    """Raises NotFound for who is still to judge the dossier; before publishing there is nothing to see."""
    if assignment.published_at and still_blind(web.db(), web.actor(), assignment.package.dossier):
        raise NotFound()


def _stand_on_school(assignment: Assignment) -> None:
    if _of_the_school(assignment):
        navigation.stand_on(assignment.package.dossier.school, assignment.package.dossier)


def _nothing_yet(assignment: Assignment) -> str:
    _stand_on_school(assignment)
    return render_template("result/nothing.html", assignment=assignment)


def _again(round_id: int, package_id: int, code: str, **shown: Any) -> str:
    web.refuse()
    found = places.settlement(web.db(), round_id=round_id, package_id=package_id)[0]
    return _page(found, code, typed=request.form, **shown)


def _page(
    assignment: Assignment,
    code: str,
    *,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    stale: bool = False,
) -> str:
    _check_sees(assignment)
    if assignment.published_at is None:
        return _nothing_yet(assignment)
    ours = _of_the_school(assignment)
    found = queries.case(web.db(), assignment, code, drafts=ours)
    place = place_of(assignment)
    until = assignment.answers_until
    opened = until is not None and web.now() < until and (found.view is None or found.view.is_draft)
    writes = opened and web.may(Permission.APPEAL_WRITE, place)
    _stand_on_school(assignment)
    return render_template(
        "result/answer.html",
        assignment=assignment,
        case=found,
        ours=ours,
        writes=writes,
        sends=opened and found.view is not None and web.may(Permission.APPEAL_SEND, place),
        decides=found.view is not None and found.view.waits and _decides(assignment),
        opens=web.may(Permission.FILE_READ, replace(place, answers=True)),
        library=queries.library(web.db(), assignment.package.school_id) if writes else (),
        rows=range(1, MOST_FILES + 1),
        typed=typed or queries.as_typed(found.view),
        errors=errors or {},
        stale=stale,
    )


def _decides(assignment: Assignment) -> bool:
    """Whether this reader decides about what the school answers here."""
    if not web.may(Permission.APPEAL_DECIDE, place_of(assignment)):
        return False
    try:
        service.check_decides(web.db(), web.actor(), assignment, assignment.package.school_id)
    except DomainError:
        return False
    return True
