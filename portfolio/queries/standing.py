"""Where a dossier stands: what is written, cited, ticked and counted, and the gaps that leaves."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date as Date
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    exists,
    func,
    null,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy.orm import Session

from portfolio.days import SCHOOL_TIME
from portfolio.editions import rubric_of, weights_of
from portfolio.models import (
    Citation,
    Dossier,
    DossierState,
    Evidence,
    EvidenceYear,
    FigureValue,
    MaterialTick,
    Package,
    Rectification,
    SelfAssessment,
    TouchedElement,
    User,
)
from portfolio.queries.figures import known_of
from portfolio.queries.supplements import UNDER_REVIEW, newest
from rubric.figures import Figures
from rubric.gaps import (
    CitedEvidence,
    ElementState,
    Readiness,
    Scrutiny,
    readiness,
)
from rubric.materials import Line, checklist
from rubric.measures import absent
from rubric.model import Element, Rubric
from rubric.schoolyears import window_from


@dataclass(frozen=True, slots=True)
class Ticked:
    """An expected material ticked by hand: why, by whom and when."""

    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Notes:
    """What a carry-over left to be looked at in a dossier: by element."""

    touched: dict[str, TouchedElement]
    problems: dict[str, Rectification]


@dataclass(frozen=True, slots=True)
class Standing:
    """A dossier's states and readiness, with what was read to get there; `ticks` by element and material."""

    rubric: Rubric
    assessments: dict[str, SelfAssessment]
    readiness: Readiness
    states: dict[str, ElementState]
    figures: Figures
    years: tuple[int, ...]
    ticks: dict[str, dict[str, Ticked]]
    left: Notes
    # the panel's request that binds the school
    request_id: int | None

    def checklist(self, element: Element) -> tuple[Line, ...]:
        """The expected materials of an element, filled from its citations and ticks."""
        state = self.states[element.code]
        return checklist(
            element,
            state.citations,
            years=self.years,
            by_hand=state.by_hand,
            absent=absent(self.figures, self.years[-1]),
        )


@dataclass(frozen=True, slots=True)
class _Written:
    """What people wrote in a dossier, and when it was submitted, if it was."""

    assessments: dict[str, SelfAssessment]
    ticks: dict[str, dict[str, Ticked]]
    left: Notes
    submitted_at: datetime | None
    request_id: int | None


def standing(
    session: Session, dossier: Dossier, *, now: datetime, with_uncited: bool = True, to_school: bool = True
) -> Standing:
    """Where the dossier stands, in three statements; two without the files that nothing cites.

    Those are no matter either while a panel's request binds the school: nothing but what it asks for goes anywhere.
    `to_school`: whether a reader of the school asks; nobody else is told of what only the school is told.
    """
    rubric = rubric_of(session, dossier.cycle.rubric_digest)
    written = _written(session, dossier)
    moment = (written.submitted_at or now).astimezone(SCHOOL_TIME)
    cited, figures = _cited_and_counted(session, dossier, moment.date())
    states = {
        element.code: ElementState(
            code=element.code,
            points=element.points,
            score=written.assessments[element.code].score,
            justification=written.assessments[element.code].justification,
            citations=tuple(cited.get(element.code, ())),
            by_hand=frozenset(written.ticks.get(element.code, ())),
        )
        for element in rubric.elements
        if element.code in written.assessments
    }
    ready = readiness(
        rubric,
        states.values(),
        window_start=dossier.cycle.window_start,
        uncited=_uncited(session, dossier) if with_uncited and written.request_id is None else (),
        scrutiny=Scrutiny(moment, weights_of(session), figures),
    )
    if not to_school:
        ready = replace(ready, gaps=tuple(gap for gap in ready.gaps if not gap.for_school_only))
    return Standing(
        rubric=rubric,
        assessments=written.assessments,
        readiness=ready,
        states=states,
        figures=figures,
        years=window_from(dossier.cycle.window_start),
        ticks=written.ticks,
        left=written.left,
        request_id=written.request_id,
    )


