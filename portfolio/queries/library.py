"""A school's library of evidence: filtered, counted, paged."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date as Date
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    cast,
    exists,
    func,
    literal,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from portfolio.models import Blob, Citation, Evidence, EvidenceKind, EvidenceVersion, EvidenceYear, User
from portfolio.queries import fulltext, problems
from portfolio.queries.derived import Made, with_made
from portfolio.queries.problems import Problem, Yardstick

PAGE = 50  # pieces of evidence
PICKS = 20
Cited = Literal["", "cited", "uncited"]
Order = Literal["newest", "date", "title"]
# Beside the year that a statement joins: any of them
AnyYear = aliased(EvidenceYear)
Files = Select[Evidence, EvidenceVersion, str, int, str]
FilesWithProblems = Select[Evidence, EvidenceVersion, str, int, str, int]


@dataclass(frozen=True, slots=True)
class Filter:
    """What of the library is looked at; empty values mean everything."""

    cited: Cited = ""
    kind: EvidenceKind | None = None
    year: int | None = None
    q: str = ""
    order: Order = "newest"
    page: int = 1
    problem: Problem | None = None
    # a code: what is cited for this element
    element: str = ""

    @property
    def narrowed(self) -> bool:
        """Whether something is left out."""
        return bool(self.q or self.chooses)

    @property
    def chooses(self) -> bool:
        """Whether something beside words is chosen."""
        return bool(self.cited or self.kind or self.year or self.problem or self.element)


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


@dataclass(slots=True)
class Facets:
    """How many pieces each choice would show, given the other choices; the totals count all there are."""

    total: int = 0
    total_cited: int = 0
    found: int = 0
    cited: dict[str, int] = field(default_factory=lambda: {"cited": 0, "uncited": 0})
    kinds: dict[EvidenceKind, int] = field(default_factory=dict)
    years: dict[int, int] = field(default_factory=dict)
    problems: dict[Problem, int] = field(default_factory=dict)
    # what is kept, the trash included: file versions, and bytes (each file's once)
    versions: int = 0
    stored: int = 0
    trashed: int = 0

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
        .where(*_conditions(chosen, yardstick))
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
        .where(*_conditions(chosen, yardstick))
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
        .where(*_kept(yardstick.school_id), ~cited_for(element, yardstick))
        .order_by(*_ordering("newest"))
        .limit(PICKS)
    )
    return _rows(session, statement, yardstick.dossier_id)


def _kept(school_id: int) -> list[ColumnElement[bool]]:
    """The school's evidence, the trash left out."""
    return [Evidence.school_id == school_id, Evidence.trashed_at.is_(None)]


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


def facets_of(session: Session, yardstick: Yardstick, chosen: Filter) -> Facets:
    """All counts in one statement; each facet is counted as if nothing were chosen in it."""
    asked = replace(chosen, order="newest", page=1)
    counted = {
        "total": Filter(),
        "found": asked,
        "cited": replace(asked, cited=""),
        "kind": replace(asked, kind=None),
        "problems": replace(asked, problem=None),
    }
    # Where nothing is chosen all these are the same, and the evidence is gone through once.
    names = {each: f"pieces {number}" for number, each in enumerate(dict.fromkeys(counted.values()))}
    rows: Any = session.execute(
        union_all(
            *(_pieces(name, each, yardstick) for each, name in names.items()),
            _by_year(replace(asked, year=None), yardstick),
            *_stored(yardstick.school_id),
        )
    )
    facets = Facets()
    for name, value, bits, count in rows:
        for facet in [facet for facet, each in counted.items() if names[each] == name] or [name]:
            _note(facets, facet, value, problems.named(bits), count)
    return facets


def _pieces(name: str, chosen: Filter, yardstick: Yardstick) -> Select[str, str, int, int]:
    """How many pieces are of the same kind and have the same problems, for each there is."""
    mask = problems.mask(yardstick).label("bits")
    found = select(Evidence.kind, mask).where(*_conditions(chosen, yardstick))
    pieces = found.limit(sys.maxsize).subquery()  # the limit keeps SQLite from working each mask out twice
    return select(literal(name), _as_text(pieces.c.kind), pieces.c.bits, func.count()).group_by(
        pieces.c.kind, pieces.c.bits
    )


