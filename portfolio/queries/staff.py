"""Schools, accounts and invitations, as those who look after them see them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from portfolio.errors import NotFound
from portfolio.models import Cycle, Dossier, Invitation, Membership, Panel, Role, School, User
from portfolio.policy import NOWHERE, Place
from portfolio.queries.school_standing import newest_package

PAGE = 100

# ---- Where things stand ----


def person(session: Session, *, user_id: int) -> tuple[User, Place]:
    """Anybody with an account."""
    found = session.get(User, user_id)
    if found is None:
        raise NotFound()
    return found, NOWHERE


def role_held(session: Session, *, membership_id: int) -> tuple[Membership, Place]:
    """A role as somebody holds it, with the person."""
    found = session.scalar(
        select(Membership)
        .options(joinedload(Membership.user, innerjoin=True))
        .where(Membership.id == membership_id)
    )
    if found is None:
        raise NotFound()
    return found, NOWHERE


def invitation(session: Session, *, invitation_id: int) -> tuple[Invitation, Place]:
    """An invitation, wherever it leads."""
    found = session.get(Invitation, invitation_id)
    if found is None:
        raise NotFound()
    return found, NOWHERE


def school_member(session: Session, *, school_id: int, user_id: int) -> tuple[User, Place]:
    """Somebody on a school's staff."""
    found = session.scalar(
        select(User).where(
            User.id == user_id,
            User.id.in_(select(Membership.user_id).where(Membership.school_id == school_id)),
        )
    )
    if found is None:
        raise NotFound()
    return found, Place(school_id=school_id)


def school_role(session: Session, *, school_id: int, membership_id: int) -> tuple[Membership, Place]:
    """A role held in a school, with the person."""
    found, _ = role_held(session, membership_id=membership_id)
    if found.school_id != school_id:
        raise NotFound()
    return found, Place(school_id=school_id)


def school_invitation(session: Session, *, school_id: int, invitation_id: int) -> tuple[Invitation, Place]:
    """An invitation to a school's staff."""
    found, _ = invitation(session, invitation_id=invitation_id)
    if found.school_id != school_id:
        raise NotFound()
    return found, Place(school_id=school_id)


# ---- People ----


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A role a person holds, and where: a school, a panel, or the city."""

    membership_id: int
    role: Role
    school: str | None = None
    panel: str | None = None


@dataclass(frozen=True, slots=True)
class AccountRow:
    """A person with their roles."""

    user_id: int
    name: str
    username: str
    disabled: bool
    roles: list[HeldRole] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class AccountsPage:
    """One page of accounts, how many there are in all, and how many pages."""

    rows: list[AccountRow]
    found: int
    page: int
    pages: int


def accounts(session: Session, *, role: Role | None = None, name: str = "", page: int = 1) -> AccountsPage:
    """Accounts by name, those of a role or with these letters in their names where asked."""
    wanted = select(User).where(*_sought(role, name))
    found = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    pages = max(1, -(-found // PAGE))
    page = min(max(page, 1), pages)
    users = session.scalars(wanted.order_by(User.name, User.id).limit(PAGE).offset((page - 1) * PAGE)).all()
    return AccountsPage(_with_roles(session, users), found, page, pages)


def all_accounts(session: Session, *, role: Role | None = None, name: str = "") -> Iterator[AccountRow]:
    """All of them, read in one statement as they are asked for."""
    rows = session.execute(
        select(User, Membership, School.name, Panel.name)
        .outerjoin(Membership, Membership.user_id == User.id)
        .outerjoin(School, School.id == Membership.school_id)
        .outerjoin(Panel, Panel.id == Membership.panel_id)
        .where(*_sought(role, name))
        .order_by(User.name, User.id, School.name, Panel.name, Membership.role)
        .execution_options(yield_per=PAGE)
    )
    for _user_id, theirs in groupby(rows, key=lambda row: row[0].id):
        held = list(theirs)
        user = held[0][0]
        yield AccountRow(
            user.id,
            user.name,
            user.username,
            user.disabled_at is not None,
            [HeldRole(each.id, each.role, school, panel) for _, each, school, panel in held if each],
        )


def _sought(role: Role | None, name: str) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if role is not None:
        conditions.append(User.id.in_(select(Membership.user_id).where(Membership.role == role)))
    if name:
        conditions.append(
            or_(User.name.icontains(name, autoescape=True), User.username.icontains(name, autoescape=True))
        )
    return conditions


def account(session: Session, user: User) -> AccountRow:
    """One person with all their roles."""
    return _with_roles(session, [user])[0]


def staff_of(session: Session, school_id: int) -> list[AccountRow]:
    """A school's people, with the roles they hold there and no others."""
    staff = select(Membership.user_id).where(Membership.school_id == school_id)
    users = session.scalars(select(User).where(User.id.in_(staff)).order_by(User.name, User.id)).all()
    return _with_roles(session, users, school_id=school_id)


