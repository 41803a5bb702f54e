"""A package: what a principal signed, frozen. Its parts are written first and its own row last: that row is
the seal, after which triggers refuse every insert, update and delete (migrations)."""

from __future__ import annotations

from datetime import date as Date
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portfolio.db import Base, Id, Keyed, Score
from portfolio.models.columns import At, Code, Digest, SchoolId, UserId, Words, sha256_check
from portfolio.models.dossier import Dossier


def sealed_by() -> ForeignKey:
    """The package a part belongs to; checked at commit, since the parts are written before the seal."""
    return ForeignKey("packages.id", deferrable=True, initially="DEFERRED")


class Package(Keyed, Base):
    """A submission (申报包): its digest is the SHA-256 of its manifest, which names every file's own."""

    __tablename__ = "packages"
    __table_args__ = (
        UniqueConstraint("dossier_id", "number"),
        sha256_check("digest"),
        CheckConstraint("number >= 1", name="number_from_one"),
    )

    dossier_id: Mapped[int] = mapped_column(Id, ForeignKey("dossiers.id"))
    school_id: Mapped[SchoolId]
    cycle_id: Mapped[int] = mapped_column(Id, ForeignKey("cycles.id"), index=True)
    number: Mapped[int]
    rubric_digest: Mapped[Digest] = mapped_column(ForeignKey("rubric_editions.digest"))
    digest: Mapped[Digest]
    manifest: Mapped[str] = mapped_column(Text, deferred=True)
    claimed: Mapped[Decimal] = mapped_column(Score)
    supported: Mapped[Decimal] = mapped_column(Score)
    unscored: Mapped[int]
    submitted_by: Mapped[UserId]
    submitted_at: Mapped[At]
    signed_by: Mapped[UserId]
    signed_at: Mapped[At]

    dossier: Mapped[Dossier] = relationship(lazy="raise_on_sql")


class PackageElement(Base):
    """One element's self-score and justification as submitted."""

    __tablename__ = "package_elements"
    __table_args__ = (
        CheckConstraint("score IS NULL OR (score >= 0 AND score <= points)", name="score_within_points"),
    )

    package_id: Mapped[int] = mapped_column(Id, sealed_by(), primary_key=True)
    element: Mapped[Code] = mapped_column(primary_key=True)
    points: Mapped[Decimal] = mapped_column(Score)
    score: Mapped[Decimal | None] = mapped_column(Score)
    justification: Mapped[Words]


class PackageFile(Base):
    """A file version that a package holds, with its description as submitted."""

    __tablename__ = "package_files"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "sha256"], ["blobs.school_id", "blobs.sha256"]),
        sha256_check("sha256"),
    )

    package_id: Mapped[int] = mapped_column(Id, sealed_by(), primary_key=True)
    evidence_version_id: Mapped[int] = mapped_column(
        Id, ForeignKey("evidence_versions.id"), primary_key=True, index=True
    )
    evidence_id: Mapped[int] = mapped_column(Id, ForeignKey("evidence.id"), index=True)
    number: Mapped[int]
    school_id: Mapped[int] = mapped_column(Id)
    sha256: Mapped[Digest]
    size: Mapped[int] = mapped_column(BigInteger)
    # the copy without place and device that panels see; None where the original has none
    public_sha256: Mapped[str | None] = mapped_column(String(64))
    media_type: Mapped[str] = mapped_column(String(120))
    filename: Mapped[str] = mapped_column(String(255))
    title: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(24))
    years: Mapped[list[Any]] = mapped_column(JSON)
    date: Mapped[Date | None]
    remark: Mapped[Words]


class PackageCitation(Base):
    """A citation as submitted: which file version backs which element, where, and why."""

    __tablename__ = "package_citations"
    __table_args__ = (
        ForeignKeyConstraint(
            ["package_id", "element"],
            ["package_elements.package_id", "package_elements.element"],
            deferrable=True,
            initially="DEFERRED",
        ),
        ForeignKeyConstraint(
            ["package_id", "evidence_version_id"],
            ["package_files.package_id", "package_files.evidence_version_id"],
            deferrable=True,
            initially="DEFERRED",
        ),
    )

    package_id: Mapped[int] = mapped_column(Id, sealed_by(), primary_key=True)
    element: Mapped[Code] = mapped_column(primary_key=True)
    evidence_version_id: Mapped[int] = mapped_column(Id, primary_key=True)
    position: Mapped[int]
    page_from: Mapped[int | None]
    page_to: Mapped[int | None]
    remark: Mapped[Words]


class PackageWaiver(Base):
    """A gap the school submitted with, the points on it, and the reason it gave."""

    __tablename__ = "package_waivers"

    package_id: Mapped[int] = mapped_column(Id, sealed_by(), primary_key=True)
    gap: Mapped[str] = mapped_column(String(80), primary_key=True)
    element: Mapped[str | None] = mapped_column(String(16))
    points_at_risk: Mapped[Decimal] = mapped_column(Score)
    reason: Mapped[Words]
