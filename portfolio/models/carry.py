"""What a dossier took over from the school's last one."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portfolio.db import Base, Id, Keyed, Score
from portfolio.models.columns import At, Code, MaybeAt, MaybeUserId, UserId, Words, one_of
from rubric.succession import Touch


class CarryOver(Base):
    """That a dossier started from another one; it can do so once."""

    __tablename__ = "carry_overs"
    __table_args__ = (CheckConstraint("dossier_id <> from_dossier_id", name="from_another"),)

    dossier_id: Mapped[int] = mapped_column(Id, ForeignKey("dossiers.id"), primary_key=True)
    from_dossier_id: Mapped[int] = mapped_column(Id, ForeignKey("dossiers.id"))
    carried_by: Mapped[UserId]
    carried_at: Mapped[At]


class TouchedElement(Keyed, Base):
    """An element that isn't what it was in the last cycle, until somebody has looked at it."""

    __tablename__ = "touched_elements"
    __table_args__ = (UniqueConstraint("dossier_id", "element"),)

    dossier_id: Mapped[int] = mapped_column(Id, ForeignKey("dossiers.id"))
    element: Mapped[Code]
    touch: Mapped[Touch] = mapped_column(one_of(Touch, "touch"))
    # its code in the last cycle's rubric; empty for a new one
    from_element: Mapped[str | None] = mapped_column(String(16))
    seen_at: Mapped[MaybeAt]
    seen_by: Mapped[MaybeUserId]


class Rectification(Keyed, Base):
    """A lost point of the last cycle with the panel's reason (整改), until the school has put it right."""

    __tablename__ = "rectifications"
    __table_args__ = (
        UniqueConstraint("dossier_id", "element"),
        CheckConstraint("lost > 0", name="points_lost"),
        CheckConstraint("problem <> ''", name="problem_named"),
    )

    dossier_id: Mapped[int] = mapped_column(Id, ForeignKey("dossiers.id"))
    element: Mapped[Code]
    problem: Mapped[Words]
    lost: Mapped[Decimal] = mapped_column(Score)
    assignment_id: Mapped[int] = mapped_column(Id, ForeignKey("assignments.id"))
    put_right_at: Mapped[MaybeAt]
    put_right_by: Mapped[MaybeUserId]
