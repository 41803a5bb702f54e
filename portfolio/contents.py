"""What a package holds, element by element: as it was frozen, or as it would be if it were frozen now."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from datetime import date as Date
from decimal import Decimal
from typing import Any

from portfolio.models import Blob, Citation, Evidence, EvidenceVersion


@dataclass(frozen=True, slots=True)
class FrozenElement:
    """An element as submitted."""

    code: str
    points: Decimal
    score: Decimal | None
    justification: str

    def row(self) -> dict[str, object]:
        """Its columns."""
        return {
            "element": self.code,
            "points": self.points,
            "score": self.score,
            "justification": self.justification,
        }


@dataclass(frozen=True, slots=True)
class FrozenFile:
    """A file version as submitted, with its description."""

    evidence_version_id: int
    evidence_id: int
    number: int
    school_id: int
    sha256: str
    size: int
    # of the copy of a picture that others see; None where the file itself may be shown
    public_sha256: str | None
    media_type: str
    filename: str
    title: str
    kind: str
    years: tuple[int, ...]
    date: Date | None
    remark: str

    @classmethod
    def of(
        cls,
        evidence: Evidence,
        version: EvidenceVersion,
        blob: Blob,
        years: list[int],
        public_sha256: str | None,
    ) -> FrozenFile:
        """From the rows as they stand."""
        return cls(
            evidence_version_id=version.id,
            evidence_id=evidence.id,
            number=version.number,
            school_id=version.school_id,
            sha256=version.sha256,
            size=blob.size,
            public_sha256=public_sha256,
            media_type=blob.media_type,
            filename=version.filename,
            title=evidence.title,
            kind=evidence.kind.value,
            years=tuple(years),
            date=evidence.date,
            remark=evidence.remark,
        )

    def row(self) -> dict[str, object]:
        """Its columns."""
        return {name: getattr(self, name) for name in self.__slots__} | {"years": list(self.years)}


@dataclass(frozen=True, slots=True)
class FrozenCitation:
    """A citation as submitted."""

    element: str
    evidence_version_id: int
    page_from: int | None
    page_to: int | None
    remark: str

    @classmethod
    def of(cls, citation: Citation, evidence_version_id: int) -> FrozenCitation:
        """From the row as it stands."""
        return cls(
            citation.element, evidence_version_id, citation.page_from, citation.page_to, citation.remark
        )

    def row(self) -> dict[str, object]:
        """Its columns."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class FrozenWaiver:
    """A waived gap as submitted."""

    gap: str
    element: str | None
    points_at_risk: Decimal
    reason: str

    def row(self) -> dict[str, object]:
        """Its columns."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Contents:
    """All of it, the elements in the rubric's order."""

    elements: list[FrozenElement]
    files: list[FrozenFile]
    citations: list[FrozenCitation]
    waivers: list[FrozenWaiver]

    def over(self, base: Contents, reopened: Set[str]) -> Contents:
        """This in the reopened elements, and in all others what was frozen before, to the letter.

        A file version that an element taken over cites keeps the description it was frozen with.
        """
        kept = [citation for citation in base.citations if citation.element not in reopened]
        anew = [citation for citation in self.citations if citation.element in reopened]
        described = {file.evidence_version_id: file for file in self.files}
        held = {file.evidence_version_id: file for file in base.files}
        described |= {citation.evidence_version_id: held[citation.evidence_version_id] for citation in kept}
        before = {element.code: element for element in base.elements}
        return Contents(
            elements=[e if e.code in reopened else before[e.code] for e in self.elements],
            files=[described[key] for key in dict.fromkeys(c.evidence_version_id for c in [*kept, *anew])],
            citations=[*kept, *anew],
            waivers=[w for w in base.waivers if w.element not in reopened]
            + [w for w in self.waivers if w.element in reopened],
        )

    def changed_since(self, base: Contents) -> set[str]:
        """The elements that differ: in score, justification, citations, files as described, waived gaps."""
        before = {element.code: base._held(element) for element in base.elements}
        return {e.code for e in self.elements if self._held(e) != before.get(e.code)}

    def _held(self, element: FrozenElement) -> tuple[Any, ...]:
        files = {file.evidence_version_id: file for file in self.files}
        cited = [(c, files[c.evidence_version_id]) for c in self.citations if c.element == element.code]
        waived = sorted((w.gap, w.reason) for w in self.waivers if w.element == element.code)
        return element, cited, waived
