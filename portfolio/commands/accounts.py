"""Accounts: the first one of an installation can only come from here."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.commands.installation import CannotRun, opened
from portfolio.models import Role, School
from portfolio.models.people import SCHOOL_ROLES
from portfolio.services import invitations

# a chair is made by giving an expert a panel
ROLES = tuple(role.value for role in Role if role is not Role.CHAIR)


def invite(arguments: argparse.Namespace) -> int:
    """Print a link with which one person makes one account."""
    role = Role(arguments.role)
    if (role in SCHOOL_ROLES) != (arguments.school is not None):
        raise CannotRun(
            f"the role {role} " + ("needs a --school" if role in SCHOOL_ROLES else "takes no --school")
        )
    with opened() as place:
        place.require_schema()
        with place.writing() as session:
            school_id = school_named(session, arguments.school) if arguments.school else None
            token = invitations.invite(
                session,
                actor=None,
                now=datetime.now(UTC),
                lifetime=place.settings.invitation_lifetime,
                name=arguments.name,
                role=role,
                school_id=school_id,
            )
        days = place.settings.invitation_lifetime.days
    print(f"{arguments.base_url.rstrip('/')}/invitations/{token}")
    print(f"For {arguments.name}, as {role}. It works once, for {days} days, and is not shown again.")
    return 0


def school_named(session: Session, named: str) -> int:
    """The id of a school, by its number or its name."""
    wanted = School.id == int(named) if named.isdecimal() else School.name == named
    found = session.scalars(select(School).where(wanted).order_by(School.district)).all()
    if len(found) == 1:
        return found[0].id
    if not found:
        raise CannotRun(f"there is no school {named!r}")
    choices = ", ".join(f"{school.id} ({school.district})" for school in found)
    raise CannotRun(f"several schools are named {named!r}; give one's number: {choices}")
