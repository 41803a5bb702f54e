"""What all experts agree on, settled at once: the chair's time goes to where they don't."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portfolio import audit
from portfolio.audit import Action
from portfolio.editions import rubric_of
from portfolio.models import Assignment, Determination, ElementReview, Review, Ruling, SettlementRule, User
from portfolio.policy import Actor, counts
from portfolio.queries import places
from portfolio.queries.settlement import Row, Table, table
from portfolio.services import settlement
from portfolio.services.reviews import LONGEST_TEXT


def settle_agreed(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    assignment: Assignment,
    codes: Collection[str],
    follows: str,
) -> list[str]:
    """Settle those of the elements on which all experts agree at the score they gave; what was settled.

    The reason is the experts' own, each of them once; `follows` where they gave none and follow the school. An
    element that needs a reason and has none, or too long a one, stays open; so does what was settled or remarked on
    since the codes were read. Raises what `settlement.settle` raises but for single elements.
    """
    terms = settlement.ready(session, assignment)
    agreed = [row for row in _table(session, assignment).agreed if row.code in codes]
    said = _reasons(session, assignment, terms.school_id)
    numbers = _numbers(session, assignment)
    rulings = [
        Ruling(
            assignment_id=assignment.id,
            element=row.code,
            number=numbers.get(row.code, 0) + 1,
            score=row.median,
            rule=SettlementRule.MEDIAN,
            reason=reason,
            settled_by=actor.user_id,
            settled_at=now,
        )
        for row in agreed
        if (reason := _reason(row, said[row.code], follows)) is not None
    ]
    finals = [settlement.standing_by(Determination(), ruling) for ruling in rulings]
    session.add_all([*rulings, *finals])
    session.flush()
    audit.record_each(
        session,
        actor_id=actor.user_id,
        at=now,
        action=Action.ELEMENT_SETTLED,
        subject=("assignment", assignment.id),
        school_id=terms.school_id,
        after=[{"element": each.element, **settlement.judgement(each)} for each in finals],
    )
    return [final.element for final in finals]


def _table(session: Session, assignment: Assignment) -> Table:
    whole, _place = places.settlement(session, round_id=assignment.round_id, package_id=assignment.package_id)
    return table(session, whole, rubric_of(session, whole.package.rubric_digest), for_chair=False)


def _reason(row: Row, said: list[str], follows: str) -> str | None:
    """Why the element gets this score; None where that is for the chair to say."""
    assert row.median is not None
    words = row.proposed_reason(said, follows)
    needed = settlement.must_be_explained(
        row.median, points=row.points, claimed=row.claimed, median=row.median
    )
    return None if (needed and not words) or len(words) > LONGEST_TEXT else words


def _reasons(session: Session, assignment: Assignment, school_id: int) -> dict[str, list[str]]:
    """What the experts wrote, by element, in the table's order."""
    found: dict[str, list[str]] = defaultdict(list)
    for code, reason in session.execute(
        select(ElementReview.element, ElementReview.reason)
        .join(Review, Review.id == ElementReview.review_id)
        .join(User, User.id == Review.expert_id)
        .join(Assignment, Assignment.id == Review.assignment_id)
        .where(Review.assignment_id == assignment.id, ElementReview.reason != "", counts(school_id))
        .order_by(User.name, Review.id)
    ):
        found[code].append(reason)
    return found


def _numbers(session: Session, assignment: Assignment) -> dict[str, int]:
    """The number of each element's last ruling, of those undone too."""
    last = select(Ruling.element, func.max(Ruling.number)).where(Ruling.assignment_id == assignment.id)
    return dict(session.execute(last.group_by(Ruling.element)).all())
