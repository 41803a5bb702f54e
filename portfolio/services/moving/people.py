"""The people that a school's rows name: written with their user names, found again or made anew elsewhere.

Whoever judges or administers goes along by name only: a school holds no key to their accounts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, exists, insert, select
from sqlalchemy.orm import Session

from portfolio.db import new_id
from portfolio.models import Membership, User
from portfolio.models.people import SCHOOL_ROLES
from portfolio.services.moving.registry import PEOPLE

_FIELDS = ("id", "username", "name", "created_at")
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Under which ids the people of an archive are known here, and how many accounts are new."""

    ids: Mapping[int, int]
    made: int


def person_columns() -> list[Any]:
    """What a line about a person holds; those who judge or administer have no user name."""
    columns = User.__table__.c
    nameless = Column("username", columns.username.type, nullable=True)
    return [nameless if name == "username" else columns[name] for name in _FIELDS]


def names_people(columns: Iterable[Any]) -> list[str]:
    """Which of these columns hold people."""
    return [column.name for column in columns if refers_to(column) == PEOPLE]


def refers_to(column: Any) -> str | None:
    """The table whose id a column holds, if it does so by itself."""
    for key in column.foreign_keys:
        if len(key.constraint.elements) == 1:
            return str(key.column.table.name)
    return None


def described(session: Session, wanted: Iterable[int], *, school_id: int) -> Iterator[dict[str, Any]]:
    """These people, in the order of their ids."""
    elsewhere = exists().where(Membership.user_id == User.id, Membership.role.not_in(SCHOOL_ROLES))
    of_school = exists().where(Membership.user_id == User.id, Membership.school_id == school_id)
    ids = sorted(wanted)
    for start in range(0, len(ids), AT_ONCE):
        rows = session.execute(
            select(User.id, User.username, User.name, User.created_at, elsewhere & ~of_school)
            .where(User.id.in_(ids[start : start + AT_ONCE]))
            .order_by(User.id)
        )
        for user_id, username, name, created_at, outsider in rows:
            yield dict(zip(_FIELDS, (user_id, None if outsider else username, name, created_at), strict=True))


def take_in(session: Session, rows: Iterable[Mapping[str, Any]], *, now: datetime) -> Arrivals:
    """Find or make everybody: by user name, and those without one by the id and name they left with.

    Accounts that are made are closed and have no password.
    """
    ids: dict[int, int] = {}
    made = 0
    for row in rows:
        found = _known(session, row)
        if found is None:
            found = _make(session, row, now)
            made += 1
        ids[row["id"]] = found
    return Arrivals(ids, made)


def _known(session: Session, row: Mapping[str, Any]) -> int | None:
    if row["username"] is not None:
        return session.scalar(select(User.id).where(User.username == row["username"]))
    return session.scalar(select(User.id).where(User.id == row["id"], User.name == row["name"]))


def _make(session: Session, row: Mapping[str, Any], now: datetime) -> int:
    taken = session.scalar(select(User.id).where(User.id == row["id"])) is not None
    user_id = new_id() if taken else row["id"]
    session.execute(
        insert(User).values(
            id=user_id,
            # no form takes such a name, so nobody else can have it
            username=row["username"] or f"#{user_id}",
            name=row["name"],
            created_at=row["created_at"],
            disabled_at=now,
        )
    )
    return user_id
