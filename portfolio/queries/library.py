"""A school's library of evidence: filtered, counted, paged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date as Date
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal, select, true
from sqlalchemy.orm import Session

from portfolio.models import Blob, Citation, Evidence, EvidenceKind, EvidenceVersion, User
from portfolio.queries import problems
from portfolio.queries.derived import Made, with_made
from portfolio.queries.facets import Facets, facets_of
from portfolio.queries.library_filter import Filter, Order, cited_for, conditions, kept
from portfolio.queries.problems import Problem, Yardstick

PAGE = 50  # pieces of evidence
PICKS = 20
Files = Select[Evidence, EvidenceVersion, str, int, str]
FilesWithProblems = Select[Evidence, EvidenceVersion, str, int, str, int]


@dataclass(frozen=True, slots=True)
class Row:
    """A piece of evidence with its newest file and the elements that cite it."""

    id: int
    title: str
    kind: EvidenceKind
    date: Date | None
    number: int
    filename: str
    media_type: str
    size: int
    uploaded_by: str
    uploaded_at: datetime
    elements: tuple[str, ...]
    problems: tuple[Problem, ...] = ()
    made: Made = field(default_factory=Made)


@dataclass(frozen=True, slots=True)
class Library:
    """One page of a school's evidence."""

    rows: tuple[Row, ...]
    facets: Facets
    pages: int


def library_page(
    session: Session, *, school_id: int, dossier_id: int | None, window_start: int, chosen: Filter
) -> Library:
    """A page of the library, the trash left out, in three statements. Cited means: in this dossier.

    `window_start` is the first school year that is not old.
    """
    yardstick = Yardstick(school_id, dossier_id, window_start)
    facets = facets_of(session, yardstick, chosen)
    pages = max(1, -(-facets.found // PAGE))
    page = min(chosen.page, pages)
    # First which pieces are on the page, then what is to be said of them: not of all that are sorted.
    shown = (
        select(Evidence.id)
        .join(EvidenceVersion, _is_newest())
        .where(*conditions(chosen, yardstick))
        .order_by(*_ordering(chosen.order))
        .limit(PAGE)
        .offset((page - 1) * PAGE)
        .subquery()
    )
    statement = (
        newest_files()
        .add_columns(problems.mask(yardstick))
        .where(Evidence.id.in_(select(shown.c.id)))
        .order_by(*_ordering(chosen.order))
    )
    return Library(_rows(session, statement, dossier_id), facets, pages)


def whole_library(session: Session, *, yardstick: Yardstick, chosen: Filter) -> Iterator[Row]:
    """All that is found, in the library's order: in two statements, the rows read as they are asked for."""
    statement = (
        newest_files()
        .add_columns(problems.mask(yardstick))
        .where(*conditions(chosen, yardstick))
        .order_by(*_ordering(chosen.order))
        .execution_options(yield_per=PAGE)
    )
    elements = citing_elements(session, yardstick.dossier_id)
    for row in session.execute(with_made(statement, EvidenceVersion.school_id, EvidenceVersion.sha256)):
        yield _row(row, elements)


def picks(session: Session, *, yardstick: Yardstick, element: str) -> tuple[Row, ...]:
    """Evidence that an element doesn't cite yet, the newest first."""
    statement = (
        newest_files()
        .add_columns(literal(0))
        .where(*kept(yardstick.school_id), ~cited_for(element, yardstick))
        .order_by(*_ordering("newest"))
        .limit(PICKS)
    )
    return _rows(session, statement, yardstick.dossier_id)


def newest_files() -> Files:
    """Evidence with its newest file, its type and size, and who uploaded it."""
    return (
        select(Evidence, EvidenceVersion, Blob.media_type, Blob.size, User.name)
        .join(EvidenceVersion, _is_newest())
        .join(EvidenceVersion.blob)
        .join(User, User.id == EvidenceVersion.uploaded_by)
    )


def _is_newest() -> ColumnElement[bool]:
    """Whether a file is the newest of its evidence."""
    newest = (
        select(func.max(EvidenceVersion.number))
        .where(EvidenceVersion.evidence_id == Evidence.id)
        .correlate(Evidence)
        .scalar_subquery()
    )
    return and_(EvidenceVersion.evidence_id == Evidence.id, EvidenceVersion.number == newest)


def _rows(session: Session, statement: FilesWithProblems, dossier_id: int | None) -> tuple[Row, ...]:
    found = session.execute(with_made(statement, EvidenceVersion.school_id, EvidenceVersion.sha256)).all()
    elements = citing_elements(session, dossier_id, [evidence.id for evidence, *_ in found])
    return tuple(_row(row, elements) for row in found)


def _row(found: Sequence[Any], elements: Mapping[int, list[str]]) -> Row:
    evidence, version, media_type, size, name, bits, derivation, thumbnail = found
    return Row(
        id=evidence.id,
        title=evidence.title,
        kind=evidence.kind,
        date=evidence.date,
        number=version.number,
        filename=version.filename,
        media_type=media_type,
        size=size,
        uploaded_by=name,
        uploaded_at=version.uploaded_at,
        elements=tuple(elements.get(evidence.id, ())),
        problems=problems.named(bits),
        made=Made.of(derivation, thumbnail),
    )


def citing_elements(
    session: Session, dossier_id: int | None, evidence_ids: list[int] | None = None
) -> dict[int, list[str]]:
    """The elements of a dossier that cite each piece, or each of those named, in the rubric's order."""
    cited: dict[int, list[str]] = defaultdict(list)
    if dossier_id is None or evidence_ids == []:
        return cited
    named = true() if evidence_ids is None else Citation.evidence_id.in_(evidence_ids)
    rows = session.execute(
        select(Citation.evidence_id, Citation.element)
        .where(Citation.dossier_id == dossier_id, named)
        .order_by(func.length(Citation.element), Citation.element)
    )
    for evidence_id, element in rows:
        cited[evidence_id].append(element)
    return cited


def _ordering(order: Order) -> tuple[Any, ...]:
    match order:
        case "date":
            return Evidence.date.is_(None), Evidence.date.desc(), Evidence.id
        case "title":
            return Evidence.title, Evidence.id
        case _:
            return EvidenceVersion.uploaded_at.desc(), Evidence.id
