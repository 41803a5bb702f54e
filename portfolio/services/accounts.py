"""Accounts: invited once, proved with a password, ended at once."""

from __future__ import annotations

import re
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portfolio import audit
from portfolio.audit import Action
from portfolio.errors import DomainError, NotFound
from portfolio.models import Invitation, LoginSession, Membership, Role, School, User
from portfolio.models.people import SCHOOL_ROLES
from portfolio.policy import Actor
from portfolio.services import throttle, trend
from portfolio.services.rows import add_once, clean_name
from portfolio.tokens import digest_of, new_token

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 128
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{2,119}")
# OWASP's recommendation for argon2id: 19 MiB, two passes, one lane
_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
# verified when there is no such account, so that both answers take the same time
_NOBODY = _hasher.hash(secrets.token_hex(16))


@dataclass(frozen=True, slots=True)
class LogIn:
    """How a try to log in ended: a token, or a refusal with the time to wait before the next try."""

    token: str | None = None
    user: User | None = None
    refusal: str | None = None
    wait: timedelta = timedelta(0)


def normal_username(typed: str) -> str:
    """One spelling for a user name: half-width, lower case, no blanks around."""
    return unicodedata.normalize("NFKC", typed).strip().lower()


def add_user(session: Session, *, username: str, name: str, password: str, now: datetime) -> User:
    """A new account. Raises DomainError (username_*, password_*, name_empty)."""
    wanted = normal_username(username)
    if not _USERNAME.fullmatch(wanted):
        raise DomainError("username_malformed", field="username")
    if session.scalar(select(User.id).where(User.username == wanted)):
        raise DomainError("username_taken", field="username")
    user = User(username=wanted, name=clean_name(name), password_hash=_hash(password, wanted), created_at=now)
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


def invite(
    session: Session,
    *,
    actor: Actor | None,
    now: datetime,
    lifetime: timedelta,
    name: str,
    role: Role,
    school_id: int | None = None,
) -> str:
    """Invite a person to a role; returns the link's token, which is shown once and stored nowhere.

    Raises DomainError (name_empty, name_long, role_needs_school, school_unknown, role_not_invitable).
    """
    wanted = clean_name(name)
    if (role in SCHOOL_ROLES) != (school_id is not None):
        raise DomainError("role_needs_school", field="role")
    if school_id is not None and session.get(School, school_id) is None:
        raise DomainError("school_unknown", field="school_id")
    if role is Role.CHAIR:
        raise DomainError("role_not_invitable", field="role")
    token, invitation = _send(
        session, actor=actor, now=now, lifetime=lifetime, name=wanted, role=role, school_id=school_id
    )
    audit.record(
        session,
        actor_id=invitation.invited_by,
        at=now,
        action=Action.USER_INVITED,
        subject=("invitation", invitation.id),
        school_id=school_id,
        after={"name": wanted, "role": role},
    )
    return token


def offer_new_password(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    lifetime: timedelta,
    user: User,
    school_id: int | None = None,
) -> str:
    """A one-time link with which a person who forgot their password chooses another.

    `school_id` is the school on whose behalf it is asked for. Whoever holds the link can be that person, so a
    school gets it only for those who are its own and nobody else's, and never for the one who signs.
    Raises DomainError (account_closed, password_link_bureau_only).
    """
    if user.disabled_at is not None:
        raise DomainError("account_closed")
    if not actor.holds(Role.BUREAU) and not _only_works_at(session, user, school_id):
        raise DomainError("password_link_bureau_only")
    revoke_password_links(session, user_id=user.id, now=now)
    token, _ = _send(
        session, actor=actor, now=now, lifetime=lifetime, name=user.name, user_id=user.id, school_id=school_id
    )
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=Action.PASSWORD_LINK_SENT,
        subject=("user", user.id),
        school_id=school_id,
        after={"name": user.name},
    )
    return token


def _only_works_at(session: Session, user: User, school_id: int | None) -> bool:
    held = session.scalars(select(Membership).where(Membership.user_id == user.id)).all()
    return bool(held) and all(
        m.school_id == school_id and m.role in (Role.CONTRIBUTOR, Role.LEAD) for m in held
    )


