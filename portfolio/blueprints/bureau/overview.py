"""The city at a glance: schools × A-indicators, filtered and sorted by links."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _

from portfolio import web, wording
from portfolio.blueprints.bureau.root import blueprint
from portfolio.blueprints.forms import Typed
from portfolio.errors import NotFound
from portfolio.policy import Permission
from portfolio.queries.city import City, CityRow, Matter, Standing, city_overview, matter_of
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
    """What the reader asked to see."""

    cycle_id: int
    standing: Standing | None
    sort: str
    descending: bool

    def address(self, **other: str | None) -> str:
        """This view's address, with something changed."""
        asked: dict[str, Any] = {
            "cycle": self.cycle_id,
            "state": self.standing.value if self.standing else None,
            "sort": self.sort,
            "order": "desc" if self.descending else "asc",
        }
        return url_for("bureau.overview", **(asked | other))


@blueprint.get("/bureau")
@web.guard(Permission.CITY_READ)
def overview() -> Any:
    """Schools × A-indicators of a cycle (the newest by default)."""
    asked = Typed(request.args).key("cycle")
    city = city_overview(web.db(), now=web.now(), cycle_id=asked)
    if city.cycle is None or city.rubric is None:
        if asked is not None:
            raise NotFound()
        return render_template("bureau/overview.html", city=city)
    view = _asked(city.cycle.id, {"school", "claimed", *(a.code for a in city.rubric.indicators)})
    shown = [row for row in city.rows if view.standing in (None, row.standing)]
    return render_template(
        "bureau/overview.html",
        city=city,
        view=view,
        rows=sorted(shown, key=_order(view), reverse=view.descending),
        chips=list(_chips(city, view)),
        columns=_columns(city, view),
        matters=_matters(city.rows),
        glyphs=GLYPHS,
        matter_glyphs=MATTER_GLYPHS,
        level=level,
    )


def _asked(cycle_id: int, sorts: set[str]) -> View:
    given = request.args
    standing = given.get("state", "")
    sort = given.get("sort", "")
    return View(
        cycle_id=cycle_id,
        standing=Standing(standing) if standing in list(Standing) else None,
        sort=sort if sort in sorts else "claimed",
        descending=given.get("order", "asc" if sort == "school" else "desc") != "asc",
    )


def _order(view: View) -> Any:
    def key(row: CityRow) -> Any:
        match view.sort:
            case "school":
                return (row.district, row.school)
            case "claimed":
                return (row.totals.claimed, row.totals.supported)
            case code:
                return (row.by_indicator[code].claimed, row.totals.claimed)

    return key


def _chips(city: City, view: View) -> Iterable[Chip]:
    counts = Counter(row.standing for row in city.rows)
    yield Chip(_("All"), len(city.rows), view.address(state=None), view.standing is None)
    for standing in Standing:
        if counts[standing] or view.standing is standing:
            label = str(wording.STANDINGS[standing])
            yield Chip(label, counts[standing], view.address(state=standing.value), view.standing is standing)


def _columns(city: City, view: View) -> dict[str, Column]:
    assert city.rubric is not None
    shares = [
        (a.code, _("%(points)s points", points=points(a.points)), a.title) for a in city.rubric.indicators
    ]
    named = [("school", "", ""), *shares, ("claimed", "", "")]
    return {key: _column(view, key, label, hint) for key, label, hint in named}


def _column(view: View, key: str, label: str, hint: str) -> Column:
    chosen = view.sort == key
    turned = not view.descending if chosen else key != "school"
    href = view.address(sort=key, order="desc" if turned else "asc")
    order = ("descending" if view.descending else "ascending") if chosen else None
    return Column(key, label, hint, href, order)


def _matters(rows: list[CityRow]) -> list[tuple[Matter, CityRow]]:
    found = [(matter, row) for row in rows if (matter := matter_of(row, now=web.now()))]
    urgency = list(Matter)
    return sorted(found, key=lambda pair: (urgency.index(pair[0]), pair[1].school))


def level(totals: Totals) -> int:
    """How dark a cell is, 1 to 5; by the share of its points that is claimed."""
    return 1 + sum(totals.claimed >= totals.points * share for share in RAMP)
