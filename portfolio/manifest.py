"""A package's manifest: canonical JSON that names everything in it, so that anyone can recompute its digest.

Canonical: keys sorted, UTF-8, no blanks between tokens, no escapes but those JSON demands (RFC 8785 for values
of text, whole numbers, true, false and null; points are text).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from datetime import date as Date
from decimal import Decimal
from typing import Any

from portfolio.models import Blob, Citation, Evidence, EvidenceVersion
from rubric.model import Rubric
from rubric.scoring import format_score

FORMAT = "new-quality-school-package/1"


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
class Frozen:
    """A dossier at the moment of signing."""

    school_name: str
    district: str
    cycle_name: str
    number: int
    rubric: Rubric
    submitted_by: str
    submitted_at: datetime
    signed_by: str
    signed_by_id: int
    signed_at: datetime
    elements: list[FrozenElement]
    files: list[FrozenFile]
    citations: list[FrozenCitation]
    waivers: list[FrozenWaiver]


def manifest_of(frozen: Frozen) -> str:
    """The canonical JSON of a package; what it says is all a package is."""
    return canonical(
        {
            "format": FORMAT,
            "school": {"name": frozen.school_name, "district": frozen.district},
            "cycle": frozen.cycle_name,
            "number": frozen.number,
            "rubric": {"title": frozen.rubric.title, "sha256": frozen.rubric.digest},
            "submitted": {"by": frozen.submitted_by, "at": _moment(frozen.submitted_at)},
            "signed": {"by": frozen.signed_by, "at": _moment(frozen.signed_at)},
            "elements": [_element(frozen, element) for element in frozen.elements],
            "files": [
                _file(file) for file in sorted(frozen.files, key=lambda f: (f.sha256, f.evidence_version_id))
            ],
            "waivers": [
                {"gap": w.gap, "points_at_risk": format_score(w.points_at_risk), "reason": w.reason}
                for w in sorted(frozen.waivers, key=lambda w: w.gap)
            ],
        }
    )


def digest_of(manifest: str) -> str:
    """The SHA-256 of a manifest: the package's own digest."""
    return hashlib.sha256(manifest.encode()).hexdigest()


def canonical(value: Any) -> str:
    """Canonical JSON."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _element(frozen: Frozen, element: FrozenElement) -> dict[str, Any]:
    return {
        "code": element.code,
        "points": format_score(element.points),
        "score": None if element.score is None else format_score(element.score),
        "justification": element.justification,
        "citations": [
            {
                "file": str(citation.evidence_version_id),
                "pages": [p for p in (citation.page_from, citation.page_to) if p is not None],
                "remark": citation.remark,
            }
            for citation in frozen.citations
            if citation.element == element.code
        ],
    }


def _file(file: FrozenFile) -> dict[str, Any]:
    public = {"public_sha256": file.public_sha256} if file.public_sha256 else {}
    return public | {
        "id": str(file.evidence_version_id),
        "evidence": str(file.evidence_id),
        "version": file.number,
        "sha256": file.sha256,
        "size": file.size,
        "media_type": file.media_type,
        "filename": file.filename,
        "title": file.title,
        "kind": file.kind,
        "school_years": list(file.years),
        "date": file.date.isoformat() if file.date else None,
        "remark": file.remark,
    }


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
