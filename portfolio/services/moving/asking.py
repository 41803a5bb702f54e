"""That everything of a school was packed stands in the trail: it is the way by which most can leave at once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from portfolio import audit
from portfolio.audit import Action


def note_export(session: Session, *, school_id: int, actor_id: int | None, now: datetime) -> None:
    """Write down who has everything of a school packed."""
    audit.record(
        session,
        actor_id=actor_id,
        at=now,
        action=Action.SCHOOL_EXPORTED,
        subject=("school", school_id),
        school_id=school_id,
    )
