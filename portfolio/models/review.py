"""Panels, their experts' reviews, and what the chair settled; how it came to be settled is in settlement.py."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portfolio.db import Base, Id, Keyed, Score
from portfolio.models.columns import At, Code, MaybeAt, MaybeUserId, Name, SchoolId, UserId, Words, one_of
from portfolio.models.cycle import Round
from portfolio.models.package import Package
from rubric.model import Channel


class SettlementRule(StrEnum):
    """What a final score rests on."""

    MEDIAN = "median"
    AGREED = "agreed"
    CHAIR = "chair"
    NOT_ASSESSED = "not_assessed"  # no score at all, and said so


class Panel(Keyed, Base):
    """Experts and a chair who review packages of one round together."""

    __tablename__ = "panels"
    __table_args__ = (UniqueConstraint("round_id", "name"),)

    round_id: Mapped[int] = mapped_column(Id, ForeignKey("rounds.id"))
    name: Mapped[Name]
    created_at: Mapped[At]

    round: Mapped[Round] = relationship(lazy="raise_on_sql")


class Assignment(Keyed, Base):
    """A package given to a panel in a round."""

    __tablename__ = "assignments"
    __table_args__ = (
        UniqueConstraint("round_id", "package_id"),
        CheckConstraint("published_at IS NULL OR closed_at IS NOT NULL", name="published_after_closing"),
    )

    round_id: Mapped[int] = mapped_column(Id, ForeignKey("rounds.id"))
    panel_id: Mapped[int] = mapped_column(Id, ForeignKey("panels.id"), index=True)
    package_id: Mapped[int] = mapped_column(Id, ForeignKey("packages.id"), index=True)
    assigned_by: Mapped[UserId]
    assigned_at: Mapped[At]
    # the chair has opened the table of all scores: from here on nobody corrects their own
    settling_since: Mapped[MaybeAt]
    closed_at: Mapped[MaybeAt]
    closed_by: Mapped[MaybeUserId]
    published_at: Mapped[MaybeAt]
    published_by: Mapped[MaybeUserId]
    # up to here the school may answer factual errors; None: there is no window
    answers_until: Mapped[MaybeAt]

    panel: Mapped[Panel] = relationship(lazy="raise_on_sql")
    package: Mapped[Package] = relationship(lazy="raise_on_sql")


class Recusal(Keyed, Base):
    """A conflict of interest: this person reviews nothing of this school."""

    __tablename__ = "recusals"
    __table_args__ = (UniqueConstraint("user_id", "school_id"),)

    user_id: Mapped[UserId]
    school_id: Mapped[SchoolId]
    reason: Mapped[Words]
    declared_at: Mapped[At]


class InterestStatement(Keyed, Base):
    """Signed before the first page opens: nothing ties this person to the school whose packages the panel has."""

    __tablename__ = "interest_statements"
    __table_args__ = (UniqueConstraint("user_id", "panel_id", "school_id"),)

    user_id: Mapped[UserId]
    panel_id: Mapped[int] = mapped_column(Id, ForeignKey("panels.id"))
    school_id: Mapped[SchoolId]
    signed_at: Mapped[At]


class Review(Keyed, Base):
    """One expert's independent review of one package; in once handed in."""

    __tablename__ = "reviews"
    __table_args__ = (UniqueConstraint("assignment_id", "expert_id"),)

    assignment_id: Mapped[int] = mapped_column(Id, ForeignKey("assignments.id"))
    expert_id: Mapped[UserId] = mapped_column(index=True)
    handed_in_at: Mapped[MaybeAt]
    created_at: Mapped[At]

    assignment: Mapped[Assignment] = relationship(lazy="raise_on_sql")


class Substitution(Keyed, Base):
    """Who reviews in the place of an expert that stepped aside; the first review stays on record."""

    __tablename__ = "substitutions"

    review_id: Mapped[int] = mapped_column(Id, ForeignKey("reviews.id"), unique=True)
    substitute_id: Mapped[int] = mapped_column(Id, ForeignKey("reviews.id"), unique=True)
    named_by: Mapped[UserId]
    named_at: Mapped[At]


class ElementReview(Keyed, Base):
    """One expert's score for one element (复评), its reason, and the channel it rests on."""

    __tablename__ = "element_reviews"
    __table_args__ = (
        UniqueConstraint("review_id", "element"),
        CheckConstraint("score IS NULL OR score >= 0", name="score_not_negative"),
    )

    review_id: Mapped[int] = mapped_column(Id, ForeignKey("reviews.id"))
    element: Mapped[Code]
    score: Mapped[Decimal | None] = mapped_column(Score)
    reason: Mapped[Words]
    channel: Mapped[Channel | None] = mapped_column(one_of(Channel, "channel"))
    # seen by its writer only
    note: Mapped[Words]
    flagged: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=0, server_default="0")
    saved_at: Mapped[MaybeAt]


class Correction(Keyed, Base):
    """What stood in a review that was in, before its expert corrected it, and why they did."""

    __tablename__ = "corrections"
    __table_args__ = (
        UniqueConstraint("element_review_id", "version"),
        CheckConstraint("why <> ''", name="says_why"),
    )

    element_review_id: Mapped[int] = mapped_column(Id, ForeignKey("element_reviews.id"))
    # the version that was corrected
    version: Mapped[int]
    score: Mapped[Decimal | None] = mapped_column(Score)
    reason: Mapped[Words]
    channel: Mapped[Channel | None] = mapped_column(one_of(Channel, "channel"))
    why: Mapped[Words]
    corrected_at: Mapped[At]


class Determination(Keyed, Base):
    """The final score of one element (终评) as it stands, and why; its version is the ruling it comes from."""

    __tablename__ = "determinations"
    __table_args__ = (
        UniqueConstraint("assignment_id", "element"),
        CheckConstraint("score >= 0", name="score_not_negative"),
        CheckConstraint("rule <> 'chair' OR reason <> ''", name="chair_gives_a_reason"),
        CheckConstraint("(rule = 'not_assessed') = (score IS NULL)", name="score_unless_not_assessed"),
    )

    assignment_id: Mapped[int] = mapped_column(Id, ForeignKey("assignments.id"))
    element: Mapped[Code]
    score: Mapped[Decimal | None] = mapped_column(Score)
    rule: Mapped[SettlementRule] = mapped_column(one_of(SettlementRule, "rule"))
    reason: Mapped[Words]
    settled_by: Mapped[UserId]
    settled_at: Mapped[At]
    version: Mapped[int] = mapped_column(default=1, server_default="1")
