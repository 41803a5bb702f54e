"""A school's trash: what lies there, since when, and who put it there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.audit import Action
from portfolio.models import AuditEvent, Evidence, EvidenceKind, User

SHOWN = 200


@dataclass(frozen=True, slots=True)
class Thrown:
    """A piece in the trash; `by` is None where nobody is on the trail for it."""

    id: int
    title: str
    kind: EvidenceKind
    trashed_at: datetime
    by: str | None

    def days_left(self, now: datetime, kept: timedelta) -> int:
        """Whole days until it goes for good, from 0."""
        return max(0, (self.trashed_at + kept - now).days)


def trash_page(session: Session, *, school_id: int, most: int | None = SHOWN) -> tuple[Thrown, ...]:
    """The newest pieces of the trash, at most so many (None: all of them), in two statements."""
    pieces = session.execute(
        select(Evidence.id, Evidence.title, Evidence.kind, Evidence.trashed_at)
        .where(Evidence.school_id == school_id, Evidence.trashed_at.is_not(None))
        .order_by(Evidence.trashed_at.desc(), Evidence.id)
        .limit(most)
    ).all()
    people = _people(session, school_id) if pieces else {}
    return tuple(
        Thrown(piece.id, piece.title, piece.kind, piece.trashed_at, people.get(piece.id)) for piece in pieces
    )


def _people(session: Session, school_id: int) -> dict[int, str]:
    """Who put each piece there, the last time."""
    thrown = select(Evidence.id).where(Evidence.school_id == school_id, Evidence.trashed_at.is_not(None))
    rows = session.execute(
        select(AuditEvent.subject_id, User.name)
        .join(User, User.id == AuditEvent.actor_id)
        .where(
            AuditEvent.subject_type == "evidence",
            AuditEvent.subject_id.in_(thrown),
            AuditEvent.action == Action.EVIDENCE_TRASHED.value,
        )
        .order_by(AuditEvent.id)
    )
    return {row.subject_id: row.name for row in rows}
