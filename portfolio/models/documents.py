"""What stands beside the documents that leave the house: an office's own templates, and times others vouch for."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from portfolio.db import Base, Id, Keyed
from portfolio.models.columns import At, Digest, MaybeAt, UserId, one_of, sha256_check


class TemplateKind(StrEnum):
    """Which document a template is for."""

    NOTICE = "notice"
    REPORT = "report"


class DocumentTemplate(Keyed, Base):
    """A Word document of the office's own with placeholders. At most one of a kind is in use; else the built-in is."""

    __tablename__ = "document_templates"
    __table_args__ = (
        sha256_check("sha256"),
        CheckConstraint("put_away_at IS NULL OR taken_up_at IS NOT NULL", name="put_away_after_taken_up"),
        Index(
            "uq_document_templates_in_use",
            "kind",
            unique=True,
            sqlite_where=text("taken_up_at IS NOT NULL AND put_away_at IS NULL"),
            postgresql_where=text("taken_up_at IS NOT NULL AND put_away_at IS NULL"),
        ),
    )

    kind: Mapped[TemplateKind] = mapped_column(one_of(TemplateKind, "kind"))
    filename: Mapped[str] = mapped_column(String(255))
    sha256: Mapped[Digest]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    uploaded_by: Mapped[UserId]
    uploaded_at: Mapped[At]
    taken_up_at: Mapped[MaybeAt]
    put_away_at: Mapped[MaybeAt]

    @property
    def in_use(self) -> bool:
        """Whether documents are made from it now."""
        return self.taken_up_at is not None and self.put_away_at is None


class PackageTimestamp(Base):
    """What a time stamping authority says of a package's digest (RFC 3161), or how asking for it went so far."""

    __tablename__ = "package_timestamps"
    __table_args__ = (
        CheckConstraint("(response IS NULL) = (stamped_at IS NULL)", name="time_with_the_response"),
        CheckConstraint("response IS NOT NULL OR failure IS NOT NULL", name="without_one_says_why"),
        CheckConstraint("attempts >= 1", name="attempts_from_one"),
    )

    package_id: Mapped[int] = mapped_column(Id, ForeignKey("packages.id"), primary_key=True)
    # who was asked, as the address was set then
    authority: Mapped[str] = mapped_column(String(300))
    attempts: Mapped[int]
    tried_at: Mapped[At]
    # before this nobody is asked again; meaningless once there is a response
    next_try_at: Mapped[At]
    # a code, put into words by the pages
    failure: Mapped[str | None] = mapped_column(String(40))
    # the authority's whole response (TimeStampResp, DER) and the time it vouches for
    response: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    stamped_at: Mapped[MaybeAt]
