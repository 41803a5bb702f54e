"""Who is logged in, and who is who."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, exists, false, null, or_, select, type_coerce, union_all
from sqlalchemy.orm import Session

from portfolio.models import Errand, InterestStatement, LoginSession, Membership, Recusal, Role, User
from portfolio.models.people import PANEL_ROLES
from portfolio.policy import Actor, Grant
from portfolio.tokens import digest_of


@dataclass(frozen=True, slots=True)
class LoggedInRow:
    """A person behind a live log-in."""

    actor: Actor
    username: str
    locale: str | None
    theme: str | None
    # whether something they asked for is over, and they haven't seen it
    news: bool = False


def logged_in(session: Session, *, token: str, now: datetime) -> LoggedInRow | None:
    """Whose log-in this is, with all their roles; None once it ended, expired, or the account was closed."""
    rows = session.execute(
        select(User, Membership, _news().label("news"))
        .join(LoginSession, LoginSession.user_id == User.id)
        .outerjoin(Membership, Membership.user_id == User.id)
        .where(
            LoginSession.token_sha256 == digest_of(token),
            LoginSession.ended_at.is_(None),
            LoginSession.expires_at > now,
            User.disabled_at.is_(None),
        )
    ).all()
    if not rows:
        return None
    user = rows[0].User
    return LoggedInRow(
        actor=actor_of(session, user, [row.Membership for row in rows if row.Membership]),
        username=user.username,
        locale=user.locale,
        theme=user.theme,
        news=bool(rows[0].news),
    )


def _news() -> ColumnElement[bool]:
    return exists().where(
        Errand.asked_by == User.id, Errand.finished_at.is_not(None), Errand.seen_at.is_(None)
    )


def actor_of(session: Session, user: User, memberships: list[Membership]) -> Actor:
    """The person as the policy sees them; conflicts and statements are read only for those who sit on panels."""
    grants = frozenset(Grant(m.role, m.school_id, m.panel_id) for m in memberships)
    recused: set[int] = set()
    cleared: set[tuple[int, int]] = set()
    if any(grant.role in PANEL_ROLES for grant in grants):
        for panel_id, school_id in session.execute(_interests(user.id)):
            if panel_id is None:
                recused.add(school_id)
            else:
                cleared.add((panel_id, school_id))
    return Actor(
        user_id=user.id,
        name=user.name,
        grants=grants,
        recused_from=frozenset(recused),
        cleared=frozenset(cleared),
    )


def _interests(user_id: int) -> CompoundSelect[Any]:
    """(panel, school) for each statement signed, (none, school) for each conflict; one statement."""
    no_panel = type_coerce(null(), InterestStatement.panel_id.type).label("panel_id")
    return union_all(
        select(InterestStatement.panel_id, InterestStatement.school_id).where(
            InterestStatement.user_id == user_id
        ),
        select(no_panel, Recusal.school_id).where(Recusal.user_id == user_id),
    )


def assignable(session: Session, *, school_id: int) -> list[tuple[int, str]]:
    """Those of a school who can be given an element: (user id, name)."""
    rows = session.execute(select(User.id, User.name).where(_is_assignable(school_id)).order_by(User.name))
    return [(row.id, row.name) for row in rows]


def _is_assignable(school_id: int) -> ColumnElement[bool]:
    works_there = exists().where(
        Membership.user_id == User.id,
        Membership.school_id == school_id,
        Membership.role.in_((Role.CONTRIBUTOR, Role.LEAD)),
    )
    return works_there & User.disabled_at.is_(None)


def around_element(
    session: Session, *, school_id: int, of: Set[int | None], staff: bool
) -> tuple[dict[int | None, str], list[tuple[int, str]]]:
    """The names of these people; with `staff` also those who can be given an element, as `assignable`.

    One statement, none for nobody.
    """
    wanted = {user_id for user_id in of if user_id is not None}
    if not wanted and not staff:
        return {}, []
    assignable = _is_assignable(school_id) if staff else false()
    rows = session.execute(
        select(User.id, User.name, assignable.label("assignable"))
        .where(or_(User.id.in_(wanted), assignable))
        .order_by(User.name)
    ).all()
    return {row.id: row.name for row in rows}, [(row.id, row.name) for row in rows if row.assignable]


def names_of(session: Session, user_ids: Iterable[int | None]) -> dict[int, str]:
    """The names of these people by their ids; one statement, none for nobody."""
    wanted = {user_id for user_id in user_ids if user_id is not None}
    if not wanted:
        return {}
    rows = session.execute(select(User.id, User.name).where(User.id.in_(wanted)))
    return {row.id: row.name for row in rows}
