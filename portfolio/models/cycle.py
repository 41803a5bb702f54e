"""What the bureau opens: a cycle under one rubric, and its rounds of review."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portfolio.db import Base, Id, Keyed, Score
from portfolio.models.columns import At, Digest, MaybeAt, Name, sha256_check

LONGEST_AWARD = 20  # years


class RubricEdition(Base):
    """A rubric as it stood when a cycle took it up, under the digest of its official wording."""

    __tablename__ = "rubric_editions"
    __table_args__ = (sha256_check("digest"),)

    digest: Mapped[Digest] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[At]


class Cycle(Keyed, Base):
    """One run of the assessment (批次). Bands and pass mark stay unset: none is published."""

    __tablename__ = "cycles"
    __table_args__ = (
        CheckConstraint("score_step > 0", name="score_step_positive"),
        CheckConstraint("submit_by > opens_at", name="submit_by_after_opening"),
        CheckConstraint(
            f"award_years IS NULL OR award_years BETWEEN 1 AND {LONGEST_AWARD}", name="award_for_years"
        ),
    )

    name: Mapped[Name] = mapped_column(unique=True)
    rubric_digest: Mapped[Digest] = mapped_column(ForeignKey("rubric_editions.digest"))
    opens_at: Mapped[At]
    submit_by: Mapped[At]
    # the school year, by the calendar year it starts in, that the cycle looks back from
    school_year: Mapped[int]
    score_step: Mapped[Decimal] = mapped_column(Score, default=Decimal("0.1"))
    pass_mark: Mapped[Decimal | None] = mapped_column(Score)
    # [{"name": "…", "minimum": "90"}], the lower limit in points as a plain decimal; highest first
    bands: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON)
    # for how many years a title awarded in this cycle is valid
    award_years: Mapped[int | None]
    closed_at: Mapped[MaybeAt]
    created_at: Mapped[At]

    rounds: Mapped[list[Round]] = relationship(
        lazy="raise_on_sql", order_by="Round.position", back_populates="cycle"
    )

    @property
    def window_start(self) -> int:
        """The first of the three school years (近三年) that evidence is expected from."""
        return self.school_year - 2


class Round(Keyed, Base):
    """A review of the cycle's packages, one after another: 区县初评, then 市级评估."""

    __tablename__ = "rounds"
    __table_args__ = (
        UniqueConstraint("cycle_id", "position"),
        CheckConstraint("position >= 1", name="position_from_one"),
        CheckConstraint("independent_scores >= 1", name="at_least_one_score"),
        CheckConstraint("tolerance >= 0", name="tolerance_not_negative"),
        CheckConstraint("answer_days >= 0", name="answer_days_not_negative"),
    )

    cycle_id: Mapped[int] = mapped_column(Id, ForeignKey("cycles.id"))
    position: Mapped[int]
    name: Mapped[Name]
    review_by: Mapped[MaybeAt]
    # how many independent scores an element needs before it can be settled
    independent_scores: Mapped[int] = mapped_column(default=1)
    # a spread of this many points or more must be talked about
    tolerance: Mapped[Decimal] = mapped_column(Score, default=Decimal("0.2"))
    # for so many whole days after publishing a school may answer factual errors; 0: not at all
    answer_days: Mapped[int] = mapped_column(default=7, server_default="7")

    cycle: Mapped[Cycle] = relationship(lazy="raise_on_sql", back_populates="rounds")
