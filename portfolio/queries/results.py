"""What panels settled, as the bureau publishes it and awards the title on it: sums, never an expert's score."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from portfolio.models import (
    Assignment,
    Cycle,
    Determination,
    Package,
    PackageElement,
    Panel,
    ReportPart,
    ReportSection,
    Round,
    School,
)
from portfolio.policy import Actor
from portfolio.queries.rounds import still_blind_in
from rubric.scoring import Band, band_for


@dataclass(frozen=True, slots=True)
class Result:
    """A closed review in numbers: points claimed, given, and not assessed, and how many elements are below the claim.

    `last_round`: whether publishing it ends the school's cycle.
    """

    assignment_id: int
    dossier_id: int
    school_id: int
    school: str
    district: str
    round: str
    last_round: bool
    panel: str
    package_number: int
    points: Decimal
    claimed: Decimal
    final: Decimal
    below: int
    not_assessed: int
    # the panel's, in Markdown; empty where its report says nothing
    opinion: str
    closed_at: datetime
    published_at: datetime | None
    band: str | None


def to_publish(session: Session, actor: Actor, cycle: Cycle) -> list[Result]:
    """Closed reviews of a cycle whose results aren't published, the longest closed first; two statements.

    Whoever is still to judge a dossier alone doesn't find it here.
    """
    return _results(
        session, actor, cycle, Assignment.closed_at.is_not(None), Assignment.published_at.is_(None)
    )


def published(session: Session, actor: Actor, cycle: Cycle) -> list[Result]:
    """The published results of a cycle's last round; as `to_publish`."""
    last = select(func.max(Round.position)).where(Round.cycle_id == cycle.id).scalar_subquery()
    return _results(session, actor, cycle, Assignment.published_at.is_not(None), Round.position == last)


def named(session: Session, actor: Actor, cycle: Cycle, ids: Collection[int]) -> list[Result]:
    """Closed reviews of a cycle by their ids, published or not; as `to_publish`."""
    return _results(session, actor, cycle, Assignment.closed_at.is_not(None), Assignment.id.in_(ids))


def chosen(session: Session, ids: Collection[int], cycle: Cycle) -> list[Assignment]:
    """Reviews of a cycle by their ids."""
    return list(
        session.scalars(
            select(Assignment)
            .join(Round, Round.id == Assignment.round_id)
            .where(Assignment.id.in_(ids), Round.cycle_id == cycle.id)
        )
    )


def _results(session: Session, actor: Actor, cycle: Cycle, *wanted: ColumnElement[bool]) -> list[Result]:
    last = select(func.max(Round.position)).where(Round.cycle_id == cycle.id).scalar_subquery()
    sums = (
        select(
            Determination.assignment_id,
            func.coalesce(func.sum(Determination.score), 0).label("final"),
            func.count().filter(Determination.score.is_(None)).label("not_assessed"),
            func.count().filter(Determination.score < PackageElement.score).label("below"),
            func.sum(PackageElement.points).label("points"),
        )
        .join(Assignment, Assignment.id == Determination.assignment_id)
        .join(
            PackageElement,
            (PackageElement.package_id == Assignment.package_id)
            & (PackageElement.element == Determination.element),
        )
        .group_by(Determination.assignment_id)
        .subquery()
    )
    rows = session.execute(
        select(
            Assignment,
            Package.dossier_id,
            Package.number,
            Package.claimed,
            School,
            Round.name,
            (Round.position == last).label("is_last"),
            Panel.name,
            ReportPart.text,
            sums.c.points,
            sums.c.final,
            sums.c.below,
            sums.c.not_assessed,
        )
        .join(Package, Package.id == Assignment.package_id)
        .join(School, School.id == Package.school_id)
        .join(Round, Round.id == Assignment.round_id)
        .join(Panel, Panel.id == Assignment.panel_id)
        .outerjoin(
            ReportPart,
            and_(ReportPart.assignment_id == Assignment.id, ReportPart.part == ReportSection.OPINION),
        )
        .join(sums, sums.c.assignment_id == Assignment.id)
        .where(Round.cycle_id == cycle.id, *wanted)
        .order_by(Assignment.closed_at, School.name, Assignment.id)
    )
    blind = still_blind_in(session, actor, cycle.id)
    bands = [Band(str(each["name"]), Decimal(str(each["minimum"]))) for each in cycle.bands or ()]
    return [
        Result(
            assignment_id=given.id,
            dossier_id=dossier_id,
            school_id=school.id,
            school=school.name,
            district=school.district,
            round=round_,
            last_round=bool(is_last),
            panel=panel,
            package_number=number,
            points=points,
            claimed=claimed,
            final=final,
            below=below,
            not_assessed=not_assessed,
            opinion=opinion or "",
            closed_at=given.closed_at,
            published_at=given.published_at,
            band=_band(final, bands),
        )
        for (
            given,
            dossier_id,
            number,
            claimed,
            school,
            round_,
            is_last,
            panel,
            opinion,
            points,
            final,
            below,
            not_assessed,
        ) in rows
        if dossier_id not in blind
    ]


def _band(final: Decimal, bands: list[Band]) -> str | None:
    reached = band_for(final, bands)
    return reached.name if reached else None
