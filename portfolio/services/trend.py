"""Readiness as it was recorded: once a day for every school, by whoever comes first; and who has seen what."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date as Date
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, literal, select
from sqlalchemy.orm import Session

from portfolio.days import day_of
from portfolio.db import insert_into
from portfolio.models import (
    IN_ALL,
    Benchmark,
    Cycle,
    Dossier,
    DossierSummary,
    ReadinessRecord,
    RecordedDay,
    Visit,
)
from portfolio.policy import Actor
from portfolio.services import summaries
from rubric.quartiles import may_replace, quartiles_of


def record_day(session: Session, now: datetime) -> int:
    """Record every open dossier's readiness, once a day; returns how many dossiers, 0 if the day is recorded.

    Also replaces the benchmarks that may be replaced and puts tallies together. Of two at once one records.
    """
    day = day_of(now)
    note = (
        insert_into(session, RecordedDay)
        .values(day=day, at=now)
        .on_conflict_do_nothing(index_elements=["day"])
    )
    if session.scalar(note.returning(RecordedDay.day)) is None:
        return 0
    standing = insert_into(session, ReadinessRecord).from_select(*_standing(day, now))
    recorded = len(session.execute(standing.returning(ReadinessRecord.dossier_id)).all())
    summaries.compact(session)
    for cycle in session.scalars(select(Cycle).where(Cycle.closed_at.is_(None), Cycle.opens_at <= now)):
        _benchmark(session, cycle.id, now)
    return recorded


def mark_seen(session: Session, *, actor: Actor, now: datetime, school_id: int) -> None:
    """The actor has seen everything that changed at the school up to now."""
    session.execute(
        insert_into(session, Visit)
        .values(user_id=actor.user_id, school_id=school_id, seen_at=now)
        .on_conflict_do_update(index_elements=["user_id", "school_id"], set_={"seen_at": now})
    )


def _standing(day: Date, now: datetime) -> tuple[list[str], Any]:
    """The columns of a record, and every open dossier's."""
    columns = ReadinessRecord.__table__.c
    rows = (
        select(
            DossierSummary.dossier_id,
            literal(day, columns.day.type),
            literal(now, columns.at.type),
            DossierSummary.claimed,
            DossierSummary.supported,
            DossierSummary.unscored,
        )
        .join(Dossier, Dossier.id == DossierSummary.dossier_id)
        .join(Cycle, Cycle.id == Dossier.cycle_id)
        .where(DossierSummary.indicator == IN_ALL, Cycle.closed_at.is_(None), Cycle.opens_at <= now)
    )
    return ["dossier_id", "day", "at", "claimed", "supported", "unscored"], rows


def _benchmark(session: Session, cycle_id: int, now: datetime) -> None:
    """The cycle's quartiles anew, where enough schools stand behind them and enough have changed."""
    standing = {
        row.indicator: row for row in session.scalars(select(Benchmark).where(Benchmark.cycle_id == cycle_id))
    }
    for indicator, points, values in _figures(session, cycle_id):
        quartiles = quartiles_of(list(values.values()), points=points)
        basis = {str(dossier_id): str(value) for dossier_id, value in values.items()}
        shown = standing.get(indicator)
        if quartiles is None or (shown is not None and not may_replace(shown.basis, basis)):
            continue
        session.execute(
            delete(Benchmark).where(Benchmark.cycle_id == cycle_id, Benchmark.indicator == indicator)
        )
        session.add(
            Benchmark(
                cycle_id=cycle_id,
                indicator=indicator,
                at=now,
                schools=len(values),
                lower=quartiles.lower,
                median=quartiles.median,
                upper=quartiles.upper,
                basis=basis,
            )
        )
        session.flush()


def _figures(session: Session, cycle_id: int) -> Iterable[tuple[str, Decimal, dict[int, Decimal]]]:
    """By A-indicator: its points, and what the schools that scored all of it have supported, by dossier."""
    rows = session.execute(
        select(
            DossierSummary.indicator,
            DossierSummary.points,
            DossierSummary.dossier_id,
            DossierSummary.supported,
        )
        .join(Dossier, Dossier.id == DossierSummary.dossier_id)
        .where(
            Dossier.cycle_id == cycle_id,
            DossierSummary.indicator != IN_ALL,
            DossierSummary.unscored == 0,
        )
    )
    found: dict[str, tuple[Decimal, dict[int, Decimal]]] = {}
    for indicator, points, dossier_id, supported in rows:
        found.setdefault(indicator, (points, {}))[1][dossier_id] = supported
    return [(indicator, points, values) for indicator, (points, values) in sorted(found.items())]
