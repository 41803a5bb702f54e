"""Reminders around a panel's review: noted once, shown in the page, and mailed where the installation sends mail.

A reminder is a row first: whoever logs in sees it while it holds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from portfolio import audit, letters
from portfolio.audit import Action
from portfolio.db import new_id
from portfolio.errors import DomainError
from portfolio.letters import Called
from portfolio.mail import Letter, Mailer
from portfolio.models import Assignment, Call, Cycle, Package, PanelReminder, Round, School, User
from portfolio.policy import Actor
from portfolio.queries.calls import Summons, calls_by_hand, due_calls, still_holds
from portfolio.queries.progress import package_ways
from portfolio.services.addresses import address_of
from portfolio.services.mailing import Outcome, send_each

PAGES = {Call.PUBLISH: "/bureau/publication"}
PANEL_PAGE = "/reviews"
# a letter that could not go out for so long says nothing new any more
FRESH = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class _Unsent:
    """One person's reminders that no letter was sent for."""

    user: User
    address: str = field(repr=False)
    calls: dict[int, Called]


def note_due(session: Session, *, now: datetime, days: Sequence[int]) -> int:
    """Note what the clock asks for; how many reminders that was. Noted ones aren't noted again."""
    return _note(session, due_calls(session, now=now, days=days), now=now)


def remind(session: Session, *, actor: Actor, now: datetime, cycle: Cycle) -> list[Summons]:
    """Remind everybody now whose turn it is in the cycle, once a day. Raises DomainError("nobody_to_remind")."""
    # One reminder at a time: who waited here finds what the other noted.
    session.execute(select(Cycle.id).where(Cycle.id == cycle.id).with_for_update())
    found = calls_by_hand(session, package_ways(session, cycle_id=cycle.id), now=now)
    if not found:
        raise DomainError("nobody_to_remind")
    _note(session, found, now=now, asked_by=actor.user_id)
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=Action.PANELS_REMINDED,
        subject=("cycle", cycle.id),
        after={"cycle": cycle.name, "people": len({each.person.user_id for each in found})},
    )
    return found


def _note(session: Session, found: Iterable[Summons], *, now: datetime, asked_by: int | None = None) -> int:
    count = 0
    for each in found:
        try:
            with session.begin_nested():
                session.execute(
                    insert(PanelReminder).values(
                        id=new_id(),
                        assignment_id=each.way.assignment_id,
                        user_id=each.person.user_id,
                        call=each.call,
                        occasion=each.occasion,
                        asked_by=asked_by,
                        noted_at=now,
                    )
                )
        except IntegrityError:  # noted by another run at the same moment
            continue
        count += 1
    return count


def send_noted(sessions: sessionmaker[Session], mailer: Mailer, *, now: datetime) -> Outcome:
    """Mail what is noted, holds still and wasn't mailed: one letter a person."""
    with sessions() as session:
        waiting = _unsent(session, now=now)
    return send_each(
        sessions,
        mailer,
        waiting,
        claim=partial(_claim, now=now),
        letter=partial(_letter, public_url=mailer.settings.public_url, now=now),
        mark_sent=partial(_mark, mailed_at=now),
        release=partial(_mark, claimed_at=None),
    )


def _unsent(session: Session, *, now: datetime) -> list[_Unsent]:
    rows = session.execute(
        select(PanelReminder.id, PanelReminder.call, School.name, Round.name, Round.review_by, User)
        .join(User, User.id == PanelReminder.user_id)
        .join(Assignment, Assignment.id == PanelReminder.assignment_id)
        .join(Round, Round.id == Assignment.round_id)
        .join(Package, Package.id == Assignment.package_id)
        .join(School, School.id == Package.school_id)
        .where(
            PanelReminder.claimed_at.is_(None),
            PanelReminder.noted_at > now - FRESH,
            User.disabled_at.is_(None),
            still_holds(),
        )
        .order_by(User.id, PanelReminder.call, School.name)
    )
    users: dict[int, User] = {}
    calls: dict[int, dict[int, Called]] = defaultdict(dict)
    for key, call, school, round_, review_by, user in rows:
        users[user.id] = user
        calls[user.id][key] = Called(call, school, round_, review_by)
    reachable = ((user, address_of(user)) for user in users.values())
    return [_Unsent(user, address, calls[user.id]) for user, address in reachable if address]


def _claim(session: Session, each: _Unsent, *, now: datetime) -> dict[int, Called]:
    """Write down what is about to be sent, leaving out what another run has claimed."""
    free = session.scalars(
        select(PanelReminder.id)
        .where(PanelReminder.id.in_(each.calls), PanelReminder.claimed_at.is_(None))
        .with_for_update()
    ).all()
    _mark(session, free, claimed_at=now)
    return {key: each.calls[key] for key in free}


def _mark(session: Session, keys: Iterable[int], **values: datetime | None) -> None:
    session.execute(update(PanelReminder).where(PanelReminder.id.in_(list(keys))).values(**values))


def _letter(each: _Unsent, claimed: dict[int, Called], *, public_url: str, now: datetime) -> Letter:
    kinds = {called.call for called in claimed.values()}
    page = PAGES[Call.PUBLISH] if kinds == {Call.PUBLISH} else PANEL_PAGE
    subject, text = letters.call(
        locale=each.user.locale or letters.DEFAULT_LOCALE,
        name=each.user.name,
        calls=list(claimed.values()),
        address=public_url.rstrip("/") + page,
    )
    return Letter(to=each.address, subject=subject, text=text, at=now)
