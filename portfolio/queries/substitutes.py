"""Experts who stepped aside from a review under way, or were taken off, with nobody in their place yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from portfolio.models import Assignment, Package, Review, Substitution, User
from portfolio.policy import counts


@dataclass(frozen=True, slots=True)
class Aside:
    """A review that counts no more, and whose it is."""

    review_id: int
    name: str


def stepped_aside(session: Session, panel_ids: Iterable[int]) -> dict[int, list[Aside]]:
    """By assignment; one statement."""
    rows = session.execute(
        select(Review.assignment_id, Review.id, User.name)
        .join(Assignment, Assignment.id == Review.assignment_id)
        .join(Package, Package.id == Assignment.package_id)
        .join(User, User.id == Review.expert_id)
        .where(
            Assignment.panel_id.in_(list(panel_ids)),
            Assignment.closed_at.is_(None),
            ~counts(Package.school_id),
            ~exists().where(Substitution.review_id == Review.id),
        )
        .order_by(User.name)
    )
    found: dict[int, list[Aside]] = defaultdict(list)
    for assignment_id, review_id, name in rows:
        found[assignment_id].append(Aside(review_id, name))
    return dict(found)
