"""The chair's work: the table is opened, then one final score an element is set from the experts' scores.

Every setting is a ruling that stays; the last one not undone stands as the element's determination.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from portfolio.audit import Action
from portfolio.errors import DomainError, NotFound, Refused, StaleWrite
from portfolio.models import (
    Assignment,
    Determination,
    ElementReview,
    PackageElement,
    Review,
    Ruling,
    SettlementRule,
)
from portfolio.plaintext import plain_text
from portfolio.policy import Actor, counts
from portfolio.services.reviews import check_length, parse_points
from portfolio.services.terms import (
    Terms,
    check_all_in,
    check_open,
    count_outstanding,
    lock,
    progress,
    terms_of,
    trail,
    waits_for_school,
)
from rubric.review import median

__all__ = [
    "judgement",
    "must_be_explained",
    "open_table",
    "outstanding",
    "progress",
    "ready",
    "rule_anew",
    "settle",
    "standing_by",
    "undo",
]


@dataclass(frozen=True, slots=True)
class _Case:
    """An element to settle: what it is worth, what the school claimed, what the panel's scores propose."""

    points: Decimal
    claimed: Decimal | None
    median: Decimal | None
    step: Decimal


def open_table(session: Session, *, actor: Actor, now: datetime, assignment: Assignment) -> None:
    """Show the panel all scores side by side; from here on no expert corrects their own.

    Raises DomainError (assignment_closed, settlement_open, supplement_waiting, reviews_outstanding).
    """
    lock(session, assignment)
    if assignment.settling_since is not None:
        raise DomainError("settlement_open")
    if waits_for_school(session, assignment, now):
        raise DomainError("supplement_waiting")
    terms = terms_of(session, assignment)
    check_all_in(session, assignment, terms)
    assignment.settling_since = now
    trail(session, actor, now, Action.SETTLEMENT_OPENED, assignment, terms)


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

    The median rule takes the median and nothing else; what is not assessed has no score, whatever was typed.
    The school reads the reason beside every point it lost, so a reason must stand wherever the final is below
    the element's points, differs from the self-score or from the median, or is the chair's own decision.
    Raises Refused by field, StaleWrite with the determination as it stands, DomainError (assignment_closed,
    settlement_not_open, closing_proposed, reviews_outstanding), NotFound for an element the package doesn't have.
    """
    terms = ready(session, assignment)
    case = _case(session, assignment, code, terms)
    values = _checked(case, score_text, rule, plain_text(reason))
    standing = _standing(session, assignment, code, version)
    before = None if standing is None else judgement(standing)
    settled = rule_anew(
        session, actor=actor, now=now, assignment=assignment, code=code, standing=standing, values=values
    )
    after = {"element": code, **judgement(settled)}
    trail(session, actor, now, Action.ELEMENT_SETTLED, assignment, terms, before=before, after=after)
    return settled


def rule_anew(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    assignment: Assignment,
    code: str,
    standing: Determination | None,
    values: dict[str, Any],
) -> Determination:
    """Add a ruling of these values (score, rule, reason) to an element's; from now on it is the one that stands."""
    ruling = Ruling(
        assignment_id=assignment.id,
        element=code,
        number=_next_number(session, assignment, code),
        settled_by=actor.user_id,
        settled_at=now,
        **values,
    )
    session.add(ruling)
    return _stand(session, standing, ruling)


def undo(
    session: Session, *, actor: Actor, now: datetime, assignment: Assignment, code: str, version: int
) -> Determination | None:
    """Take the ruling that stands back: the one before it stands again, or the element is open (None).

    Raises StaleWrite with the determination as it stands, DomainError (assignment_closed, settlement_not_open,
    closing_proposed, reviews_outstanding, nothing_settled).
    """
    terms = ready(session, assignment)
    standing = _standing(session, assignment, code, version)
    if standing is None:
        raise DomainError("nothing_settled")
    rulings = session.scalars(
        select(Ruling)
        .where(Ruling.assignment_id == assignment.id, Ruling.element == code, Ruling.undone_at.is_(None))
        .order_by(Ruling.number.desc())
    ).all()
    before = judgement(standing)
    rulings[0].undone_at, rulings[0].undone_by = now, actor.user_id
    if len(rulings) > 1:
        restored = _stand(session, standing, rulings[1])
        after = {"element": code, **judgement(restored)}
    else:
        restored = None
        session.execute(delete(Determination).where(Determination.id == standing.id))
        session.expunge(standing)
        after = {"element": code}
    trail(session, actor, now, Action.RULING_UNDONE, assignment, terms, before=before, after=after)
    return restored


