"""Lists of schools, of people and invitations, and of what people did."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portfolio import web, wording
from portfolio.blueprints.bureau import people, trail
from portfolio.blueprints.lists.root import Column, Listing, of
from portfolio.documents.table import Value
from portfolio.models import Dossier
from portfolio.queries import staff as staff_queries
from portfolio.queries.places import SchoolAt
from portfolio.queries.staff import AccountRow, HeldRole, InvitationRow, SchoolRow
from portfolio.queries.trail import TrailRow, whole_trail

SCHOOLS: list[Column[SchoolRow]] = [
    Column(_l("Name"), lambda row: row.school.name),
    Column(_l("District"), lambda row: row.school.district),
    Column(_l("Stage"), lambda row: str(wording.STAGES[row.school.stage])),
    Column(_l("Boarding school"), lambda row: _("yes") if row.school.boarding else _("no")),
    Column(_l("People"), lambda row: row.people),
    Column(_l("Dossiers"), lambda row: row.dossiers),
]


@of("bureau.schools", "/bureau/schools", _l("Schools"))
def schools() -> Listing[SchoolRow]:
    """All schools, or those of a name."""
    name = request.args.get("name", "").strip()
    return Listing(_("Schools"), SCHOOLS, staff_queries.schools(web.db(), name=name))


def _where(held: HeldRole) -> str:
    place = held.school or held.panel
    return f"{wording.ROLES[held.role]} · {place}" if place else str(wording.ROLES[held.role])


def _state(row: AccountRow) -> str:
    return _("Closed") if row.disabled else _("Active")


ACCOUNTS: list[Column[AccountRow]] = [
    Column(_l("Full name"), lambda row: row.name),
    Column(_l("User name"), lambda row: row.username),
    Column(_l("Roles"), lambda row: "; ".join(_where(held) for held in row.roles)),
    Column(_l("Account"), _state),
]
STAFF: list[Column[AccountRow]] = [
    Column(_l("Full name"), lambda row: row.name),
    Column(_l("User name"), lambda row: row.username),
    Column(_l("Roles"), lambda row: "; ".join(str(wording.ROLES[held.role]) for held in row.roles)),
    Column(_l("Account"), _state),
]


@of("bureau.accounts", "/bureau/accounts", _l("Accounts"))
def accounts() -> Listing[AccountRow]:
    """Everybody, or those of a role or a name."""
    role, name = people.sought()
    return Listing(_("Accounts"), ACCOUNTS, staff_queries.all_accounts(web.db(), role=role, name=name))


@of("bureau.school", "/bureau/schools/<int:school_id>/people", _l("People"))
def school_people(at: SchoolAt) -> Listing[AccountRow]:
    """A school's people, for the bureau."""
    return _staff(at)


@of("staff.people", "/schools/<int:school_id>/people", _l("People"))
def staff(at: SchoolAt) -> Listing[AccountRow]:
    """A school's people, for its lead."""
    return _staff(at)


def _staff(at: SchoolAt) -> Listing[AccountRow]:
    rows = staff_queries.staff_of(web.db(), at.school.id)
    return Listing(f"{at.school.name} {_('People')}", STAFF, rows)


INVITATIONS: list[Column[InvitationRow]] = [
    Column(_l("Full name"), lambda row: row.name),
    Column(_l("Role"), lambda row: str(wording.ROLES[row.role]) if row.role else _("new password")),
    Column(_l("School"), lambda row: row.school),
    Column(_l("Valid until"), lambda row: row.expires_at),
]


@of("bureau.accounts", "/bureau/invitations", _l("Open invitations"))
def invitations() -> Listing[InvitationRow]:
    """Links that still work, everywhere; never the links themselves."""
    rows = staff_queries.open_invitations(web.db(), now=web.now())
    return Listing(_("Open invitations"), INVITATIONS, rows)


@of("bureau.school", "/bureau/schools/<int:school_id>/invitations", _l("Open invitations"))
def school_invitations(at: SchoolAt) -> Listing[InvitationRow]:
    """Links to a school's staff, for the bureau."""
    return _invited(at)


@of("staff.people", "/schools/<int:school_id>/invitations", _l("Open invitations"))
def staff_invitations(at: SchoolAt) -> Listing[InvitationRow]:
    """Links to a school's staff, for its lead."""
    return _invited(at)


def _invited(at: SchoolAt) -> Listing[InvitationRow]:
    rows = staff_queries.open_invitations(web.db(), now=web.now(), school_id=at.school.id)
    return Listing(f"{at.school.name} {_('Open invitations')}", INVITATIONS, rows)


class Taken(NamedTuple):
    """A school's dossier in a cycle, and whether a package was made of it."""

    dossier: Dossier
    package_id: int | None


DOSSIERS: list[Column[Taken]] = [
    Column(_l("Cycle"), lambda row: row.dossier.cycle.name),
    Column(_l("Standing"), lambda row: str(wording.STATES[row.dossier.state])),
    Column(_l("Submitted"), lambda row: _("yes") if row.package_id else _("no")),
]


@of("bureau.school", "/bureau/schools/<int:school_id>/dossiers", _l("Dossiers"))
def school_dossiers(at: SchoolAt) -> Listing[Taken]:
    """A school's dossiers, the newest first."""
    rows = [Taken(*row) for row in staff_queries.dossiers_of(web.db(), at.school.id)]
    return Listing(f"{at.school.name} {_('Dossiers')}", DOSSIERS, rows)


def _action(row: TrailRow) -> str:
    words: dict[Any, Any] = wording.AUDIT_ACTIONS
    return str(words.get(row.action, row.action))


def _values(values: dict[str, Any] | None) -> Value:
    return json.dumps(values, ensure_ascii=False) if values else None


TRAIL: list[Column[TrailRow]] = [
    Column(_l("Time"), lambda row: row.at),
    Column(_l("Who"), lambda row: row.who or _("The system")),
    Column(_l("What happened"), _action),
    Column(_l("About"), lambda row: row.about),
    Column(_l("School"), lambda row: row.school),
    Column(_l("Before"), lambda row: _values(row.before)),
    Column(_l("After"), lambda row: _values(row.after)),
]


@of("bureau.audit_trail", "/bureau/audit", _l("Audit trail"))
def audit_trail() -> Listing[TrailRow]:
    """What happened, newest first."""
    school_id, person, action = trail.sought()
    rows: Iterator[TrailRow] = whole_trail(web.db(), school_id=school_id, person=person, action=action)
    return Listing(_("Audit trail"), TRAIL, rows)
