"""More time for the school to answer what a panel asks: a later deadline, with the reason, while it is open."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from portfolio.audit import Action
from portfolio.errors import DomainError, Refused
from portfolio.models import Assignment, SupplementExtension
from portfolio.plaintext import plain_text
from portfolio.policy import Actor
from portfolio.services.supplements import locked_dossier, record, set_due, standing

LONGEST_REASON = 1000  # characters


def extend(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    assignment: Assignment,
    due_at: datetime | None,
    reason: str,
) -> SupplementExtension:
    """Let the school answer until a later moment; what stood before stays on record.

    Raises Refused by field (due_at: supplement_due_missing, supplement_due_not_later; reason: reason_missing,
    text_too_long), DomainError (assignment_closed, no_supplement).
    """
    dossier = locked_dossier(session, assignment)
    asked = standing(session, assignment, dossier, now)
    before = asked.request.due_at
    due, words = _checked(before, due_at, reason)
    asked.request.due_at = due
    extension = SupplementExtension(
        request_id=asked.request.id,
        due_before=before,
        due_at=due,
        reason=words,
        extended_by=actor.user_id,
        extended_at=now,
    )
    session.add(extension)
    set_due(session, dossier, asked.request, asked.questions)
    session.flush()
    after = {"number": asked.request.number, "due_at": due, "due_before": before, "reason": words}
    record(session, actor.user_id, now, Action.SUPPLEMENT_EXTENDED, asked.request, dossier, after)
    return extension


def _checked(before: datetime, due_at: datetime | None, reason: str) -> tuple[datetime, str]:
    """The new deadline and why. Raises Refused with every field that is wrong."""
    errors: dict[str, DomainError] = {}
    if due_at is None:
        errors["due_at"] = DomainError("supplement_due_missing", field="due_at")
    elif due_at <= before:
        errors["due_at"] = DomainError("supplement_due_not_later", field="due_at")
    words = plain_text(reason).strip()
    if not words:
        errors["reason"] = DomainError("reason_missing", field="reason")
    elif len(words) > LONGEST_REASON:
        errors["reason"] = DomainError("text_too_long", field="reason", longest=LONGEST_REASON)
    if errors or due_at is None:
        raise Refused(errors)
    return due_at, words
