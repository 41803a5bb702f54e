"""Publishing results: each one shown to its school, or several at once, all of them or none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portfolio import audit
from portfolio.audit import Action
from portfolio.days import day_of, end_of
from portfolio.errors import DomainError, Refused
from portfolio.models import Assignment, Cycle, DossierState, Round
from portfolio.policy import Actor
from portfolio.services.supplements import locked_dossier


def publish(session: Session, *, actor: Actor, now: datetime, assignment: Assignment) -> None:
    """Show the school its result; the cycle's last round ends its dossier.

    From now on, for as many whole days as the round has for it, the school may answer factual errors.
    Raises DomainError (not_closed, already_published).
    """
    dossier = locked_dossier(session, assignment)
    session.refresh(assignment, ["closed_at", "published_at"], with_for_update=True)
    if assignment.published_at is not None:
        raise DomainError("already_published")
    if assignment.closed_at is None:
        raise DomainError("not_closed")
    assignment.published_at, assignment.published_by = now, actor.user_id
    days = _held_round(session, assignment).answer_days
    assignment.answers_until = end_of(day_of(now) + timedelta(days=days)) if days else None
    if _is_last_round(session, assignment.round_id):
        dossier.state = DossierState.PUBLISHED
        # a supplement that nobody signed in time
        dossier.handed_over_at = dossier.handed_over_by = None
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=Action.RESULT_PUBLISHED,
        subject=("assignment", assignment.id),
        school_id=dossier.school_id,
        after={"package_id": assignment.package_id, "dossier_state": dossier.state},
    )


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
            publish(session, actor=actor, now=now, assignment=assignment)
        except DomainError as refusal:
            refusals[str(assignment.id)] = refusal
    if refusals:
        raise Refused(refusals)


def _held_round(session: Session, assignment: Assignment) -> Round:
    """The round as it stands; what its cycle's results are published by can't change until the commit."""
    cycle_id = session.get_one(Round, assignment.round_id).cycle_id
    session.execute(select(Cycle.id).where(Cycle.id == cycle_id).with_for_update(read=True))
    return session.get_one(Round, assignment.round_id, populate_existing=True)


def _is_last_round(session: Session, round_id: int) -> bool:
    here = select(Round.cycle_id, Round.position).where(Round.id == round_id).subquery()
    last = select(func.max(Round.position)).where(Round.cycle_id == here.c.cycle_id).scalar_subquery()
    return bool(session.scalar(select(here.c.position == last)))
