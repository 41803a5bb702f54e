"""Logging in and out: a try is counted, a log-in is a row that its cookie names, and ends at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portfolio import audit
from portfolio.audit import Action
from portfolio.models import LoginSession, User
from portfolio.policy import Actor
from portfolio.services import passwords, throttle, trend
from portfolio.services.rows import normal_username
from portfolio.tokens import digest_of, new_token


@dataclass(frozen=True, slots=True)
class LogIn:
    """How a try to log in ended: a token, or a refusal with the time to wait before the next try."""

    token: str | None = None
    user: User | None = None
    refusal: str | None = None
    wait: timedelta = timedelta(0)


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
    if not passwords.matches(user, password) or user is None or user.disabled_at is not None:
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
