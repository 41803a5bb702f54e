"""The visit to a school (实地评估): what was done, what was found, which lists were sampled, what people answered.

None of it is part of a school's package. A finding is its writer's until the reviews are in; what is done for the
whole panel (ticks of the agenda, draws, questionnaires) is the panel's from the start.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portfolio.db import Base, Id, Keyed
from portfolio.models.columns import At, Code, Digest, MaybeAt, Name, UserId, Words, one_of, sha256_check
from rubric.model import Channel


class AgendaTick(Keyed, Base):
    """An item of the agenda that is done; the agenda itself follows from the rubric's methods (rubric.agenda)."""

    __tablename__ = "agenda_ticks"
    __table_args__ = (UniqueConstraint("assignment_id", "item"),)

    assignment_id: Mapped[int] = mapped_column(Id, ForeignKey("assignments.id"))
    # the item's key, such as A1.2.discuss: indicator, number of its method, channel
    item: Mapped[str] = mapped_column(String(40))
    ticked_by: Mapped[UserId]
    ticked_at: Mapped[At]


class Finding(Keyed, Base):
    """What somebody of the panel heard or saw (发现), by which channel, and whether it contradicts the dossier."""

    __tablename__ = "findings"
    __table_args__ = (
        UniqueConstraint("assignment_id", "author_id", "token"),
        CheckConstraint("words <> ''", name="says_something"),
    )

    assignment_id: Mapped[int] = mapped_column(Id, ForeignKey("assignments.id"))
    author_id: Mapped[UserId]
    # made where it was typed: what is sent twice over a bad line is one finding
    token: Mapped[str] = mapped_column(String(36))
    channel: Mapped[Channel] = mapped_column(one_of(Channel, "channel"))
    words: Mapped[Words]
    contradicts: Mapped[bool] = mapped_column(default=False)
    # when it was typed, as the writer's device said; never later than it came in
    noted_at: Mapped[At]
    saved_at: Mapped[At]
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    # taken back: kept on record, shown to nobody but its writer
    withdrawn_at: Mapped[MaybeAt]

    elements: Mapped[list[FindingElement]] = relationship(
        lazy="raise_on_sql", order_by="FindingElement.element", cascade="all, delete-orphan"
    )
    photos: Mapped[list[FindingPhoto]] = relationship(lazy="raise_on_sql", order_by="FindingPhoto.added_at")


class FindingElement(Base):
    """An element that a finding speaks of; a quick note may wait for its first one."""

    __tablename__ = "finding_elements"

    finding_id: Mapped[int] = mapped_column(Id, ForeignKey("findings.id"), primary_key=True)
    element: Mapped[Code] = mapped_column(primary_key=True)


class FindingPhoto(Keyed, Base):
    """A photograph taken during the visit. Its bytes lie in the store beside the school's own, its derivatives too;
    the panel sees the copy without place and device."""

    __tablename__ = "finding_photos"
    __table_args__ = (
        UniqueConstraint("finding_id", "sha256"),
        ForeignKeyConstraint(["school_id", "sha256"], ["blobs.school_id", "blobs.sha256"]),
        sha256_check("sha256"),
        Index("ix_finding_photos_school_id_sha256", "school_id", "sha256"),
    )

    finding_id: Mapped[int] = mapped_column(Id, ForeignKey("findings.id"))
    # the school whose package is visited
    school_id: Mapped[int] = mapped_column(Id)
    sha256: Mapped[Digest]
    filename: Mapped[str] = mapped_column(String(255))
    added_at: Mapped[At]
    removed_at: Mapped[MaybeAt]


class Draw(Keyed, Base):
    """A random sample of a list (抽样), never changed: anyone with the list can draw it again (rubric.sampling)."""

    __tablename__ = "draws"
    __table_args__ = (
        UniqueConstraint("assignment_id", "number"),
        CheckConstraint("number >= 1", name="number_from_one"),
        CheckConstraint("size >= 1 AND size <= population", name="size_within_population"),
        sha256_check("seed"),
        sha256_check("list_digest"),
    )

    assignment_id: Mapped[int] = mapped_column(Id, ForeignKey("assignments.id"))
    number: Mapped[int]
    # what the list is of: 教师业务档案
    title: Mapped[Name]
    population: Mapped[int]
    size: Mapped[int]
    seed: Mapped[Digest]
    # of the list's lines; of the numbers from one on where it was only counted. The list itself isn't kept
    list_digest: Mapped[Digest]
    # [position from one, line]: what was drawn, in the list's order
    drawn: Mapped[list[Any]] = mapped_column(JSON)
    # why it was drawn again; empty at the first draw
    reason: Mapped[Words]
    drawn_by: Mapped[UserId]
    drawn_at: Mapped[At]


class Survey(Keyed, Base):
    """The results of a questionnaire (问卷调查), taken in from a sheet; the panel's, like the table it is laid on."""

    __tablename__ = "surveys"
    __table_args__ = (sha256_check("sheet_digest"),)

    assignment_id: Mapped[int] = mapped_column(Id, ForeignKey("assignments.id"), index=True)
    # who was asked: 学生, 家长, 社区
    title: Mapped[Name]
    sheet_digest: Mapped[Digest]
    imported_by: Mapped[UserId]
    imported_at: Mapped[At]
    withdrawn_at: Mapped[MaybeAt]

    questions: Mapped[list[SurveyQuestion]] = relationship(
        lazy="raise_on_sql", order_by="SurveyQuestion.position"
    )


class SurveyQuestion(Keyed, Base):
    """A question and the element that it asks about."""

    __tablename__ = "survey_questions"
    __table_args__ = (UniqueConstraint("survey_id", "position"),)

    survey_id: Mapped[int] = mapped_column(Id, ForeignKey("surveys.id"))
    position: Mapped[int]
    element: Mapped[Code]
    words: Mapped[Words]

    answers: Mapped[list[SurveyAnswer]] = relationship(lazy="raise_on_sql", order_by="SurveyAnswer.position")


class SurveyAnswer(Base):
    """How many gave this answer."""

    __tablename__ = "survey_answers"
    __table_args__ = (CheckConstraint("count >= 0", name="count_not_negative"),)

    question_id: Mapped[int] = mapped_column(Id, ForeignKey("survey_questions.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    words: Mapped[Name]
    count: Mapped[int]
