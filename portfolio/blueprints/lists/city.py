"""The city's lists: schools × A-indicators, what needs attention, weakest elements, cycles, panels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portfolio import web, wording
from portfolio.blueprints.bureau import overview
from portfolio.blueprints.bureau.root import cycle_asked
from portfolio.blueprints.lists.root import Column, Listing, of, titled
from portfolio.errors import NotFound
from portfolio.models import Cycle
from portfolio.queries import bureau_places
from portfolio.queries.city import City, CityLine, CityRow, Matter, Number, city_overview
from portfolio.queries.cycles import CycleRow, TakingPart, all_cycles, cycle_desk
from portfolio.queries.desks import Handed, RoundDesk, round_desks
from portfolio.queries.weakest import WeakElement
from rubric.scoring import Totals


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
    return Listing(titled(found.cycle, _("City overview")), columns, found.rows)


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
    return Listing(titled(found.cycle, _("Needs attention")), MATTERS, rows)


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
    return Listing(titled(found.cycle, _("Weakest elements of the city")), WEAKEST, found.weakest)


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
    return Listing(_("Cycles"), CYCLES, all_cycles(web.db()))


TAKING_PART: list[Column[TakingPart]] = [
    Column(_l("School"), lambda row: row.school),
    Column(_l("District"), lambda row: row.district),
    Column(_l("Standing"), lambda row: str(wording.STANDINGS[row.standing])),
]


@of("bureau.cycle", "/bureau/cycles/<int:cycle_id>/schools", _l("Schools that take part"))
def taking_part(held: Cycle) -> Listing[TakingPart]:
    """The schools of a cycle."""
    desk = cycle_desk(web.db(), held, now=web.now())
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
    return Listing(titled(held, _("Packages")), GIVEN, rows)


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
    return Listing(titled(held, _("Panels")), SEATS, rows)


def _desks() -> tuple[Cycle | None, list[RoundDesk]]:
    _cycles, asked = cycle_asked()
    if asked is None:
        return None, []
    held, _place = bureau_places.cycle(web.db(), cycle_id=asked.id)
    return held, round_desks(web.db(), held, with_aside=False)
