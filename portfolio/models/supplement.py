"""What a panel asks a school to add (补充材料): which elements reopen, until when, and the package that answered."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portfolio.db import Base, Id, Keyed
from portfolio.models.columns import At, Code, MaybeAt, MaybeUserId, UserId, Words

_STANDS = "answered_at IS NULL AND withdrawn_at IS NULL AND lapsed_at IS NULL"


class SupplementRequest(Keyed, Base):
    """One request of a panel to a school; a dossier has one that stands at a time."""

    __tablename__ = "supplement_requests"
    __table_args__ = (
        UniqueConstraint("dossier_id", "number"),
        Index(
            "ix_supplement_requests_standing",
            "dossier_id",
            unique=True,
            sqlite_where=text(_STANDS),
            postgresql_where=text(_STANDS),
        ),
        CheckConstraint("number >= 1", name="number_from_one"),
        CheckConstraint("due_at > asked_at", name="due_after_asking"),
        CheckConstraint("(answered_at IS NULL) = (answer_id IS NULL)", name="answered_by_a_package"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="withdrawn_by_somebody"),
        CheckConstraint(
            "(CASE WHEN answered_at IS NULL THEN 0 ELSE 1 END + CASE WHEN withdrawn_at IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN lapsed_at IS NULL THEN 0 ELSE 1 END) <= 1",
            name="ends_once",
        ),
    )

    dossier_id: Mapped[int] = mapped_column(Id, ForeignKey("dossiers.id"))
    assignment_id: Mapped[int] = mapped_column(Id, ForeignKey("assignments.id"), index=True)
    number: Mapped[int]
    # the package that it asks about, and the one that answers it
    package_id: Mapped[int] = mapped_column(Id, ForeignKey("packages.id"))
    answer_id: Mapped[int | None] = mapped_column(Id, ForeignKey("packages.id"))
    asked_by: Mapped[UserId]
    asked_at: Mapped[At]
    due_at: Mapped[At]
    answered_at: Mapped[MaybeAt]
    withdrawn_at: Mapped[MaybeAt]
    withdrawn_by: Mapped[MaybeUserId]
    # when it was put on record that nobody answered in time
    lapsed_at: Mapped[MaybeAt]


class SupplementElement(Base):
    """An element that a request reopens, and what the panel wants to know."""

    __tablename__ = "supplement_elements"
    __table_args__ = (CheckConstraint("question <> ''", name="asks_something"),)

    request_id: Mapped[int] = mapped_column(Id, ForeignKey("supplement_requests.id"), primary_key=True)
    element: Mapped[Code] = mapped_column(primary_key=True)
    question: Mapped[Words]
    # whether it differs in the package that answered; not known before
    changed: Mapped[bool | None]


class SupplementExtension(Keyed, Base):
    """More time that the panel gave the school for a request, and why."""

    __tablename__ = "supplement_extensions"
    __table_args__ = (
        CheckConstraint("due_at > due_before", name="later_than_before"),
        CheckConstraint("reason <> ''", name="says_why"),
    )

    request_id: Mapped[int] = mapped_column(Id, ForeignKey("supplement_requests.id"), index=True)
    due_before: Mapped[At]
    due_at: Mapped[At]
    reason: Mapped[Words]
    extended_by: Mapped[UserId]
    extended_at: Mapped[At]


class SupplementProposal(Keyed, Base):
    """What an expert would ask the school; the chair sends it or doesn't."""

    __tablename__ = "supplement_proposals"
    __table_args__ = (
        Index(
            "ix_supplement_proposals_standing",
            "assignment_id",
            "element",
            "proposed_by",
            unique=True,
            sqlite_where=text("request_id IS NULL"),
            postgresql_where=text("request_id IS NULL"),
        ),
        CheckConstraint("question <> ''", name="asks_something"),
    )

    assignment_id: Mapped[int] = mapped_column(Id, ForeignKey("assignments.id"))
    element: Mapped[Code]
    question: Mapped[Words]
    proposed_by: Mapped[UserId]
    proposed_at: Mapped[At]
    # the request that took it up
    request_id: Mapped[int | None] = mapped_column(Id, ForeignKey("supplement_requests.id"))
