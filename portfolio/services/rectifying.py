"""After a result (整改与复查): the school reports what it did about an item, a re-check says how far that goes.

Only items of the rectification list are re-checked. No score and no package changes by it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from portfolio.audit import Action
from portfolio.errors import DomainError, Refused, StaleWrite
from portfolio.models import (
    Assignment,
    CheckOutcome,
    RectificationAnswer,
    RectificationCheck,
    RectificationCitation,
    RectificationItem,
)
from portfolio.policy import Actor
from portfolio.services.answering import Cited, needed_words, resting_on
from portfolio.services.terms import terms_of, trail


def answer(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    assignment: Assignment,
    item: RectificationItem,
    text: str,
    cited: list[Cited],
) -> RectificationAnswer:
    """Report what was done about an item, with files of the library that show it; earlier reports stay.

    Raises Refused by field, DomainError (not_published, item_done).
    """
    _hold(session, assignment, item)
    last = last_check(session, item)
    if last is not None and last.outcome is CheckOutcome.DONE:
        raise DomainError("item_done")
    words = needed_words("text", text, "report_missing")
    terms = terms_of(session, assignment)
    files = resting_on(session, terms.school_id, cited)
    written = RectificationAnswer(
        item_id=item.id,
        number=answers_of(session, item) + 1,
        text=words,
        answered_by=actor.user_id,
        answered_at=now,
    )
    session.add(written)
    session.flush()
    if files:
        session.execute(insert(RectificationCitation), [{"answer_id": written.id, **file} for file in files])
    after = _about(item, text=words, files=[file["evidence_version_id"] for file in files])
    trail(session, actor, now, Action.RECTIFICATION_ANSWERED, assignment, terms, after=after)
    return written


def check(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    assignment: Assignment,
    item: RectificationItem,
    outcome: str,
    reason: str,
    answers: int,
) -> RectificationCheck:
    """Say how far an item is put right, having read so many of the school's reports; earlier re-checks stay.

    Raises Refused by field (outcome_unknown, check_reason_missing, text_too_long), StaleWrite where the school
    has reported meanwhile, DomainError (not_published, own_case).
    """
    _hold(session, assignment, item)
    terms = terms_of(session, assignment)
    if terms.school_id in actor.conflicts:
        raise DomainError("own_case")
    if answers != answers_of(session, item):
        raise StaleWrite(item)
    found = _outcome(outcome)
    words = needed_words("reason", reason, "check_reason_missing")
    last = last_check(session, item)
    checked = RectificationCheck(
        item_id=item.id,
        number=last.number + 1 if last else 1,
        answer_id=session.scalar(
            select(RectificationAnswer.id).where(
                RectificationAnswer.item_id == item.id, RectificationAnswer.number == answers
            )
        ),
        outcome=found,
        reason=words,
        checked_by=actor.user_id,
        checked_at=now,
    )
    session.add(checked)
    session.flush()
    before = _about(item, outcome=last.outcome, reason=last.reason) if last else None
    after = _about(item, outcome=found, reason=words)
    trail(session, actor, now, Action.RECTIFICATION_CHECKED, assignment, terms, before=before, after=after)
    return checked


def last_check(session: Session, item: RectificationItem) -> RectificationCheck | None:
    """The re-check that stands."""
    return session.scalar(
        select(RectificationCheck)
        .where(RectificationCheck.item_id == item.id)
        .order_by(RectificationCheck.number.desc())
        .limit(1)
    )


def answers_of(session: Session, item: RectificationItem) -> int:
    """How many reports the school has made on an item."""
    counted = select(func.count()).where(RectificationAnswer.item_id == item.id)
    return session.scalar(counted) or 0


def _hold(session: Session, assignment: Assignment, item: RectificationItem) -> None:
    """One writer at a time at an item of a published list. Raises DomainError("not_published")."""
    session.refresh(item, with_for_update=True)
    session.refresh(assignment, ["published_at"])
    if assignment.published_at is None:
        raise DomainError("not_published")


def _outcome(typed: str) -> CheckOutcome:
    try:
        return CheckOutcome(typed)
    except ValueError:
        raise Refused({"outcome": DomainError("outcome_unknown", field="outcome")}) from None


def _about(item: RectificationItem, **values: Any) -> dict[str, Any]:
    return {"item": item.number, "element": item.element, **values}
