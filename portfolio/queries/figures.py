"""A school's basic figures: what is asked for, what was entered, and what the rubric's measures make of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.editions import rubric_of
from portfolio.errors import NotFound
from portfolio.models import Citation, Dossier, Evidence, FigureValue, School, User
from portfolio.policy import Place
from portfolio.queries import places
from rubric.figures import Figures
from rubric.guidance import Figure, Measure
from rubric.measures import MeasureResult, Verdict, evaluate, evaluate_all
from rubric.model import Element, Indicator, Rubric
from rubric.schoolyears import window_from

# The figure that a day school needn't enter: that it takes no boarders is on its own sheet already.
BOARDERS = "boarders"


@dataclass(frozen=True, slots=True)
class Proof:
    """The file that proves a figure, and its page."""

    evidence_id: int
    title: str
    page: int | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One school year of a figure as it stands; version 0 where nothing was ever entered."""

    figure: str
    year: int
    value: Decimal | None = None
    version: int = 0
    saved_at: datetime | None = None
    saved_by: str | None = None
    proof: Proof | None = None

    @property
    def field(self) -> str:
        """Its name in a form."""
        return f"{self.figure}-{self.year}"

    @property
    def shown(self) -> str:
        """Its digits, as they go into a form."""
        return "" if self.value is None else f"{self.value:f}"


@dataclass(frozen=True, slots=True)
class FigureRow:
    """A figure that is asked for, the elements it feeds, and its school years, the newest first.

    `idle`: every measure it is for doesn't apply to this school.
    """

    figure: Figure
    feeds: tuple[Element, ...]
    entries: tuple[Entry, ...]
    idle: bool


@dataclass(frozen=True, slots=True)
class Topic:
    """Figures that belong together: those of one A-indicator, or, without one, of the school as a whole."""

    indicator: Indicator | None
    rows: tuple[FigureRow, ...]


@dataclass(frozen=True, slots=True)
class FigureSheet:
    """All figures of a dossier by topic, and the measures by element."""

    rubric: Rubric
    topics: tuple[Topic, ...]
    results: Mapping[str, list[MeasureResult]]

    @property
    def entries(self) -> list[Entry]:
        """Every school year asked for."""
        return [entry for topic in self.topics for row in topic.rows for entry in row.entries]

    def count(self, verdict: Verdict) -> int:
        """How many measures have this verdict."""
        return sum(1 for results in self.results.values() for each in results if each.verdict is verdict)


def asked_years(rubric: Rubric, dossier: Dossier) -> dict[str, tuple[int, ...]]:
    """The school years a figure is asked for, the newest first: three where a measure wants each, else the last."""
    window = tuple(reversed(window_from(dossier.cycle.window_start)))
    series = {
        name
        for element in rubric.elements
        for measure in element.measures
        if measure.each_year
        for name in measure.formula.names
    }
    return {figure.code: window if figure.code in series else window[:1] for figure in rubric.figures}


def figure_at(session: Session, *, dossier_id: int, figure: str, year: int) -> tuple[Dossier, Place]:
    """The dossier that a school year of a figure is entered in. Raises NotFound where it isn't asked for."""
    dossier, place = places.dossier(session, dossier_id=dossier_id)
    rubric = rubric_of(session, dossier.cycle.rubric_digest)
    if year not in asked_years(rubric, dossier).get(figure, ()):
        raise NotFound()
    return dossier, place


def sheet(session: Session, dossier: Dossier) -> FigureSheet:
    """The figures page, in one statement."""
    rubric = rubric_of(session, dossier.cycle.rubric_digest)
    standing = entries(session, dossier.id)
    years = window_from(dossier.cycle.window_start)
    results = evaluate_all(
        rubric, known_of(dossier, ((each.figure, each.year, each.value) for each in standing.values())), years
    )
    feeds = _feeds(rubric)
    idle = _idle(results)
    rows = [
        FigureRow(
            figure=figure,
            feeds=feeds[figure.code],
            entries=tuple(standing.get((figure.code, year), Entry(figure.code, year)) for year in asked),
            idle=figure.code in idle,
        )
        for figure, asked in zip(rubric.figures, asked_years(rubric, dossier).values(), strict=True)
    ]
    return FigureSheet(rubric, _topics(rubric, rows), results)