def outstanding(session: Session, assignment: Assignment) -> int:
    """How many reviews the panel waits for: those not in, and at least as many as the round asks for."""
    return count_outstanding(session, assignment, terms_of(session, assignment))


def ready(session: Session, assignment: Assignment) -> Terms:
    """Holds the table for this write. Raises DomainError as `settle` does unless finals may be set."""
    lock(session, assignment)
    terms = terms_of(session, assignment)
    check_all_in(session, assignment, terms)
    check_open(session, assignment)
    return terms


def _case(session: Session, assignment: Assignment, code: str, terms: Terms) -> _Case:
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
            counts(terms.school_id),
        )
    )
    given = [score for score in scores if score is not None]
    middle = median(given, terms.step) if given else None
    return _Case(element.points, element.score, middle, terms.step)


def _checked(case: _Case, score_text: str, rule: str, reason: str) -> dict[str, Any]:
    """The ruling's values. Raises Refused with every field that is wrong."""
    errors: dict[str, DomainError] = {}
    rests_on = _rule(rule, errors)
    score = None
    if rests_on is not SettlementRule.NOT_ASSESSED:
        score = parse_points(score_text, points=case.points, step=case.step, errors=errors)
    if rests_on is SettlementRule.MEDIAN and case.median is None:
        errors["rule"] = DomainError("median_missing", field="rule")
    elif score is not None and rests_on is SettlementRule.MEDIAN and score != case.median:
        errors["rule"] = DomainError("rule_not_median", field="rule", median=case.median)
    needed = rests_on in (SettlementRule.CHAIR, SettlementRule.NOT_ASSESSED) or (
        score is not None
        and must_be_explained(score, points=case.points, claimed=case.claimed, median=case.median)
    )
    if needed and not reason.strip():
        errors["reason"] = DomainError("reason_missing", field="reason")
    check_length("reason", reason, errors)
    if errors:
        raise Refused(errors)
    return {"score": score, "rule": rests_on, "reason": reason.strip()}


def must_be_explained(
    final: Decimal, *, points: Decimal, claimed: Decimal | None, median: Decimal | None
) -> bool:
    """Whether the school is owed a reason: points are lost, or school or experts said otherwise."""
    return final < points or final != claimed or final != median


def _rule(text: str, errors: dict[str, DomainError]) -> SettlementRule | None:
    try:
        return SettlementRule(text)
    except ValueError:
        errors["rule"] = DomainError("rule_unknown", field="rule")
        return None


def _standing(session: Session, assignment: Assignment, code: str, version: int) -> Determination | None:
    """The determination that stands. Raises StaleWrite unless it is of this version (0: none stands)."""
    standing = session.scalar(
        select(Determination)
        .where(Determination.assignment_id == assignment.id, Determination.element == code)
        .execution_options(populate_existing=True)
    )
    if version != (standing.version if standing else 0):
        raise StaleWrite(standing)
    return standing


def _next_number(session: Session, assignment: Assignment, code: str) -> int:
    last = session.scalar(
        select(func.max(Ruling.number)).where(Ruling.assignment_id == assignment.id, Ruling.element == code)
    )
    return (last or 0) + 1


def _stand(session: Session, standing: Determination | None, ruling: Ruling) -> Determination:
    """Make a ruling the one that stands."""
    settled = standing_by(standing or Determination(), ruling)
    session.add(settled)
    session.flush()
    return settled


def standing_by(settled: Determination, ruling: Ruling) -> Determination:
    """The determination as the ruling says it, its version the ruling's number."""
    for name in ("assignment_id", "element", "score", "rule", "reason", "settled_by", "settled_at"):
        setattr(settled, name, getattr(ruling, name))
    settled.version = ruling.number
    return settled


def judgement(settled: Determination) -> dict[str, Any]:
    """What stands, as the trail keeps it."""
    return {"score": settled.score, "rule": settled.rule, "reason": settled.reason}
