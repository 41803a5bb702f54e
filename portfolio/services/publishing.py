"""Publishing several results at once: all of them, or none with the reason beside each that can't be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from portfolio.errors import DomainError, Refused
from portfolio.models import Assignment
from portfolio.policy import Actor
from portfolio.services import panels


def publish_many(session: Session, *, actor: Actor, now: datetime, assignments: Sequence[Assignment]) -> None:
    """Show each school its result.

    Raises DomainError("results_missing"); Refused by the assignment's id (not_closed, already_published), after
    which the caller undoes what was written.
    """
    if not assignments:
        raise DomainError("results_missing", field="assignment")
    refusals: dict[str, DomainError] = {}
    # In one order, whoever asks: two who publish the same results at once don't wait for each other.
    for assignment in sorted(assignments, key=lambda each: each.id):
        try:
            panels.publish(session, actor=actor, now=now, assignment=assignment)
        except DomainError as refusal:
            refusals[str(assignment.id)] = refusal
    if refusals:
        raise Refused(refusals)
