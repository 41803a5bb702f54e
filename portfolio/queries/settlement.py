"""What the chair settles from: every expert's scores side by side, once all of them are in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session, aliased

from portfolio.editions import rubric_of
from portfolio.errors import NotFound
from portfolio.models import (
    Assignment,
    Determination,
    ElementReview,
    PackageElement,
    Remark,
    Review,
    SettlementRule,
    User,
)
from portfolio.policy import Place, counts
from portfolio.queries import places
from portfolio.queries.allotted import fewest_scores, short_elements
from portfolio.queries.deliberation import ClosingStep, closings
from portfolio.queries.disagreement import Apart, Area, apart, areas, is_flagged
from portfolio.queries.rounds import assignment_below, round_below
from portfolio.queries.supplements import changed_since
from rubric.model import Rubric
from rubric.review import deviation, disagreement, mean, median, spread


@dataclass(frozen=True, slots=True)
class Expert:
    """One of the panel, whether their review is in, and how many elements are theirs to score."""

    review_id: int
    name: str
    handed_in_at: datetime | None
    elements: int


@dataclass(frozen=True, slots=True)
class Row:
    """One element: the school's score, the experts' in the table's order, and the final where settled."""

    code: str
    points: Decimal
    claimed: Decimal | None
    given: tuple[Decimal | None, ...]
    median: Decimal | None
    # what stands; a rule without a final: not assessed
    rule: SettlementRule | None
    final: Decimal | None
    remarks: int
    # the final of the round below
    below: Decimal | None
    # beside each score, the number of an earlier package it was made on, where the element differs since
    made_on: tuple[int | None, ...] = ()

    @property
    def differs_from_below(self) -> Decimal:
        """How far the panel is from the round below, in points; 0 where either has no score."""
        given = self.median if self.rule is None else self.final
        return Decimal(0) if given is None or self.below is None else abs(given - self.below)

    @property
    def scores(self) -> tuple[Decimal, ...]:
        """The scores of those who scored it."""
        return tuple(score for score in self.given if score is not None)

    @property
    def mean(self) -> Decimal | None:
        """The experts' average, in hundredths of a point."""
        return mean(self.scores) if self.scores else None

    @property
    def deviation(self) -> Decimal:
        """The standard deviation of the experts' scores, in hundredths of a point."""
        return deviation(self.scores)

    @property
    def spread(self) -> Decimal:
        """The distance between the experts' highest and lowest score, in points."""
        return spread(self.scores)

    @property
    def disagreement(self) -> Decimal:
        """The widest distance between any two of the experts and the school, in points."""
        return disagreement(self.scores, self.claimed)

    @property
    def is_agreed(self) -> bool:
        """Whether nothing is left to weigh: two experts or more gave one score, of what stands, and nobody remarked."""
        one_voice = len(self.scores) > 1 and self.spread == 0
        return self.rule is None and one_voice and not self.remarks and not any(self.made_on)

    def proposed_reason(self, said: Iterable[str], follows: str) -> str:
        """What the experts wrote, each of it once; `follows` where they wrote nothing and follow the school."""
        words = "\n".join(dict.fromkeys(each.strip() for each in said if each.strip()))
        follow = self.median is not None and self.median == self.claimed and self.median < self.points
        return words or (follows if follow else "")

    @property
    def is_below_self(self) -> bool:
        """Whether the panel gives less than the school claims."""
        given = self.median if self.rule is None else self.final
        return self.claimed is not None and given is not None and given < self.claimed


