"""The title as awarded: each school's certificate."""

from __future__ import annotations

from datetime import date as Date

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portfolio.db import Base, Id, Keyed
from portfolio.models.columns import At, MaybeAt, MaybeUserId, SchoolId, UserId, Words


class Certificate(Keyed, Base):
    """A school's title (新优质学校), awarded on a published result. A revoked one stays on record.

    Its number is the calendar year of the award and a running number within that year, over all cycles:
    no number is given twice, nor again after a certificate was revoked.
    """

    __tablename__ = "certificates"
    __table_args__ = (
        UniqueConstraint("year", "serial"),
        CheckConstraint("serial >= 1", name="serial_from_one"),
        CheckConstraint("renew_by > awarded_on", name="renewal_after_award"),
        CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name="revoked_by_somebody"),
        CheckConstraint("revoked_at IS NULL OR reason <> ''", name="revoked_with_a_reason"),
        # a dossier has one certificate that stands
        Index(
            "uq_certificates_standing",
            "dossier_id",
            unique=True,
            sqlite_where=text("revoked_at IS NULL"),
            postgresql_where=text("revoked_at IS NULL"),
        ),
    )

    year: Mapped[int]
    serial: Mapped[int]
    school_id: Mapped[SchoolId]
    dossier_id: Mapped[int] = mapped_column(Id, ForeignKey("dossiers.id"))
    # the published result it rests on
    assignment_id: Mapped[int] = mapped_column(Id, ForeignKey("assignments.id"), index=True)
    # days by the schools' calendar
    awarded_on: Mapped[Date]
    renew_by: Mapped[Date]
    awarded_by: Mapped[UserId]
    awarded_at: Mapped[At]
    revoked_at: Mapped[MaybeAt]
    revoked_by: Mapped[MaybeUserId]
    reason: Mapped[Words]

    @property
    def number(self) -> str:
        """The number as printed: 新优质〔2026〕0007号."""
        return f"新优质〔{self.year}〕{self.serial:04}号"
