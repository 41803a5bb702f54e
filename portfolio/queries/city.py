"""The city at a glance: schools × A-indicators of one cycle, from sums that stand beside the dossiers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Integer, Select, func, select, type_coerce
from sqlalchemy.orm import Session, selectinload

from portfolio.db import points_of
from portfolio.editions import rubric_of
from portfolio.models import (
    IN_ALL,
    Assignment,
    Cycle,
    Dossier,
    DossierSummary,
    Package,
    PackageSummary,
    Review,
    Round,
    School,
)
from portfolio.policy import counts
from portfolio.queries.school_standing import Progress, Standing, newest_package, standing_of
from portfolio.queries.weakest import WeakElement, weakest
from rubric.model import Rubric
from rubric.scoring import Totals

A_PAGE = 50  # schools
_SUMS = ("points", "claimed", "supported", "scored", "unscored", "unscored_points")


@dataclass(frozen=True, slots=True)
class CityRow:
    """A school in the cycle: its totals by A code and in all, from its newest package if it has one."""

    school_id: int
    school: str
    district: str
    dossier_id: int
    package_id: int | None
    standing: Standing
    progress: Progress | None
    by_indicator: Mapping[str, Totals]
    totals: Totals


class Number(StrEnum):
    """Which of the three numbers is shown and sorted by."""

    CLAIMED = "claimed"
    SUPPORTED = "supported"
    AT_RISK = "at_risk"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the reader wants to see. `sort` is "school", an A code or IN_ALL; `page` counts from 1, None is all."""

    cycle_id: int | None = None
    district: str | None = None
    standing: Standing | None = None
    number: Number = Number.CLAIMED
    sort: str = IN_ALL
    descending: bool = True
    page: int | None = 1


@dataclass(frozen=True, slots=True)
class City:
    """A cycle and the schools in it; `cycle` and `rubric` are None while there is no cycle at all.

    `standings` counts the schools of the chosen district, `districts` those of the chosen standing; `found` are
    the schools of both, of which `rows` are a page.
    """

    cycles: list[Cycle]
    cycle: Cycle | None = None
    rubric: Rubric | None = None
    schools: int = 0
    districts: Mapping[str, int] = field(default_factory=dict)
    standings: Mapping[Standing, int] = field(default_factory=dict)
    found: int = 0
    page: int = 1
    pages: int = 1
    rows: list[CityRow] = field(default_factory=list)
    matters: list[tuple[Matter, CityLine]] = field(default_factory=list)
    weakest: list[WeakElement] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CityLine:
    """A school in the cycle, as far as finding and sorting need it; numbers in hundredths of a point."""

    dossier_id: int
    school_id: int
    school: str
    district: str
    package_id: int | None
    standing: Standing
    progress: Progress | None
    claimed: int
    supported: int

    def number(self, number: Number) -> int:
        """One of the three numbers."""
        match number:
            case Number.CLAIMED:
                return self.claimed
            case Number.SUPPORTED:
                return self.supported
            case Number.AT_RISK:
                return self.claimed - self.supported


