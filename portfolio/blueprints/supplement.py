"""Asking the school for more: an expert proposes at an element, the chair asks about named elements until a day."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from portfolio import web, wording
from portfolio.blueprints.forms import Typed, local_input, refused
from portfolio.blueprints.panel import refused_at
from portfolio.blueprints.settlement.root import TABLE, undone
from portfolio.days import SCHOOL_TIME, day_of
from portfolio.editions import rubric_of
from portfolio.errors import DomainError
from portfolio.models import Assignment, Review
from portfolio.policy import Permission
from portfolio.queries import panel as panel_queries
from portfolio.queries import places
from portfolio.queries import supplements as queries
from portfolio.services import extending, supplement_proposals, supplements

blueprint = Blueprint("supplement", __name__)
QUESTION = "question-"  # and the element's code: a form's field for each
# from asking, or the deadline that stands, to the next one, unless the chair says otherwise
USUAL = timedelta(days=7)
DAY_ENDS = time(18)


@blueprint.get(f"{TABLE}/supplement")
@web.guard(Permission.SETTLEMENT_WRITE, places.settlement)
def asking(assignment: Assignment) -> Any:
    """What the school was asked, what came of it, and the form to ask."""
    return _page(assignment)


@blueprint.post(f"{TABLE}/supplement")
@web.guard(Permission.SETTLEMENT_WRITE, places.settlement)
def ask(assignment: Assignment, round_id: int, package_id: int) -> Any:
    """Reopen the elements that have a question, until the deadline."""
    typed = Typed(request.form)
    due_at = typed.moment("due_at")
    try:
        typed.check()
        supplements.ask(
            web.db(),
            actor=web.actor(),
            now=web.now(),
            assignment=assignment,
            questions=_questions(),
            due_at=due_at,
        )
    except DomainError as error:
        return _page(undone(round_id, package_id), typed=_questions(), errors=refused(error)), 422
    flash(_("The school has been asked. Only these elements are open to it."), "ok")
    return redirect(_address(assignment))


@blueprint.post(f"{TABLE}/supplement/extension")
@web.guard(Permission.SETTLEMENT_WRITE, places.settlement)
def extend(assignment: Assignment, round_id: int, package_id: int) -> Any:
    """Give the school more time."""
    typed = Typed(request.form)
    due_at = typed.moment("due_at")
    try:
        typed.check()
        extending.extend(
            web.db(),
            actor=web.actor(),
            now=web.now(),
            assignment=assignment,
            due_at=due_at,
            reason=typed.text("reason"),
        )
    except DomainError as error:
        return _page(undone(round_id, package_id), errors=refused(error)), 422
    flash(_("The school has more time. It reads the new deadline and the reason."), "ok")
    return redirect(_address(assignment))


@blueprint.post(f"{TABLE}/supplement/withdrawal")
@web.guard(Permission.SETTLEMENT_WRITE, places.settlement)
def withdraw(assignment: Assignment) -> Any:
    """Take the request back: nothing is open to the school any more."""
    supplements.withdraw(web.db(), actor=web.actor(), now=web.now(), assignment=assignment)
    flash(_("The request is withdrawn."), "ok")
    return redirect(_address(assignment))


@blueprint.post("/reviews/<int:review_id>/elements/<code>/question")
@web.guard(Permission.REVIEW_SCORE, panel_queries.element)
def propose(review: Review, review_id: int, code: str) -> Any:
    """Tell the chair what the school should be asked about an element."""
    try:
        supplement_proposals.propose(
            web.db(),
            actor=web.actor(),
            now=web.now(),
            review=review,
            code=code,
            question=request.form.get("question", ""),
        )
    except DomainError as error:
        if error.field is None:
            raise
        return refused_at(review_id, code, {error.field: wording.explain(error)}), 422
    flash(_("The chair has your question for %(code)s.", code=code), "ok")
    return redirect(url_for("panel.element", review_id=review_id, code=code))


@blueprint.post("/reviews/<int:review_id>/elements/<code>/question/withdrawal")
@web.guard(Permission.REVIEW_SCORE, panel_queries.element)
def take_back(review: Review, review_id: int, code: str) -> Any:
    """Propose nothing for this element any more."""
    supplement_proposals.take_back(web.db(), actor=web.actor(), now=web.now(), review=review, code=code)
    return redirect(url_for("panel.element", review_id=review_id, code=code))


def _page(
    assignment: Assignment,
    *,
    typed: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> str:
    dossier = assignment.package.dossier
    proposed = queries.proposals(web.db(), assignment)
    steps = queries.history(web.db(), dossier.id, panels={assignment.panel_id})
    standing = steps[0] if steps and steps[0].asked.is_open(web.now()) else None
    from_when = standing.asked.request.due_at if standing else web.now()
    return render_template(
        "supplement/asking.html",
        assignment=assignment,
        package=assignment.package,
        rubric=rubric_of(web.db(), assignment.package.rubric_digest),
        proposed=proposed,
        steps=steps,
        standing=standing,
        outcomes=queries.Outcome,
        may_ask=standing is None and assignment.settling_since is None and assignment.closed_at is None,
        questions=typed if typed is not None else _from(proposed),
        due_at=request.form.get("due_at") or local_input(_usual(from_when)),
        reason=request.form.get("reason", ""),
        field=QUESTION,
        errors=errors or {},
    )


def _usual(from_when: datetime) -> datetime:
    """The deadline that is proposed: when a working day ends."""
    return datetime.combine(day_of(from_when + USUAL), DAY_ENDS, SCHOOL_TIME).astimezone(UTC)


def _from(proposed: tuple[queries.Proposal, ...]) -> dict[str, str]:
    """The experts' questions as a first text, several of one element below each other."""
    found: dict[str, list[str]] = {}
    for each in proposed:
        found.setdefault(each.element, []).append(each.question)
    return {code: "\n".join(questions) for code, questions in found.items()}


def _questions() -> dict[str, str]:
    """What was typed for each element."""
    return {
        name.removeprefix(QUESTION): words
        for name, words in request.form.items()
        if name.startswith(QUESTION) and words.strip()
    }


def _address(assignment: Assignment) -> str:
    return url_for("supplement.asking", round_id=assignment.round_id, package_id=assignment.package_id)
