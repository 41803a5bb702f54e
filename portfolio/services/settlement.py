"""The chair's work: one final score an element from the experts' scores, then the review is closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from portfolio import audit
from portfolio.audit import Action
from portfolio.errors import DomainError, NotFound, Refused, StaleWrite
from portfolio.models import (
    Assignment,
    Cycle,
    Determination,
    ElementReview,
    Package,
    PackageElement,
    Review,
    Round,
    SettlementRule,
)
from portfolio.plaintext import plain_text
from portfolio.policy import Actor, recused
from portfolio.services.reviews import Progress, check_length, parse_points
from rubric.review import median


@dataclass(frozen=True, slots=True)
class _Terms:
    """What the round and the cycle lay down, and whose package it is."""

    independent_scores: int
    step: Decimal
    school_id: int


@dataclass(frozen=True, slots=True)
class _Case:
    """An element to settle: what it is worth, what the school claimed, what the panel's scores propose."""

    points: Decimal
    claimed: Decimal | None
    median: Decimal
    step: Decimal


def settle(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    assignment: Assignment,
    code: str,
    score_text: str,
    rule: str,
    reason: str,
    version: int,
) -> Determination:
    """Set an element's final score over the version it was based on (0: not settled yet).

    The median rule takes the median and nothing else. The school reads the reason beside every point it
    lost, so a reason must stand wherever the final is below the element's points, differs from the self-score
    or from the median, or is the chair's own decision.
    Raises Refused by field, StaleWrite with the determination as it stands, DomainError (assignment_closed,
    reviews_outstanding), NotFound for an element the package doesn't have.
    """
    _lock_open(session, assignment)
    terms = _terms(session, assignment)
    _check_all_in(session, assignment, terms)
    case = _case(session, assignment, code, terms)
    values = _checked(case, score_text, rule, plain_text(reason))
    standing = session.scalar(
        select(Determination).where(
            Determination.assignment_id == assignment.id, Determination.element == code
        )
    )
    before = None if standing is None else _ruling(standing)
    settled = _write(session, assignment, code, standing, version, values | _signed(actor, now))
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=Action.ELEMENT_SETTLED,
        subject=("assignment", assignment.id),
        school_id=terms.school_id,
        before=before,
        after={"element": code, **_ruling(settled)},
    )
    return settled


def close(session: Session, *, actor: Actor, now: datetime, assignment: Assignment, opinion: str) -> None:
    """End the panel's review of a package; nothing in it changes afterwards.

    Raises DomainError (assignment_closed, reviews_outstanding, settlement_incomplete, text_too_long).
    """
    _lock_open(session, assignment)
    terms = _terms(session, assignment)
    _check_all_in(session, assignment, terms)
    errors: dict[str, DomainError] = {}
    check_length("opinion", opinion, errors)
    if errors:
        raise errors["opinion"]
    standing = progress(session, assignment)
    if standing.done < standing.total:
        raise DomainError("settlement_incomplete", count=standing.total - standing.done)
    assignment.opinion = plain_text(opinion).strip()
    assignment.closed_at, assignment.closed_by = now, actor.user_id
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=Action.ASSIGNMENT_CLOSED,
        subject=("assignment", assignment.id),
        school_id=terms.school_id,
        after={"opinion": assignment.opinion, "final": _final_sum(session, assignment)},
    )


def outstanding(session: Session, assignment: Assignment) -> int:
    """How many reviews the panel waits for: those not in, and at least as many as the round asks for."""
    return _outstanding(session, assignment, _terms(session, assignment))


def progress(session: Session, assignment: Assignment) -> Progress:
    """How many elements are settled, of how many."""
    settled = select(func.count()).where(Determination.assignment_id == assignment.id).scalar_subquery()
    elements = (
        select(func.count()).where(PackageElement.package_id == assignment.package_id).scalar_subquery()
    )
    row = session.execute(select(settled.label("done"), elements.label("total"))).one()
    return Progress(row.done, row.total)


def _lock_open(session: Session, assignment: Assignment) -> None:
    """One chair at a time; nothing changes after closing."""
    session.refresh(assignment, ["closed_at"], with_for_update=True)
    if assignment.closed_at is not None:
        raise DomainError("assignment_closed")