def _written(session: Session, dossier: Dossier) -> _Written:
    packed = select(func.max(Package.submitted_at, type_=Package.submitted_at.type)).where(
        Package.dossier_id == dossier.id
    )
    rows = session.execute(
        select(
            SelfAssessment,
            TouchedElement,
            Rectification,
            MaterialTick,
            User.name,
            packed.scalar_subquery().label("submitted_at"),
            newest(dossier.id).label("request_id"),
        )
        .outerjoin(TouchedElement, _same_element(TouchedElement) & TouchedElement.seen_at.is_(None))
        .outerjoin(Rectification, _same_element(Rectification) & Rectification.put_right_at.is_(None))
        .outerjoin(MaterialTick, _same_element(MaterialTick))
        .outerjoin(User, User.id == MaterialTick.ticked_by)
        .where(SelfAssessment.dossier_id == dossier.id)
    ).all()
    ticks: dict[str, dict[str, Ticked]] = defaultdict(dict)
    for row in rows:
        if (tick := row.MaterialTick) is not None:
            ticks[tick.element][tick.material] = Ticked(tick.reason, row.name, tick.ticked_at)
    return _Written(
        assessments={row.SelfAssessment.element: row.SelfAssessment for row in rows},
        ticks=dict(ticks),
        left=Notes(
            {row.TouchedElement.element: row.TouchedElement for row in rows if row.TouchedElement},
            {row.Rectification.element: row.Rectification for row in rows if row.Rectification},
        ),
        submitted_at=_submitted_at(dossier, rows[0].submitted_at if rows else None),
        request_id=rows[0].request_id if rows and dossier.state in UNDER_REVIEW else None,
    )


def _same_element(table: type[TouchedElement | Rectification | MaterialTick]) -> ColumnElement[bool]:
    return (table.dossier_id == SelfAssessment.dossier_id) & (table.element == SelfAssessment.element)


def _submitted_at(dossier: Dossier, packed_at: datetime | None) -> datetime | None:
    """When what stands was handed over; None while it is being drafted."""
    if dossier.state is DossierState.DRAFTING:
        return None
    return dossier.handed_over_at or packed_at


def _cited_and_counted(
    session: Session, dossier: Dossier, today: Date
) -> tuple[dict[str, list[CitedEvidence]], Figures]:
    """What each element cites, in the order it was cited, and what the school counted; one statement."""
    cited = (
        select(
            Citation.element.label("code"),
            Evidence.id,
            type_coerce(Evidence.kind, String).label("kind"),
            Evidence.date,
            Evidence.title.label("words"),
            EvidenceYear.year,
            Citation.cited_at,
        )
        .join(Evidence, Evidence.id == Citation.evidence_id)
        .outerjoin(EvidenceYear, EvidenceYear.evidence_id == Evidence.id)
        .where(Citation.dossier_id == dossier.id)
    )
    counted = select(
        FigureValue.figure,
        null(),
        null(),
        null(),
        type_coerce(FigureValue.value, String),
        FigureValue.year,
        null(),
    ).where(FigureValue.dossier_id == dossier.id, FigureValue.value.is_not(None))
    both: Select[Any] = select(union_all(cited, counted).subquery())
    rows = session.execute(both).all()
    figures = known_of(dossier, ((row.code, row.year, Decimal(row.words)) for row in rows if row.id is None))
    of_files = sorted((row for row in rows if row.id is not None), key=lambda row: (row.cited_at, row.id))
    years: dict[int, set[int]] = defaultdict(set)
    for row in of_files:
        if row.year is not None:
            years[row.id].add(row.year)
    found: dict[str, dict[int, CitedEvidence]] = defaultdict(dict)
    for row in of_files:
        if row.id not in found[row.code]:
            spoken_for, made_at = frozenset(years[row.id]), _made_at(row.date, today)
            found[row.code][row.id] = CitedEvidence(
                row.id, row.kind, spoken_for, row.date, row.words, made_at
            )
    return {code: list(files.values()) for code, files in found.items()}, figures


def _made_at(date: Date | None, today: Date) -> datetime | None:
    """When a file was made, as far as is known: no earlier than its own day began. One of tomorrow isn't known."""
    if date is None or date > today:
        return None
    return datetime.combine(date, time(), SCHOOL_TIME)


def _uncited(session: Session, dossier: Dossier) -> list[tuple[int, str]]:
    rows = session.execute(
        select(Evidence.id, Evidence.title)
        .where(
            Evidence.school_id == dossier.school_id,
            Evidence.trashed_at.is_(None),
            ~exists().where(Citation.evidence_id == Evidence.id, Citation.dossier_id == dossier.id),
        )
        .order_by(Evidence.created_at.desc())
    )
    return [(row.id, row.title) for row in rows]
