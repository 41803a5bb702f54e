"""Reminders of elements that fall due: each goes out once, to its owner only, and is on record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date as Date
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import and_, delete, insert, or_, select, update
from sqlalchemy.orm import Session, contains_eager, joinedload, sessionmaker

from portfolio import letters
from portfolio.days import day_of
from portfolio.db import new_id
from portfolio.letters import DueElement
from portfolio.mail import Letter, Mailer
from portfolio.models import (
    Dossier,
    DossierState,
    Membership,
    Reminder,
    Role,
    SelfAssessment,
    SupplementRequest,
    User,
)
from portfolio.queries import work
from portfolio.queries.standing import standing
from portfolio.queries.supplements import asked_of
from portfolio.queries.work import Task
from portfolio.services.addresses import address_of
from portfolio.services.mailing import Outcome, send_each

WORK_PAGE = "/dossiers/{dossier_id}/work/mine"


@dataclass(frozen=True, slots=True)
class Due:
    """One person's elements in one dossier that a reminder is due for."""

    dossier: Dossier
    user: User
    address: str = field(repr=False)
    elements: tuple[tuple[Task, int], ...]  # with the days before at which they are reminded of


def send_due(sessions: sessionmaker[Session], mailer: Mailer, *, now: datetime) -> Outcome:
    """Send every reminder that is due now. What went out doesn't go again."""
    with sessions() as session:
        found = due(session, now=now, days=mailer.settings.remind_days)
    return send_each(
        sessions,
        mailer,
        found,
        claim=partial(claim, now=now),
        letter=partial(letter_for, public_url=mailer.settings.public_url, now=now),
        mark_sent=partial(mark_sent, now=now),
        release=release,
    )


def due(session: Session, *, now: datetime, days: Sequence[int]) -> list[Due]:
    """What should be reminded of and isn't yet: per dossier and person, three statements a dossier and three more."""
    today = day_of(now)
    last = today + timedelta(days=max(days))
    found: list[Due] = []
    for dossier in _dossiers(session, today, last):
        already = _already(session, dossier.id)
        by_owner: dict[int, list[tuple[Task, int]]] = defaultdict(list)
        stands = standing(session, dossier, now=now, with_uncited=False)
        asked = asked_of(session, dossier)
        for task in work.tasks(stands, today=today):
            if asked is not None and not asked.opens(task.element.code, now):
                continue
            step = _step(task, days, asked=asked is not None)
            if step is not None and (task.element.code, task.owner_id, task.due_on, step) not in already:
                by_owner[task.owner_id].append((task, step))
        for user in _reachable(session, dossier.school_id, by_owner):
            address = address_of(user)
            if address:
                found.append(Due(dossier, user, address, tuple(by_owner[user.id])))
    return found


def claim(session: Session, each: Due, *, now: datetime) -> dict[int, Task]:
    """Write down what is about to be sent, leaving out what another run has written down: row id → task."""
    # Runs queue here: whoever holds the dossier's row has seen all that was claimed before.
    session.execute(select(Dossier.id).where(Dossier.id == each.dossier.id).with_for_update())
    already = _already(session, each.dossier.id)
    claimed: dict[int, Task] = {}
    for task, step in each.elements:
        if (task.element.code, each.user.id, task.due_on, step) in already:
            continue
        claimed[key := new_id()] = task
        session.execute(
            insert(Reminder).values(
                id=key,
                dossier_id=each.dossier.id,
                element=task.element.code,
                user_id=each.user.id,
                due_on=task.due_on,
                days_before=step,
                claimed_at=now,
            )
        )
    return claimed


def mark_sent(session: Session, claimed: dict[int, Task], *, now: datetime) -> None:
    """Record that the mail went out."""
    session.execute(update(Reminder).where(Reminder.id.in_(claimed)).values(sent_at=now))


def release(session: Session, claimed: dict[int, Task]) -> None:
    """The mail didn't go out: the next run may try again."""
    session.execute(delete(Reminder).where(Reminder.id.in_(claimed), Reminder.sent_at.is_(None)))


def letter_for(each: Due, claimed: dict[int, Task], *, public_url: str, now: datetime) -> Letter:
    """The letter in the person's language."""
    subject, text = letters.reminder(
        locale=each.user.locale or letters.DEFAULT_LOCALE,
        name=each.user.name,
        school=each.dossier.school.name,
        elements=[
            DueElement(task.element.code, task.element.short_title, task.due_on, task.status)
            for task in claimed.values()
            if task.due_on is not None
        ],
        address=public_url.rstrip("/") + WORK_PAGE.format(dossier_id=each.dossier.id),
    )
    return Letter(to=each.address, subject=subject, text=text, at=now)


def _step(task: Task, days: Sequence[int], *, asked: bool = False) -> int | None:
    """At which of the days before an element is reminded of now: the nearest one that has come; None if none has.

    What a panel asked about is due however complete it is.
    """
    if (task.done and not asked) or task.days_left is None or task.days_left < 0:
        return None
    return min((step for step in days if step >= task.days_left), default=None)


def _dossiers(session: Session, today: Date, last: Date) -> list[Dossier]:
    """Those being drafted, or asked about by a panel, in which something falls due."""
    falling = (
        select(SelfAssessment.dossier_id)
        .where(SelfAssessment.due_on.between(today, last), SelfAssessment.assignee_id.is_not(None))
        .distinct()
    )
    waiting = select(SupplementRequest.dossier_id).where(
        SupplementRequest.answered_at.is_(None),
        SupplementRequest.withdrawn_at.is_(None),
        SupplementRequest.lapsed_at.is_(None),
    )
    return list(
        session.scalars(
            select(Dossier)
            .join(Dossier.cycle)
            .options(contains_eager(Dossier.cycle), joinedload(Dossier.school, innerjoin=True))
            .where(
                Dossier.id.in_(falling),
                or_(
                    Dossier.state == DossierState.DRAFTING,
                    and_(Dossier.state == DossierState.SUBMITTED, Dossier.id.in_(waiting)),
                ),
            )
            .order_by(Dossier.id)
        )
    )


def _already(session: Session, dossier_id: int) -> set[tuple[str, int, Date, int]]:
    rows = session.execute(
        select(Reminder.element, Reminder.user_id, Reminder.due_on, Reminder.days_before).where(
            Reminder.dossier_id == dossier_id
        )
    )
    return {(row.element, row.user_id, row.due_on, row.days_before) for row in rows}


def _reachable(session: Session, school_id: int, owners: dict[int, list[tuple[Task, int]]]) -> list[User]:
    """Those of the owners who still work here and have an account."""
    if not owners:
        return []
    staff = select(Membership.user_id).where(
        Membership.school_id == school_id, Membership.role.in_([Role.CONTRIBUTOR, Role.LEAD])
    )
    return list(
        session.scalars(
            select(User)
            .where(User.id.in_(owners), User.id.in_(staff), User.disabled_at.is_(None))
            .order_by(User.id)
        )
    )
