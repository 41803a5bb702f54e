"""The audit trail, read: newest first, by school, person and action."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from portfolio.audit import Action
from portfolio.models import AuditEvent, School, User

PAGE = 100
# what an event is about, in the order of what names it best
_TELLING = ("title", "element", "name", "username", "gap", "cycle")


@dataclass(frozen=True, slots=True)
class TrailRow:
    """An event: who, what, when, at which school, what it was before and after."""

    event_id: int
    at: datetime
    who: str | None
    action: str
    about: str
    school: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class TrailPage:
    """Events, and the id to ask on from; None at the trail's end."""

    rows: list[TrailRow]
    older_than: int | None


def trail(
    session: Session,
    *,
    school_id: int | None = None,
    person: str = "",
    action: Action | None = None,
    older_than: int | None = None,
) -> TrailPage:
    """A page of events, newest first, older than the event named if one is."""
    statement = _matching(school_id, person, action).limit(PAGE + 1)
    if older_than is not None:
        statement = statement.where(AuditEvent.id < older_than)
    found = session.execute(statement).all()
    rows = [_row(*row) for row in found[:PAGE]]
    return TrailPage(rows, rows[-1].event_id if len(found) > PAGE else None)


def whole_trail(
    session: Session, *, school_id: int | None = None, person: str = "", action: Action | None = None
) -> Iterator[TrailRow]:
    """All of them, read in one statement as they are asked for."""
    statement = _matching(school_id, person, action).execution_options(yield_per=PAGE)
    return (_row(*row) for row in session.execute(statement))


def _matching(
    school_id: int | None, person: str, action: Action | None
) -> Select[AuditEvent, str | None, str | None]:
    statement = (
        select(AuditEvent, User.name, School.name)
        .outerjoin(User, User.id == AuditEvent.actor_id)
        .outerjoin(School, School.id == AuditEvent.school_id)
        .order_by(AuditEvent.id.desc())
    )
    if school_id is not None:
        statement = statement.where(AuditEvent.school_id == school_id)
    if person:
        statement = statement.where(
            or_(
                User.name.icontains(person, autoescape=True), User.username.icontains(person, autoescape=True)
            )
        )
    if action is not None:
        statement = statement.where(AuditEvent.action == action)
    return statement


def _row(event: AuditEvent, who: str | None, school: str | None) -> TrailRow:
    return TrailRow(event.id, event.at, who, event.action, _about(event), school, event.before, event.after)


def _about(event: AuditEvent) -> str:
    said = {**(event.before or {}), **(event.after or {})}
    return " · ".join(str(said[key]) for key in _TELLING if said.get(key))
