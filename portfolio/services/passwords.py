"""Passwords: chosen by the rules, kept as a hash, proved."""

from __future__ import annotations

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.orm import Session

from portfolio.errors import DomainError
from portfolio.models import User
from portfolio.policy import Actor

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 128
# OWASP's recommendation for argon2id: 19 MiB, two passes, one lane
HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
# verified when there is no such account, so that both answers take the same time
_NOBODY = HASHER.hash(secrets.token_hex(16))


def confirm(session: Session, *, actor: Actor, password: str) -> None:
    """Raises DomainError("password_wrong") unless it is the actor's own password."""
    if not matches(session.get_one(User, actor.user_id), password):
        raise DomainError("password_wrong", field="password")


def matches(user: User | None, password: str) -> bool:
    """Whether it is the person's password; as slow where there is no such person, or none of theirs."""
    stored = user.password_hash if user is not None and user.password_hash else _NOBODY
    try:
        HASHER.verify(stored, password[:LONGEST_PASSWORD])
    except (VerificationError, InvalidHashError):
        return False
    return stored is not _NOBODY


def hash_new(password: str, username: str) -> str:
    """The hash of a new password. Raises DomainError (ASVS 5.0, 6.2: length only, and not the user's own name)."""
    if len(password) < SHORTEST_PASSWORD:
        raise DomainError("password_short", field="password", shortest=SHORTEST_PASSWORD)
    if len(password) > LONGEST_PASSWORD:
        raise DomainError("password_long", field="password", longest=LONGEST_PASSWORD)
    if username in password.lower() or len(set(password)) < 4:
        raise DomainError("password_guessable", field="password")
    return HASHER.hash(password)
