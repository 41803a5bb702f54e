"""How a settlement came about: every ruling, what was said of it, every closing. Rows are added, never taken away."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portfolio.db import Base, Id, Keyed, Score
from portfolio.models.columns import At, Code, MaybeAt, MaybeUserId, UserId, Words, one_of
from portfolio.models.review import SettlementRule


class Stance(StrEnum):
    """How somebody stands to what is on the table."""

    AGREE = "agree"
    DISAGREE = "disagree"


class Ruling(Keyed, Base):
    """One setting of an element's final score; undone ones stay, marked. The last not undone one stands."""

    __tablename__ = "rulings"
    __table_args__ = (
        UniqueConstraint("assignment_id", "element", "number"),
        CheckConstraint("number >= 1", name="number_from_one"),
        CheckConstraint("(undone_at IS NULL) = (undone_by IS NULL)", name="undone_by_somebody"),
    )

    assignment_id: Mapped[int] = mapped_column(Id, ForeignKey("assignments.id"))
    element: Mapped[Code]
    number: Mapped[int]
    score: Mapped[Decimal | None] = mapped_column(Score)
    rule: Mapped[SettlementRule] = mapped_column(one_of(SettlementRule, "rule"))
    reason: Mapped[Words]
    settled_by: Mapped[UserId]
    settled_at: Mapped[At]
    undone_at: Mapped[MaybeAt]
    undone_by: Mapped[MaybeUserId]


class Remark(Keyed, Base):
    """What an expert or the chair says about an element when the panel discusses it."""

    __tablename__ = "remarks"
    __table_args__ = (
        Index("ix_remarks_assignment_id_element", "assignment_id", "element"),
        CheckConstraint("stance IS NOT NULL OR words <> ''", name="says_something"),
    )

    assignment_id: Mapped[int] = mapped_column(Id, ForeignKey("assignments.id"))
    element: Mapped[Code]
    author_id: Mapped[UserId]
    stance: Mapped[Stance | None] = mapped_column(one_of(Stance, "stance"))
    words: Mapped[Words]
    # the ruling that stood when this was said; 0: none did
    ruling: Mapped[int]
    written_at: Mapped[At]


class Closing(Keyed, Base):
    """The chair's proposal to close, an expert's signature under it, and a reopening if there was one."""

    __tablename__ = "closings"
    __table_args__ = (
        UniqueConstraint("assignment_id", "number"),
        CheckConstraint("number >= 1", name="number_from_one"),
        CheckConstraint("signed_by <> proposed_by", name="signed_by_another"),
        CheckConstraint("signed_at IS NULL OR withdrawn_at IS NULL", name="signed_or_withdrawn"),
        CheckConstraint(
            "reopened_at IS NULL OR (signed_at IS NOT NULL AND reopened_by IS NOT NULL AND reason <> '')",
            name="reopened_with_a_reason",
        ),
    )

    assignment_id: Mapped[int] = mapped_column(Id, ForeignKey("assignments.id"))
    number: Mapped[int]
    # the whole report as it was proposed: {"parts": {part: Markdown}, "items": [{number, element, …}]}
    report: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default="{}")
    proposed_by: Mapped[UserId]
    proposed_at: Mapped[At]
    withdrawn_at: Mapped[MaybeAt]
    # nobody's where it was closed before second signatures were asked for
    signed_by: Mapped[MaybeUserId]
    signed_at: Mapped[MaybeAt]
    reopened_by: Mapped[MaybeUserId]
    reopened_at: Mapped[MaybeAt]
    reason: Mapped[Words]
