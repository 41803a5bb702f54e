"""How many pieces of evidence each choice would show."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, String, cast, exists, func, literal, select, union_all
from sqlalchemy.orm import Session

from portfolio.models import Blob, Evidence, EvidenceKind, EvidenceVersion, EvidenceYear
from portfolio.queries import problems
from portfolio.queries.library_filter import Filter, conditions
from portfolio.queries.problems import Problem, Yardstick


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
    found = select(Evidence.kind, mask).where(*conditions(chosen, yardstick))
    pieces = found.limit(sys.maxsize).subquery()  # the limit keeps SQLite from working each mask out twice
    return select(literal(name), _as_text(pieces.c.kind), pieces.c.bits, func.count()).group_by(
        pieces.c.kind, pieces.c.bits
    )


def _by_year(chosen: Filter, yardstick: Yardstick) -> Select[str, str, int, int]:
    return (
        select(literal("year"), _as_text(EvidenceYear.year), literal(0), func.count())
        .select_from(Evidence)
        .join(EvidenceYear, EvidenceYear.evidence_id == Evidence.id)
        .where(*conditions(chosen, yardstick))
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


def _as_text(column: Any) -> ColumnElement[str]:
    return cast(column, String)