def revoke_password_links(session: Session, *, user_id: int, now: datetime) -> None:
    """Take back every link with which this person's password could be chosen anew."""
    session.execute(
        update(Invitation)
        .where(Invitation.user_id == user_id, Invitation.used_at.is_(None), Invitation.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def _send(
    session: Session,
    *,
    actor: Actor | None,
    now: datetime,
    lifetime: timedelta,
    name: str,
    role: Role | None = None,
    school_id: int | None = None,
    user_id: int | None = None,
) -> tuple[str, Invitation]:
    token = new_token()
    invitation = Invitation(
        token_sha256=digest_of(token),
        name=name,
        role=role,
        school_id=school_id,
        user_id=user_id,
        invited_by=actor.user_id if actor else None,
        created_at=now,
        expires_at=now + lifetime,
    )
    session.add(invitation)
    session.flush()
    return token, invitation


def open_invitation(session: Session, *, token: str, now: datetime, spend: bool = False) -> Invitation:
    """The invitation behind a link. Raises NotFound if unknown, DomainError if used, revoked or expired.

    With `spend` its row is locked, so that of two who open it at once the second finds it used.
    """
    wanted = select(Invitation).where(Invitation.token_sha256 == digest_of(token))
    if spend:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(wanted)
    if found is None:
        raise NotFound("invitation_unknown")
    if found.used_at is not None:
        raise DomainError("invitation_used")
    if found.revoked_at is not None:
        raise DomainError("invitation_revoked")
    if found.expires_at <= now:
        raise DomainError("invitation_expired")
    return found


def accept(session: Session, *, token: str, username: str, name: str, password: str, now: datetime) -> User:
    """Make the account an invitation offers, or set the new password it allows; the link is spent."""
    invitation = open_invitation(session, token=token, now=now, spend=True)
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
    user.password_hash = _hash(password, user.username)
    end_sessions(session, user_id=user.id, now=now)
    return user


def revoke_invitation(session: Session, *, actor: Actor, now: datetime, invitation: Invitation) -> None:
    """Take back a link that nobody has used. Raises DomainError (invitation_used, invitation_revoked)."""
    session.refresh(invitation, with_for_update=True)
    if invitation.used_at is not None:
        raise DomainError("invitation_used")
    if invitation.revoked_at is not None:
        raise DomainError("invitation_revoked")
    invitation.revoked_at = now
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=Action.INVITATION_REVOKED,
        subject=("invitation", invitation.id),
        school_id=invitation.school_id,
        before={"name": invitation.name, "role": invitation.role},
    )


def log_in(
    session: Session,
    *,
    username: str,
    password: str,
    address: str,
    known_device: bool,
    now: datetime,
    lifetime: timedelta,
) -> LogIn:
    """Try a password. A refusal is an answer, not an error, so that its failure count is kept."""
    wanted = normal_username(username)[:120]
    tried = throttle.counters(wanted, address, known_device=known_device)
    pause = throttle.wait(session, tried, now=now)
    if pause > timedelta(0):
        return LogIn(refusal="log_in_slowed", wait=pause)
    user = session.scalar(select(User).where(User.username == wanted))
    if not _matches(user, password) or user is None or user.disabled_at is not None:
        throttle.count_failure(session, tried, now=now)
        return LogIn(refusal="log_in_refused")
    throttle.forgive(session, tried)
    token = start_session(session, user=user, address=address, now=now, lifetime=lifetime)
    audit.record(
        session,
        actor_id=user.id,
        at=now,
        action=Action.USER_LOGGED_IN,
        subject=("user", user.id),
        after={"address": address},
    )
    return LogIn(token=token, user=user)


def start_session(session: Session, *, user: User, address: str, now: datetime, lifetime: timedelta) -> str:
    """A log-in's row; returns the token for the cookie. The first of a day records it for every school."""
    trend.record_day(session, now)
    token = new_token()
    session.add(
        LoginSession(
            token_sha256=digest_of(token),
            user_id=user.id,
            created_at=now,
            expires_at=now + lifetime,
            address=address[:64],
        )
    )
    return token


def log_out(session: Session, *, token: str, actor: Actor, now: datetime) -> None:
    """End this log-in."""
    session.execute(
        update(LoginSession)
        .where(LoginSession.token_sha256 == digest_of(token), LoginSession.ended_at.is_(None))
        .values(ended_at=now)
    )
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=Action.USER_LOGGED_OUT,
        subject=("user", actor.user_id),
    )


def end_sessions(session: Session, *, user_id: int, now: datetime, keep_token: str | None = None) -> None:
    """End all log-ins of a person, but for the one named."""
    ended = update(LoginSession).where(LoginSession.user_id == user_id, LoginSession.ended_at.is_(None))
    if keep_token is not None:
        ended = ended.where(LoginSession.token_sha256 != digest_of(keep_token))
    session.execute(ended.values(ended_at=now))


def disable(session: Session, *, actor: Actor, now: datetime, user: User) -> None:
    """Close an account; its log-ins end with it."""
    if user.id == actor.user_id:
        raise DomainError("cannot_disable_self")
    user.disabled_at = now
    end_sessions(session, user_id=user.id, now=now)
    revoke_password_links(session, user_id=user.id, now=now)
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
    if not _matches(user, current):
        raise DomainError("password_wrong", field="current")
    user.password_hash = _hash(new, user.username)
    end_sessions(session, user_id=user.id, now=now, keep_token=keep_token)
    revoke_password_links(session, user_id=user.id, now=now)
    audit.record(session, actor_id=user.id, at=now, action=Action.PASSWORD_CHANGED, subject=("user", user.id))


def confirm_password(session: Session, *, actor: Actor, password: str) -> None:
    """Raises DomainError("password_wrong") unless it is the actor's own password."""
    if not _matches(session.get_one(User, actor.user_id), password):
        raise DomainError("password_wrong", field="password")


def _matches(user: User | None, password: str) -> bool:
    stored = user.password_hash if user is not None and user.password_hash else _NOBODY
    try:
        _hasher.verify(stored, password[:LONGEST_PASSWORD])
    except (VerificationError, InvalidHashError):
        return False
    return stored is not _NOBODY


def _hash(password: str, username: str) -> str:
    """Hashes a new password. Raises DomainError (ASVS 5.0, 6.2: length only, and not the user's own name)."""
    if len(password) < SHORTEST_PASSWORD:
        raise DomainError("password_short", field="password", shortest=SHORTEST_PASSWORD)
    if len(password) > LONGEST_PASSWORD:
        raise DomainError("password_long", field="password", longest=LONGEST_PASSWORD)
    if username in password.lower() or len(set(password)) < 4:
        raise DomainError("password_guessable", field="password")
    return _hasher.hash(password)
