"""A dossier's lists: elements, gaps, who does what, figures, the check list, what comes from the last cycle."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portfolio import web, wording
from portfolio.blueprints.dossier.root import is_of
from portfolio.blueprints.lists.root import Column, Listing, of
from portfolio.days import day_of
from portfolio.editions import rubric_of
from portfolio.models import Dossier
from portfolio.policy import Permission, Place
from portfolio.queries import carry, figures, people, submission, trend, work
from portfolio.queries.carry import CarriedCitation, CarryPlan, Problem
from portfolio.queries.figures import Entry, FigureRow
from portfolio.queries.standing import Standing, standing
from portfolio.queries.trend import Comparison
from portfolio.queries.work import ShareRow, Task
from portfolio.templating import pages, school_year
from rubric.gaps import ElementStatus, Gap, points_at_risk
from rubric.measures import MeasureResult
from rubric.model import Element, Rubric

# ---- Elements and gaps ----


class Line(NamedTuple):
    """An element of a dossier as it stands."""

    element: Element
    score: Decimal | None
    status: ElementStatus
    citations: int
    gaps: tuple[Gap, ...]
    owner: str | None
    justification: str


ELEMENTS: list[Column[Line]] = [
    Column(_l("Element"), lambda row: row.element.code),
    Column(_l("A-indicator"), lambda row: row.element.indicator),
    Column(_l("B-indicator"), lambda row: row.element.sub_indicator),
    Column(_l("Wording"), lambda row: row.element.text),
    Column(_l("Points"), lambda row: row.element.points),
    Column(_l("Self-score"), lambda row: row.score),
    Column(_l("Standing"), lambda row: str(wording.STATUSES[row.status])),
    Column(_l("Citations"), lambda row: row.citations),
    Column(_l("Gaps"), lambda row: len(row.gaps)),
    Column(_l("At risk"), lambda row: points_at_risk(row.gaps)),
    Column(_l("Who"), lambda row: row.owner),
    Column(_l("Justification"), lambda row: row.justification),
]


@of("dossier.home", "/dossiers/<int:dossier_id>/elements", _l("Elements"))
def elements(dossier: Dossier) -> Listing[Line]:
    """Every element of a dossier: scores, citations, what is missing."""
    stands = _standing(dossier)
    names = people.names_of(web.db(), {row.assignee_id for row in stands.assessments.values()})
    rows = [
        Line(
            element=element,
            score=stands.assessments[element.code].score,
            status=stands.readiness.statuses[element.code],
            citations=len({each.evidence_id for each in stands.states[element.code].citations}),
            gaps=tuple(gap for gap in stands.readiness.gaps if gap.element == element.code),
            owner=names.get(stands.assessments[element.code].assignee_id or 0),
            justification=stands.assessments[element.code].justification,
        )
        for element in stands.rubric.elements
    ]
    return Listing(f"{dossier.school.name} {_('Elements')}", ELEMENTS, rows)


class Missing(NamedTuple):
    """A gap, and how it stands on the check list."""

    gap: Gap
    standing: str = ""
    reason: str = ""


GAPS: list[Column[Missing]] = [
    Column(_l("Element"), lambda row: row.gap.element),
    Column(_l("What is missing"), lambda row: wording.gap_words(row.gap)[0]),
    Column(_l("What to do"), lambda row: wording.gap_words(row.gap)[1]),
    Column(_l("At risk"), lambda row: row.gap.points_at_risk),
]


@of("dossier.home", "/dossiers/<int:dossier_id>/gaps", _l("Gaps"))
def gaps(dossier: Dossier) -> Listing[Missing]:
    """All that is missing, ranked; files cited nowhere for those who may list the evidence."""
    lists_evidence = web.may(Permission.EVIDENCE_LIST, Place(school_id=dossier.school_id))
    rows = [Missing(gap) for gap in _standing(dossier).readiness.gaps if gap.element or lists_evidence]
    return Listing(f"{dossier.school.name} {_('Gaps')}", GAPS, rows)


def _standing(dossier: Dossier) -> Standing:
    return standing(web.db(), dossier, now=web.now(), to_school=is_of(dossier))


CHECK_LIST: list[Column[Missing]] = [
    *GAPS,
    Column(_l("Standing"), lambda row: row.standing),
    Column(_l("Reason"), lambda row: row.reason),
]


@of("package.submission", "/dossiers/<int:dossier_id>/submission", _l("Check list"))
def check_list(dossier: Dossier) -> Listing[Missing]:
    """What stands between a dossier and its submission: open, waived with the reason, and what would stand better."""
    listed = submission.check_list(web.db(), dossier, now=web.now(), to_school=is_of(dossier))
    waived = [
        Missing(gap, _("Waived"), listed.waived[gap.key].reason)
        for gap in listed.gaps
        if gap.key in listed.waived
    ]
    rows = [
        *(Missing(gap, _("Open")) for gap in listed.open),
        *waived,
        *(Missing(gap, _("Would stand better")) for gap in listed.advice if gap.key not in listed.waived),
        *(Missing(gap, _("Stays out of the package")) for gap in listed.left_out),
    ]
    return Listing(f"{dossier.school.name} {_('Check list')}", CHECK_LIST, rows)


# ---- Work ----


def _lacks(task: Task) -> str:
    said = [wording.gap_words(gap)[0] for gap in task.gaps]
    if task.problem:
        said.insert(0, f"{_('To put right')}: {task.problem}")
    if task.touch:
        said.insert(0, str(wording.TOUCHES[task.touch][0]))
    return "; ".join(said)


TASKS: list[Column[Task]] = [
    Column(_l("Element"), lambda row: row.element.code),
    Column(_l("Wording"), lambda row: row.element.short_title),
    Column(_l("By"), lambda row: row.due_on),
    Column(_l("Days left"), lambda row: row.days_left),
    Column(_l("Standing"), lambda row: str(wording.STATUSES[row.status])),
    Column(_l("Self-score"), lambda row: row.score),
    Column(_l("Points"), lambda row: row.element.points),
    Column(_l("At risk"), lambda row: row.at_risk),
    Column(_l("What is missing"), _lacks),
]


@of("work.mine", "/dossiers/<int:dossier_id>/work/mine", _l("My work"))
def my_work(dossier: Dossier) -> Listing[Task]:
    """One's own elements, the most urgent first."""
    found = work.my_work(web.db(), dossier, user_id=web.actor().user_id, now=web.now())
    rows = [task for theirs in work.by_urgency(found).values() for task in theirs]
    return Listing(f"{dossier.school.name} {_('My work')}", TASKS, rows)


