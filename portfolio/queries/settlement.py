"""What the chair settles from: every expert's scores side by side, once all of them are in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from portfolio.editions import rubric_of
from portfolio.errors import NotFound
from portfolio.models import Assignment, Determination, ElementReview, PackageElement, Review, User
from portfolio.policy import Place, recused
from portfolio.queries import places
from rubric.model import Channel, Rubric
from rubric.review import disagreement, median, spread


@dataclass(frozen=True, slots=True)
class Expert:
    """One of the panel, and whether their review is in."""

    review_id: int
    name: str
    handed_in_at: datetime | None


@dataclass(frozen=True, slots=True)
class Row:
    """One element: the school's score, the experts' in the table's order, and the final where settled."""

    code: str
    points: Decimal
    claimed: Decimal | None
    scores: tuple[Decimal, ...]
    median: Decimal
    final: Decimal | None

    @property
    def spread(self) -> Decimal:
        """The distance between the experts' highest and lowest score, in points."""
        return spread(self.scores)

    @property
    def disagreement(self) -> Decimal:
        """The widest distance between any two of the experts and the school, in points."""
        return disagreement(self.scores, self.claimed)

    @property
    def is_below_self(self) -> bool:
        """Whether the panel gives less than the school claims."""
        given = self.median if self.final is None else self.final
        return self.claimed is not None and given < self.claimed


@dataclass(frozen=True, slots=True)
class Voice:
    """What one expert says about an element."""

    name: str
    score: Decimal | None
    reason: str
    channel: Channel | None


@dataclass(frozen=True, slots=True)
class Detail:
    """Everything said about one element."""

    justification: str
    voices: tuple[Voice, ...]
    settled: Determination | None


@dataclass(frozen=True, slots=True)
class Table:
    """The chair's table; without rows as long as a review is outstanding."""

    experts: tuple[Expert, ...]
    outstanding: int
    rows: tuple[Row, ...]
    tolerance: Decimal

    @property
    def settled(self) -> int:
        """How many elements have their final score."""
        return sum(row.final is not None for row in self.rows)

    def listed(self, show: Show, sort: Sort) -> list[Row]:
        """The rows of a filter in the order of a sort; equal ones in the rubric's order."""
        return sorted((row for row in self.rows if FILTERS[show](row, self.tolerance)), key=ORDERS[sort])


class Show(StrEnum):
    """Which elements the table holds."""

    DISCUSS = "discuss"
    BELOW = "below"
    ALL = "all"


class Sort(StrEnum):
    """What the table is ordered by."""

    CODE = "code"
    SELF = "self"
    MEDIAN = "median"
    SPREAD = "spread"
    FINAL = "final"


FILTERS: dict[Show, Callable[[Row, Decimal], bool]] = {
    Show.DISCUSS: lambda row, tolerance: row.spread > 0 and row.spread >= tolerance,
    Show.BELOW: lambda row, tolerance: row.is_below_self,
    Show.ALL: lambda row, tolerance: True,
}
_NONE = Decimal(-1)  # sorts before every score
ORDERS: dict[Sort, Callable[[Row], tuple[Decimal, ...]]] = {
    Sort.CODE: lambda row: (),
    Sort.SELF: lambda row: (_NONE if row.claimed is None else row.claimed,),
    Sort.MEDIAN: lambda row: (row.median,),
    Sort.SPREAD: lambda row: (-row.spread, -row.disagreement),
    Sort.FINAL: lambda row: (_NONE if row.final is None else row.final,),
}


def element(session: Session, *, round_id: int, package_id: int, code: str) -> tuple[Assignment, Place]:
    """Locates an assignment for one of the rubric's elements."""
    found, place = places.settlement(session, round_id=round_id, package_id=package_id)
    if code not in {element.code for element in rubric_of(session, found.package.rubric_digest).elements}:
        raise NotFound()
    return found, place


def table(session: Session, assignment: Assignment, rubric: Rubric) -> Table:
    """The chair's table in three statements; in one, without any score, while a review is outstanding."""
    experts = _experts(session, assignment)
    received = sum(expert.handed_in_at is not None for expert in experts)
    needed = assignment.panel.round.independent_scores
    outstanding = max(len(experts) - received, needed - received, 0)
    rows = () if outstanding else _rows(session, assignment, rubric, experts)
    return Table(experts, outstanding, rows, assignment.panel.round.tolerance)


def detail(session: Session, assignment: Assignment, experts: tuple[Expert, ...], code: str) -> Detail:
    """One element of the table, in one statement."""
    rows = session.execute(
        select(
            ElementReview.review_id,
            ElementReview.score,
            ElementReview.reason,
            ElementReview.channel,
            PackageElement.justification,
            Determination,
        )
        .select_from(ElementReview)
        .join(
            PackageElement,
            and_(
                PackageElement.element == ElementReview.element,
                PackageElement.package_id == assignment.package_id,
            ),
        )
        .outerjoin(
            Determination,
            and_(
                Determination.element == ElementReview.element, Determination.assignment_id == assignment.id
            ),
        )
        .where(
            ElementReview.element == code,
            ElementReview.review_id.in_([expert.review_id for expert in experts]),
        )
        .execution_options(populate_existing=True)
    ).all()
    said = {row.review_id: row for row in rows}
    voices = tuple(
        Voice(expert.name, *said[expert.review_id][1:4]) for expert in experts if expert.review_id in said
    )
    return Detail(rows[0].justification, voices, rows[0].Determination)


def _experts(session: Session, assignment: Assignment) -> tuple[Expert, ...]:
    """Those whose reviews count: who declared a conflict is no longer among them."""
    rows = session.execute(
        select(Review.id, User.name, Review.handed_in_at)
        .select_from(Review)
        .join(User, User.id == Review.expert_id)
        .join(Assignment, Assignment.id == Review.assignment_id)
        .where(
            Review.assignment_id == assignment.id,
            ~recused(Review.expert_id, assignment.package.school_id, until=Assignment.closed_at),
        )
        .order_by(User.name, Review.id)
    )
    return tuple(Expert(*row) for row in rows)


def _rows(
    session: Session, assignment: Assignment, rubric: Rubric, experts: tuple[Expert, ...]
) -> tuple[Row, ...]:
    given = _scores(session, experts)
    step = assignment.package.dossier.cycle.score_step
    elements = session.execute(
        select(PackageElement.element, PackageElement.points, PackageElement.score, Determination.score)
        .select_from(PackageElement)
        .outerjoin(
            Determination,
            and_(
                Determination.element == PackageElement.element, Determination.assignment_id == assignment.id
            ),
        )
        .where(PackageElement.package_id == assignment.package_id)
    )
    rows = {
        code: Row(code, points, claimed, given[code], median(given[code], step), final)
        for code, points, claimed, final in elements
    }
    return tuple(rows[element.code] for element in rubric.elements)


def _scores(session: Session, experts: tuple[Expert, ...]) -> dict[str, tuple[Decimal, ...]]:
    """Each element's scores in the order of the experts."""
    position = {expert.review_id: at for at, expert in enumerate(experts)}
    rows = session.execute(
        select(ElementReview.element, ElementReview.review_id, ElementReview.score).where(
            ElementReview.review_id.in_(list(position))
        )
    ).all()
    by_element: dict[str, list[Decimal]] = {}
    for row in sorted(rows, key=lambda row: position[row.review_id]):
        by_element.setdefault(row.element, []).append(row.score)
    return {code: tuple(scores) for code, scores in by_element.items()}