@dataclass(frozen=True, slots=True)
class Table:
    """The panel's table; without rows until the chair has opened it, and as long as a review is outstanding."""

    experts: tuple[Expert, ...]
    outstanding: int
    tolerance: Decimal
    rows: tuple[Row, ...] = ()
    # while reviews are outstanding: the elements that fewer experts have than the round asks for
    short: tuple[str, ...] = ()
    # newest first
    closings: tuple[ClosingStep, ...] = ()
    # the name of the round below, where there is one
    below: str | None = None
    areas: tuple[Area, ...] = ()
    # for the chair only
    apart: tuple[Apart, ...] = ()

    @property
    def settled(self) -> int:
        """How many elements have their final score, or are said not to be assessed."""
        return sum(row.rule is not None for row in self.rows)

    @property
    def agreed(self) -> tuple[Row, ...]:
        """The open elements on which nothing is left to weigh."""
        return tuple(row for row in self.rows if row.is_agreed)

    @property
    def made_on_earlier(self) -> int | None:
        """The number of the first package that scores on the table were made on and that differs since there."""
        return min((number for row in self.rows for number in row.made_on if number), default=None)

    @property
    def proposal(self) -> ClosingStep | None:
        """The proposal to close that waits for a signature."""
        return self.closings[0] if self.closings and self.closings[0].waits else None

    def listed(self, show: Show, sort: Sort) -> list[Row]:
        """The rows of a filter in the order of a sort; equal ones in the rubric's order."""
        return sorted((row for row in self.rows if FILTERS[show](row, self.tolerance)), key=ORDERS[sort])

    def areas_by(self, sort: Sort) -> list[Area]:
        """The A-indicators, the widest spread first where the elements are sorted so."""
        widest = sort in (Sort.SPREAD, Sort.DEVIATION)
        return sorted(self.areas, key=lambda area: -area.spread) if widest else list(self.areas)


class Show(StrEnum):
    """Which elements the table holds."""

    DISCUSS = "discuss"
    BELOW = "below"
    ROUNDS = "rounds"
    ALL = "all"


class Sort(StrEnum):
    """What the table is ordered by."""

    CODE = "code"
    SELF = "self"
    MEDIAN = "median"
    MEAN = "mean"
    DEVIATION = "deviation"
    SPREAD = "spread"
    FINAL = "final"


FILTERS: dict[Show, Callable[[Row, Decimal], bool]] = {
    Show.DISCUSS: lambda row, tolerance: is_flagged(row.scores, tolerance),
    Show.BELOW: lambda row, tolerance: row.is_below_self,
    Show.ROUNDS: lambda row, tolerance: row.differs_from_below > 0 and row.differs_from_below >= tolerance,
    Show.ALL: lambda row, tolerance: True,
}


def _first(score: Decimal | None) -> Decimal:
    """The score to sort by; where there is none, less than any."""
    return Decimal(-1) if score is None else score


ORDERS: dict[Sort, Callable[[Row], tuple[Decimal, ...]]] = {
    Sort.CODE: lambda row: (),
    Sort.SELF: lambda row: (_first(row.claimed),),
    Sort.MEDIAN: lambda row: (_first(row.median),),
    Sort.MEAN: lambda row: (_first(row.mean),),
    Sort.DEVIATION: lambda row: (-row.deviation, -row.disagreement),
    Sort.SPREAD: lambda row: (-row.spread, -row.disagreement),
    Sort.FINAL: lambda row: (_first(row.final),),
}


def element(session: Session, *, round_id: int, package_id: int, code: str) -> tuple[Assignment, Place]:
    """Locates an assignment for one of the rubric's elements."""
    found, place = places.settlement(session, round_id=round_id, package_id=package_id)
    if code not in {element.code for element in rubric_of(session, found.package.rubric_digest).elements}:
        raise NotFound()
    return found, place


def table(session: Session, assignment: Assignment, rubric: Rubric, *, for_chair: bool) -> Table:
    """The panel's table in three statements; in two, without any score, until it is open and all reviews are in."""
    experts, fewest = _experts(session, assignment)
    received = sum(expert.handed_in_at is not None for expert in experts)
    needed = assignment.panel.round.independent_scores
    outstanding = max(len(experts) - received, needed - fewest, 0)
    tolerance = assignment.panel.round.tolerance
    if outstanding or assignment.settling_since is None:
        short = short_elements(session, [assignment.id]).get(assignment.id, ())
        return Table(experts, outstanding, tolerance, short=tuple(short))
    below, rows = _rows(session, assignment, rubric, experts)
    given = {row.code: row.given for row in rows}
    step = assignment.package.dossier.cycle.score_step
    return Table(
        experts,
        outstanding,
        tolerance,
        rows,
        closings=closings(session, assignment),
        below=below,
        areas=areas(rubric, given, step=step, tolerance=tolerance),
        apart=apart([expert.name for expert in experts], given, tolerance) if for_chair else (),
    )


