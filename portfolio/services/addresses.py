"""Where a person's reminders go."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy.orm import Session

from portfolio import audit
from portfolio.audit import Action
from portfolio.errors import DomainError
from portfolio.models import User
from portfolio.policy import Actor

LONGEST = 254  # RFC 5321, 4.5.3.1.3
_ADDRESS = re.compile(r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})\.)+[A-Za-z]{2,24}")


def address_of(user: User) -> str | None:
    """The address chosen, else a user name that is one; None for nowhere."""
    chosen = user.username if user.email is None else user.email
    return chosen if _ADDRESS.fullmatch(chosen) else None


def choose_address(session: Session, *, actor: Actor, now: datetime, address: str) -> None:
    """Have one's reminders go to this address, or nowhere if it is empty. Raises DomainError("email_malformed")."""
    wanted = address.strip()
    if wanted and not (len(wanted) <= LONGEST and _ADDRESS.fullmatch(wanted)):
        raise DomainError("email_malformed", field="email")
    user = session.get_one(User, actor.user_id)
    if user.email == wanted:
        return
    user.email = wanted
    # That it was changed is on record; the address itself is nobody else's.
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=Action.MAIL_CHOSEN,
        subject=("user", user.id),
        after={"reminders": bool(wanted)},
    )
