"""A dossier's readiness over time, and where its school stands among the city's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Integer, null, select, type_coerce, union_all
from sqlalchemy.orm import Session

from portfolio.db import points_of
from portfolio.models import (
    IN_ALL,
    Benchmark,
    Dossier,
    DossierSummary,
    Package,
    ReadinessRecord,
)
from rubric.model import Indicator, Rubric
from rubric.scoring import Totals


@dataclass(frozen=True, slots=True)
class Point:
    """How far a dossier was at a moment, in points; `package` is the number of what was submitted then."""

    at: datetime
    claimed: Decimal
    supported: Decimal
    package: int | None = None

    @property
    def at_risk(self) -> Decimal:
        """Claimed without a citation."""
        return self.claimed - self.supported


def trend(session: Session, dossier: Dossier, *, now: datetime, totals: Totals) -> list[Point]:
    """What was recorded by day and at each submission, then how it stands now; in the order of time."""
    recorded = select(
        ReadinessRecord.at,
        type_coerce(ReadinessRecord.claimed, Integer),
        type_coerce(ReadinessRecord.supported, Integer),
        type_coerce(null(), Integer),
    ).where(ReadinessRecord.dossier_id == dossier.id)
    submitted = select(
        Package.signed_at,
        type_coerce(Package.claimed, Integer),
        type_coerce(Package.supported, Integer),
        Package.number,
    ).where(Package.dossier_id == dossier.id)
    rows = session.execute(union_all(recorded, submitted)).all()
    points = [Point(row[0], points_of(row[1]), points_of(row[2]), row[3]) for row in rows]
    return sorted([*points, Point(now, totals.claimed, totals.supported)], key=lambda point: point.at)


@dataclass(frozen=True, slots=True)
class Comparison:
    """An A-indicator: what this school has supported, and the city's quartiles where they may be shown."""

    indicator: Indicator
    own: Totals
    schools: int | None = None
    lower: Decimal | None = None
    median: Decimal | None = None
    upper: Decimal | None = None
    at: datetime | None = None


def comparisons(session: Session, dossier: Dossier, rubric: Rubric) -> Sequence[Comparison]:
    """Every A-indicator, in one statement; the quartiles are the same for every reader."""
    rows = session.execute(
        select(
            DossierSummary,
            Benchmark.schools,
            Benchmark.lower,
            Benchmark.median,
            Benchmark.upper,
            Benchmark.at,
        )
        .outerjoin(
            Benchmark,
            (Benchmark.cycle_id == dossier.cycle_id) & (Benchmark.indicator == DossierSummary.indicator),
        )
        .where(DossierSummary.dossier_id == dossier.id, DossierSummary.indicator != IN_ALL)
    )
    found = {row.DossierSummary.indicator: row for row in rows}
    return [
        Comparison(
            indicator, _totals(row.DossierSummary), row.schools, row.lower, row.median, row.upper, row.at
        )
        for indicator in rubric.indicators
        if (row := found[indicator.code])
    ]


def _totals(row: DossierSummary) -> Totals:
    return Totals(row.points, row.claimed, row.supported, row.scored, row.unscored, row.unscored_points)
