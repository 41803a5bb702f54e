"""Who is what: roles given to and taken from people who have an account, and their names."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio import audit
from portfolio.audit import Action
from portfolio.errors import DomainError
from portfolio.models import Membership, Role, School, User
from portfolio.models.people import SCHOOL_ROLES
from portfolio.policy import Actor
from portfolio.services import accounts
from portfolio.services.rows import clean_name


def give_role(
    session: Session, *, actor: Actor, now: datetime, user: User, role: Role, school_id: int | None = None
) -> Membership:
    """Give a role to a person who has an account.

    Raises DomainError (role_not_invitable, role_needs_school, school_unknown).
    """
    if role is Role.CHAIR:
        raise DomainError("role_not_invitable", field="role")
    if (role in SCHOOL_ROLES) != (school_id is not None):
        raise DomainError("role_needs_school", field="role")
    if school_id is not None and session.get(School, school_id) is None:
        raise DomainError("school_unknown", field="school_id")
    held = _held(session, user, role, school_id)
    if held is not None:
        return held
    given = accounts.grant(session, user=user, role=role, school_id=school_id)
    _record(session, Action.ROLE_GIVEN, given, actor=actor, now=now, name=user.name)
    return given


def take_role(session: Session, *, actor: Actor, now: datetime, membership: Membership, name: str) -> None:
    """Take a role from a person, whose name is for the trail. Raises DomainError.

    Panel roles stay (role_kept_by_panel): reviews hang on them. Nobody takes from themselves the role by
    which they act here (cannot_take_own_role): there might be nobody left to give it back.
    """
    if membership.panel_id is not None:
        raise DomainError("role_kept_by_panel")
    if membership.user_id == actor.user_id and membership.role in (Role.LEAD, Role.BUREAU):
        raise DomainError("cannot_take_own_role")
    _record(session, Action.ROLE_TAKEN, membership, actor=actor, now=now, name=name)
    session.delete(membership)
    session.flush()


def rename(session: Session, *, actor: Actor, now: datetime, user: User, name: str) -> None:
    """Correct a person's name. Raises DomainError (name_empty, name_long)."""
    wanted = clean_name(name)
    if wanted == user.name:
        return
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=Action.USER_RENAMED,
        subject=("user", user.id),
        before={"name": user.name},
        after={"name": wanted},
    )
    user.name = wanted


def _held(session: Session, user: User, role: Role, school_id: int | None) -> Membership | None:
    return session.scalar(
        select(Membership).where(
            Membership.user_id == user.id,
            Membership.role == role,
            Membership.school_id == school_id,
            Membership.panel_id.is_(None),
        )
    )


def _record(
    session: Session, action: Action, membership: Membership, *, actor: Actor, now: datetime, name: str
) -> None:
    described = {"name": name, "role": membership.role}
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=action,
        subject=("user", membership.user_id),
        school_id=membership.school_id,
        before=described if action is Action.ROLE_TAKEN else None,
        after=described if action is Action.ROLE_GIVEN else None,
    )
