"""The same bytes, or nearly the same content, elsewhere in the library: what a person is told of a file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ScalarSelect, and_, func, select
from sqlalchemy.orm import Session, aliased

from portfolio.derive.prints import SAME_LOOK, differing_bits
from portfolio.models import Citation, Derivation, Evidence, EvidenceVersion

_Any = aliased(EvidenceVersion)


@dataclass(frozen=True, slots=True)
class Twin:
    """Other evidence that holds the same bytes; `newest`: as its newest version."""

    id: int
    title: str
    number: int
    newest: bool
    trashed_at: datetime | None
    elements: tuple[str, ...]


def twins(
    session: Session, *, school_id: int, evidence_id: int | None, sha256: str, dossier_id: int | None
) -> tuple[Twin, ...]:
    """Evidence of the school other than this with the same bytes, the trash last, in two statements at most."""
    found = session.execute(
        select(
            Evidence.id,
            Evidence.title,
            Evidence.trashed_at,
            func.max(EvidenceVersion.number),
            newest_number(),
        )
        .join(EvidenceVersion, EvidenceVersion.evidence_id == Evidence.id)
        .where(
            EvidenceVersion.school_id == school_id,
            EvidenceVersion.sha256 == sha256,
            Evidence.id != (evidence_id or 0),
        )
        .group_by(Evidence.id)
        .order_by(Evidence.trashed_at.is_not(None), Evidence.created_at, Evidence.id)
    ).all()
    elements = _elements(session, dossier_id, [row[0] for row in found])
    return tuple(
        Twin(id, title, number, number == last, trashed_at, tuple(elements.get(id, ())))
        for id, title, trashed_at, number, last in found
    )


@dataclass(frozen=True, slots=True)
class Alike:
    """Evidence whose newest file says the same in another format, or shows the same picture in another size."""

    id: int
    title: str
    filename: str
    same: Literal["text", "look"]


def alike(session: Session, *, school_id: int, evidence_id: int, sha256: str) -> tuple[Alike, ...]:
    """Evidence of the school out of the trash that is nearly this file, by title, in two statements at most."""
    mine = session.get(Derivation, (school_id, sha256))
    if mine is None or not (mine.text_print or mine.look):
        return ()
    rows = session.execute(
        select(Evidence.id, Evidence.title, EvidenceVersion.filename, Derivation.text_print, Derivation.look)
        .join(EvidenceVersion, EvidenceVersion.evidence_id == Evidence.id)
        .join(
            Derivation,
            and_(
                Derivation.school_id == EvidenceVersion.school_id,
                Derivation.sha256 == EvidenceVersion.sha256,
            ),
        )
        .where(
            EvidenceVersion.school_id == school_id,
            EvidenceVersion.number == newest_number(),
            EvidenceVersion.sha256 != sha256,
            Evidence.id != evidence_id,
            Evidence.trashed_at.is_(None),
            Derivation.look.is_not(None) if mine.look else Derivation.text_print == mine.text_print,
        )
        .order_by(Evidence.title, Evidence.id)
    )
    return tuple(
        Alike(row.id, row.title, row.filename, "look" if mine.look else "text")
        for row in rows
        if not mine.look or differing_bits(row.look, mine.look) <= SAME_LOOK
    )


def newest_number() -> ScalarSelect[int]:
    """The number of a piece's newest version."""
    return (
        select(func.max(_Any.number))
        .where(_Any.evidence_id == Evidence.id)
        .correlate(Evidence)
        .scalar_subquery()
    )


def _elements(
    session: Session, dossier_id: int | None, evidence_ids: Collection[int]
) -> dict[int, list[str]]:
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