def _experts(session: Session, assignment: Assignment) -> tuple[tuple[Expert, ...], int]:
    """Those whose reviews count, and the fewest scores that an element has from those who are in."""
    elements = select(func.count()).where(ElementReview.review_id == Review.id).correlate(Review)
    school_id = assignment.package.school_id
    rows = session.execute(
        select(
            Review.id,
            User.name,
            Review.handed_in_at,
            elements.scalar_subquery(),
            fewest_scores(assignment, school_id),
        )
        .select_from(Review)
        .join(User, User.id == Review.expert_id)
        .join(Assignment, Assignment.id == Review.assignment_id)
        .where(Review.assignment_id == assignment.id, counts(school_id))
        .order_by(User.name, Review.id)
    ).all()
    return tuple(Expert(*row[:4]) for row in rows), min((row[4] for row in rows), default=0)


def _rows(
    session: Session, assignment: Assignment, rubric: Rubric, experts: tuple[Expert, ...]
) -> tuple[str | None, tuple[Row, ...]]:
    """The name of the round below, and every element with every expert's score; one statement."""
    position = {expert.review_id: at for at, expert in enumerate(experts)}
    talk = select(func.count()).where(
        Remark.assignment_id == assignment.id, Remark.element == PackageElement.element
    )
    under = aliased(Determination)
    dossier_id = assignment.package.dossier_id
    outdated = changed_since(dossier_id, ElementReview.element, ElementReview.package_number)
    found = session.execute(
        select(
            round_below(assignment),
            PackageElement.element,
            PackageElement.points,
            PackageElement.score,
            Determination.rule,
            Determination.score,
            talk.scalar_subquery(),
            under.score,
            ElementReview.review_id,
            ElementReview.score,
            case((outdated, ElementReview.package_number)),
        )
        .select_from(PackageElement)
        .outerjoin(
            Determination,
            and_(
                Determination.element == PackageElement.element, Determination.assignment_id == assignment.id
            ),
        )
        .outerjoin(
            under,
            and_(
                under.element == PackageElement.element,
                under.assignment_id == assignment_below(assignment),
            ),
        )
        .outerjoin(
            ElementReview,
            and_(
                ElementReview.element == PackageElement.element,
                ElementReview.review_id.in_(list(position)),
            ),
        )
        .where(PackageElement.package_id == assignment.package_id)
    ).all()
    step = assignment.package.dossier.cycle.score_step
    # points, self-score, rule, final, number of remarks, final of the round below
    elements: dict[str, tuple[Any, ...]] = {}
    given: dict[str, list[Decimal | None]] = defaultdict(lambda: [None] * len(experts))
    made_on: dict[str, list[int | None]] = defaultdict(lambda: [None] * len(experts))
    for _round, code, *element, review_id, score, earlier in found:
        elements[code] = tuple(element)
        if review_id is not None:
            given[code][position[review_id]] = score
            made_on[code][position[review_id]] = earlier
    rows = (
        _row(each.code, elements[each.code], given[each.code], made_on[each.code], step)
        for each in rubric.elements
    )
    return found[0][0], tuple(rows)


def _row(
    code: str,
    element: tuple[Any, ...],
    given: list[Decimal | None],
    made_on: list[int | None],
    step: Decimal,
) -> Row:
    points, claimed, rule, final, remarks, below = element
    scores = [score for score in given if score is not None]
    middle = median(scores, step) if scores else None
    return Row(code, points, claimed, tuple(given), middle, rule, final, remarks, below, tuple(made_on))
