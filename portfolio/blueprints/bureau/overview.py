"""The city at a glance: schools × A-indicators, filtered and sorted by links."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _

from portfolio import web, wording
from portfolio.blueprints.bureau.root import blueprint
from portfolio.blueprints.forms import Typed
from portfolio.errors import NotFound
from portfolio.models import IN_ALL
from portfolio.policy import Permission
from portfolio.queries.city import Asked, City, Matter, Number, city_overview
from portfolio.queries.school_standing import Standing
from portfolio.templating import points
from rubric.scoring import Totals

# The glyph of each standing: shape and colour beside the word.
GLYPHS = {
    Standing.DRAFTING: "none",
    Standing.OVERDUE: "gap",
    Standing.SIGNING: "bare",
    Standing.SUBMITTED: "wait",
    Standing.REVIEWING: "wait",
    Standing.SETTLING: "diff",
    Standing.CLOSED: "ok",
    Standing.PUBLISHED: "ok",
}
MATTER_GLYPHS = {
    Matter.NOT_SUBMITTED: "gap",
    Matter.REVIEW_LATE: "gap",
    Matter.NOT_SIGNED: "bare",
    Matter.NOT_ASSIGNED: "wait",
    Matter.NOT_CLOSED: "diff",
    Matter.NOT_PUBLISHED: "ok",
}
# From these shares of the points on, a cell is one level darker.
RAMP = (Decimal("0.5"), Decimal("0.7"), Decimal("0.8"), Decimal("0.9"))
MATTERS_SHOWN = 8
TOTAL = "claimed"  # what addresses call the column of the numbers in all


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter, and how many schools it shows."""

    label: str
    count: int
    href: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Column:
    """A column's head: following it sorts by it, following it again turns the order."""

    key: str
    label: str
    hint: str
    href: str
    order: str | None


@dataclass(frozen=True, slots=True)
class View:
    """What the reader asked to see, and the addresses of its neighbours."""

    asked: Asked

    def address(self, endpoint: str = "bureau.overview", **other: object) -> str:
        """This view's address, with something changed; another selection begins at its first page."""
        asked = self.asked
        now: dict[str, Any] = {
            "cycle": asked.cycle_id,
            "district": asked.district,
            "state": asked.standing.value if asked.standing else None,
            "show": asked.number.value if asked.number is not Number.CLAIMED else None,
            "sort": TOTAL if asked.sort == IN_ALL else asked.sort,
            "order": "desc" if asked.descending else "asc",
        }
        return url_for(endpoint, **(now | other))


@blueprint.get("/bureau")
@web.guard(Permission.CITY_READ)
def overview() -> Any:
    """Schools × A-indicators of a cycle (the newest by default), fifty a page."""
    wanted = asked()
    city = city_overview(web.db(), now=web.now(), asked=wanted)
    if city.cycle is None or city.rubric is None:
        if wanted.cycle_id is not None:
            raise NotFound()
        return render_template("bureau/overview.html", city=city)
    view = View(replace(wanted, cycle_id=city.cycle.id))
    return render_template(
        "bureau/overview.html",
        city=city,
        view=view,
        numbers=[(number, view.address(show=number.value), number is wanted.number) for number in Number],
        chips=list(_chips(city, view)),
        columns=_columns(city, view),
        matters=city.matters[:MATTERS_SHOWN],
        glyphs=GLYPHS,
        matter_glyphs=MATTER_GLYPHS,
        level=lambda totals: level(totals, wanted.number),
    )


def asked() -> Asked:
    """What the address asks for; what makes no sense is left out."""
    given = request.args
    standing, number = given.get("state", ""), given.get("show", "")
    sort = given.get("sort", TOTAL)
    page = given.get("page", "")
    return Asked(
        cycle_id=Typed(given).key("cycle"),
        district=given.get("district") or None,
        standing=Standing(standing) if standing in list(Standing) else None,
        number=Number(number) if number in list(Number) else Number.CLAIMED,
        sort=IN_ALL if sort == TOTAL else sort,
        descending=given.get("order", "asc" if sort == "school" else "desc") != "asc",
        page=int(page) if page.isascii() and page.isdigit() and 0 < len(page) < 7 else 1,
    )


def _chips(city: City, view: View) -> Iterable[Chip]:
    chosen = view.asked.standing
    yield Chip(_("All"), sum(city.standings.values()), view.address(state=None), chosen is None)
    for standing in Standing:
        count = city.standings.get(standing, 0)
        if count or chosen is standing:
            label = str(wording.STANDINGS[standing])
            yield Chip(label, count, view.address(state=standing.value), chosen is standing)


def _columns(city: City, view: View) -> dict[str, Column]:
    assert city.rubric is not None
    shares = [
        (a.code, _("%(points)s points", points=points(a.points)), a.title) for a in city.rubric.indicators
    ]
    named = [("school", "", ""), *shares, (IN_ALL, "", "")]
    return {key: _column(view, key, label, hint) for key, label, hint in named}


def _column(view: View, key: str, label: str, hint: str) -> Column:
    asked = view.asked
    chosen = asked.sort == key
    turned = not asked.descending if chosen else key != "school"
    href = view.address(sort=TOTAL if key == IN_ALL else key, order="desc" if turned else "asc")
    order = ("descending" if asked.descending else "ascending") if chosen else None
    return Column(key, label, hint, href, order)


def level(totals: Totals, number: Number = Number.CLAIMED) -> int:
    """How dark a cell is, 1 to 5; by the share of its points that the number is."""
    value: Decimal = getattr(totals, number.value)
    return 1 + sum(value >= totals.points * share for share in RAMP)
