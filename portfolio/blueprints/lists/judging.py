"""Lists around a package: what was submitted, a panel's packages, its table of scores, the published result."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portfolio import web, wording
from portfolio.blueprints.lists.root import Column, Listing, of
from portfolio.blueprints.settlement.page import asked, readable
from portfolio.errors import NotFound
from portfolio.models import Assignment, Dossier, Package
from portfolio.queries import package as queries
from portfolio.queries.disagreement import Area
from portfolio.queries.judged import JudgedElement
from portfolio.queries.my_packages import Given, MyPanel, MyReview, my_packages
from portfolio.queries.package import CitedFile, PackageView
from portfolio.queries.published import published_results
from portfolio.queries.rounds import still_blind
from portfolio.queries.settlement import Row
from portfolio.templating import pages, score
from rubric.model import Element

# ---- What was submitted ----


class Submitted(NamedTuple):
    """An element of a package, as frozen."""

    element: Element
    view: PackageView

    @property
    def cited(self) -> list[CitedFile]:
        """Its citations."""
        return self.view.citations.get(self.element.code, [])


def _cited(row: Submitted) -> str:
    return "; ".join(
        f"{each.file.title} {pages(each)}" if each.page_from is not None else each.file.title
        for each in row.cited
    )


SUBMITTED: list[Column[Submitted]] = [
    Column(_l("Element"), lambda row: row.element.code),
    Column(_l("Wording"), lambda row: row.element.text),
    Column(_l("Points"), lambda row: row.element.points),
    Column(_l("Self-score"), lambda row: row.view.elements[row.element.code].score),
    Column(_l("Standing"), lambda row: str(wording.STATUSES[row.view.statuses[row.element.code]])),
    Column(_l("Citations"), lambda row: len(row.cited)),
    Column(_l("Evidence"), _cited),
    Column(_l("Justification"), lambda row: row.view.elements[row.element.code].justification),
]


@of("package.package", "/packages/<int:package_id>/elements", _l("Elements"))
def submitted(package: Package) -> Listing[Submitted]:
    """Every element of a package."""
    view = queries.package_view(web.db(), package)
    rows = [Submitted(element, view) for element in view.rubric.elements if element.code in view.elements]
    title = f"{package.dossier.school.name} {_('Package no. %(number)s', number=package.number)}"
    return Listing(title, SUBMITTED, rows)


# ---- A panel's packages ----


class Mine(NamedTuple):
    """A package in one's own list: what is done of it, as what, and how it stands."""

    given: Given
    part: str
    done: int
    total: int
    standing: str


MINE: list[Column[Mine]] = [
    Column(_l("School"), lambda row: row.given.school),
    Column(_l("District"), lambda row: row.given.district),
    Column(_l("Package"), lambda row: row.given.package_number),
    Column(_l("Cycle"), lambda row: row.given.cycle),
    Column(_l("Round"), lambda row: row.given.round),
    Column(_l("Panel"), lambda row: row.given.panel),
    Column(_l("As"), lambda row: row.part),
    Column(_l("Done"), lambda row: row.done),
    Column(_l("Of"), lambda row: row.total),
    Column(_l("Deadline"), lambda row: row.given.review_by),
    Column(_l("Standing"), lambda row: row.standing),
]


@of("panel.packages", "/reviews", _l("My packages"))
def my_reviews() -> Listing[Mine]:
    """What one scores, then what one chairs."""
    mine = my_packages(web.db(), web.actor())
    rows = [*map(_reviewed, mine.reviews), *map(_chaired, mine.chaired)]
    return Listing(_("My packages"), MINE, rows)


def _reviewed(row: MyReview) -> Mine:
    standing = _("handed in") if row.handed_in_at else _("closed") if row.given.closed_at else ""
    return Mine(row.given, str(_("To score")), row.done, row.total, standing)


def _chaired(row: MyPanel) -> Mine:
    given = row.given
    standing = _("published") if given.published_at else _("closed") if given.closed_at else ""
    return Mine(given, str(_("To settle as chair")), row.settled, row.total, standing)


# ---- The table of scores ----


