"""What a panel's table stands on: what the round lays down, which reviews count, and one writer at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portfolio import audit
from portfolio.audit import Action
from portfolio.errors import DomainError
from portfolio.models import (
    Assignment,
    Closing,
    Cycle,
    Determination,
    Package,
    PackageElement,
    Review,
    Round,
)
from portfolio.policy import Actor, counts
from portfolio.queries.allotted import fewest_scores
from portfolio.queries.supplements import answer_due, may_answer
from portfolio.services.reviews import Progress


@dataclass(frozen=True, slots=True)
class Terms:
    """What the round and the cycle lay down, and whose package it is."""

    independent_scores: int
    step: Decimal
    school_id: int


def terms_of(session: Session, assignment: Assignment) -> Terms:
    """The terms of an assignment, in one statement."""
    row = session.execute(
        select(Round.independent_scores, Cycle.score_step, Package.school_id)
        .select_from(Round)
        .join(Package, Package.id == assignment.package_id)
        .join(Cycle, Cycle.id == Round.cycle_id)
        .where(Round.id == assignment.round_id)
    ).one()
    return Terms(*row)


def lock(session: Session, assignment: Assignment) -> None:
    """One writer at a time at a table. Raises DomainError("assignment_closed"): nothing changes after closing."""
    session.refresh(assignment, ["closed_at", "published_at", "settling_since"], with_for_update=True)
    if assignment.closed_at is not None:
        raise DomainError("assignment_closed")


def check_open(session: Session, assignment: Assignment) -> None:
    """Raises DomainError (settlement_not_open, closing_proposed) unless finals may be set."""
    if assignment.settling_since is None:
        raise DomainError("settlement_not_open")
    if proposed(session, assignment) is not None:
        raise DomainError("closing_proposed")


def check_all_in(session: Session, assignment: Assignment, terms: Terms) -> None:
    """Raises DomainError("reviews_outstanding")."""
    if count := count_outstanding(session, assignment, terms):
        raise DomainError("reviews_outstanding", count=count)


def count_outstanding(session: Session, assignment: Assignment, terms: Terms) -> int:
    """How many reviews the panel waits for: those not in, and for each element as many as the round asks for."""
    row = session.execute(
        select(
            func.count().label("given"),
            func.count(Review.handed_in_at).label("received"),
            fewest_scores(assignment, terms.school_id).label("fewest"),
        )
        .select_from(Review)
        .join(Assignment, Assignment.id == Review.assignment_id)
        .where(
            Review.assignment_id == assignment.id,
            counts(terms.school_id),
        )
    ).one()
    given, received, fewest = int(row.given), int(row.received), int(row.fewest)
    return max(given - received, terms.independent_scores - fewest, 0)


def waits_for_school(session: Session, assignment: Assignment, now: datetime) -> bool:
    """Whether the panel asked the school for more, and the school may still answer."""
    return may_answer(session.scalar(select(answer_due(assignment.id))), now)


def proposed(session: Session, assignment: Assignment) -> Closing | None:
    """The chair's proposal to close that waits for a signature."""
    return session.scalar(
        select(Closing)
        .where(
            Closing.assignment_id == assignment.id,
            Closing.signed_at.is_(None),
            Closing.withdrawn_at.is_(None),
        )
        .order_by(Closing.number.desc())
        .limit(1)
    )


def progress(session: Session, assignment: Assignment) -> Progress:
    """How many elements are settled, of how many."""
    settled = select(func.count()).where(Determination.assignment_id == assignment.id).scalar_subquery()
    elements = (
        select(func.count()).where(PackageElement.package_id == assignment.package_id).scalar_subquery()
    )
    row = session.execute(select(settled.label("done"), elements.label("total"))).one()
    return Progress(row.done, row.total)


def trail(
    session: Session,
    actor: Actor,
    now: datetime,
    action: Action,
    assignment: Assignment,
    terms: Terms,
    **values: Any,
) -> None:
    """Put what was done at the table on record, under its school."""
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=action,
        subject=("assignment", assignment.id),
        school_id=terms.school_id,
        **values,
    )
