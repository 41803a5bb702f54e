"""Letters that are claimed before they go.

What is to go is written down first and committed, then the mail goes. So a sender that is stopped in between leaves a
letter that may not have arrived, and never one that arrives twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy.orm import Session, sessionmaker

from portfolio.db import writing
from portfolio.mail import Letter, Mailer, MailFailed

Waiting = TypeVar("Waiting")
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to; `failures` say why letters didn't go, without naming anybody."""

    sent: int = 0
    failures: tuple[str, ...] = ()


def send_each(
    sessions: sessionmaker[Session],
    mailer: Mailer,
    waiting: Iterable[Waiting],
    *,
    claim: Callable[[Session, Waiting], dict[int, Item]],
    letter: Callable[[Waiting, dict[int, Item]], Letter],
    mark_sent: Callable[[Session, dict[int, Item]], None],
    release: Callable[[Session, dict[int, Item]], None],
) -> Outcome:
    """A letter for each that waits, of what could be claimed for it: row id → what it says.

    `release` gives back what didn't go, for another run.
    """
    sent, failures = 0, []
    for each in waiting:
        with writing(sessions) as session:
            claimed = claim(session, each)
        if not claimed:
            continue
        try:
            mailer.send(letter(each, claimed))
        except MailFailed as failure:
            failures.append(str(failure))
            with writing(sessions) as session:
                release(session, claimed)
            if failure.lasting:
                break
        else:
            sent += 1
            with writing(sessions) as session:
                mark_sent(session, claimed)
    return Outcome(sent, tuple(failures))
