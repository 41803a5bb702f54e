"""Basic figures (基础数据): numbers a school enters once and many elements rest on."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portfolio.db import Base, Exact, Id, Keyed
from portfolio.models.columns import MaybeAt, MaybeUserId


class FigureValue(Keyed, Base):
    """What a school entered for one figure, in the unit the rubric asks for, and the file that proves it."""

    __tablename__ = "figure_values"
    __table_args__ = (
        UniqueConstraint("dossier_id", "figure", "year"),
        CheckConstraint("year BETWEEN 1990 AND 2100", name="plausible_year"),
        CheckConstraint("proof_page IS NULL OR proof_page >= 1", name="page_from_one"),
    )

    dossier_id: Mapped[int] = mapped_column(Id, ForeignKey("dossiers.id"))
    # the figure's key in the rubric file
    figure: Mapped[str] = mapped_column(String(60))
    # the school year it is of, by the calendar year it starts in
    year: Mapped[int]
    # empty once it was taken back: its version stays, so that an older page can't bring it back unseen
    value: Mapped[Decimal | None] = mapped_column(Exact)
    proof_id: Mapped[int | None] = mapped_column(
        Id, ForeignKey("evidence.id", ondelete="SET NULL"), index=True
    )
    proof_page: Mapped[int | None]
    version: Mapped[int] = mapped_column(default=0, server_default="0")
    saved_at: Mapped[MaybeAt]
    saved_by: Mapped[MaybeUserId]