def _by_year(chosen: Filter, yardstick: Yardstick) -> Select[str, str, int, int]:
    return (
        select(literal("year"), _as_text(EvidenceYear.year), literal(0), func.count())
        .select_from(Evidence)
        .join(EvidenceYear, EvidenceYear.evidence_id == Evidence.id)
        .where(*_conditions(chosen, yardstick))
        .group_by(EvidenceYear.year)
    )


def _stored(school_id: int) -> tuple[Select[str, str, int, int], ...]:
    """What the school keeps, as rows of the facets' statement: versions, bytes, the trash."""
    nothing, none = literal(""), literal(0)
    size = func.coalesce(func.sum(Blob.size), 0)
    trashed = Evidence.trashed_at.is_not(None)
    # not what a panel took pictures of
    of_theirs = exists().where(
        EvidenceVersion.school_id == Blob.school_id, EvidenceVersion.sha256 == Blob.sha256
    )
    return (
        select(literal("versions"), nothing, none, func.count()).where(
            EvidenceVersion.school_id == school_id
        ),
        select(literal("stored"), _as_text(size), none, func.count()).where(
            Blob.school_id == school_id, of_theirs
        ),
        select(literal("trashed"), nothing, none, func.count()).where(
            Evidence.school_id == school_id, trashed
        ),
    )


def _note(facets: Facets, facet: str, value: str, matters: tuple[Problem, ...], count: int) -> None:
    cited = Problem.UNCITED not in matters
    match facet:
        case "total":
            facets.total += count
            facets.total_cited += count if cited else 0
        case "found":
            facets.found += count
        case "cited":
            facets.cited["cited" if cited else "uncited"] += count
        case "kind":
            kind = EvidenceKind(value)
            facets.kinds[kind] = facets.kinds.get(kind, 0) + count
        case "problems":
            for problem in matters:
                facets.problems[problem] = facets.problems.get(problem, 0) + count
        case "year":
            facets.years[int(value)] = count
        case "versions":
            facets.versions = count
        case "stored":
            facets.stored = int(value)
        case "trashed":
            facets.trashed = count


def _conditions(chosen: Filter, yardstick: Yardstick) -> list[ColumnElement[bool]]:
    school_id = yardstick.school_id
    return [
        *_kept(school_id),
        *fulltext.matching(school_id, chosen.q),
        *narrowing(chosen, yardstick),
    ]


def narrowing(chosen: Filter, yardstick: Yardstick) -> list[ColumnElement[bool]]:
    """What is chosen, the words aside, as conditions over evidence."""
    conditions: list[ColumnElement[bool]] = []
    if chosen.cited:
        uncited = problems.condition(Problem.UNCITED, yardstick)
        conditions.append(uncited if chosen.cited == "uncited" else ~uncited)
    if chosen.kind:
        conditions.append(Evidence.kind == chosen.kind)
    if chosen.year:
        conditions.append(exists().where(AnyYear.evidence_id == Evidence.id, AnyYear.year == chosen.year))
    if chosen.element:
        conditions.append(cited_for(chosen.element, yardstick))
    if chosen.problem:
        conditions.append(problems.condition(chosen.problem, yardstick))
    return conditions


def cited_for(element: str, yardstick: Yardstick) -> ColumnElement[bool]:
    """Whether the element cites a piece of evidence."""
    return exists().where(
        Citation.evidence_id == Evidence.id,
        Citation.dossier_id == yardstick.dossier_id,
        Citation.element == element,
    )


def _ordering(order: Order) -> tuple[Any, ...]:
    match order:
        case "date":
            return Evidence.date.is_(None), Evidence.date.desc(), Evidence.id
        case "title":
            return Evidence.title, Evidence.id
        case _:
            return EvidenceVersion.uploaded_at.desc(), Evidence.id


def _as_text(column: Any) -> ColumnElement[str]:
    return cast(column, String)
