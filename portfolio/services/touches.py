"""What a carry-over left to be looked at: ticked off by who looked."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio import audit
from portfolio.audit import Action
from portfolio.errors import NotFound
from portfolio.models import Dossier, Rectification, TouchedElement
from portfolio.policy import Actor


def look_at(session: Session, *, actor: Actor, now: datetime, dossier: Dossier, element: str) -> None:
    """Tick off that a changed element was looked at; twice is once. Raises NotFound."""
    row = session.scalar(
        select(TouchedElement).where(
            TouchedElement.dossier_id == dossier.id, TouchedElement.element == element
        )
    )
    if row is None:
        raise NotFound()
    if row.seen_at is not None:
        return
    row.seen_at, row.seen_by = now, actor.user_id
    _record(session, Action.ELEMENT_LOOKED_AT, dossier, actor=actor, now=now, element=element)


def put_right(session: Session, *, actor: Actor, now: datetime, dossier: Dossier, element: str) -> None:
    """Tick off that what the last panel found is put right; twice is once. Raises NotFound."""
    row = session.scalar(
        select(Rectification).where(Rectification.dossier_id == dossier.id, Rectification.element == element)
    )
    if row is None:
        raise NotFound()
    if row.put_right_at is not None:
        return
    row.put_right_at, row.put_right_by = now, actor.user_id
    _record(session, Action.PROBLEM_PUT_RIGHT, dossier, actor=actor, now=now, element=element)


def _record(
    session: Session, action: Action, dossier: Dossier, *, actor: Actor, now: datetime, element: str
) -> None:
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=action,
        subject=("dossier", dossier.id),
        school_id=dossier.school_id,
        after={"element": element},
    )
