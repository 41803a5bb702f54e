"""Slows guessing of passwords without ever locking an owner out (OWASP ASVS 5.0, 6.3.1).

Three counters slow a try: the account from this address, the address over all accounts, and the account from
everywhere. A browser that has logged in to the account before has a counter of its own instead, which nobody
else's failures reach: no attack, not even from behind the same address, keeps the owner waiting.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portfolio.db import insert_into
from portfolio.models import Throttle

LONGEST_WAIT = timedelta(seconds=60)
FORGOTTEN_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter's key and how many failures it lets pass before it slows."""

    key: str
    free: int


def counters(username: str, address: str, *, known_device: bool) -> list[Counter]:
    """The counters a try of this account from this address runs into."""
    account = hashlib.sha256(username.encode()).hexdigest()[:32]
    if known_device:
        return [Counter(f"known:{account}", 4)]
    return [
        Counter(f"pair:{account}:{address}", 4),
        Counter(f"address:{address}", 30),
        Counter(f"account:{account}", 20),
    ]


def wait(session: Session, tried: list[Counter], *, now: datetime) -> timedelta:
    """How long this try must still wait; zero if it may go on."""
    free = {counter.key: counter.free for counter in tried}
    counted = session.execute(
        select(Throttle.key, Throttle.failures, Throttle.last_failed_at).where(Throttle.key.in_(free))
    )
    waits = [_pause(failures - free[key]) - (now - last) for key, failures, last in counted]
    return max(waits, default=timedelta(0))


def _pause(beyond: int) -> timedelta:
    """After the free tries, each failure doubles the pause, up to the longest."""
    return timedelta(0) if beyond < 0 else min(timedelta(seconds=2 ** min(beyond, 10)), LONGEST_WAIT)


def count_failure(session: Session, tried: list[Counter], *, now: datetime) -> None:
    """Remember a failed try under each of its counters; failures of over an hour ago are forgotten."""
    session.execute(delete(Throttle).where(Throttle.last_failed_at < now - FORGOTTEN_AFTER))
    # in one statement each, so that failures at the same moment are all counted
    for counter in tried:
        session.execute(
            insert_into(session, Throttle)
            .values(key=counter.key, failures=1, last_failed_at=now)
            .on_conflict_do_update(
                index_elements=[Throttle.key],
                set_={"failures": Throttle.failures + 1, "last_failed_at": now},
            )
        )


def forgive(session: Session, tried: list[Counter]) -> None:
    """Forget the failures under the first counter, the account from here: its owner got in."""
    session.execute(delete(Throttle).where(Throttle.key == tried[0].key))
