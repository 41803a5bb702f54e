"""A school's library of evidence: filtered, counted, paged."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date as Date
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from portfolio.models import Blob, Citation, Evidence, EvidenceKind, EvidenceVersion, EvidenceYear, User

PAGE = 50  # pieces of evidence
PICKS = 20
Cited = Literal["", "cited", "uncited"]
Order = Literal["newest", "date", "title"]
# Beside the newest file and the year that a statement joins: any of them
AnyFile = aliased(EvidenceVersion)
AnyYear = aliased(EvidenceYear)
Files = Select[Evidence, EvidenceVersion, str, int, str]


@dataclass(frozen=True, slots=True)
class Filter:
    """What of the library is looked at; empty values mean everything."""

    cited: Cited = ""
    kind: EvidenceKind | None = None
    year: int | None = None
    q: str = ""
    order: Order = "newest"
    page: int = 1

    @property
    def narrowed(self) -> bool:
        """Whether something is left out."""
        return bool(self.cited or self.kind or self.year or self.q)


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


@dataclass(slots=True)
class Facets:
    """How many pieces each choice would show, given the other choices; the totals count all there are."""

    total: int = 0
    total_cited: int = 0
    found: int = 0
    cited: dict[str, int] = field(default_factory=lambda: {"cited": 0, "uncited": 0})
    kinds: dict[EvidenceKind, int] = field(default_factory=dict)
    years: dict[int, int] = field(default_factory=dict)

    @property
    def uncited(self) -> int:
        """Pieces that nothing cites."""
        return self.total - self.total_cited


@dataclass(frozen=True, slots=True)
class Library:
    """One page of a school's evidence."""

    rows: tuple[Row, ...]
    facets: Facets
    pages: int


def library_page(session: Session, *, school_id: int, dossier_id: int | None, chosen: Filter) -> Library:
    """A page of the library in three statements. Cited means: in this dossier."""
    facets = _facets(session, school_id, dossier_id, chosen)
    pages = max(1, -(-facets.found // PAGE))
    page = min(chosen.page, pages)
    statement = (
        _newest_files()
        .where(Evidence.school_id == school_id, *_conditions(chosen, dossier_id))
        .order_by(*_ordering(chosen.order))
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    )
    return Library(_rows(session, statement, dossier_id), facets, pages)


def picks(session: Session, *, school_id: int, dossier_id: int, element: str, q: str) -> tuple[Row, ...]:
    """Evidence that an element doesn't cite yet: what fits the words first typed, newest first."""
    already = exists().where(
        Citation.evidence_id == Evidence.id, Citation.dossier_id == dossier_id, Citation.element == element
    )
    statement = (
        _newest_files()
        .where(Evidence.school_id == school_id, ~already, *_matching(q))
        .order_by(*_ordering("newest"))
        .limit(PICKS)
    )
    return _rows(session, statement, dossier_id)


def _newest_files() -> Files:
    newest = (
        select(func.max(EvidenceVersion.number))
        .where(EvidenceVersion.evidence_id == Evidence.id)
        .correlate(Evidence)
        .scalar_subquery()
    )
    return (
        select(Evidence, EvidenceVersion, Blob.media_type, Blob.size, User.name)
        .join(
            EvidenceVersion,
            and_(EvidenceVersion.evidence_id == Evidence.id, EvidenceVersion.number == newest),
        )
        .join(EvidenceVersion.blob)
        .join(User, User.id == EvidenceVersion.uploaded_by)
    )


def _rows(session: Session, statement: Files, dossier_id: int | None) -> tuple[Row, ...]:
    found = session.execute(statement).all()
    elements = _elements(session, dossier_id, [evidence.id for evidence, *_ in found])
    return tuple(
        Row(
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
        )
        for evidence, version, media_type, size, name in found
    )


def _elements(session: Session, dossier_id: int | None, evidence_ids: list[int]) -> dict[int, list[str]]:
    """The elements that cite each, in the rubric's order."""
    cited: dict[int, list[str]] = defaultdict(list)
    if dossier_id is None or not evidence_ids:
        return cited
    rows = session.execute(
        select(Citation.evidence_id, Citation.element)
        .where(Citation.dossier_id == dossier_id, Citation.evidence_id.in_(evidence_ids))
        .order_by(func.length(Citation.element), Citation.element)
    )
    for evidence_id, element in rows:
        cited[evidence_id].append(element)
    return cited


def _facets(session: Session, school_id: int, dossier_id: int | None, chosen: Filter) -> Facets:
    """All counts in one statement; each facet is counted as if nothing were chosen in it."""
    is_cited = _is_cited(dossier_id)
    cited_value = func.sum(_one_if(is_cited))

    def counted(facet: str, value: Any, without: Filter, *, by: Any = None) -> Select[Any]:
        statement = select(literal(facet), value, func.count(), cited_value).select_from(Evidence)
        if by is EvidenceYear.year:
            statement = statement.join(EvidenceYear, EvidenceYear.evidence_id == Evidence.id)
        statement = statement.where(Evidence.school_id == school_id, *_conditions(without, dossier_id))
        return statement.group_by(by) if by is not None else statement

    nothing = literal("")
    rows = session.execute(
        union_all(
            counted("total", nothing, Filter()),
            counted("found", nothing, chosen),
            counted("cited", nothing, replace(chosen, cited="")),
            counted("kind", _as_text(Evidence.kind), replace(chosen, kind=None), by=Evidence.kind),
            counted("year", _as_text(EvidenceYear.year), replace(chosen, year=None), by=EvidenceYear.year),
        )
    )
    facets = Facets()
    for facet, value, count, cited in rows:
        _note(facets, facet, value, count, cited or 0)
    return facets


def _note(facets: Facets, facet: str, value: str, count: int, cited: int) -> None:
    match facet:
        case "total":
            facets.total, facets.total_cited = count, cited
        case "found":
            facets.found = count
        case "cited":
            facets.cited = {"cited": cited, "uncited": count - cited}
        case "kind":
            facets.kinds[EvidenceKind(value)] = count
        case "year":
            facets.years[int(value)] = count


def _is_cited(dossier_id: int | None) -> ColumnElement[bool]:
    return exists().where(Citation.evidence_id == Evidence.id, Citation.dossier_id == dossier_id)


def _conditions(chosen: Filter, dossier_id: int | None) -> list[ColumnElement[bool]]:
    conditions = _matching(chosen.q)
    if chosen.cited:
        is_cited = _is_cited(dossier_id)
        conditions.append(is_cited if chosen.cited == "cited" else ~is_cited)
    if chosen.kind:
        conditions.append(Evidence.kind == chosen.kind)
    if chosen.year:
        conditions.append(exists().where(AnyYear.evidence_id == Evidence.id, AnyYear.year == chosen.year))
    return conditions


def _matching(q: str) -> list[ColumnElement[bool]]:
    """Every word typed is in the title, the remark or the name of one of the files."""
    return [
        or_(
            Evidence.title.icontains(word, autoescape=True),
            Evidence.remark.icontains(word, autoescape=True),
            exists().where(
                AnyFile.evidence_id == Evidence.id, AnyFile.filename.icontains(word, autoescape=True)
            ),
        )
        for word in q.split()
    ]


def _ordering(order: Order) -> tuple[Any, ...]:
    match order:
        case "date":
            return Evidence.date.is_(None), Evidence.date.desc(), Evidence.id
        case "title":
            return Evidence.title, Evidence.id
        case _:
            return EvidenceVersion.uploaded_at.desc(), Evidence.id


def _one_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


def _as_text(column: Any) -> ColumnElement[str]:
    return cast(column, String)