def entries(session: Session, dossier_id: int) -> dict[tuple[str, int], Entry]:
    """What was entered, by figure and school year."""
    rows = session.execute(
        select(FigureValue, User.name, Evidence.title)
        .outerjoin(User, User.id == FigureValue.saved_by)
        .outerjoin(Evidence, Evidence.id == FigureValue.proof_id)
        .where(FigureValue.dossier_id == dossier_id)
    )
    return {
        (row.figure, row.year): Entry(
            figure=row.figure,
            year=row.year,
            value=row.value,
            version=row.version,
            saved_at=row.saved_at,
            saved_by=name,
            proof=Proof(row.proof_id, title, row.proof_page) if row.proof_id is not None else None,
        )
        for row, name, title in rows
    }


def results_of(figures: Figures, dossier: Dossier, element: Element) -> list[MeasureResult]:
    """What the figures say of an element's measures."""
    years = window_from(dossier.cycle.window_start)
    return [evaluate(measure, figures, years) for measure in element.measures]


def figures_of(session: Session, dossier: Dossier) -> Figures:
    """What the school counted, for the rubric's measures: figure → school year → value; one statement."""
    rows = session.execute(
        select(FigureValue.figure, FigureValue.year, FigureValue.value).where(
            FigureValue.dossier_id == dossier.id, FigureValue.value.is_not(None)
        )
    )
    return known_of(dossier, ((row.figure, row.year, row.value) for row in rows))


def known_of(dossier: Dossier, entered: Iterable[tuple[str, int, Decimal | None]]) -> Figures:
    """What was entered as (figure, school year, value), and what is known of the school without being entered."""
    known: dict[str, dict[int, Decimal]] = defaultdict(dict)
    for figure, year, value in entered:
        if value is not None:
            known[figure][year] = value
    if _is_day_school(dossier.school):
        known[BOARDERS].setdefault(dossier.cycle.school_year, Decimal(0))
    return dict(known)


def _is_day_school(school: School) -> bool:
    return not school.boarding


def needs(measure: Measure) -> tuple[str, ...]:
    """The figures a measure is made of."""
    return tuple(dict.fromkeys([*measure.formula.names, *filter(None, [measure.only_with])]))


def _feeds(rubric: Rubric) -> dict[str, tuple[Element, ...]]:
    """The elements that rest on each figure, in order."""
    found: dict[str, dict[str, Element]] = {figure.code: {} for figure in rubric.figures}
    for element in rubric.elements:
        for measure in element.measures:
            for name in needs(measure):
                found[name][element.code] = element
    return {name: tuple(elements.values()) for name, elements in found.items()}


def _idle(results: Mapping[str, list[MeasureResult]]) -> set[str]:
    """Figures that only measures use which don't apply here."""
    used: dict[str, set[bool]] = defaultdict(set)
    for each in (result for theirs in results.values() for result in theirs):
        for name in each.measure.formula.names:
            used[name].add(each.verdict is Verdict.NOT_APPLICABLE)
    return {name for name, absent in used.items() if absent == {True}}


def _topics(rubric: Rubric, rows: list[FigureRow]) -> tuple[Topic, ...]:
    """Rows under the A-indicator they feed; those that feed several come first, as the school's own."""
    grouped: dict[str, list[FigureRow]] = defaultdict(list)
    for row in rows:
        indicators = {element.indicator for element in row.feeds}
        grouped[indicators.pop() if len(indicators) == 1 else ""].append(row)
    own = [Topic(None, tuple(grouped[""]))] if grouped[""] else []
    return (
        *own,
        *(Topic(each, tuple(grouped[each.code])) for each in rubric.indicators if grouped[each.code]),
    )


@dataclass(frozen=True, slots=True)
class Offer:
    """A file that may prove a figure: cited already for an element that the figure feeds."""

    evidence_id: int
    title: str
    page: int | None
    element: str


def offers(session: Session, dossier: Dossier, row: FigureRow, *, most: int = 60) -> list[Offer]:
    """What is cited for the elements a figure feeds, each file and page once, the newest first."""
    found = session.execute(
        select(Citation.evidence_id, Evidence.title, Citation.page_from, Citation.element)
        .join(Evidence, Evidence.id == Citation.evidence_id)
        .where(
            Citation.dossier_id == dossier.id,
            Citation.element.in_([element.code for element in row.feeds]),
        )
        .order_by(Citation.cited_at.desc(), Citation.id.desc())
        .limit(most)
    )
    once: dict[tuple[int, int | None], Offer] = {}
    for evidence_id, title, page, element in found:
        once.setdefault((evidence_id, page), Offer(evidence_id, title, page, element))
    return list(once.values())


def row_of(found: FigureSheet, figure: str) -> FigureRow | None:
    """One figure's row; None if the rubric asks for no such figure."""
    rows = (row for topic in found.topics for row in topic.rows)
    return next((row for row in rows if row.figure.code == figure), None)
