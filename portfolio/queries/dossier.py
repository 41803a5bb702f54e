"""A school's dossier as its pages show it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date as Date
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Select,
    String,
    and_,
    case,
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
    AuditEvent,
    Blob,
    Citation,
    Dossier,
    DossierState,
    Evidence,
    EvidenceVersion,
    EvidenceYear,
    FigureValue,
    LoginSession,
    MaterialTick,
    Package,
    Rectification,
    SelfAssessment,
    TouchedElement,
    User,
    Visit,
)
from portfolio.queries.derived import Made, with_made
from portfolio.queries.figures import known_of
from rubric.figures import Figures
from rubric.gaps import (
    CitedEvidence,
    ElementState,
    Gap,
    Readiness,
    Rule,
    Scrutiny,
    Step,
    next_steps,
    points_at_risk,
    readiness,
)
from rubric.materials import Line, checklist
from rubric.measures import absent
from rubric.model import Element, Rubric
from rubric.schoolyears import window_from
from rubric.scoring import ElementClaim, Totals, totals


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happened in the dossier; `fresh` where somebody else did it since the reader's last visit."""

    at: datetime
    who: str | None
    action: str
    element: str | None
    title: str | None
    score: str | None
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Overview:
    """The dossier at a glance: `steps` are the next things to do, `groups` everything that is missing."""

    rubric: Rubric
    stands: Standing
    readiness: Readiness
    steps: tuple[Step, ...]
    groups: tuple[GapGroup, ...]
    scores: dict[str, Decimal | None]
    mine: tuple[str, ...]
    changes: tuple[Change, ...]
    last_visit: datetime | None = None


@dataclass(frozen=True, slots=True)
class GapGroup:
    """The gaps of one rule: how many, the points that hang on them, and the first of each element."""

    rule: Rule
    count: int
    points: Decimal
    firsts: tuple[Gap, ...]


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


def standing(
    session: Session, dossier: Dossier, *, now: datetime, with_uncited: bool = True, to_school: bool = True
) -> Standing:
    """Where the dossier stands, in three statements; two without the files that nothing cites.

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
        uncited=_uncited(session, dossier) if with_uncited else (),
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
    )


def _same_element(table: type[TouchedElement | Rectification | MaterialTick]) -> ColumnElement[bool]:
    return (table.dossier_id == SelfAssessment.dossier_id) & (table.element == SelfAssessment.element)


def _submitted_at(dossier: Dossier, packed_at: datetime | None) -> datetime | None:
    """When what stands was handed over; None while it is being drafted."""
    if dossier.state is DossierState.DRAFTING:
        return None
    return dossier.handed_over_at or packed_at


def overview(
    session: Session, dossier: Dossier, *, user_id: int, now: datetime, to_school: bool = True
) -> Overview:
    """The dossier's home."""
    stands = standing(session, dossier, now=now, to_school=to_school)
    gaps = stands.readiness.gaps
    changes, last_visit = _changes(session, dossier.school_id, user_id)
    return Overview(
        rubric=stands.rubric,
        stands=stands,
        readiness=stands.readiness,
        steps=next_steps((gap for gap in gaps if gap.points_at_risk), weights_of(session)),
        groups=grouped(gaps),
        scores={code: row.score for code, row in stands.assessments.items()},
        mine=tuple(
            e.code for e in stands.rubric.elements if stands.assessments[e.code].assignee_id == user_id
        ),
        changes=changes,
        last_visit=last_visit,
    )


def grouped(gaps: Iterable[Gap]) -> tuple[GapGroup, ...]:
    """Gaps by rule: what stands in the way of submitting first, then most points first."""
    by_rule: dict[Rule, list[Gap]] = defaultdict(list)
    for gap in gaps:
        by_rule[gap.rule].append(gap)
    groups = [
        GapGroup(
            rule=rule,
            count=len(theirs),
            points=points_at_risk(theirs),
            firsts=tuple({gap.element: gap for gap in reversed(theirs)}.values())[::-1],
        )
        for rule, theirs in by_rule.items()
    ]
    return tuple(sorted(groups, key=lambda group: (not group.firsts[0].blocks, -group.points)))


def claims(session: Session, dossier_id: int, rubric: Rubric) -> Totals:
    """Only the three numbers, in one statement."""
    cited = exists().where(Citation.dossier_id == dossier_id, Citation.element == SelfAssessment.element)
    rows = session.execute(
        select(SelfAssessment.element, SelfAssessment.score, cited.label("cited")).where(
            SelfAssessment.dossier_id == dossier_id
        )
    )
    return totals(
        ElementClaim(r.element, rubric.element(r.element).points, r.score, bool(r.cited)) for r in rows
    )


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


