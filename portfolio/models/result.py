"""What a panel's review comes to: its report, what the school answers to it, and what is put right afterwards."""

from __future__ import annotations

from datetime import date as Date
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portfolio.db import Base, Id, Keyed
from portfolio.models.columns import At, Code, MaybeAt, MaybeUserId, Name, UserId, Words, one_of


def _closed_with() -> ForeignKey:
    """The assignment. Checked at the commit, so that what a closed one seals can be taken in before its own row."""
    return ForeignKey("assignments.id", deferrable=True, initially="DEFERRED")


class ReportSection(StrEnum):
    """The parts of every panel's report; what it says of an A-indicator stands under that one's code."""

    OPINION = "opinion"
    STRENGTHS = "strengths"
    PROBLEMS = "problems"


class ReportPart(Keyed, Base):
    """A part of the panel's report (评审报告) in Markdown: a section, or of an A-indicator by its code."""

    __tablename__ = "report_parts"
    __table_args__ = (UniqueConstraint("assignment_id", "part"),)

    assignment_id: Mapped[int] = mapped_column(Id, _closed_with())
    part: Mapped[Code]
    text: Mapped[Words]
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    saved_at: Mapped[At]
    saved_by: Mapped[UserId]


class RectificationItem(Keyed, Base):
    """A line of the rectification list (整改清单): what is wrong, what is to be done, by whom, until which day."""

    __tablename__ = "rectification_items"
    __table_args__ = (
        UniqueConstraint("assignment_id", "number"),
        CheckConstraint("number >= 1", name="number_from_one"),
        CheckConstraint("problem <> '' AND measure <> '' AND responsible <> ''", name="complete"),
    )

    assignment_id: Mapped[int] = mapped_column(Id, _closed_with())
    number: Mapped[int]
    element: Mapped[Code]
    problem: Mapped[Words]
    measure: Mapped[Words]
    # of the school; by name, since not everybody responsible has an account
    responsible: Mapped[Name]
    due_on: Mapped[Date]
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    saved_at: Mapped[At]
    saved_by: Mapped[UserId]


class AppealOutcome(StrEnum):
    """What became of an answer to a factual error."""

    ACCEPTED = "accepted"
    DECLINED = "declined"


class Appeal(Keyed, Base):
    """What a school answers to a factual error in one element (申诉): drafted, sent inside the window, decided."""

    __tablename__ = "appeals"
    __table_args__ = (
        UniqueConstraint("assignment_id", "element"),
        CheckConstraint("text <> ''", name="says_something"),
        CheckConstraint("(sent_at IS NULL) = (sent_by IS NULL)", name="sent_by_somebody"),
        CheckConstraint(
            "outcome IS NULL OR (sent_at IS NOT NULL AND decided_by IS NOT NULL AND decided_at IS NOT NULL"
            " AND reason <> '')",
            name="decided_with_a_reason",
        ),
        CheckConstraint(
            "(outcome IS NOT NULL AND outcome = 'accepted') = (ruling IS NOT NULL)",
            name="accepted_by_a_ruling",
        ),
    )

    assignment_id: Mapped[int] = mapped_column(Id, ForeignKey("assignments.id"))
    element: Mapped[Code]
    text: Mapped[Words]
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    drafted_by: Mapped[UserId]
    drafted_at: Mapped[At]
    sent_by: Mapped[MaybeUserId]
    sent_at: Mapped[MaybeAt]
    outcome: Mapped[AppealOutcome | None] = mapped_column(one_of(AppealOutcome, "outcome"))
    reason: Mapped[Words]
    decided_by: Mapped[MaybeUserId]
    decided_at: Mapped[MaybeAt]
    # the number of the ruling on the element that accepting it made; the one before it is what was published
    ruling: Mapped[int | None]


class AppealCitation(Base):
    """Evidence an answer rests on: a file version of the school's library, at its pages."""

    __tablename__ = "appeal_citations"

    appeal_id: Mapped[int] = mapped_column(Id, ForeignKey("appeals.id"), primary_key=True)
    evidence_version_id: Mapped[int] = mapped_column(
        Id, ForeignKey("evidence_versions.id"), primary_key=True, index=True
    )
    position: Mapped[int]
    page_from: Mapped[int | None]
    page_to: Mapped[int | None]


class RectificationAnswer(Keyed, Base):
    """What a school reports to have done about an item. Rows are added; the last one stands."""

    __tablename__ = "rectification_answers"
    __table_args__ = (
        UniqueConstraint("item_id", "number"),
        CheckConstraint("number >= 1", name="number_from_one"),
        CheckConstraint("text <> ''", name="says_something"),
    )

    item_id: Mapped[int] = mapped_column(Id, ForeignKey("rectification_items.id"))
    number: Mapped[int]
    text: Mapped[Words]
    answered_by: Mapped[UserId]
    answered_at: Mapped[At]


class RectificationCitation(Base):
    """Evidence of what was put right: a file version of the school's library, at its pages."""

    __tablename__ = "rectification_citations"

    answer_id: Mapped[int] = mapped_column(Id, ForeignKey("rectification_answers.id"), primary_key=True)
    evidence_version_id: Mapped[int] = mapped_column(
        Id, ForeignKey("evidence_versions.id"), primary_key=True, index=True
    )
    position: Mapped[int]
    page_from: Mapped[int | None]
    page_to: Mapped[int | None]


class CheckOutcome(StrEnum):
    """What a re-check (复查) found of an item."""

    DONE = "done"
    PARTLY = "partly"
    NOT_DONE = "not_done"


class RectificationCheck(Keyed, Base):
    """A re-check of an item. Rows are added; the last one stands. Scores and packages stay what they are."""

    __tablename__ = "rectification_checks"
    __table_args__ = (
        UniqueConstraint("item_id", "number"),
        CheckConstraint("number >= 1", name="number_from_one"),
        CheckConstraint("reason <> ''", name="says_why"),
    )

    item_id: Mapped[int] = mapped_column(Id, ForeignKey("rectification_items.id"))
    number: Mapped[int]
    # what the school had reported when it was checked; none: it had reported nothing
    answer_id: Mapped[int | None] = mapped_column(Id, ForeignKey("rectification_answers.id"))
    outcome: Mapped[CheckOutcome] = mapped_column(one_of(CheckOutcome, "outcome"))
    reason: Mapped[Words]
    checked_by: Mapped[UserId]
    checked_at: Mapped[At]
