"""Who is to be reminded of a panel's review, and what reminders a person has."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from portfolio.days import day_of
from portfolio.models import (
    Assignment,
    Call,
    Closing,
    Membership,
    Package,
    PanelReminder,
    Recusal,
    Review,
    Role,
    Round,
    School,
    User,
)
from portfolio.policy import Actor
from portfolio.queries.progress import PackageWay, Person, Phase, package_ways

BY_HAND = "by hand"


@dataclass(frozen=True, slots=True)
class Summons:
    """One person to be reminded of one package; `occasion` makes it another reminder than those before."""

    person: Person
    call: Call
    way: PackageWay
    occasion: str

    @property
    def key(self) -> tuple[int, int, Call, str]:
        """What no two reminders have in common."""
        return self.way.assignment_id, self.person.user_id, self.call, self.occasion


def due_calls(session: Session, *, now: datetime, days: Sequence[int]) -> list[Summons]:
    """What the clock asks for now and nobody was reminded of yet, in all cycles; five statements.

    `days`: how long before the deadline experts are reminded, in days.
    """
    ways = package_ways(session)
    office = _office(session) if any(way.phase is Phase.CLOSED for way in ways) else ()
    found = [
        summons for way in ways for summons in (*_by_the_clock(way, now, days), *_to_publish(way, office))
    ]
    return _new(session, found)


def calls_by_hand(session: Session, ways: Iterable[PackageWay], *, now: datetime) -> list[Summons]:
    """Whom the bureau would remind now: whoever's turn it is, but for those it reminded today."""
    occasion = f"{BY_HAND} {day_of(now).isoformat()}"
    return _new(
        session,
        [
            Summons(person, _call_of(way, now), way, occasion)
            for way in ways
            for person in way.waits_for(now)
            if person.active
        ],
    )


def _call_of(way: PackageWay, now: datetime) -> Call:
    if way.phase is Phase.SCORING:
        return Call.REVIEW_LATE if way.is_late(now) else Call.REVIEW_DUE
    return Call.SIGN if way.phase is Phase.SIGNING else Call.SETTLE


def _by_the_clock(way: PackageWay, now: datetime, days: Sequence[int]) -> Iterator[Summons]:
    if way.phase is Phase.ALL_IN:
        yield from (
            Summons(chair, Call.SETTLE, way, "all in") for chair in way.waits_for(now) if chair.active
        )
    if way.phase is not Phase.SCORING or way.review_by is None:
        return
    deadline = day_of(way.review_by).isoformat()
    if way.is_late(now):
        call, occasion = Call.REVIEW_LATE, deadline
    else:
        left = way.days_left(now) or 0
        step = min((each for each in days if each >= left), default=None)
        if step is None:
            return
        call, occasion = Call.REVIEW_DUE, f"{deadline} -{step}"
    yield from (Summons(person, call, way, occasion) for person in way.waits_for(now) if person.active)


def _to_publish(way: PackageWay, office: Sequence[Person]) -> Iterator[Summons]:
    if way.phase is Phase.CLOSED and way.closed_at is not None:
        occasion = way.closed_at.isoformat(timespec="minutes")
        yield from (Summons(person, Call.PUBLISH, way, occasion) for person in office)


def _office(session: Session) -> tuple[Person, ...]:
    """The bureau's people."""
    rows = session.execute(
        select(User.id, User.name)
        .where(
            User.id.in_(select(Membership.user_id).where(Membership.role == Role.BUREAU)),
            User.disabled_at.is_(None),
        )
        .order_by(User.id)
    )
    return tuple(Person(user_id, name, True) for user_id, name in rows)


def _new(session: Session, found: list[Summons]) -> list[Summons]:
    """Those that nobody got yet."""
    got = noted(session, {summons.way.assignment_id for summons in found})
    return [summons for summons in found if summons.key not in got]


def noted(session: Session, assignment_ids: Collection[int]) -> set[tuple[int, int, Call, str]]:
    """The reminders of these packages that are on record; one statement, none for none."""
    if not assignment_ids:
        return set()
    rows = session.execute(
        select(
            PanelReminder.assignment_id, PanelReminder.user_id, PanelReminder.call, PanelReminder.occasion
        ).where(PanelReminder.assignment_id.in_(assignment_ids))
    )
    return {(assignment_id, user_id, call, occasion) for assignment_id, user_id, call, occasion in rows}


@dataclass(frozen=True, slots=True)
class MyCall:
    """A reminder that still holds: of which school's package, and since when."""

    call: Call
    school: str
    round: str
    review_by: datetime | None
    noted_at: datetime
    by_hand: bool


def still_holds() -> ColumnElement[bool]:
    """Whether what a reminder asks for is still to be done; over reminders, their assignments and packages."""
    out = exists().where(
        Review.assignment_id == Assignment.id,
        Review.expert_id == PanelReminder.user_id,
        Review.handed_in_at.is_(None),
    )
    proposed = exists().where(
        Closing.assignment_id == Assignment.id, Closing.signed_at.is_(None), Closing.withdrawn_at.is_(None)
    )
    away = exists().where(Recusal.user_id == PanelReminder.user_id, Recusal.school_id == Package.school_id)
    seated = exists().where(
        Membership.user_id == PanelReminder.user_id, Membership.panel_id == Assignment.panel_id
    )
    call = PanelReminder.call
    at_table = and_(
        Assignment.closed_at.is_(None),
        seated,
        ~away,
        or_(
            and_(call.in_([Call.REVIEW_DUE, Call.REVIEW_LATE]), out),
            and_(call == Call.SETTLE, ~proposed),
            and_(call == Call.SIGN, proposed),
        ),
    )
    in_office = and_(
        call == Call.PUBLISH, Assignment.closed_at.is_not(None), Assignment.published_at.is_(None)
    )
    return or_(at_table, in_office)


def my_calls(session: Session, actor: Actor) -> list[MyCall]:
    """A person's reminders that still hold, each matter once, the newest first; one statement."""
    rows = session.execute(
        select(
            PanelReminder.call,
            School.name,
            Round.name,
            Round.review_by,
            PanelReminder.noted_at,
            PanelReminder.asked_by.is_not(None),
            Assignment.id,
        )
        .join(Assignment, Assignment.id == PanelReminder.assignment_id)
        .join(Round, Round.id == Assignment.round_id)
        .join(Package, Package.id == Assignment.package_id)
        .join(School, School.id == Package.school_id)
        .where(PanelReminder.user_id == actor.user_id, still_holds())
        .order_by(PanelReminder.noted_at.desc(), School.name)
    )
    found: dict[int, MyCall] = {}
    for call, school, round_, review_by, noted_at, by_hand, assignment_id in rows:
        found.setdefault(assignment_id, MyCall(call, school, round_, review_by, noted_at, by_hand))
    return list(found.values())
