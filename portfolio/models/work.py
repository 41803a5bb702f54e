"""Reminders of elements that fall due."""

from __future__ import annotations

from datetime import date as Date

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portfolio.db import Base, Id, Keyed
from portfolio.models.columns import At, Code, MaybeAt, UserId


class Reminder(Keyed, Base):
    """One element in a reminder to one person: written down before the mail goes out, so that none goes twice."""

    __tablename__ = "reminders"
    __table_args__ = (
        UniqueConstraint("dossier_id", "element", "user_id", "due_on", "days_before"),
        CheckConstraint("days_before >= 0", name="before_the_day"),
    )

    dossier_id: Mapped[int] = mapped_column(Id, ForeignKey("dossiers.id"))
    element: Mapped[Code]
    user_id: Mapped[UserId] = mapped_column(index=True)
    due_on: Mapped[Date]
    days_before: Mapped[int]
    claimed_at: Mapped[At]
    # empty: the mail was on its way when the sender was stopped, and whether it arrived isn't known
    sent_at: Mapped[MaybeAt]
