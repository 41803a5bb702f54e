"""The audit trail: append-only, held so by triggers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portfolio.db import Base, Id
from portfolio.models.columns import At, MaybeUserId


class AuditEvent(Base):
    """Who did what to which thing, when, and what it was before and after."""

    __tablename__ = "audit_events"
    __table_args__ = (
        Index("ix_audit_events_subject", "subject_type", "subject_id"),
        Index("ix_audit_events_school_id_at", "school_id", "at"),
    )

    # in the order of writing; shown to the bureau and observers only
    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    at: Mapped[At]
    actor_id: Mapped[MaybeUserId]
    action: Mapped[str] = mapped_column(String(40))
    subject_type: Mapped[str] = mapped_column(String(24))
    subject_id: Mapped[int] = mapped_column(Id)
    school_id: Mapped[int | None] = mapped_column(Id)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON)
