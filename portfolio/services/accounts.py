"""Accounts: made or given a role, closed and opened again, their passwords changed."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio import audit
from portfolio.audit import Action
from portfolio.errors import DomainError
from portfolio.models import Membership, Role, User
from portfolio.policy import Actor
from portfolio.services import invitations, log_ins, passwords
from portfolio.services.rows import add_once, clean_name, normal_username

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{2,119}")


def add_user(session: Session, *, username: str, name: str, password: str, now: datetime) -> User:
    """A new account. Raises DomainError (username_*, password_*, name_empty)."""
    wanted = normal_username(username)
    if not _USERNAME.fullmatch(wanted):
        raise DomainError("username_malformed", field="username")
    if session.scalar(select(User.id).where(User.username == wanted)):
        raise DomainError("username_taken", field="username")
    user = User(
        username=wanted,
        name=clean_name(name),
        password_hash=passwords.hash_new(password, wanted),
        created_at=now,
    )
    add_once(session, user, DomainError("username_taken", field="username"))
    return user


def grant(
    session: Session, *, user: User, role: Role, school_id: int | None = None, panel_id: int | None = None
) -> Membership:
    """Give a person a role; they keep it once."""
    held = session.scalar(
        select(Membership).where(
            Membership.user_id == user.id,
            Membership.role == role,
            Membership.school_id.is_(school_id) if school_id is None else Membership.school_id == school_id,
            Membership.panel_id.is_(panel_id) if panel_id is None else Membership.panel_id == panel_id,
        )
    )
    if held is None:
        held = Membership(user_id=user.id, role=role, school_id=school_id, panel_id=panel_id)
        session.add(held)
        session.flush()
    return held


def accept(session: Session, *, token: str, username: str, name: str, password: str, now: datetime) -> User:
    """Make the account an invitation offers, or set the new password it allows; the link is spent."""
    invitation = invitations.open_invitation(session, token=token, now=now, spend=True)
    if invitation.user_id is not None:
        user = _choose_anew(session, invitation.user_id, password, now=now)
        action = Action.PASSWORD_CHANGED
    else:
        user = add_user(session, username=username, name=name, password=password, now=now)
        assert invitation.role is not None
        grant(session, user=user, role=invitation.role, school_id=invitation.school_id)
        action = Action.USER_JOINED
    invitation.used_at = now
    audit.record(
        session,
        actor_id=user.id,
        at=now,
        action=action,
        subject=("user", user.id),
        school_id=invitation.school_id,
        after={"name": user.name, "role": invitation.role, "username": user.username},
    )
    return user


def _choose_anew(session: Session, user_id: int, password: str, *, now: datetime) -> User:
    user = session.get_one(User, user_id)
    if user.disabled_at is not None:
        raise DomainError("account_closed")
    user.password_hash = passwords.hash_new(password, user.username)
    log_ins.end_sessions(session, user_id=user.id, now=now)
    return user


def disable(session: Session, *, actor: Actor, now: datetime, user: User) -> None:
    """Close an account; its log-ins end with it."""
    if user.id == actor.user_id:
        raise DomainError("cannot_disable_self")
    user.disabled_at = now
    log_ins.end_sessions(session, user_id=user.id, now=now)
    invitations.revoke_password_links(session, user_id=user.id, now=now)
    audit.record(
        session, actor_id=actor.user_id, at=now, action=Action.USER_DISABLED, subject=("user", user.id)
    )


def enable(session: Session, *, actor: Actor, now: datetime, user: User) -> None:
    """Open a closed account again."""
    user.disabled_at = None
    audit.record(
        session, actor_id=actor.user_id, at=now, action=Action.USER_ENABLED, subject=("user", user.id)
    )


def change_password(
    session: Session, *, actor: Actor, now: datetime, current: str, new: str, keep_token: str
) -> None:
    """Choose another password; every other log-in ends."""
    user = session.get_one(User, actor.user_id)
    if not passwords.matches(user, current):
        raise DomainError("password_wrong", field="current")
    user.password_hash = passwords.hash_new(new, user.username)
    log_ins.end_sessions(session, user_id=user.id, now=now, keep_token=keep_token)
    invitations.revoke_password_links(session, user_id=user.id, now=now)
    audit.record(session, actor_id=user.id, at=now, action=Action.PASSWORD_CHANGED, subject=("user", user.id))
