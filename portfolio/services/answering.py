"""What a school's answers rest on: files of its library, at their pages, in the version that stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.errors import DomainError, Refused
from portfolio.models import Evidence, EvidenceVersion
from portfolio.plaintext import plain_text
from portfolio.services.citations import read_passage
from portfolio.services.reviews import check_length

MOST_FILES = 3  # that one answer rests on


def needed_words(field: str, typed: str, missing: str) -> str:
    """What was typed where something must be. Raises Refused by field (`missing`, text_too_long)."""
    words = plain_text(typed).strip()
    errors: dict[str, DomainError] = {}
    if not words:
        errors[field] = DomainError(missing, field=field)
    check_length(field, words, errors)
    if errors:
        raise Refused(errors)
    return words


@dataclass(frozen=True, slots=True)
class Cited:
    """Evidence of the library as chosen, with its pages (None: the whole file)."""

    evidence_id: int
    page_from: int | None = None
    page_to: int | None = None


def read_cited(typed: Mapping[str, str]) -> list[Cited]:
    """What was chosen in evidence_1, page_from_1, page_to_1 and so on.

    Raises Refused by field: pages_without_evidence, evidence_missing, evidence_twice, and what a passage is
    refused for.
    """
    found: list[Cited] = []
    errors: dict[str, DomainError] = {}
    for row in range(1, MOST_FILES + 1):
        try:
            cited = _read(typed, row)
        except DomainError as error:
            errors[f"{error.field}_{row}"] = error
            continue
        if cited is not None and any(cited.evidence_id == each.evidence_id for each in found):
            errors[f"evidence_{row}"] = DomainError("evidence_twice", field="evidence")
        elif cited is not None:
            found.append(cited)
    if errors:
        raise Refused(errors)
    return found


def _read(typed: Mapping[str, str], row: int) -> Cited | None:
    chosen = typed.get(f"evidence_{row}", "").strip()
    passage = read_passage({name: typed.get(f"{name}_{row}", "") for name in ("page_from", "page_to")})
    if not chosen:
        if passage.page_from is not None:
            raise DomainError("pages_without_evidence", field="evidence")
        return None
    if not (chosen.isascii() and chosen.isdigit() and len(chosen) <= 16):
        raise DomainError("evidence_missing", field="evidence")
    return Cited(int(chosen), passage.page_from, passage.page_to)


def resting_on(session: Session, school_id: int, cited: list[Cited]) -> list[dict[str, Any]]:
    """The files as rows of an answer's citations, each in its newest version; held so that none goes meanwhile.

    Raises Refused by field (evidence_missing) for what the school's library doesn't hold.
    """
    newest: dict[int, int] = {}
    for evidence_id, version_id in session.execute(
        select(Evidence.id, EvidenceVersion.id)
        .join(EvidenceVersion, EvidenceVersion.evidence_id == Evidence.id)
        .where(
            Evidence.id.in_([each.evidence_id for each in cited]),
            Evidence.school_id == school_id,
            Evidence.trashed_at.is_(None),
        )
        .order_by(EvidenceVersion.number)
        .with_for_update(of=Evidence)
    ):
        newest[evidence_id] = version_id
    gone = {
        f"evidence_{position}": DomainError("evidence_missing", field=f"evidence_{position}")
        for position, each in enumerate(cited, start=1)
        if each.evidence_id not in newest
    }
    if gone:
        raise Refused(gone)
    return [
        {
            "evidence_version_id": newest[each.evidence_id],
            "position": position,
            "page_from": each.page_from,
            "page_to": each.page_to,
        }
        for position, each in enumerate(cited, start=1)
    ]