def city_overview(session: Session, *, now: datetime, asked: Asked | None = None) -> City:
    """The chosen cycle (the newest by default). The number of statements doesn't depend on the schools."""
    asked = asked or Asked()
    cycles = list(
        session.scalars(
            select(Cycle)
            .options(selectinload(Cycle.rounds))
            .order_by(Cycle.opens_at.desc(), Cycle.created_at.desc())
        )
    )
    cycle = next((c for c in cycles if asked.cycle_id in (None, c.id)), None)
    if cycle is None:
        return City(cycles)
    rubric = rubric_of(session, cycle.rubric_digest)
    sort = asked.sort if asked.sort in {a.code for a in rubric.indicators} else IN_ALL
    lines = _lines(session, cycle, sort, overdue=cycle.submit_by < now)
    here = [line for line in lines if asked.district in (None, line.district)]
    found = [line for line in here if asked.standing in (None, line.standing)]
    found.sort(key=_order(asked), reverse=asked.descending)
    pages = max(1, -(-len(found) // A_PAGE))
    page = min(asked.page or 1, pages)
    shown = found if asked.page is None else found[(page - 1) * A_PAGE : page * A_PAGE]
    return City(
        cycles=cycles,
        cycle=cycle,
        rubric=rubric,
        schools=len(lines),
        districts=dict(
            sorted(
                Counter(line.district for line in lines if asked.standing in (None, line.standing)).items()
            )
        ),
        standings=Counter(line.standing for line in here),
        found=len(found),
        page=page,
        pages=pages,
        rows=_rows(session, cycle, shown),
        matters=_matters(here, now),
        weakest=weakest(session, cycle, rubric, len(lines)),
    )


def _order(asked: Asked) -> Callable[[CityLine], Any]:
    if asked.sort == "school":
        return lambda line: (line.district, line.school)
    return lambda line: (line.number(asked.number), line.claimed, line.supported)


def _shown(column: str) -> Any:
    """A sum as the office sees it: the package's where there is one; as the store holds it."""
    return func.coalesce(
        type_coerce(getattr(PackageSummary, column), Integer),
        type_coerce(getattr(DossierSummary, column), Integer),
    )


def _with_sums(rows: Select[Any]) -> Select[Any]:
    """Rows over dossiers with their sums, and beside each its newest package's if it has one."""
    return rows.join(DossierSummary, DossierSummary.dossier_id == Dossier.id).outerjoin(
        PackageSummary,
        (PackageSummary.package_id == newest_package())
        & (PackageSummary.indicator == DossierSummary.indicator),
    )


def _lines(session: Session, cycle: Cycle, indicator: str, *, overdue: bool) -> list[CityLine]:
    """Every school of the cycle."""
    progress = _progress(session, cycle)
    rows = session.execute(
        _with_sums(
            select(
                Dossier.id,
                School.id,
                School.name,
                School.district,
                newest_package(),
                Dossier.state,
                _shown("claimed"),
                _shown("supported"),
            )
            .select_from(Dossier)
            .join(School, School.id == Dossier.school_id)
        ).where(Dossier.cycle_id == cycle.id, DossierSummary.indicator == indicator)
    )
    lines = []
    for dossier_id, school_id, school, district, package_id, state, claimed, supported in rows:
        way = progress.get(package_id) if package_id else None
        standing = standing_of(state, way, overdue=overdue)
        lines.append(
            CityLine(dossier_id, school_id, school, district, package_id, standing, way, claimed, supported)
        )
    return lines


def _rows(session: Session, cycle: Cycle, lines: Sequence[CityLine]) -> list[CityRow]:
    """The lines with all their sums."""
    rows = _with_sums(select(Dossier.id, DossierSummary.indicator, *map(_shown, _SUMS)).select_from(Dossier))
    if len(lines) <= A_PAGE:
        rows = rows.where(Dossier.id.in_([line.dossier_id for line in lines]))
    else:
        rows = rows.where(Dossier.cycle_id == cycle.id)
    sums: dict[int, dict[str, Totals]] = {}
    for (
        dossier_id,
        indicator,
        points,
        claimed,
        supported,
        scored,
        unscored,
        unscored_points,
    ) in session.execute(rows):
        sums.setdefault(dossier_id, {})[indicator] = Totals(
            points_of(points),
            points_of(claimed),
            points_of(supported),
            scored,
            unscored,
            points_of(unscored_points),
        )
    return [
        CityRow(
            school_id=line.school_id,
            school=line.school,
            district=line.district,
            dossier_id=line.dossier_id,
            package_id=line.package_id,
            standing=line.standing,
            progress=line.progress,
            by_indicator=sums[line.dossier_id],
            totals=sums[line.dossier_id][IN_ALL],
        )
        for line in lines
    ]


def _progress(session: Session, cycle: Cycle) -> dict[int, Progress]:
    """By package: how its latest round goes."""
    reviews = (
        select(
            Review.assignment_id,
            func.count().label("all"),
            func.count(Review.handed_in_at).label("handed_in"),
        )
        .join(Assignment, Assignment.id == Review.assignment_id)
        .join(Package, Package.id == Assignment.package_id)
        .where(counts(Package.school_id))
        .group_by(Review.assignment_id)
        .subquery()
    )
    rows = session.execute(
        select(
            Assignment.package_id,
            Round.name,
            Round.review_by,
            Assignment.closed_at.is_not(None),
            Assignment.published_at.is_not(None),
            func.coalesce(reviews.c.all, 0),
            func.coalesce(reviews.c.handed_in, 0),
        )
        .join(Round, Round.id == Assignment.round_id)
        .outerjoin(reviews, reviews.c.assignment_id == Assignment.id)
        .where(Round.cycle_id == cycle.id)
        .order_by(Round.position)
    )
    return {package_id: Progress(*way) for package_id, *way in rows}


class Matter(StrEnum):
    """What the bureau should look into."""

    NOT_SUBMITTED = "not_submitted"
    NOT_SIGNED = "not_signed"
    NOT_ASSIGNED = "not_assigned"
    REVIEW_LATE = "review_late"
    NOT_CLOSED = "not_closed"
    NOT_PUBLISHED = "not_published"


_MATTERS = {
    Standing.OVERDUE: Matter.NOT_SUBMITTED,
    Standing.SIGNING: Matter.NOT_SIGNED,
    Standing.SUBMITTED: Matter.NOT_ASSIGNED,
    Standing.SETTLING: Matter.NOT_CLOSED,
    Standing.CLOSED: Matter.NOT_PUBLISHED,
}


def _matters(lines: Iterable[CityLine], now: datetime) -> list[tuple[Matter, CityLine]]:
    """What is to be looked into, the most urgent first."""
    found = [(matter, line) for line in lines if (matter := matter_of(line, now=now))]
    urgency = {matter: place for place, matter in enumerate(Matter)}
    return sorted(found, key=lambda pair: (urgency[pair[0]], pair[1].school))


def matter_of(row: CityRow | CityLine, *, now: datetime) -> Matter | None:
    """What is to be looked into at this school, if anything."""
    review_by = row.progress.review_by if row.progress else None
    if row.standing is Standing.REVIEWING and review_by is not None and review_by < now:
        return Matter.REVIEW_LATE
    return _MATTERS.get(row.standing)