def _with_roles(session: Session, users: Iterable[User], *, school_id: int | None = None) -> list[AccountRow]:
    rows = {
        user.id: AccountRow(user.id, user.name, user.username, user.disabled_at is not None) for user in users
    }
    held = (
        select(Membership, School.name, Panel.name)
        .outerjoin(School, School.id == Membership.school_id)
        .outerjoin(Panel, Panel.id == Membership.panel_id)
        .where(Membership.user_id.in_(rows))
        .order_by(School.name, Panel.name, Membership.role)
    )
    if school_id is not None:
        held = held.where(Membership.school_id == school_id)
    for membership, school, panel in session.execute(held):
        rows[membership.user_id].roles.append(HeldRole(membership.id, membership.role, school, panel))
    return list(rows.values())


@dataclass(frozen=True, slots=True)
class InvitationRow:
    """A link that was sent and not used yet; without a role it lets its owner choose a new password."""

    invitation_id: int
    name: str
    role: Role | None
    school: str | None
    expires_at: datetime


def open_invitations(session: Session, *, now: datetime, school_id: int | None = None) -> list[InvitationRow]:
    """Links that still work, newest first; of one school if it is named."""
    statement = (
        select(Invitation, School.name)
        .outerjoin(School, School.id == Invitation.school_id)
        .where(Invitation.used_at.is_(None), Invitation.revoked_at.is_(None), Invitation.expires_at > now)
        .order_by(Invitation.created_at.desc())
    )
    if school_id is not None:
        statement = statement.where(Invitation.school_id == school_id)
    return [
        InvitationRow(row.id, row.name, row.role, school, row.expires_at)
        for row, school in session.execute(statement)
    ]


def school_names(session: Session) -> list[tuple[int, str, str]]:
    """All schools, to choose from: (id, district, name)."""
    rows = session.execute(
        select(School.id, School.district, School.name).order_by(School.district, School.name)
    )
    return [(school_id, district, name) for school_id, district, name in rows]


# ---- Schools ----


@dataclass(frozen=True, slots=True)
class SchoolRow:
    """A school in the list, with the number of its people and of its dossiers."""

    school: School
    people: int
    dossiers: int


def schools(session: Session, *, name: str = "") -> list[SchoolRow]:
    """All schools, or those with these letters in their name or district."""
    people = (
        select(func.count(Membership.user_id.distinct()))
        .where(Membership.school_id == School.id)
        .correlate(School)
        .scalar_subquery()
    )
    taken_part = (
        select(func.count()).where(Dossier.school_id == School.id).correlate(School).scalar_subquery()
    )
    statement = select(School, people, taken_part).order_by(School.district, School.name)
    if name:
        statement = statement.where(
            School.name.icontains(name, autoescape=True) | School.district.icontains(name, autoescape=True)
        )
    return [SchoolRow(*row) for row in session.execute(statement)]


def dossiers_of(session: Session, school_id: int) -> list[tuple[Dossier, int | None]]:
    """A school's dossiers with their cycles, newest first, and the id of each one's newest package."""
    rows = session.execute(
        select(Dossier, newest_package())
        .join(Dossier.cycle)
        .options(contains_eager(Dossier.cycle))
        .where(Dossier.school_id == school_id)
        .order_by(Cycle.opens_at.desc())
    )
    return [(dossier, package_id) for dossier, package_id in rows]
