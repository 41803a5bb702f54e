"""The visit's agenda: items ticked off for the whole panel, and what every verb of a visit begins with."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portfolio import audit
from portfolio.audit import Action
from portfolio.editions import rubric_of
from portfolio.errors import DomainError, NotFound
from portfolio.models import AgendaTick, Assignment, Package
from portfolio.policy import Actor
from portfolio.services.rows import add_once
from rubric.agenda import agenda


def tick(
    session: Session, *, actor: Actor, now: datetime, assignment: Assignment, item: str, done: bool
) -> None:
    """Mark an item of the agenda as done, or as open again; nothing happens where it is so already.

    Raises NotFound for what isn't on the agenda, DomainError("assignment_closed").
    """
    hold(session, assignment)
    if item not in {each.key for each in agenda(rubric_of(session, assignment.package.rubric_digest))}:
        raise NotFound()
    here = (AgendaTick.assignment_id == assignment.id, AgendaTick.item == item)
    standing = session.scalar(select(AgendaTick.id).where(*here))
    if (standing is not None) == done:
        return
    if done:
        made = AgendaTick(assignment_id=assignment.id, item=item, ticked_by=actor.user_id, ticked_at=now)
        add_once(session, made, DomainError("ticked_meanwhile"))
    else:
        session.execute(delete(AgendaTick).where(*here))
    action = Action.AGENDA_TICKED if done else Action.AGENDA_UNTICKED
    trail(session, actor, now, action, assignment, after={"item": item})


def hold(session: Session, assignment: Assignment, *, alone: bool = False) -> None:
    """Held until the commit, so that nobody closes the review in between; `alone`: one such writer at a time.

    Raises DomainError("assignment_closed").
    """
    closed_at = session.scalar(
        select(Assignment.closed_at).where(Assignment.id == assignment.id).with_for_update(read=not alone)
    )
    if closed_at is not None:
        raise DomainError("assignment_closed")


def trail(
    session: Session, actor: Actor, now: datetime, action: Action, assignment: Assignment, **values: Any
) -> None:
    """Put what was done during a visit on record, under its school."""
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=action,
        subject=("assignment", assignment.id),
        school_id=session.scalar(select(Package.school_id).where(Package.id == assignment.package_id)),
        **values,
    )