class Shared(NamedTuple):
    """An element in the division of work."""

    group: str
    row: ShareRow
    owner: str | None


DIVISION: list[Column[Shared]] = [
    Column(_l("B-indicator"), lambda row: row.group),
    Column(_l("Element"), lambda row: row.row.element.code),
    Column(_l("Wording"), lambda row: row.row.element.short_title),
    Column(_l("Standing"), lambda row: str(wording.STATUSES[row.row.status])),
    Column(_l("Who"), lambda row: row.owner),
    Column(_l("By"), lambda row: row.row.due_on),
    Column(_l("Overdue"), lambda row: _("yes") if row.row.overdue else _("no")),
]


@of("work.division", "/dossiers/<int:dossier_id>/work", _l("Who does what"))
def division(dossier: Dossier) -> Listing[Shared]:
    """Who does what by when."""
    stands = standing(web.db(), dossier, now=web.now(), with_uncited=False)
    names = people.names_of(web.db(), {row.assignee_id for row in stands.assessments.values()})
    shares = work.division(stands, today=day_of(web.now()))
    rows = [
        Shared(share.code, row, names.get(row.owner_id or 0))
        for theirs in shares.values()
        for share in theirs
        for row in share.rows
    ]
    return Listing(f"{dossier.school.name} {_('Who does what')}", DIVISION, rows)


# ---- Figures ----


class Counted(NamedTuple):
    """A school year of a figure."""

    rubric: Rubric
    topic: str
    row: FigureRow
    entry: Entry


FIGURES: list[Column[Counted]] = [
    Column(_l("A-indicator"), lambda row: row.topic),
    Column(_l("Figure"), lambda row: wording.label(row.row.figure.label)),
    Column(_l("School year"), lambda row: school_year(row.entry.year)),
    Column(_l("Value"), lambda row: row.entry.value),
    Column(_l("Unit"), lambda row: wording.unit_words(row.row.figure.unit, row.rubric)),
    Column(_l("Elements"), lambda row: " ".join(element.code for element in row.row.feeds)),
    Column(_l("Proof"), lambda row: row.entry.proof.title if row.entry.proof else None),
    Column(_l("Page"), lambda row: row.entry.proof.page if row.entry.proof else None),
    Column(_l("Saved by"), lambda row: row.entry.saved_by),
    Column(_l("Saved"), lambda row: row.entry.saved_at),
]


