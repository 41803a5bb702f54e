"""What a dossier can take over from the school's last one, and what the last one came to."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date as Date
from decimal import Decimal

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session, contains_eager

from portfolio.editions import rubric_of
from portfolio.models import (
    CarryOver,
    Citation,
    Cycle,
    Dossier,
    DossierState,
    Evidence,
    EvidenceYear,
    SelfAssessment,
)
from portfolio.queries import figures, people
from portfolio.queries.figures import Entry
from portfolio.queries.judged import JudgedElement, judged_element
from portfolio.queries.published import published_results
from rubric.model import Element
from rubric.succession import Succession, is_inside, succession


@dataclass(frozen=True, slots=True)
class CarriedCitation:
    """A citation of the last cycle, and the element it backs in this one (None: nothing goes on from its own)."""

    element: Element | None
    from_element: str
    evidence_id: int
    title: str
    page_from: int | None
    page_to: int | None
    remark: str


@dataclass(frozen=True, slots=True)
class CarriedOwner:
    """Whose an element was, and is to be again."""

    element: Element
    user_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Points the last panel didn't give, and its reason."""

    element: Element
    lost: Decimal
    reason: str
    assignment_id: int


@dataclass(frozen=True, slots=True)
class CarryPlan:
    """Everything a carry-over would do; it does nothing else."""

    source: Dossier
    succession: Succession
    citations: tuple[CarriedCitation, ...]
    too_old: tuple[CarriedCitation, ...]
    without_element: tuple[CarriedCitation, ...]
    owners: tuple[CarriedOwner, ...]
    problems: tuple[Problem, ...]
    figures: tuple[Entry, ...]

    @property
    def files(self) -> int:
        """How many pieces of evidence the citations are of."""
        return len({each.evidence_id for each in self.citations})


def carried(session: Session, dossier_id: int) -> CarryOver | None:
    """What this dossier started from, if it did."""
    return session.get(CarryOver, dossier_id)


def source_of(session: Session, dossier: Dossier) -> Dossier | None:
    """The school's dossier in the cycle before this one, with its cycle."""
    return session.scalar(_source(dossier))


def _source(dossier: Dossier) -> Select[Dossier]:
    return (
        select(Dossier)
        .join(Dossier.cycle)
        .options(contains_eager(Dossier.cycle))
        .where(
            Dossier.school_id == dossier.school_id,
            Dossier.id != dossier.id,
            Cycle.opens_at < dossier.cycle.opens_at,
        )
        .order_by(Cycle.opens_at.desc(), Dossier.created_at.desc())
        .limit(1)
    )


def offered(session: Session, dossier: Dossier) -> Dossier | None:
    """The dossier that this one could still start from; at most one statement."""
    if dossier.state is not DossierState.DRAFTING:
        return None
    return session.scalar(_source(dossier).where(~exists().where(CarryOver.dossier_id == dossier.id)))


def plan(session: Session, dossier: Dossier) -> CarryPlan | None:
    """What would come over from the school's last dossier as things stand; None if there is none."""
    source = source_of(session, dossier)
    if source is None:
        return None
    going_on = between(session, source, dossier)
    inside, too_old, without = _citations(session, source, dossier, going_on)
    return CarryPlan(
        source=source,
        succession=going_on,
        citations=inside,
        too_old=too_old,
        without_element=without,
        owners=_owners(session, source, dossier, going_on),
        problems=_problems(session, source, going_on),
        figures=_figures(session, source, dossier),
    )


def between(session: Session, source: Dossier, dossier: Dossier) -> Succession:
    """How the elements of one dossier go on in another."""
    old = rubric_of(session, source.cycle.rubric_digest)
    return succession(old, rubric_of(session, dossier.cycle.rubric_digest))


def _citations(
    session: Session, source: Dossier, dossier: Dossier, going_on: Succession
) -> tuple[tuple[CarriedCitation, ...], tuple[CarriedCitation, ...], tuple[CarriedCitation, ...]]:
    """The last cycle's citations: those that come over, those grown too old, those whose element is gone."""
    cited_now = {
        (row.element, row.evidence_id)
        for row in session.execute(
            select(Citation.element, Citation.evidence_id).where(Citation.dossier_id == dossier.id)
        )
    }
    elements = going_on.by_predecessor()
    inside, too_old, without = [], [], []
    for citation, years, day in _cited(session, source.id, elements):
        if citation.element is None:
            without.append(citation)
        elif (citation.element.code, citation.evidence_id) in cited_now:
            continue
        elif is_inside(years, day, window_start=dossier.cycle.window_start):
            inside.append(citation)
        else:
            too_old.append(citation)
    return _in_order(inside), _in_order(too_old), _in_order(without)


def _in_order(citations: list[CarriedCitation]) -> tuple[CarriedCitation, ...]:
    return tuple(
        sorted(
            citations, key=lambda each: int((each.element.code if each.element else each.from_element)[1:])
        )
    )


