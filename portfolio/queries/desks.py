"""What each round of a cycle has to hand out: its panels, who could sit on them, and the packages they are given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, literal, select, union_all
from sqlalchemy.orm import Session, aliased

from portfolio.models import (
    Assignment,
    Cycle,
    Dossier,
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
from portfolio.models.people import PANEL_ROLES
from portfolio.policy import counts
from portfolio.queries.allotted import Load, loads, short_elements
from portfolio.queries.school_standing import newest_package
from portfolio.queries.substitutes import Aside, stepped_aside


@dataclass(frozen=True, slots=True)
class Handed:
    """A package as one round sees it: given to a panel or not yet."""

    package_id: int
    number: int
    school_id: int
    school: str
    submitted_at: datetime
    claimed: Decimal
    assignment: Assignment | None
    panel: str | None
    reviews: int
    handed_in: int


@dataclass(frozen=True, slots=True)
class PanelRow:
    """A panel of a round with its people, the chair first, and the number of packages it was given."""

    panel: Panel
    members: tuple[Member, ...]
    packages: int


@dataclass(frozen=True, slots=True)
class Member:
    """A person on a panel."""

    user_id: int
    name: str
    chair: bool


@dataclass(frozen=True, slots=True)
class Conflict:
    """Why a panel must not have a school's packages: a member works there, or declared a conflict."""

    user_id: int
    name: str
    declared: bool


@dataclass(frozen=True, slots=True)
class RoundDesk:
    """Everything to hand out in one round; `conflicts` by (panel id, school id)."""

    round: Round
    panels: list[PanelRow]
    packages: list[Handed]
    conflicts: dict[tuple[int, int], list[Conflict]]
    # by assignment: who stepped aside and has nobody in their place
    aside: dict[int, list[Aside]]
    # by assignment: the elements with too few experts
    short: dict[int, list[str]]
    # by panel and expert: what they have to do, and how far they are
    loads: dict[int, dict[int, Load]]

    def free_panels(self, school_id: int) -> list[PanelRow]:
        """The panels without a conflict with the school."""
        return [row for row in self.panels if (row.panel.id, school_id) not in self.conflicts]

    def stands_without(self, row: PanelRow, school_id: int) -> bool:
        """Whether those in conflict can stand by while the rest of the panel judges the school: its chair can't."""
        tied = {conflict.user_id for conflict in self.conflicts.get((row.panel.id, school_id), ())}
        return tied.isdisjoint(member.user_id for member in row.members if member.chair)


def round_desks(session: Session, held: Cycle, *, with_aside: bool = True) -> list[RoundDesk]:
    """What each round of a cycle has to hand out, and to whom; on demand without who stepped aside, and loads."""
    panels = _panels(session, held.rounds)
    packages = _packages(session, held)
    conflicts = _conflicts(session, [row.panel.id for row in panels])
    wanted = [row.panel.id for row in panels] if with_aside else []
    aside = stepped_aside(session, wanted) if wanted else {}
    short = short_elements(session, list(aside)) if aside else {}
    load = loads(session, wanted) if wanted else {}
    return [
        RoundDesk(
            round=each,
            panels=[row for row in panels if row.panel.round_id == each.id],
            packages=[handed for round_id, handed in packages if round_id == each.id],
            conflicts=conflicts,
            aside=aside,
            short=short,
            loads=load,
        )
        for each in held.rounds
    ]


def _panels(session: Session, rounds: Iterable[Round]) -> list[PanelRow]:
    wanted = [each.id for each in rounds]
    packages = select(func.count()).where(Assignment.panel_id == Panel.id).correlate(Panel).scalar_subquery()
    rows = session.execute(
        select(Panel, packages).where(Panel.round_id.in_(wanted)).order_by(Panel.created_at, Panel.name)
    ).all()
    seated: dict[int, dict[int, Member]] = {}
    for panel_id, user_id, name, role in session.execute(
        select(Membership.panel_id, User.id, User.name, Membership.role)
        .join(User, User.id == Membership.user_id)
        .join(Panel, Panel.id == Membership.panel_id)
        .where(Panel.round_id.in_(wanted))
        .order_by(Membership.role, User.name)
    ):
        assert panel_id is not None
        # "chair" sorts before "expert": who is both stands as the chair, once
        seated.setdefault(panel_id, {}).setdefault(user_id, Member(user_id, name, role is Role.CHAIR))
    return [PanelRow(panel, tuple(seated.get(panel.id, {}).values()), count) for panel, count in rows]


