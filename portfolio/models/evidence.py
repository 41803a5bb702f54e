"""Evidence: the files a school holds, their versions, and uploads under way."""

from __future__ import annotations

from datetime import date as Date
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portfolio.db import Base, Id, Keyed
from portfolio.models.columns import (
    At,
    Digest,
    MaybeAt,
    Name,
    SchoolId,
    UserId,
    Words,
    one_of,
    sha256_check,
)


class EvidenceKind(StrEnum):
    """What sort of document a piece of evidence is."""

    PLAN = "plan"
    RULES = "rules"
    MINUTES = "minutes"
    RECORD = "record"
    REPORT = "report"
    DATA = "data"
    PHOTO = "photo"
    CERTIFICATE = "certificate"
    OTHER = "other"


class Blob(Base):
    """Bytes a school uploaded, kept once under their SHA-256; `storage` names the store that holds them."""

    __tablename__ = "blobs"
    __table_args__ = (sha256_check("sha256"), CheckConstraint("size > 0", name="not_empty"))

    school_id: Mapped[int] = mapped_column(Id, ForeignKey("schools.id"), primary_key=True)
    sha256: Mapped[Digest] = mapped_column(primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(String(120))
    storage: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[At]


class Evidence(Keyed, Base):
    """A file a school can cite (佐证材料), as its people describe it."""

    __tablename__ = "evidence"
    __table_args__ = (Index("ix_evidence_school_id_created_at", "school_id", "created_at"),)

    school_id: Mapped[SchoolId]
    title: Mapped[Name]
    kind: Mapped[EvidenceKind] = mapped_column(one_of(EvidenceKind, "kind"), default=EvidenceKind.OTHER)
    # the document's own date, not the day it was uploaded
    date: Mapped[Date | None]
    remark: Mapped[Words]
    created_by: Mapped[UserId]
    created_at: Mapped[At]
    version: Mapped[int] = mapped_column(default=1)
    # the folders and the name it had where it came from: for codes in them, never for a disk
    path: Mapped[str] = mapped_column(String(400), default="", server_default="")
    # in the trash since, where it can be taken back from for 30 days
    trashed_at: Mapped[MaybeAt]

    versions: Mapped[list[EvidenceVersion]] = relationship(
        lazy="raise_on_sql", order_by="EvidenceVersion.number", back_populates="evidence"
    )
    years: Mapped[list[EvidenceYear]] = relationship(
        lazy="raise_on_sql", order_by="EvidenceYear.year", cascade="all, delete-orphan"
    )

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 (as SQLAlchemy declares it)


class EvidenceYear(Base):
    """A school year that a piece of evidence speaks for, by the calendar year it starts in."""

    __tablename__ = "evidence_years"
    __table_args__ = (CheckConstraint("year BETWEEN 1990 AND 2100", name="plausible"),)

    evidence_id: Mapped[int] = mapped_column(
        Id, ForeignKey("evidence.id", ondelete="CASCADE"), primary_key=True
    )
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class EvidenceVersion(Keyed, Base):
    """One file of a piece of evidence; a new file is a new version, and none is ever altered."""

    __tablename__ = "evidence_versions"
    __table_args__ = (
        UniqueConstraint("evidence_id", "number"),
        ForeignKeyConstraint(["school_id", "sha256"], ["blobs.school_id", "blobs.sha256"]),
        CheckConstraint("number >= 1", name="number_from_one"),
        Index("ix_evidence_versions_school_id_sha256", "school_id", "sha256"),
    )

    evidence_id: Mapped[int] = mapped_column(Id, ForeignKey("evidence.id"))
    number: Mapped[int]
    school_id: Mapped[int] = mapped_column(Id)
    sha256: Mapped[Digest]
    filename: Mapped[str] = mapped_column(String(255))
    reason: Mapped[Words]
    uploaded_by: Mapped[UserId]
    uploaded_at: Mapped[At]

    evidence: Mapped[Evidence] = relationship(lazy="raise_on_sql", back_populates="versions")
    blob: Mapped[Blob] = relationship(lazy="raise_on_sql")


class Upload(Base):
    """An upload under way (tus 1.0.0). Its bytes grow in a file, whose length is the offset."""

    __tablename__ = "uploads"

    token: Mapped[str] = mapped_column(String(43), primary_key=True)
    school_id: Mapped[SchoolId]
    user_id: Mapped[UserId]
    length: Mapped[int] = mapped_column(BigInteger)
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[At]
    expires_at: Mapped[At]
    finished_at: Mapped[MaybeAt]
    evidence_id: Mapped[int | None] = mapped_column(Id, ForeignKey("evidence.id", ondelete="SET NULL"))
    refusal: Mapped[dict[str, Any] | None] = mapped_column(JSON)
