"""Reasons a panel gave before, offered to an expert who writes one."""

from __future__ import annotations

from sqlalchemy import case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from portfolio.models import Assignment, ElementReview, Package, Review
from portfolio.policy import Actor

MOST = 5
LONGEST = 120  # characters: what is longer is about one school


def phrases(session: Session, actor: Actor, review: Review, code: str) -> tuple[str, ...]:
    """Up to five reasons, those for this element first, then the most used; one statement.

    The expert's own, and the other experts' of packages whose table the panel has opened, where the expert
    could read them already: never any of a package they are still to score, or of a school they keep away from.
    """
    theirs = aliased(Review)
    scored = exists().where(
        theirs.assignment_id == Assignment.id,
        theirs.expert_id == actor.user_id,
        theirs.handed_in_at.is_not(None),
    )
    readable = or_(
        Review.expert_id == actor.user_id,
        (Assignment.settling_since.is_not(None)) & (Assignment.id != review.assignment_id) & scored,
    )
    here = func.max(case((ElementReview.element == code, 1), else_=0))
    rows = session.execute(
        select(ElementReview.reason)
        .join(Review, Review.id == ElementReview.review_id)
        .join(Assignment, Assignment.id == Review.assignment_id)
        .join(Package, Package.id == Assignment.package_id)
        .where(
            Assignment.panel_id == review.assignment.panel_id,
            Package.school_id.not_in(actor.conflicts),
            readable,
            ElementReview.reason != "",
            func.length(ElementReview.reason) <= LONGEST,
            or_(ElementReview.review_id != review.id, ElementReview.element != code),
        )
        .group_by(ElementReview.reason)
        .order_by(here.desc(), func.count().desc(), ElementReview.reason)
        .limit(MOST)
    )
    return tuple(row.reason for row in rows)