@of("figures.sheet", "/dossiers/<int:dossier_id>/figures", _l("Basic figures"))
def basic_figures(dossier: Dossier) -> Listing[Counted]:
    """Every figure asked for, year by year."""
    sheet = figures.sheet(web.db(), dossier)
    rows = [
        Counted(sheet.rubric, topic.indicator.code if topic.indicator else "", row, entry)
        for topic in sheet.topics
        for row in topic.rows
        for entry in row.entries
    ]
    return Listing(f"{dossier.school.name} {_('Basic figures')}", FIGURES, rows)


class Measured(NamedTuple):
    """A number the rubric sets, held against the figures of one school year."""

    rubric: Rubric
    element: str
    result: MeasureResult
    year: int


MEASURES: list[Column[Measured]] = [
    Column(_l("Element"), lambda row: row.element),
    Column(_l("Measure"), lambda row: wording.label(row.result.measure.name)),
    Column(_l("What the rubric sets"), lambda row: wording.quantity(row.result, row.rubric)),
    Column(_l("School year"), lambda row: school_year(row.year)),
    Column(_l("Value"), lambda row: row.result.shown(row.year)),
    Column(_l("Unit"), lambda row: wording.unit_words(row.result.measure.unit, row.rubric)),
    Column(_l("Result"), lambda row: str(wording.VERDICTS[row.result.verdict])),
]


@of("figures.sheet", "/dossiers/<int:dossier_id>/measures", _l("What the rubric sets"))
def measures(dossier: Dossier) -> Listing[Measured]:
    """Every number the rubric sets, met or not."""
    sheet = figures.sheet(web.db(), dossier)
    rows = [
        Measured(sheet.rubric, code, result, year)
        for code, results in sheet.results.items()
        for result in results
        for year in result.values
    ]
    return Listing(f"{dossier.school.name} {_('What the rubric sets')}", MEASURES, rows)


COMPARED: list[Column[Comparison]] = [
    Column(_l("A-indicator"), lambda row: f"{row.indicator.code} {row.indicator.title}"),
    Column(_l("Points"), lambda row: row.indicator.points),
    Column(_l("This school"), lambda row: row.own.supported),
    Column(_l("Lower quartile"), lambda row: row.lower),
    Column(_l("Median"), lambda row: row.median),
    Column(_l("Upper quartile"), lambda row: row.upper),
    Column(_l("Schools"), lambda row: row.schools if row.median is not None else None),
]


@of("dossier.city", "/dossiers/<int:dossier_id>/city", _l("Compared with the city"))
def compared(dossier: Dossier) -> Listing[Comparison]:
    """Where the school stands among the city's."""
    found = trend.comparisons(web.db(), dossier, rubric_of(web.db(), dossier.cycle.rubric_digest))
    return Listing(f"{dossier.school.name} {_('Compared with the city')}", COMPARED, found)


# ---- From the last cycle ----

CARRIED: list[Column[CarriedCitation]] = [
    Column(_l("Element"), lambda row: row.element.code if row.element else None),
    Column(_l("Element in the last cycle"), lambda row: row.from_element),
    Column(_l("Title"), lambda row: row.title),
    Column(_l("Pages"), lambda row: pages(row) if row.page_from is not None else None),
    Column(_l("Remark"), lambda row: row.remark),
]
TO_PUT_RIGHT: list[Column[Problem]] = [
    Column(_l("Element"), lambda row: row.element.code),
    Column(_l("Wording"), lambda row: row.element.short_title),
    Column(_l("Points lost"), lambda row: row.lost),
    Column(_l("Reason"), lambda row: row.reason),
]


@of("carry.preview", "/dossiers/<int:dossier_id>/carry-over", _l("Citations"))
def carried_citations(dossier: Dossier) -> Listing[CarriedCitation]:
    """The citations that would come over."""
    plan = _plan(dossier)
    rows = [*plan.citations, *plan.too_old, *plan.without_element] if plan else []
    return Listing(f"{dossier.school.name} {_('Citations')}", CARRIED, rows)


@of("carry.preview", "/dossiers/<int:dossier_id>/carry-over/problems", _l("To put right"))
def to_put_right(dossier: Dossier) -> Listing[Problem]:
    """What the last panel found."""
    plan = _plan(dossier)
    return Listing(f"{dossier.school.name} {_('To put right')}", TO_PUT_RIGHT, plan.problems if plan else ())


def _plan(dossier: Dossier) -> CarryPlan | None:
    """What would come over; nothing once it has."""
    return None if carry.carried(web.db(), dossier.id) else carry.plan(web.db(), dossier)
