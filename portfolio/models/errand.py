"""Long work that a person asked for and doesn't wait for: what leaves the house or comes in, how far it is."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from portfolio.db import Base, Id, Keyed
from portfolio.models.columns import At, MaybeAt, UserId, one_of


class ErrandKind(StrEnum):
    """What is done."""

    PACKAGE = "package"  # the archive of a package, as the panel gets it
    ORIGINALS = "originals"  # the same with pictures as they were uploaded
    SCHOOL = "school"  # everything a school owns
    IMPORT = "import"  # the same, into this installation


class ErrandState(StrEnum):
    """How far it is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


_UNDER_WAY = text("state IN ('waiting','running')")


class Errand(Keyed, Base):
    """This row is the truth of a long job, its message in the queue only the messenger."""

    __tablename__ = "errands"
    __table_args__ = (
        CheckConstraint("(kind IN ('package','originals')) = (package_id IS NOT NULL)", name="of_a_package"),
        CheckConstraint("kind = 'import' OR school_id IS NOT NULL", name="of_a_school"),
        CheckConstraint("state <> 'failed' OR failure IS NOT NULL", name="failed_says_why"),
        CheckConstraint("done >= 0 AND total >= 0", name="bytes_not_negative"),
        # nobody has the same thing made twice at once
        Index(
            "uq_errands_under_way",
            "asked_by",
            "subject",
            unique=True,
            sqlite_where=_UNDER_WAY,
            postgresql_where=_UNDER_WAY,
        ),
        Index("ix_errands_state", "state", "asked_at"),
    )

    kind: Mapped[ErrandKind] = mapped_column(one_of(ErrandKind, "kind"))
    # what it is about, in one word: the kind and the package's, the school's or the file's name
    subject: Mapped[str] = mapped_column(String(100))
    school_id: Mapped[int | None] = mapped_column(Id, ForeignKey("schools.id"), index=True)
    package_id: Mapped[int | None] = mapped_column(Id, ForeignKey("packages.id"))
    asked_by: Mapped[UserId] = mapped_column(index=True)
    asked_at: Mapped[At]
    state: Mapped[ErrandState] = mapped_column(one_of(ErrandState, "state"), default=ErrandState.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    # in bytes
    done: Mapped[int] = mapped_column(BigInteger, default=0)
    total: Mapped[int] = mapped_column(BigInteger, default=0)
    # when its worker last said that it lives
    beat_at: Mapped[MaybeAt]
    finished_at: Mapped[MaybeAt]
    # a domain code and what its sentence needs
    failure: Mapped[str | None] = mapped_column(String(40))
    context: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    # what was made, in the store under its school, until it expires
    filename: Mapped[str | None] = mapped_column(String(255))
    sha256: Mapped[str | None] = mapped_column(String(64))
    size: Mapped[int | None] = mapped_column(BigInteger)
    expires_at: Mapped[MaybeAt]
    # when the person who asked saw that it is over, and when a letter told them
    seen_at: Mapped[MaybeAt]
    told_at: Mapped[MaybeAt]
