"""Links that work once: to an account with a role, or to another password for an account."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portfolio import audit
from portfolio.audit import Action
from portfolio.errors import DomainError, NotFound
from portfolio.models import Invitation, Membership, Role, School, User
from portfolio.models.people import SCHOOL_ROLES
from portfolio.policy import Actor
from portfolio.services.rows import clean_name
from portfolio.tokens import digest_of, new_token


def invite(
    session: Session,
    *,
    actor: Actor | None,
    now: datetime,
    lifetime: timedelta,
    name: str,
    role: Role,
    school_id: int | None = None,
) -> str:
    """Invite a person to a role; returns the link's token, which is shown once and stored nowhere.

    Raises DomainError (name_empty, name_long, role_needs_school, school_unknown, role_not_invitable).
    """
    wanted = clean_name(name)
    if (role in SCHOOL_ROLES) != (school_id is not None):
        raise DomainError("role_needs_school", field="role")
    if school_id is not None and session.get(School, school_id) is None:
        raise DomainError("school_unknown", field="school_id")
    if role is Role.CHAIR:
        raise DomainError("role_not_invitable", field="role")
    token, invitation = _send(
        session, actor=actor, now=now, lifetime=lifetime, name=wanted, role=role, school_id=school_id
    )
    audit.record(
        session,
        actor_id=invitation.invited_by,
        at=now,
        action=Action.USER_INVITED,
        subject=("invitation", invitation.id),
        school_id=school_id,
        after={"name": wanted, "role": role},
    )
    return token


def offer_new_password(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    lifetime: timedelta,
    user: User,
    school_id: int | None = None,
) -> str:
    """A one-time link with which a person who forgot their password chooses another.

    `school_id` is the school on whose behalf it is asked for. Whoever holds the link can be that person, so a
    school gets it only for those who are its own and nobody else's, and never for the one who signs.
    Raises DomainError (account_closed, password_link_bureau_only).
    """
    if user.disabled_at is not None:
        raise DomainError("account_closed")
    if not actor.holds(Role.BUREAU) and not _only_works_at(session, user, school_id):
        raise DomainError("password_link_bureau_only")
    revoke_password_links(session, user_id=user.id, now=now)
    token, _ = _send(
        session, actor=actor, now=now, lifetime=lifetime, name=user.name, user_id=user.id, school_id=school_id
    )
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=Action.PASSWORD_LINK_SENT,
        subject=("user", user.id),
        school_id=school_id,
        after={"name": user.name},
    )
    return token


def _only_works_at(session: Session, user: User, school_id: int | None) -> bool:
    held = session.scalars(select(Membership).where(Membership.user_id == user.id)).all()
    return bool(held) and all(
        m.school_id == school_id and m.role in (Role.CONTRIBUTOR, Role.LEAD) for m in held
    )


def revoke_password_links(session: Session, *, user_id: int, now: datetime) -> None:
    """Take back every link with which this person's password could be chosen anew."""
    session.execute(
        update(Invitation)
        .where(Invitation.user_id == user_id, Invitation.used_at.is_(None), Invitation.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def _send(
    session: Session,
    *,
    actor: Actor | None,
    now: datetime,
    lifetime: timedelta,
    name: str,
    role: Role | None = None,
    school_id: int | None = None,
    user_id: int | None = None,
) -> tuple[str, Invitation]:
    token = new_token()
    invitation = Invitation(
        token_sha256=digest_of(token),
        name=name,
        role=role,
        school_id=school_id,
        user_id=user_id,
        invited_by=actor.user_id if actor else None,
        created_at=now,
        expires_at=now + lifetime,
    )
    session.add(invitation)
    session.flush()
    return token, invitation


def open_invitation(session: Session, *, token: str, now: datetime, spend: bool = False) -> Invitation:
    """The invitation behind a link. Raises NotFound if unknown, DomainError if used, revoked or expired.

    With `spend` its row is locked, so that of two who open it at once the second finds it used.
    """
    wanted = select(Invitation).where(Invitation.token_sha256 == digest_of(token))
    if spend:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(wanted)
    if found is None:
        raise NotFound("invitation_unknown")
    if found.used_at is not None:
        raise DomainError("invitation_used")
    if found.revoked_at is not None:
        raise DomainError("invitation_revoked")
    if found.expires_at <= now:
        raise DomainError("invitation_expired")
    return found


def revoke_invitation(session: Session, *, actor: Actor, now: datetime, invitation: Invitation) -> None:
    """Take back a link that nobody has used. Raises DomainError (invitation_used, invitation_revoked)."""
    session.refresh(invitation, with_for_update=True)
    if invitation.used_at is not None:
        raise DomainError("invitation_used")
    if invitation.revoked_at is not None:
        raise DomainError("invitation_revoked")
    invitation.revoked_at = now
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=Action.INVITATION_REVOKED,
        subject=("invitation", invitation.id),
        school_id=invitation.school_id,
        before={"name": invitation.name, "role": invitation.role},
    )