def _cited(
    session: Session, dossier_id: int, elements: dict[str, Element]
) -> list[tuple[CarriedCitation, set[int], Date | None]]:
    """A dossier's citations with the school years and the day of their evidence, in two statements."""
    rows = session.execute(
        select(Citation, Evidence.title, Evidence.date)
        .join(Evidence, Evidence.id == Citation.evidence_id)
        .where(Citation.dossier_id == dossier_id)
        .order_by(Citation.cited_at, Citation.id)
    ).all()
    years: dict[int, set[int]] = defaultdict(set)
    for row in session.execute(
        select(EvidenceYear.evidence_id, EvidenceYear.year).where(
            EvidenceYear.evidence_id.in_(
                select(Citation.evidence_id).where(Citation.dossier_id == dossier_id)
            )
        )
    ):
        years[row.evidence_id].add(row.year)
    return [
        (
            CarriedCitation(
                element=elements.get(citation.element),
                from_element=citation.element,
                evidence_id=citation.evidence_id,
                title=title,
                page_from=citation.page_from,
                page_to=citation.page_to,
                remark=citation.remark,
            ),
            years[citation.evidence_id],
            day,
        )
        for citation, title, day in rows
    ]


def _owners(
    session: Session, source: Dossier, dossier: Dossier, going_on: Succession
) -> tuple[CarriedOwner, ...]:
    """Owners who are still on the staff, of elements that nobody has yet."""
    staff = dict(people.assignable(session, school_id=dossier.school_id))
    owned = {
        row.element: row.assignee_id
        for row in session.execute(
            select(SelfAssessment.element, SelfAssessment.assignee_id).where(
                SelfAssessment.dossier_id == dossier.id
            )
        )
    }
    rows = session.execute(
        select(SelfAssessment.element, SelfAssessment.assignee_id).where(
            SelfAssessment.dossier_id == source.id, SelfAssessment.assignee_id.is_not(None)
        )
    )
    elements = going_on.by_predecessor()
    found = [
        CarriedOwner(elements[row.element], row.assignee_id, staff[row.assignee_id])
        for row in rows
        if row.element in elements
        and row.assignee_id in staff
        and owned.get(elements[row.element].code, row) is None
    ]
    return tuple(sorted(found, key=lambda owner: owner.element.number))


def _problems(session: Session, source: Dossier, going_on: Succession) -> tuple[Problem, ...]:
    """Where the last published round gave less than was claimed, with a reason, most points first.

    What the school hadn't claimed itself it knows already.
    """
    results = published_results(session, source)
    if not results:
        return ()
    elements = going_on.by_predecessor()
    newest = results[0]
    found = [
        Problem(elements[judged.element.code], judged.lost, reason, newest.assignment.id)
        for judged in newest.below
        if judged.element.code in elements and (reason := reason_of(judged))
    ]
    return tuple(sorted(found, key=lambda problem: (-problem.lost, problem.element.number)))


def _figures(session: Session, source: Dossier, dossier: Dossier) -> tuple[Entry, ...]:
    """Figures of school years that are asked for again and not entered yet: a number is entered once."""
    asked = figures.asked_years(rubric_of(session, dossier.cycle.rubric_digest), dossier)
    standing = figures.entries(session, dossier.id)
    return tuple(
        entry
        for key, entry in figures.entries(session, source.id).items()
        if entry.value is not None and key not in standing and entry.year in asked.get(entry.figure, ())
    )


def reason_of(judged: JudgedElement) -> str:
    """Why points were lost: the chair's reason, else what the experts who gave less said."""
    if judged.reason.strip():
        return judged.reason.strip()
    said = [
        rung.reason.strip()
        for rung in judged.given
        if rung.reason.strip() and rung.score is not None and rung.score < judged.element.points
    ]
    return "\n".join(dict.fromkeys(said))


@dataclass(frozen=True, slots=True)
class LastTime:
    """What an element came to in the last cycle; `judged` once its result was published."""

    cycle: str
    element: Element
    score: Decimal | None
    justification: str
    judged: JudgedElement | None


def last_time(session: Session, dossier: Dossier, code: str) -> LastTime | None:
    """The last cycle's score and reasons for an element; None where there was none."""
    source = source_of(session, dossier)
    if source is None:
        return None
    predecessor = between(session, source, dossier).successors[code].predecessor
    if predecessor is None:
        return None
    row = session.scalar(
        select(SelfAssessment).where(
            SelfAssessment.dossier_id == source.id, SelfAssessment.element == predecessor.code
        )
    )
    if row is None:
        return None
    return LastTime(
        cycle=source.cycle.name,
        element=predecessor,
        score=row.score,
        justification=row.justification,
        judged=judged_element(session, source, predecessor),
    )
