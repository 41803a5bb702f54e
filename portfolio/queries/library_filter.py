"""What of a school's library is looked at, as conditions over evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, exists
from sqlalchemy.orm import aliased

from portfolio.models import Citation, Evidence, EvidenceKind, EvidenceYear
from portfolio.queries import fulltext, problems
from portfolio.queries.problems import Problem, Yardstick

Cited = Literal["", "cited", "uncited"]
Order = Literal["newest", "date", "title"]
# Beside the year that a statement joins: any of them
AnyYear = aliased(EvidenceYear)


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


def kept(school_id: int) -> list[ColumnElement[bool]]:
    """The school's evidence, the trash left out."""
    return [Evidence.school_id == school_id, Evidence.trashed_at.is_(None)]


def conditions(chosen: Filter, yardstick: Yardstick) -> list[ColumnElement[bool]]:
    """What is found, as conditions over evidence: of the school, not in the trash, with the words, as chosen."""
    school_id = yardstick.school_id
    return [
        *kept(school_id),
        *fulltext.matching(school_id, chosen.q),
        *narrowing(chosen, yardstick),
    ]


def narrowing(chosen: Filter, yardstick: Yardstick) -> list[ColumnElement[bool]]:
    """What is chosen, the words aside, as conditions over evidence."""
    narrowed: list[ColumnElement[bool]] = []
    if chosen.cited:
        uncited = problems.condition(Problem.UNCITED, yardstick)
        narrowed.append(uncited if chosen.cited == "uncited" else ~uncited)
    if chosen.kind:
        narrowed.append(Evidence.kind == chosen.kind)
    if chosen.year:
        narrowed.append(exists().where(AnyYear.evidence_id == Evidence.id, AnyYear.year == chosen.year))
    if chosen.element:
        narrowed.append(cited_for(chosen.element, yardstick))
    if chosen.problem:
        narrowed.append(problems.condition(chosen.problem, yardstick))
    return narrowed


def cited_for(element: str, yardstick: Yardstick) -> ColumnElement[bool]:
    """Whether the element cites a piece of evidence."""
    return exists().where(
        Citation.evidence_id == Evidence.id,
        Citation.dossier_id == yardstick.dossier_id,
        Citation.element == element,
    )
