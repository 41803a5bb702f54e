"""The city at a glance: schools × A-indicators of one cycle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, case, exists, func, select
from sqlalchemy.orm import Session, selectinload

from portfolio.db import HUNDREDTHS, points_of
from portfolio.editions import rubric_of
from portfolio.models import (
    Assignment,
    Citation,
    Cycle,
    Dossier,
    DossierState,
    Package,
    PackageCitation,
    PackageElement,
    Review,
    Round,
    School,
    SelfAssessment,
)
from rubric.model import Rubric
from rubric.scoring import ZERO, Totals


class Standing(StrEnum):
    """Where a school stands in a cycle, as the bureau needs to know it."""

    DRAFTING = "drafting"
    OVERDUE = "overdue"
    SIGNING = "signing"
    SUBMITTED = "submitted"
    REVIEWING = "reviewing"
    SETTLING = "settling"
    CLOSED = "closed"
    PUBLISHED = "published"


@dataclass(frozen=True, slots=True)
class Progress:
    """A package's way through its latest round; moments in UTC."""

    round_name: str
    review_by: datetime | None
    closed: bool
    published: bool
    reviews: int
    handed_in: int


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


@dataclass(frozen=True, slots=True)
class City:
    """A cycle and the schools in it; `cycle` and `rubric` are None while there is no cycle at all."""

    cycles: list[Cycle]
    cycle: Cycle | None
    rubric: Rubric | None
    rows: list[CityRow]


def city_overview(session: Session, *, now: datetime, cycle_id: int | None = None) -> City:
    """The chosen cycle (the newest by default). The number of statements doesn't depend on the schools."""
    cycles = list(
        session.scalars(
            select(Cycle)
            .options(selectinload(Cycle.rounds))
            .order_by(Cycle.opens_at.desc(), Cycle.created_at.desc())
        )
    )
    cycle = next((c for c in cycles if cycle_id in (None, c.id)), None)
    if cycle is None:
        return City(cycles, None, None, [])
    rubric = rubric_of(session, cycle.rubric_digest)
    totals = _drafted(session, cycle, rubric) | _submitted(session, cycle, rubric)
    progress = _progress(session, cycle)
    overdue = cycle.submit_by < now
    rows = []
    for dossier, school, package_id in session.execute(_dossiers(cycle)):
        under_way = progress.get(package_id) if package_id else None
        rows.append(
            CityRow(
                school_id=school.id,
                school=school.name,
                district=school.district,
                dossier_id=dossier.id,
                package_id=package_id,
                standing=standing_of(dossier.state, under_way, overdue=overdue),
                progress=under_way,
                by_indicator=totals[dossier.id],
                totals=sum(totals[dossier.id].values(), Totals()),
            )
        )
    return City(cycles, cycle, rubric, rows)


def newest_package() -> ScalarSelect[int]:
    """The id of the newest package of the dossier at hand, as a subquery of a statement over dossiers."""
    return (
        select(Package.id)
        .where(Package.dossier_id == Dossier.id)
        .order_by(Package.number.desc())
        .limit(1)
        .correlate(Dossier)
        .scalar_subquery()
    )


def _dossiers(cycle: Cycle) -> Select[Dossier, School, int]:
    return (
        select(Dossier, School, newest_package())
        .join(School, School.id == Dossier.school_id)
        .where(Dossier.cycle_id == cycle.id)
        .order_by(School.district, School.name)
    )


def _drafted(session: Session, cycle: Cycle, rubric: Rubric) -> dict[int, dict[str, Totals]]:
    """Totals by dossier and A code, as it stands now."""
    cited = exists().where(
        Citation.dossier_id == SelfAssessment.dossier_id, Citation.element == SelfAssessment.element
    )
    rows = (
        _claims(SelfAssessment.dossier_id, SelfAssessment.element, SelfAssessment.score, cited, rubric)
        .join(Dossier, Dossier.id == SelfAssessment.dossier_id)
        .where(Dossier.cycle_id == cycle.id)
    )
    return _summed(session, rows, rubric)


