"""The bureau's lists: the city, cycles, schools, panels, people, progress, results, certificates, the audit trail."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any, NamedTuple

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portfolio import web, wording
from portfolio.blueprints.bureau import awards, overview, people, progress, trail
from portfolio.blueprints.bureau.root import cycle_asked
from portfolio.blueprints.lists.root import Column, Listing, of
from portfolio.documents.table import Value
from portfolio.errors import NotFound
from portfolio.models import Cycle, Dossier
from portfolio.queries import awards as award_queries
from portfolio.queries import bureau as bureau_queries
from portfolio.queries import progress as progress_queries
from portfolio.queries import results as result_queries
from portfolio.queries import staff as staff_queries
from portfolio.queries.awards import Awarded
from portfolio.queries.bureau import CycleRow, Handed, TakingPart
from portfolio.queries.city import City, CityLine, CityRow, Matter, Number, city_overview
from portfolio.queries.places import SchoolAt
from portfolio.queries.progress import Load, PackageWay
from portfolio.queries.results import Result
from portfolio.queries.staff import AccountRow, HeldRole, InvitationRow, SchoolRow
from portfolio.queries.trail import TrailRow, whole_trail
from portfolio.queries.weakest import WeakElement
from rubric.scoring import Totals

# ---- The city ----


@of("bureau.overview", "/bureau/city", _l("Schools"))
def city() -> Listing[CityRow]:
    """The schools found, with the three numbers of each A-indicator and in all."""
    found = _city()
    assert found.rubric is not None
    columns: list[Column[CityRow]] = [
        Column(_l("District"), lambda row: row.district),
        Column(_l("School"), lambda row: row.school),
        Column(_l("Standing"), lambda row: str(wording.STANDINGS[row.standing])),
        *_three(lambda row: row.totals),
        Column(_l("Unscored"), lambda row: row.totals.unscored),
    ]
    for indicator in found.rubric.indicators:
        columns += _three(_of_indicator(indicator.code), f"{indicator.code} ")
    return Listing(_titled(found.cycle, _("City overview")), columns, found.rows)


class Pending(NamedTuple):
    """Something the bureau should look into at a school."""

    matter: Matter
    line: CityLine


MATTERS: list[Column[Pending]] = [
    Column(_l("Matter"), lambda row: str(wording.MATTERS[row.matter][0])),
    Column(_l("School"), lambda row: row.line.school),
    Column(_l("District"), lambda row: row.line.district),
    Column(_l("What to do"), lambda row: str(wording.MATTERS[row.matter][1])),
]


@of("bureau.overview", "/bureau/matters", _l("Needs attention"))
def matters() -> Listing[Pending]:
    """What the bureau should look into, the most urgent first."""
    found = _city()
    rows = [Pending(*pair) for pair in found.matters]
    return Listing(_titled(found.cycle, _("Needs attention")), MATTERS, rows)


WEAKEST: list[Column[WeakElement]] = [
    Column(_l("Element"), lambda row: row.element.code),
    Column(_l("Wording"), lambda row: row.element.text),
    Column(_l("Points"), lambda row: row.element.points),
    Column(_l("Share supported, in percent"), lambda row: row.share * 100),
    Column(_l("Schools that scored it"), lambda row: row.scored),
]


@of("bureau.overview", "/bureau/weakest", _l("Weakest elements of the city"))
def weakest_elements() -> Listing[WeakElement]:
    """The elements with the least share supported."""
    found = _city()
    return Listing(_titled(found.cycle, _("Weakest elements of the city")), WEAKEST, found.weakest)


def _city() -> City:
    found = city_overview(web.db(), now=web.now(), asked=replace(overview.asked(), page=None))
    if found.cycle is None:
        raise NotFound()
    return found


def _three(totals: Callable[[CityRow], Totals], before: str = "") -> list[Column[CityRow]]:
    def number_of(number: Number) -> Callable[[CityRow], Decimal]:
        return lambda row: getattr(totals(row), number.value)

    return [Column(f"{before}{words}", number_of(number)) for number, words in wording.NUMBERS.items()]


def _of_indicator(code: str) -> Callable[[CityRow], Totals]:
    return lambda row: row.by_indicator[code]


def _titled(cycle: Cycle | None, words: str) -> str:
    return f"{cycle.name} {words}" if cycle else words


# ---- Cycles ----

CYCLES: list[Column[CycleRow]] = [
    Column(_l("Name"), lambda row: row.cycle.name),
    Column(_l("Opens"), lambda row: row.cycle.opens_at),
    Column(_l("Submissions until"), lambda row: row.cycle.submit_by),
    Column(_l("Rounds"), lambda row: " → ".join(each.name for each in row.cycle.rounds)),
    Column(_l("Submitted"), lambda row: row.submitted),
    Column(_l("Schools"), lambda row: row.schools),
]


@of("bureau.cycles", "/bureau/cycles", _l("Cycles"))
def cycles() -> Listing[CycleRow]:
    """All cycles."""
    return Listing(_("Cycles"), CYCLES, bureau_queries.cycles(web.db()))


TAKING_PART: list[Column[TakingPart]] = [
    Column(_l("School"), lambda row: row.school),
    Column(_l("District"), lambda row: row.district),
    Column(_l("Standing"), lambda row: str(wording.STANDINGS[row.standing])),
]


@of("bureau.cycle", "/bureau/cycles/<int:cycle_id>/schools", _l("Schools that take part"))
def taking_part(held: Cycle) -> Listing[TakingPart]:
    """The schools of a cycle."""
    desk = bureau_queries.cycle_desk(web.db(), held, now=web.now())
    return Listing(f"{held.name} {_('Schools that take part')}", TAKING_PART, desk.taking_part)


class Given(NamedTuple):
    """A package as one round sees it."""

    round: str
    handed: Handed

    @property
    def standing(self) -> str:
        """How far it is, as its page says it."""
        given = self.handed.assignment
        if given is None:
            return _("Not assigned")
        if given.published_at:
            return _("Published")
        return _("Settled") if given.closed_at else _("Under review")


GIVEN: list[Column[Given]] = [
    Column(_l("Round"), lambda row: row.round),
    Column(_l("School"), lambda row: row.handed.school),
    Column(_l("Package"), lambda row: row.handed.number),
    Column(_l("Submitted"), lambda row: row.handed.submitted_at),
    Column(_l("Claimed"), lambda row: row.handed.claimed),
    Column(_l("Panel"), lambda row: row.handed.panel),
    Column(_l("Standing"), lambda row: row.standing),
    Column(_l("Reviews"), lambda row: row.handed.reviews),
    Column(_l("Reviews in"), lambda row: row.handed.handed_in),
]


@of("bureau.panels", "/bureau/panels/packages", _l("Packages"))
def given_packages() -> Listing[Given]:
    """What each round of a cycle has to hand out, and with which panel it is."""
    held, desks = _desks()
    rows = [Given(desk.round.name, handed) for desk in desks for handed in desk.packages]
    return Listing(_titled(held, _("Packages")), GIVEN, rows)


class Seat(NamedTuple):
    """Somebody on a panel."""

    round: str
    panel: str
    name: str
    chair: bool
    packages: int


SEATS: list[Column[Seat]] = [
    Column(_l("Round"), lambda row: row.round),
    Column(_l("Panel"), lambda row: row.panel),
    Column(_l("Full name"), lambda row: row.name),
    Column(_l("Role"), lambda row: str(wording.ROLES["chair" if row.chair else "expert"])),  # type: ignore[index]
    Column(_l("Packages"), lambda row: row.packages),
]


@of("bureau.panels", "/bureau/panels/people", _l("Panels"))
def panel_seats() -> Listing[Seat]:
    """Who sits on which panel of a cycle."""
    held, desks = _desks()
    rows = [
        Seat(desk.round.name, row.panel.name, member.name, member.chair, row.packages)
        for desk in desks
        for row in desk.panels
        for member in row.members
    ]
    return Listing(_titled(held, _("Panels")), SEATS, rows)


def _desks() -> tuple[Cycle | None, list[bureau_queries.RoundDesk]]:
    _cycles, asked = cycle_asked()
    if asked is None:
        return None, []
    held, _place = bureau_queries.cycle(web.db(), cycle_id=asked.id)
    return held, bureau_queries.round_desks(web.db(), held, with_aside=False)


# ---- Schools and people ----

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


# ---- Panels on their way, results, certificates ----

WAYS: list[Column[PackageWay]] = [
    Column(_l("School"), lambda row: row.school),
    Column(_l("District"), lambda row: row.district),
    Column(_l("Package"), lambda row: row.package_number),
    Column(_l("Round"), lambda row: row.round),
    Column(_l("Panel"), lambda row: row.panel),
    Column(_l("Standing"), lambda row: str(wording.PHASES[row.phase])),
    Column(_l("Reviews in"), lambda row: row.received),
    Column(_l("Reviews"), lambda row: row.asked),
    Column(_l("Elements scored"), lambda row: row.scored),
    Column(_l("Elements to score"), lambda row: row.to_score),
    Column(_l("Settled"), lambda row: row.settled),
    Column(_l("Elements"), lambda row: row.elements),
    Column(_l("Deadline"), lambda row: row.review_by),
    Column(_l("Days left"), lambda row: None if row.done else row.days_left(web.now())),
    Column(_l("Waits for"), lambda row: _(", ").join(person.name for person in row.waits_for())),
]
LOADS: list[Column[Load]] = [
    Column(_l("Expert"), lambda row: row.expert.name),
    Column(_l("Packages"), lambda row: row.packages),
    Column(_l("Reviews out"), lambda row: row.out),
    Column(_l("Late"), lambda row: row.late),
    Column(_l("Elements open"), lambda row: row.open_elements),
    Column(_l("Last active"), lambda row: row.last_active),
]


@of("bureau.progress", "/bureau/progress", _l("Packages with panels"), keeps=("round",))
def ways() -> Listing[PackageWay]:
    """How far every panel is."""
    held, found = _progress()
    rows = found.listed(progress.show_asked()) if found else []
    return Listing(_titled(held, _("Progress")), WAYS, rows)


@of("bureau.progress", "/bureau/progress/loads", _l("Experts' loads"))
def loads() -> Listing[Load]:
    """What each expert carries."""
    held, found = _progress()
    return Listing(_titled(held, _("Experts' loads")), LOADS, found.loads if found else ())


def _progress() -> tuple[Cycle | None, progress_queries.Progress | None]:
    _cycles, held = cycle_asked()
    if held is None:
        return None, None
    return held, progress_queries.progress(web.db(), cycle_id=held.id, now=web.now())


RESULTS: list[Column[Result]] = [
    Column(_l("School"), lambda row: row.school),
    Column(_l("District"), lambda row: row.district),
    Column(_l("Round"), lambda row: row.round),
    Column(_l("Panel"), lambda row: row.panel),
    Column(_l("Closed on"), lambda row: row.closed_at),
    Column(_l("Claimed"), lambda row: row.claimed),
    Column(_l("Final score"), lambda row: row.final),
    Column(_l("Points"), lambda row: row.points),
    Column(_l("Below the self-score"), lambda row: row.below),
    Column(_l("Not assessed"), lambda row: row.not_assessed),
    Column(_l("Band"), lambda row: row.band),
]


@of("bureau.publication", "/bureau/publication", _l("Closed reviews"))
def closed_reviews() -> Listing[Result]:
    """Closed reviews whose results aren't published."""
    _cycles, held = cycle_asked()
    rows = result_queries.to_publish(web.db(), web.actor(), held) if held else []
    return Listing(_titled(held, _("Closed reviews")), RESULTS, rows)


CERTIFICATES: list[Column[Awarded]] = [
    Column(_l("School"), lambda row: row.school),
    Column(_l("District"), lambda row: row.district),
    Column(_l("Certificate number"), lambda row: row.certificate.number),
    Column(_l("Cycle"), lambda row: row.cycle),
    Column(_l("Awarded"), lambda row: row.certificate.awarded_on),
    Column(_l("To be renewed by"), lambda row: row.certificate.renew_by),
    Column(_l("Validity"), lambda row: str(wording.VALIDITIES[row.validity])),
    Column(_l("Revoked on"), lambda row: row.certificate.revoked_at),
    Column(_l("Reason"), lambda row: row.certificate.reason),
]


@of("bureau.certificates", "/bureau/certificates", _l("Certificates"))
def certificates() -> Listing[Awarded]:
    """The certificates that are looked at."""
    found = award_queries.register(web.db(), awards.show_asked(), now=web.now())
    return Listing(_("Certificates"), CERTIFICATES, found.rows)


# ---- The audit trail ----


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