def _packages(session: Session, held: Cycle) -> list[tuple[int, Handed]]:
    """(round id, package) for every school and each round: the package that a panel has, else the newest one."""
    any_of = aliased(Package)
    reviews = (
        select(func.count())
        .where(
            Review.assignment_id == Assignment.id,
            counts(School.id),
        )
        .correlate(Assignment, School)
    )
    rows = session.execute(
        select(
            Round.id,
            Package,
            School,
            Assignment,
            Panel.name,
            reviews.scalar_subquery(),
            reviews.where(Review.handed_in_at.is_not(None)).scalar_subquery(),
        )
        .select_from(Dossier)
        .join(School, School.id == Dossier.school_id)
        .join(Round, Round.cycle_id == Dossier.cycle_id)
        .outerjoin(
            Assignment,
            (Assignment.round_id == Round.id)
            & Assignment.package_id.in_(select(any_of.id).where(any_of.dossier_id == Dossier.id)),
        )
        .join(Package, Package.id == func.coalesce(Assignment.package_id, newest_package()))
        .outerjoin(Panel, Panel.id == Assignment.panel_id)
        .where(Dossier.cycle_id == held.id)
        .order_by(Package.signed_at, School.name)
    )
    return [
        (
            round_id,
            Handed(
                package_id=package.id,
                number=package.number,
                school_id=school.id,
                school=school.name,
                submitted_at=package.signed_at,
                claimed=package.claimed,
                assignment=given,
                panel=panel,
                reviews=reviews_,
                handed_in=handed_in,
            ),
        )
        for round_id, package, school, given, panel, reviews_, handed_in in rows
    ]


def _conflicts(session: Session, panel_ids: Sequence[int]) -> dict[tuple[int, int], list[Conflict]]:
    """Who of each panel works at which school, or declared a conflict with it."""
    if not panel_ids:
        return {}
    seat = (
        select(Membership.panel_id, Membership.user_id)
        .where(Membership.panel_id.in_(panel_ids))
        .distinct()
        .subquery()
    )
    works = select(seat.c.panel_id, Membership.school_id, User.id, User.name, literal(0)).where(
        Membership.user_id == seat.c.user_id, Membership.school_id.is_not(None), User.id == seat.c.user_id
    )
    declared = select(seat.c.panel_id, Recusal.school_id, User.id, User.name, literal(1)).where(
        Recusal.user_id == seat.c.user_id, User.id == seat.c.user_id
    )
    found: dict[tuple[int, int], list[Conflict]] = {}
    for panel_id, school_id, user_id, name, was_declared in session.execute(union_all(works, declared)):
        conflict = Conflict(user_id, name, bool(was_declared))
        if conflict not in found.setdefault((panel_id, school_id), []):
            found[(panel_id, school_id)].append(conflict)
    return found


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who can sit on a panel, and the schools they work at."""

    user_id: int
    name: str
    schools: tuple[str, ...]


def candidates(session: Session) -> list[Candidate]:
    """Everybody with an open account who is an expert or a chair somewhere."""
    experts = select(Membership.user_id).where(Membership.role.in_(PANEL_ROLES))
    rows = session.execute(
        select(User.id, User.name, School.name)
        .outerjoin(Membership, (Membership.user_id == User.id) & Membership.school_id.is_not(None))
        .outerjoin(School, School.id == Membership.school_id)
        .where(User.id.in_(experts), User.disabled_at.is_(None))
        .order_by(User.name, User.id)
    )
    found: dict[int, Candidate] = {}
    for user_id, name, school in rows:
        known = found.get(user_id, Candidate(user_id, name, ()))
        added = (school,) if school and school not in known.schools else ()
        found[user_id] = Candidate(user_id, name, known.schools + added)
    return list(found.values())
