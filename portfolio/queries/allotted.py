"""Who has which elements of a package: what lacks, and what everybody has on their hands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import ScalarSelect, and_, func, select
from sqlalchemy.orm import Session

from portfolio.models import Assignment, ElementReview, Package, PackageElement, Review, Round
from portfolio.policy import counts


@dataclass(frozen=True, slots=True)
class Load:
    """What an expert has in a panel: packages, elements, how many of these are scored, and what they are worth."""

    packages: int
    elements: int
    scored: int
    points: Decimal


def fewest_scores(assignment: Assignment, school_id: int) -> ScalarSelect[int]:
    """The fewest scores an element has from reviews that are in and count, to be used in a query."""
    counted = (
        select(Review.id)
        .join(Assignment, Assignment.id == Review.assignment_id)
        .where(Review.assignment_id == assignment.id, Review.handed_in_at.is_not(None), counts(school_id))
    )
    by_element = (
        select(func.count(ElementReview.id).label("scores"))
        .select_from(PackageElement)
        .outerjoin(
            ElementReview,
            and_(ElementReview.element == PackageElement.element, ElementReview.review_id.in_(counted)),
        )
        .where(PackageElement.package_id == assignment.package_id)
        .group_by(PackageElement.element)
        .subquery()
    )
    return select(func.coalesce(func.min(by_element.c.scores), 0)).scalar_subquery()


def short_elements(session: Session, assignment_ids: Collection[int]) -> dict[int, list[str]]:
    """By assignment that isn't closed: the elements that fewer experts have than the round asks for; one statement."""
    rows = session.execute(
        select(Assignment.id, PackageElement.element)
        .join(Package, Package.id == Assignment.package_id)
        .join(Round, Round.id == Assignment.round_id)
        .join(PackageElement, PackageElement.package_id == Package.id)
        .outerjoin(Review, and_(Review.assignment_id == Assignment.id, counts(Package.school_id)))
        .outerjoin(
            ElementReview,
            and_(ElementReview.review_id == Review.id, ElementReview.element == PackageElement.element),
        )
        .where(Assignment.id.in_(assignment_ids), Assignment.closed_at.is_(None))
        .group_by(Assignment.id, PackageElement.element, Round.independent_scores)
        .having(func.count(ElementReview.id) < Round.independent_scores)
    )
    found: dict[int, list[str]] = defaultdict(list)
    for assignment_id, code in rows:
        found[assignment_id].append(code)
    return dict(found)


def on_hand(session: Session, experts: Collection[int]) -> dict[int, int]:
    """How many elements each expert is still to score, in all packages of all panels; one statement."""
    rows = session.execute(
        select(Review.expert_id, func.count())
        .join(Assignment, Assignment.id == Review.assignment_id)
        .join(Package, Package.id == Assignment.package_id)
        .join(ElementReview, ElementReview.review_id == Review.id)
        .where(
            Review.expert_id.in_(experts),
            Review.handed_in_at.is_(None),
            Assignment.closed_at.is_(None),
            ElementReview.score.is_(None),
            counts(Package.school_id),
        )
        .group_by(Review.expert_id)
    )
    found = dict.fromkeys(experts, 0)
    for expert, count in rows:
        found[expert] = count
    return found


def allotment(session: Session, assignment: Assignment) -> dict[int, frozenset[str]]:
    """What each expert whose review counts has, by their id; one statement."""
    rows = session.execute(
        select(Review.expert_id, ElementReview.element)
        .join(Assignment, Assignment.id == Review.assignment_id)
        .join(Package, Package.id == Assignment.package_id)
        .outerjoin(ElementReview, ElementReview.review_id == Review.id)
        .where(Review.assignment_id == assignment.id, counts(Package.school_id))
    )
    found: dict[int, set[str]] = defaultdict(set)
    for expert, code in rows:
        found[expert].update([code] if code else [])
    return {expert: frozenset(codes) for expert, codes in found.items()}


def loads(session: Session, panel_ids: Iterable[int]) -> dict[int, dict[int, Load]]:
    """By panel and expert: what they have to do there, and how far they are; one statement."""
    rows = session.execute(
        select(
            Assignment.panel_id,
            Review.expert_id,
            func.count(Review.id.distinct()),
            func.count(ElementReview.id),
            func.count(ElementReview.score),
            func.sum(PackageElement.points),
        )
        .select_from(Review)
        .join(Assignment, Assignment.id == Review.assignment_id)
        .join(Package, Package.id == Assignment.package_id)
        .join(ElementReview, ElementReview.review_id == Review.id)
        .join(
            PackageElement,
            and_(PackageElement.package_id == Package.id, PackageElement.element == ElementReview.element),
        )
        .where(Assignment.panel_id.in_(list(panel_ids)), counts(Package.school_id))
        .group_by(Assignment.panel_id, Review.expert_id)
    )
    found: dict[int, dict[int, Load]] = defaultdict(dict)
    for panel_id, expert, packages, elements, scored, points in rows:
        found[panel_id][expert] = Load(packages, elements, scored, points)
    return dict(found)
