"""A school's dossier: scores, justifications and citations while they can still change."""

from __future__ import annotations

from datetime import date as Date
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portfolio.db import Base, Id, Keyed, Score
from portfolio.models.columns import At, Code, MaybeAt, MaybeUserId, SchoolId, UserId, Words, one_of
from portfolio.models.cycle import Cycle
from portfolio.models.people import School


class DossierState(StrEnum):
    """Where a school stands in the cycle."""

    DRAFTING = "drafting"
    SIGNING = "signing"
    SUBMITTED = "submitted"
    PUBLISHED = "published"


class Dossier(Keyed, Base):
    """One school's application in one cycle."""

    __tablename__ = "dossiers"
    __table_args__ = (
        UniqueConstraint("school_id", "cycle_id"),
        CheckConstraint("(state = 'signing') = (handed_over_at IS NOT NULL)", name="signing_was_handed_over"),
    )

    school_id: Mapped[SchoolId]
    cycle_id: Mapped[int] = mapped_column(Id, ForeignKey("cycles.id"), index=True)
    state: Mapped[DossierState] = mapped_column(one_of(DossierState, "state"), default=DossierState.DRAFTING)
    # while the principal has it: when the lead handed it over, and who
    handed_over_at: Mapped[MaybeAt]
    handed_over_by: Mapped[MaybeUserId]
    created_at: Mapped[At]

    school: Mapped[School] = relationship(lazy="raise_on_sql")
    cycle: Mapped[Cycle] = relationship(lazy="raise_on_sql")


class SelfAssessment(Keyed, Base):
    """A school's score and reasons for one element. No score is a state of its own, never 0."""

    __tablename__ = "self_assessments"
    __table_args__ = (
        UniqueConstraint("dossier_id", "element"),
        CheckConstraint("score IS NULL OR score >= 0", name="score_not_negative"),
    )

    dossier_id: Mapped[int] = mapped_column(Id, ForeignKey("dossiers.id"))
    element: Mapped[Code]
    score: Mapped[Decimal | None] = mapped_column(Score)
    justification: Mapped[Words]
    assignee_id: Mapped[MaybeUserId] = mapped_column(index=True)
    # the last day, by the school's calendar, on which its owner should be done
    due_on: Mapped[Date | None]
    version: Mapped[int] = mapped_column(default=0, server_default="0")
    saved_at: Mapped[MaybeAt]
    saved_by: Mapped[MaybeUserId]


class Citation(Keyed, Base):
    """Evidence that backs an element (引证), where in it, and why."""

    __tablename__ = "citations"
    __table_args__ = (
        UniqueConstraint("dossier_id", "element", "evidence_id"),
        CheckConstraint("page_from IS NULL OR page_from >= 1", name="page_from_one"),
        CheckConstraint("page_to IS NULL OR page_to >= page_from", name="pages_in_order"),
        Index("ix_citations_evidence_id", "evidence_id"),
    )

    dossier_id: Mapped[int] = mapped_column(Id, ForeignKey("dossiers.id"))
    element: Mapped[Code]
    evidence_id: Mapped[int] = mapped_column(Id, ForeignKey("evidence.id"))
    page_from: Mapped[int | None]
    page_to: Mapped[int | None]
    remark: Mapped[Words]
    cited_by: Mapped[UserId]
    cited_at: Mapped[At]


class Introduction(Keyed, Base):
    """What a school says of itself under an A-indicator in its self-assessment report, in Markdown."""

    __tablename__ = "introductions"
    __table_args__ = (UniqueConstraint("dossier_id", "indicator"),)

    dossier_id: Mapped[int] = mapped_column(Id, ForeignKey("dossiers.id"))
    indicator: Mapped[Code]
    text: Mapped[Words]
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    saved_at: Mapped[At]
    saved_by: Mapped[UserId]


class MaterialTick(Keyed, Base):
    """An expected material that somebody says is there, though no citation shows it, and why."""

    __tablename__ = "material_ticks"
    __table_args__ = (
        UniqueConstraint("dossier_id", "element", "material"),
        CheckConstraint("reason <> ''", name="reason_given"),
    )

    dossier_id: Mapped[int] = mapped_column(Id, ForeignKey("dossiers.id"))
    element: Mapped[Code]
    # the material's code in the rubric file
    material: Mapped[str] = mapped_column(String(60))
    reason: Mapped[Words]
    ticked_by: Mapped[UserId]
    ticked_at: Mapped[At]


class GapWaiver(Keyed, Base):
    """A gap the school knows of and submits with, and why."""

    __tablename__ = "gap_waivers"
    __table_args__ = (
        UniqueConstraint("dossier_id", "gap"),
        CheckConstraint("reason <> ''", name="reason_given"),
    )

    dossier_id: Mapped[int] = mapped_column(Id, ForeignKey("dossiers.id"))
    gap: Mapped[str] = mapped_column(String(80))
    reason: Mapped[Words]
    waived_by: Mapped[UserId]
    waived_at: Mapped[At]
