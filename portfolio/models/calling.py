"""Reminders around a panel's review: to its experts, its chair, and the bureau."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portfolio.db import Base, Id, Keyed
from portfolio.models.columns import At, MaybeAt, MaybeUserId, UserId, one_of


class Call(StrEnum):
    """What a panel reminder asks for."""

    REVIEW_DUE = "review_due"
    REVIEW_LATE = "review_late"
    SETTLE = "settle"
    SIGN = "sign"
    PUBLISH = "publish"


class PanelReminder(Keyed, Base):
    """One person reminded of one review, once an occasion; shown in the page, and mailed where mail is on."""

    __tablename__ = "panel_reminders"
    __table_args__ = (UniqueConstraint("assignment_id", "user_id", "call", "occasion"),)

    assignment_id: Mapped[int] = mapped_column(Id, ForeignKey("assignments.id"))
    user_id: Mapped[UserId] = mapped_column(index=True)
    call: Mapped[Call] = mapped_column(one_of(Call, "call"))
    # what makes it another one: the deadline and the days before it, or the day somebody asked for it by hand
    occasion: Mapped[str] = mapped_column(String(40))
    # empty: by the clock
    asked_by: Mapped[MaybeUserId]
    noted_at: Mapped[At]
    # claimed and not mailed: the letter was on its way when the sender was stopped
    claimed_at: Mapped[MaybeAt]
    mailed_at: Mapped[MaybeAt]