def _submitted(session: Session, cycle: Cycle, rubric: Rubric) -> dict[int, dict[str, Totals]]:
    """Totals by dossier and A code, as its newest package has it."""
    cited = exists().where(
        PackageCitation.package_id == PackageElement.package_id,
        PackageCitation.element == PackageElement.element,
    )
    rows = (
        _claims(Dossier.id, PackageElement.element, PackageElement.score, cited, rubric)
        .join_from(Dossier, PackageElement, PackageElement.package_id == newest_package())
        .where(Dossier.cycle_id == cycle.id)
    )
    return _summed(session, rows, rubric)


def _claims(
    dossier: Any, element: Any, score: Any, cited: ColumnElement[bool], rubric: Rubric
) -> Select[Any]:
    """One row an element: its dossier, A code, points, score, and the score if it is cited."""
    return select(
        dossier.label("dossier_id"),
        case({e.code: e.indicator for e in rubric.elements}, value=element).label("indicator"),
        case({e.code: int(e.points * HUNDREDTHS) for e in rubric.elements}, value=element).label("points"),
        score.label("score"),
        case((cited, score)).label("supported"),
    )


def _summed(session: Session, claims: Select[Any], rubric: Rubric) -> dict[int, dict[str, Totals]]:
    # grouped around a subquery: to PostgreSQL, one CASE with parameters written twice is two expressions
    row = claims.subquery().c
    statement = select(
        row.dossier_id,
        row.indicator,
        func.coalesce(func.sum(row.score), ZERO),
        func.coalesce(func.sum(row.supported), ZERO),
        func.count(row.score),
        func.sum(case((row.score.is_(None), row.points), else_=0)),
    ).group_by(row.dossier_id, row.indicator)
    indicators = {indicator.code: indicator for indicator in rubric.indicators}
    found: dict[int, dict[str, Totals]] = {}
    for dossier_id, code, claimed, supported, scored, unscored_points in session.execute(statement):
        found.setdefault(dossier_id, {})[code] = Totals(
            points=indicators[code].points,
            claimed=claimed,
            supported=supported,
            scored=scored,
            unscored=len(indicators[code].elements) - scored,
            unscored_points=points_of(int(unscored_points)),
        )
    return found


def _progress(session: Session, cycle: Cycle) -> dict[int, Progress]:
    """By package: how its latest round goes."""
    rows = session.execute(
        select(Assignment, Round, func.count(Review.id), func.count(Review.handed_in_at))
        .join(Round, Round.id == Assignment.round_id)
        .outerjoin(Review, Review.assignment_id == Assignment.id)
        .where(Round.cycle_id == cycle.id)
        .group_by(Assignment.id, Round.id)
        .order_by(Round.position)
    )
    return {
        assignment.package_id: Progress(
            round_name=held.name,
            review_by=held.review_by,
            closed=assignment.closed_at is not None,
            published=assignment.published_at is not None,
            reviews=reviews,
            handed_in=handed_in,
        )
        for assignment, held, reviews, handed_in in rows
    }


def standing_of(state: DossierState, progress: Progress | None, *, overdue: bool) -> Standing:
    """Where a school stands; `progress` is its package's, `overdue` that submissions are over."""
    match state:
        case DossierState.DRAFTING:
            return Standing.OVERDUE if overdue else Standing.DRAFTING
        case DossierState.SIGNING:
            return Standing.SIGNING
        case DossierState.PUBLISHED:
            return Standing.PUBLISHED
    if progress is None or progress.published:
        return Standing.SUBMITTED  # waits for a panel: of the first round, or of the next
    if progress.closed:
        return Standing.CLOSED
    return Standing.SETTLING if 0 < progress.reviews == progress.handed_in else Standing.REVIEWING


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


def matter_of(row: CityRow, *, now: datetime) -> Matter | None:
    """What is to be looked into at this school, if anything."""
    review_by = row.progress.review_by if row.progress else None
    if row.standing is Standing.REVIEWING and review_by is not None and review_by < now:
        return Matter.REVIEW_LATE
    return _MATTERS.get(row.standing)
