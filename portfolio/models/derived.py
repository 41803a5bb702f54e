"""What is made of a file's bytes: text and pictures of its pages, a public copy, chunks to search. All of it can be
made again from the original, which stays sealed beside it."""

from __future__ import annotations

from datetime import date as Date
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, Text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from portfolio.db import Base, Id, Keyed
from portfolio.models.columns import At, Digest, MaybeAt, Words, one_of


class DerivationState(StrEnum):
    """How far a file's derivatives are."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class TextSource(StrEnum):
    """Where a file's text comes from."""

    LAYER = "layer"
    OCR = "ocr"
    NONE = "none"


class Derivation(Base):
    """The derivatives of one school's bytes: this row is the truth, a job only its messenger."""

    __tablename__ = "derivations"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "sha256"], ["blobs.school_id", "blobs.sha256"]),
        CheckConstraint("state <> 'failed' OR failure IS NOT NULL", name="failed_says_why"),
        Index("ix_derivations_state", "state", "requested_at"),
        Index("ix_derivations_text_print", "school_id", "text_print"),
    )

    school_id: Mapped[int] = mapped_column(Id, primary_key=True)
    sha256: Mapped[Digest] = mapped_column(primary_key=True)
    state: Mapped[DerivationState] = mapped_column(
        one_of(DerivationState, "state"), default=DerivationState.WAITING
    )
    attempts: Mapped[int] = mapped_column(default=0)
    requested_at: Mapped[At]
    started_at: Mapped[MaybeAt]
    finished_at: Mapped[MaybeAt]
    # a code of portfolio.derive, put into words by the pages
    failure: Mapped[str | None] = mapped_column(String(40))
    page_count: Mapped[int | None]
    taken_on: Mapped[Date | None]
    duration_ms: Mapped[int | None]
    text_source: Mapped[TextSource | None] = mapped_column(one_of(TextSource, "text_source"))
    # what is left out, and why: codes of portfolio.derive, put into words by the pages
    notes: Mapped[list[Any]] = mapped_column(JSON, default=list)
    # by these near-duplicates are found (portfolio.derive.prints): of the text, and of how a picture looks
    text_print: Mapped[str | None] = mapped_column(String(64))
    look: Mapped[str | None] = mapped_column(String(32))
    # the copy of a picture without place and device; None where the original may be shown as it is
    public_sha256: Mapped[str | None] = mapped_column(String(64))
    public_size: Mapped[int | None]
    public_media_type: Mapped[str | None] = mapped_column(String(120))


class PageText(Base):
    """The text of one page, as people read it."""

    __tablename__ = "page_texts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "sha256"], ["derivations.school_id", "derivations.sha256"], ondelete="CASCADE"
        ),
        CheckConstraint("page >= 1", name="page_from_one"),
    )

    school_id: Mapped[int] = mapped_column(Id, primary_key=True)
    sha256: Mapped[Digest] = mapped_column(primary_key=True)
    page: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[Words]


class PageImage(Base):
    """A picture of one page (WebP) in one width, kept in the store under a digest of its own."""

    __tablename__ = "page_images"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "sha256"], ["derivations.school_id", "derivations.sha256"], ondelete="CASCADE"
        ),
    )

    school_id: Mapped[int] = mapped_column(Id, primary_key=True)
    sha256: Mapped[Digest] = mapped_column(primary_key=True)
    page: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    # thumbnail, page, page_large (portfolio.derive)
    size: Mapped[str] = mapped_column(String(16), primary_key=True)
    image_sha256: Mapped[Digest]
    width: Mapped[int]
    height: Mapped[int]


class SearchChunk(Keyed, Base):
    """A piece of what can be searched: of a page of a file (sha256, page) or of an evidence's own words."""

    __tablename__ = "search_chunks"
    __table_args__ = (
        CheckConstraint("(evidence_id IS NULL) <> (sha256 IS NULL)", name="of_a_file_or_of_words"),
        ForeignKeyConstraint(
            ["school_id", "sha256"], ["derivations.school_id", "derivations.sha256"], ondelete="CASCADE"
        ),
        # holds all that a search asks of a page but its text
        Index("ix_search_chunks_page", "school_id", "sha256", "page"),
        Index("ix_search_chunks_evidence_id", "evidence_id"),
    )

    school_id: Mapped[int] = mapped_column(Id, ForeignKey("schools.id"))
    sha256: Mapped[str | None] = mapped_column(String(64))
    evidence_id: Mapped[int | None] = mapped_column(Id, ForeignKey("evidence.id", ondelete="CASCADE"))
    page: Mapped[int | None]
    position: Mapped[int] = mapped_column(default=0)
    # folded: half width, lower case, simplified, no white space between ideographs
    text: Mapped[str] = mapped_column(Text)
    # a page's terms, separated by blanks (portfolio.derive.grams); the migrations make each engine's index of them
    grams: Mapped[str] = mapped_column(
        Text().with_variant(TSVECTOR(), "postgresql"), server_default="", deferred=True
    )