def _terms(session: Session, assignment: Assignment) -> _Terms:
    row = session.execute(
        select(Round.independent_scores, Cycle.score_step, Package.school_id)
        .select_from(Round)
        .join(Package, Package.id == assignment.package_id)
        .join(Cycle, Cycle.id == Round.cycle_id)
        .where(Round.id == assignment.round_id)
    ).one()
    return _Terms(*row)


def _check_all_in(session: Session, assignment: Assignment, terms: _Terms) -> None:
    if count := _outstanding(session, assignment, terms):
        raise DomainError("reviews_outstanding", count=count)


def _outstanding(session: Session, assignment: Assignment, terms: _Terms) -> int:
    row = session.execute(
        select(func.count().label("given"), func.count(Review.handed_in_at).label("received"))
        .select_from(Review)
        .join(Assignment, Assignment.id == Review.assignment_id)
        .where(
            Review.assignment_id == assignment.id,
            ~recused(Review.expert_id, terms.school_id, until=Assignment.closed_at),
        )
    ).one()
    given, received = int(row.given), int(row.received)
    return max(given - received, terms.independent_scores - received, 0)


def _case(session: Session, assignment: Assignment, code: str, terms: _Terms) -> _Case:
    element = session.get(PackageElement, (assignment.package_id, code))
    if element is None:
        raise NotFound()
    scores = session.scalars(
        select(ElementReview.score)
        .join(Review, Review.id == ElementReview.review_id)
        .join(Assignment, Assignment.id == Review.assignment_id)
        .where(
            Review.assignment_id == assignment.id,
            ElementReview.element == code,
            ElementReview.score.is_not(None),
            ~recused(Review.expert_id, terms.school_id, until=Assignment.closed_at),
        )
    )
    given = [score for score in scores if score is not None]
    return _Case(element.points, element.score, median(given, terms.step), terms.step)


def _checked(case: _Case, score_text: str, rule: str, reason: str) -> dict[str, Any]:
    """The determination's values. Raises Refused with every field that is wrong."""
    errors: dict[str, DomainError] = {}
    score = parse_points(score_text, points=case.points, step=case.step, errors=errors)
    rests_on = _rule(rule, errors)
    if score is not None and rests_on is SettlementRule.MEDIAN and score != case.median:
        errors["rule"] = DomainError("rule_not_median", field="rule", median=case.median)
    needed = rests_on is SettlementRule.CHAIR or (score is not None and _must_be_explained(case, score))
    if needed and not reason.strip():
        errors["reason"] = DomainError("reason_missing", field="reason")
    check_length("reason", reason, errors)
    if errors:
        raise Refused(errors)
    return {"score": score, "rule": rests_on, "reason": reason.strip()}


def _must_be_explained(case: _Case, final: Decimal) -> bool:
    return final < case.points or final != case.claimed or final != case.median


def _rule(text: str, errors: dict[str, DomainError]) -> SettlementRule | None:
    try:
        return SettlementRule(text)
    except ValueError:
        errors["rule"] = DomainError("rule_unknown", field="rule")
        return None


def _write(
    session: Session,
    assignment: Assignment,
    code: str,
    standing: Determination | None,
    version: int,
    values: dict[str, Any],
) -> Determination:
    """Insert over version 0, update over the version that stands. Raises StaleWrite over any other."""
    if standing is None:
        if version != 0:
            raise StaleWrite(None)
        settled = Determination(assignment_id=assignment.id, element=code, version=1, **values)
        session.add(settled)
        session.flush()
        return settled
    saved = session.execute(
        update(Determination)
        .where(Determination.id == standing.id, Determination.version == version)
        .values(**values, version=version + 1)
        .execution_options(synchronize_session=False)
    )
    session.refresh(standing)
    if saved.rowcount == 0:  # type: ignore[attr-defined]
        raise StaleWrite(standing)
    return standing


def _signed(actor: Actor, now: datetime) -> dict[str, Any]:
    return {"settled_by": actor.user_id, "settled_at": now}


def _ruling(settled: Determination) -> dict[str, Any]:
    return {"score": settled.score, "rule": settled.rule, "reason": settled.reason}


def _final_sum(session: Session, assignment: Assignment) -> Decimal:
    finals = session.scalars(select(Determination.score).where(Determination.assignment_id == assignment.id))
    return sum(finals, Decimal(0))
