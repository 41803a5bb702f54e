"""The catalogue of evidence (佐证材料目录): every citation of a dossier, numbered by its element."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Date
from typing import Any

from sqlalchemy import Row, Select, and_, func, select
from sqlalchemy.orm import Session

from portfolio.editions import rubric_of
from portfolio.models import (
    Citation,
    Derivation,
    Dossier,
    Evidence,
    EvidenceKind,
    EvidenceVersion,
    EvidenceYear,
)
from rubric.model import Element, Indicator, Rubric


@dataclass(frozen=True, slots=True)
class Entry:
    """A citation with its newest file; `number` is the element's place and a running number: A1-B2-C5-1.

    `page_from` and `page_to` are those cited, `page_count` those of the file; None where not known.
    """

    number: str
    evidence_id: int
    title: str
    kind: EvidenceKind
    years: tuple[int, ...]
    date: Date | None
    page_from: int | None
    page_to: int | None
    page_count: int | None
    version: int
    remark: str


@dataclass(frozen=True, slots=True)
class ElementEntries:
    """What is cited for an element, oldest citation first."""

    element: Element
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class IndicatorEntries:
    """The elements of an A-indicator that cite something."""

    indicator: Indicator
    elements: tuple[ElementEntries, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The whole catalogue, in the rubric's order."""

    rubric: Rubric
    indicators: tuple[IndicatorEntries, ...]

    @property
    def entries(self) -> int:
        """How many lines it has."""
        return sum(len(group.entries) for each in self.indicators for group in each.elements)

    @property
    def pieces(self) -> int:
        """How many pieces of evidence it names."""
        return len(
            {
                entry.evidence_id
                for each in self.indicators
                for group in each.elements
                for entry in group.entries
            }
        )


def catalogue(session: Session, dossier: Dossier) -> Catalogue:
    """The catalogue of a dossier, in two statements."""
    rubric = rubric_of(session, dossier.cycle.rubric_digest)
    rows = _citations(session, dossier.id)
    years = _years(session, dossier.id)
    cited: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        cited[row.Citation.element].append(row)
    indicators = []
    for indicator in rubric.indicators:
        groups = tuple(
            ElementEntries(element, tuple(_entries(element, cited[element.code], years)))
            for element in indicator.elements
            if element.code in cited
        )
        if groups:
            indicators.append(IndicatorEntries(indicator, groups))
    return Catalogue(rubric, tuple(indicators))


def _citations(session: Session, dossier_id: int) -> Sequence[Row[Any]]:
    newest = (
        select(func.max(EvidenceVersion.number))
        .where(EvidenceVersion.evidence_id == Citation.evidence_id)
        .correlate(Citation)
        .scalar_subquery()
    )
    statement: Select[Any] = (
        select(  # type: ignore[assignment]
            Citation,
            Evidence.title,
            Evidence.kind,
            Evidence.date,
            EvidenceVersion.number,
            Derivation.page_count,
        )
        .join(Evidence, Evidence.id == Citation.evidence_id)
        .join(
            EvidenceVersion,
            and_(EvidenceVersion.evidence_id == Evidence.id, EvidenceVersion.number == newest),
        )
        .outerjoin(
            Derivation,
            and_(
                Derivation.school_id == EvidenceVersion.school_id, Derivation.sha256 == EvidenceVersion.sha256
            ),
        )
        .where(Citation.dossier_id == dossier_id)
        .order_by(Citation.cited_at, Evidence.title, Citation.id)
    )
    return session.execute(statement).all()


def _years(session: Session, dossier_id: int) -> dict[int, list[int]]:
    """The school years of each piece that the dossier cites."""
    cited = select(Citation.evidence_id).where(Citation.dossier_id == dossier_id)
    found: dict[int, list[int]] = defaultdict(list)
    for row in session.execute(
        select(EvidenceYear.evidence_id, EvidenceYear.year)
        .where(EvidenceYear.evidence_id.in_(cited))
        .order_by(EvidenceYear.year)
    ):
        found[row.evidence_id].append(row.year)
    return found


def _entries(element: Element, rows: Sequence[Row[Any]], years: dict[int, list[int]]) -> list[Entry]:
    return [
        Entry(
            number=element.numbered(running),
            evidence_id=row.Citation.evidence_id,
            title=row.title,
            kind=row.kind,
            years=tuple(years.get(row.Citation.evidence_id, ())),
            date=row.date,
            page_from=row.Citation.page_from,
            page_to=row.Citation.page_to,
            page_count=row.page_count,
            version=row.number,
            remark=row.Citation.remark,
        )
        for running, row in enumerate(rows, start=1)
    ]
