"""What can be given to panels: the packages of a round that wait, panels with their loads, who is tied where."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, exists, literal, select, union_all
from sqlalchemy.orm import Session

from portfolio.models import (
    Assignment,
    Dossier,
    ElementReview,
    Membership,
    Package,
    Panel,
    Recusal,
    Review,
    Role,
    Round,
    School,
    User,
)
from portfolio.policy import counts
from portfolio.queries.allotted import on_hand
from portfolio.queries.school_standing import newest_package

# (person, school): whether they declared it, or else work there
Ties = dict[tuple[int, int], bool]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A school's newest package, with no panel in the round yet."""

    package_id: int
    number: int
    digest: str
    school_id: int
    school: str
    district: str
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody who can score: how many elements they have on their hands, everywhere, and what is theirs here."""

    user_id: int
    name: str
    username: str
    on_hand: int = 0
    review_id: int | None = None
    handed_in_at: datetime | None = None
    elements: frozenset[str] = frozenset()
    # those of the elements they have saved something for
    begun: frozenset[str] = frozenset()
    # False: stepped aside or taken off
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Bench:
    """A panel with its experts by name, and its chairs' ids with their names."""

    panel: Panel
    experts: tuple[Seat, ...]
    chairs: dict[int, str]

    @property
    def people(self) -> set[int]:
        """Everybody on it."""
        return {expert.user_id for expert in self.experts} | set(self.chairs)


def waiting(session: Session, held: Round) -> list[Waiting]:
    """The round's packages without a panel, by district and school; one statement."""
    given = exists().where(Assignment.package_id == Package.id, Assignment.round_id == held.id)
    rows = session.execute(
        select(
            Package.id,
            Package.number,
            Package.digest,
            School.id,
            School.name,
            School.district,
            Package.signed_at,
        )
        .select_from(Dossier)
        .join(Package, Package.id == newest_package())
        .join(School, School.id == Dossier.school_id)
        .where(Dossier.cycle_id == held.cycle_id, ~given)
        .order_by(School.district, School.name)
    )
    return [Waiting(*row) for row in rows]


def benches(session: Session, held: Round) -> list[Bench]:
    """The round's panels in the order they were formed; two statements."""
    rows = session.execute(
        select(Panel, Membership.role, User.id, User.name, User.username)
        .join(Membership, Membership.panel_id == Panel.id)
        .join(User, User.id == Membership.user_id)
        .where(Panel.round_id == held.id)
        .order_by(Panel.created_at, Panel.name, User.name, User.id)
    ).all()
    load = on_hand(session, {row.id for row in rows})
    panels = {row.Panel.id: row.Panel for row in rows}
    return [
        Bench(
            panel,
            tuple(
                Seat(row.id, row.name, row.username, load[row.id])
                for row in rows
                if row.Panel is panel and row.role is Role.EXPERT
            ),
            {row.id: row.name for row in rows if row.Panel is panel and row.role is Role.CHAIR},
        )
        for panel in panels.values()
    ]


def ties(session: Session, people: Collection[int], schools: Collection[int]) -> Ties:
    """Which of the people work at which of the schools, or declared a conflict with it; one statement."""
    works = select(Membership.user_id, Membership.school_id, literal(0)).where(
        Membership.user_id.in_(people), Membership.school_id.in_(schools)
    )
    declared = select(Recusal.user_id, Recusal.school_id, literal(1)).where(
        Recusal.user_id.in_(people), Recusal.school_id.in_(schools)
    )
    found: Ties = {}
    rows: Sequence[Any] = session.execute(union_all(works, declared)).all()
    for row in rows:
        person, school = int(row[0]), int(row[1])
        found[person, school] = bool(row[2]) or found.get((person, school), False)
    return found


def seats(session: Session, assignment: Assignment, extra: Collection[int] = ()) -> list[Seat]:
    """Who scores the package, who could, and who did and counts no more, by name; `extra`: others who could too.

    Three statements.
    """
    counted = counts(assignment.package.school_id)
    rows = session.execute(
        select(Review, User.name, User.username, counted, ElementReview.element, ElementReview.version)
        .join(Assignment, Assignment.id == Review.assignment_id)
        .join(User, User.id == Review.expert_id)
        .outerjoin(ElementReview, ElementReview.review_id == Review.id)
        .where(Review.assignment_id == assignment.id)
        .execution_options(populate_existing=True)
    )
    found: dict[int, Seat] = {}
    for review, name, username, still, code, version in rows:
        seat = found.get(review.expert_id) or Seat(
            review.expert_id,
            name,
            username,
            review_id=review.id,
            handed_in_at=review.handed_in_at,
            counts=bool(still),
        )
        own = {code} if code else set()
        found[review.expert_id] = replace(
            seat, elements=seat.elements | own, begun=seat.begun | (own if version else set())
        )
    for user_id, name, username in session.execute(_could(assignment, extra)):
        found.setdefault(user_id, Seat(user_id, name, username))
    load = on_hand(session, list(found))
    named = sorted(found.values(), key=lambda seat: (seat.name, seat.user_id))
    return [replace(seat, on_hand=load[seat.user_id]) for seat in named]


def standing_digest(seats: Iterable[Seat]) -> str:
    """Names exactly who has what: what was seen is what is changed. Scores that come in meanwhile change nothing."""
    rows = sorted(
        (seat.user_id, seat.counts, sorted(seat.elements)) for seat in seats if seat.review_id is not None
    )
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def _could(assignment: Assignment, extra: Collection[int]) -> Select[int, str, str]:
    """The panel's experts, and those named besides."""
    sits = exists().where(
        Membership.user_id == User.id,
        Membership.panel_id == assignment.panel_id,
        Membership.role == Role.EXPERT,
    )
    return select(User.id, User.name, User.username).where(
        sits | User.id.in_(extra), User.disabled_at.is_(None)
    )
