"""Readiness in figures: sums kept in step with the dossiers by triggers (migration 0005), and what was recorded.

The sums are what recomputation would give, at any moment and by any path of change; `portfolio summaries` proves it.
"""

from __future__ import annotations

from datetime import date as Date
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from portfolio.db import Base, Id, Score
from portfolio.models.columns import At, Code, Digest

IN_ALL = "all"  # in the place of an A-indicator's code: the whole rubric


class RubricElement(Base):
    """What an element of a rubric edition is worth, and the A-indicator it belongs to."""

    __tablename__ = "rubric_elements"

    rubric_digest: Mapped[Digest] = mapped_column(ForeignKey("rubric_editions.digest"), primary_key=True)
    element: Mapped[Code] = mapped_column(primary_key=True)
    indicator: Mapped[Code]
    points: Mapped[Decimal] = mapped_column(Score)


class _Sums:
    """The three numbers in points, and what is not yet scored; at risk is claimed less supported."""

    points: Mapped[Decimal] = mapped_column(Score)
    claimed: Mapped[Decimal] = mapped_column(Score)
    supported: Mapped[Decimal] = mapped_column(Score)
    scored: Mapped[int]
    unscored: Mapped[int]
    unscored_points: Mapped[Decimal] = mapped_column(Score)


class DossierSummary(_Sums, Base):
    """A dossier's sums as it stands, for an A-indicator or in all."""

    __tablename__ = "dossier_summaries"

    dossier_id: Mapped[int] = mapped_column(Id, ForeignKey("dossiers.id"), primary_key=True)
    indicator: Mapped[Code] = mapped_column(primary_key=True)


class PackageSummary(_Sums, Base):
    """A package's sums, for an A-indicator or in all; written with the package."""

    __tablename__ = "package_summaries"

    package_id: Mapped[int] = mapped_column(Id, ForeignKey("packages.id"), primary_key=True)
    indicator: Mapped[Code] = mapped_column(primary_key=True)


class ElementTally(Base):
    """A part of what all dossiers of a cycle claim for an element; the parts add up.

    A change adds a part and touches no other's, so that schools never wait for each other; parts are put
    together once a day.
    """

    __tablename__ = "element_tallies"
    __table_args__ = (Index("ix_element_tallies_cycle_id_element", "cycle_id", "element"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    cycle_id: Mapped[int] = mapped_column(Id, ForeignKey("cycles.id"))
    element: Mapped[Code]
    claimed: Mapped[Decimal] = mapped_column(Score)
    supported: Mapped[Decimal] = mapped_column(Score)
    scored: Mapped[int]


class RecordedDay(Base):
    """A day on which readiness was recorded, and when: once, however many ask for it."""

    __tablename__ = "recorded_days"

    day: Mapped[Date] = mapped_column(primary_key=True)
    at: Mapped[At]


class ReadinessRecord(Base):
    """How far a dossier was on a day. Its packages hold the same for every submission."""

    __tablename__ = "readiness_records"

    dossier_id: Mapped[int] = mapped_column(Id, ForeignKey("dossiers.id"), primary_key=True)
    day: Mapped[Date] = mapped_column(ForeignKey("recorded_days.day"), primary_key=True)
    at: Mapped[At]
    claimed: Mapped[Decimal] = mapped_column(Score)
    supported: Mapped[Decimal] = mapped_column(Score)
    unscored: Mapped[int]


class Benchmark(Base):
    """The city's quartiles of an A-indicator, in points, without names.

    `basis` holds what they were computed from, by dossier: nobody is shown it. It tells when enough schools
    have changed for new figures to give none of them away.
    """

    __tablename__ = "benchmarks"
    __table_args__ = (CheckConstraint("schools >= 9", name="eight_besides_the_reader"),)

    cycle_id: Mapped[int] = mapped_column(Id, ForeignKey("cycles.id"), primary_key=True)
    indicator: Mapped[Code] = mapped_column(primary_key=True)
    at: Mapped[At]
    schools: Mapped[int]
    lower: Mapped[Decimal] = mapped_column(Score)
    median: Mapped[Decimal] = mapped_column(Score)
    upper: Mapped[Decimal] = mapped_column(Score)
    basis: Mapped[dict[str, Any]] = mapped_column(JSON)


class Visit(Base):
    """Up to when a person has seen what changed at a school."""

    __tablename__ = "visits"

    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id"), primary_key=True)
    school_id: Mapped[int] = mapped_column(Id, ForeignKey("schools.id"), primary_key=True)
    seen_at: Mapped[At]