@of("settlement.table", "/rounds/<int:round_id>/settlement/<int:package_id>", _l("Scores"))
def scores(assignment: Assignment) -> Listing[Row]:
    """The panel's table as it is filtered and sorted; without a row until it is open."""
    rubric, table = readable(assignment)
    below = [Column[Row](table.below, lambda row: row.below)] if table.below else []
    columns: list[Column[Row]] = [
        Column(_l("Element"), lambda row: row.code),
        Column(_l("Wording"), lambda row: rubric.element(row.code).short_title),
        Column(_l("Points"), lambda row: row.points),
        Column(_l("Self"), lambda row: row.claimed),
        *below,
        *(Column(expert.name, _given_by(at)) for at, expert in enumerate(table.experts)),
        Column(_l("Median"), lambda row: row.median),
        Column(_l("Mean"), lambda row: row.mean),
        Column(_l("Std. dev."), lambda row: row.deviation),
        Column(_l("Spread"), lambda row: row.spread),
        Column(_l("Final"), lambda row: row.final),
        Column(_l("Rule"), lambda row: str(wording.SETTLEMENT_RULES[row.rule]) if row.rule else _("open")),
    ]
    return Listing(review_title(assignment, _("Settlement")), columns, table.listed(*asked()))


@of(
    "settlement.table",
    "/rounds/<int:round_id>/settlement/<int:package_id>/areas",
    _l("By A-indicator"),
)
def disagreements(assignment: Assignment) -> Listing[Area]:
    """How far the experts differ in each A-indicator."""
    _rubric, table = readable(assignment)
    _show, sort = asked()
    columns: list[Column[Area]] = [
        Column(_l("Indicator"), lambda row: f"{row.indicator.code} {row.indicator.title}"),
        Column(_l("Points"), lambda row: row.indicator.points),
        *(Column(expert.name, _sum_of(at)) for at, expert in enumerate(table.experts)),
        Column(_l("Median"), lambda row: row.median),
        Column(_l("Mean"), lambda row: row.mean),
        Column(_l("Std. dev."), lambda row: row.deviation),
        Column(_l("Spread"), lambda row: row.spread),
        Column(_l("To discuss"), lambda row: row.flagged),
    ]
    return Listing(review_title(assignment, _("By A-indicator")), columns, table.areas_by(sort))


def _given_by(at: int) -> Callable[[Row], Decimal | None]:
    return lambda row: row.given[at]


def _sum_of(at: int) -> Callable[[Area], Decimal | None]:
    return lambda row: row.sums[at]


def review_title(assignment: Assignment, words: str) -> str:
    """How a file of a package's review is called."""
    return f"{assignment.package.dossier.school.name} {assignment.panel.round.name} {words}"


# ---- The result ----


class Judged(NamedTuple):
    """An element as a published round judged it."""

    round: str
    judged: JudgedElement


def _experts(row: Judged) -> str:
    voices = (rung for rung in row.judged.rungs if rung.stage == "expert")
    return "; ".join(f"{rung.who} {score(rung.score)}: {rung.reason}".rstrip(": ") for rung in voices)


RESULT: list[Column[Judged]] = [
    Column(_l("Round"), lambda row: row.round),
    Column(_l("Element"), lambda row: row.judged.element.code),
    Column(_l("Wording"), lambda row: row.judged.element.text),
    Column(_l("Points"), lambda row: row.judged.element.points),
    Column(_l("Self-score"), lambda row: row.judged.self_score),
    Column(_l("Final score"), lambda row: row.judged.final),
    Column(_l("Points lost"), lambda row: row.judged.lost),
    Column(_l("Rule"), lambda row: str(wording.SETTLEMENT_RULES[row.judged.rule])),
    Column(_l("Reason"), lambda row: row.judged.reason),
    Column(_l("What each expert said"), _experts),
]


@of("package.result", "/dossiers/<int:dossier_id>/result", _l("Result"))
def result(dossier: Dossier) -> Listing[Judged]:
    """Every element of every published round, the newest round first. Raises NotFound for who is still to judge."""
    if still_blind(web.db(), web.actor(), dossier):
        raise NotFound()
    rows = [
        Judged(each.round_name, judged)
        for each in published_results(web.db(), dossier)
        for judged in each.elements
    ]
    return Listing(f"{dossier.school.name} {_('Result')}", RESULT, rows)