SHOWN_CHANGES = (
    "element:scored",
    "evidence:added",
    "evidence:new_version",
    "citation:added",
    "package:signed",
)


def _changes(
    session: Session, school_id: int, user_id: int, limit: int = 8
) -> tuple[tuple[Change, ...], datetime | None]:
    """The newest changes, fresh ones first, and up to when the reader has seen them."""
    seen = _seen_at(school_id, user_id)
    fresh = and_(AuditEvent.at > seen, AuditEvent.actor_id.is_distinct_from(user_id))
    rows = session.execute(
        select(AuditEvent, User.name, seen.label("seen_at"))
        .outerjoin(User, User.id == AuditEvent.actor_id)
        .where(AuditEvent.school_id == school_id, AuditEvent.action.in_(SHOWN_CHANGES))
        .order_by(case((fresh, 0), else_=1), AuditEvent.at.desc(), AuditEvent.id.desc())
        .limit(limit)
    ).all()
    seen_at = rows[0].seen_at if rows else None
    changes = tuple(_change(event, name, seen_at, user_id) for event, name, _seen in rows)
    return changes, seen_at


def _seen_at(school_id: int, user_id: int) -> ScalarSelect[datetime]:
    """When the reader said so, or began the log-in before the present one, whichever is later."""
    logged_in = (
        select(LoginSession.created_at.label("at"))
        .where(LoginSession.user_id == user_id)
        .order_by(LoginSession.created_at.desc())
        .offset(1)
        .limit(1)
        .subquery()
    )
    said = select(Visit.seen_at.label("at")).where(Visit.user_id == user_id, Visit.school_id == school_id)
    either = union_all(select(logged_in.c.at), said).subquery()
    return select(func.max(either.c.at, type_=either.c.at.type)).scalar_subquery()


def _change(event: AuditEvent, who: str | None, seen_at: datetime | None, user_id: int) -> Change:
    after = event.after or {}
    return Change(
        at=event.at,
        who=who,
        action=event.action,
        element=after.get("element"),
        title=after.get("title"),
        score=after.get("score"),
        fresh=seen_at is not None and event.at > seen_at and event.actor_id != user_id,
    )


@dataclass(frozen=True, slots=True)
class CitationCard:
    """A citation as a card: which evidence, its newest file, where in it, and why."""

    id: int
    evidence_id: int
    title: str
    kind: str
    date: Date | None
    number: int
    media_type: str
    size: int
    page_from: int | None
    page_to: int | None
    remark: str
    made: Made


def citation_cards(session: Session, dossier_id: int, code: str) -> list[CitationCard]:
    """An element's citations, oldest first."""
    newest = (
        select(func.max(EvidenceVersion.number))
        .where(EvidenceVersion.evidence_id == Citation.evidence_id)
        .correlate(Citation)
        .scalar_subquery()
    )
    statement = (
        select(
            Citation,
            Evidence.title,
            Evidence.kind,
            Evidence.date,
            EvidenceVersion.number,
            Blob.media_type,
            Blob.size,
        )
        .join(Evidence, Evidence.id == Citation.evidence_id)
        .join(
            EvidenceVersion, (EvidenceVersion.evidence_id == Evidence.id) & (EvidenceVersion.number == newest)
        )
        .join(EvidenceVersion.blob)
        .where(Citation.dossier_id == dossier_id, Citation.element == code)
        .order_by(Citation.cited_at, Citation.id)
    )
    rows = session.execute(with_made(statement, EvidenceVersion.school_id, EvidenceVersion.sha256))
    return [
        CitationCard(
            id=citation.id,
            evidence_id=citation.evidence_id,
            title=title,
            kind=kind,
            date=date,
            number=number,
            media_type=media_type,
            size=size,
            page_from=citation.page_from,
            page_to=citation.page_to,
            remark=citation.remark,
            made=Made.of(derivation, thumbnail),
        )
        for citation, title, kind, date, number, media_type, size, derivation, thumbnail in rows
    ]


def person_name(session: Session, user_id: int | None) -> str | None:
    """A person's name, if there is such a person."""
    return session.scalar(select(User.name).where(User.id == user_id)) if user_id else None


def packages(session: Session, dossier_id: int) -> list[Package]:
    """The dossier's packages, newest first."""
    return list(
        session.scalars(
            select(Package).where(Package.dossier_id == dossier_id).order_by(Package.number.desc())
        )
    )
