"""A package's manifest: canonical JSON that names everything in it, so that anyone can recompute its digest.

Canonical: keys sorted, UTF-8, no blanks between tokens, no escapes but those JSON demands (RFC 8785 for values
of text, whole numbers, true, false and null; points are text).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from portfolio.contents import Contents, FrozenElement, FrozenFile
from rubric.model import Rubric
from rubric.scoring import format_score

FORMAT = "new-quality-school-package/1"


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
    contents: Contents


def manifest_of(frozen: Frozen) -> str:
    """The canonical JSON of a package; what it says is all a package is."""
    held = frozen.contents
    return canonical(
        {
            "format": FORMAT,
            "school": {"name": frozen.school_name, "district": frozen.district},
            "cycle": frozen.cycle_name,
            "number": frozen.number,
            "rubric": {"title": frozen.rubric.title, "sha256": frozen.rubric.digest},
            "submitted": {"by": frozen.submitted_by, "at": _moment(frozen.submitted_at)},
            "signed": {"by": frozen.signed_by, "at": _moment(frozen.signed_at)},
            "elements": [_element(held, element) for element in held.elements],
            "files": [
                _file(file) for file in sorted(held.files, key=lambda f: (f.sha256, f.evidence_version_id))
            ],
            "waivers": [
                {"gap": w.gap, "points_at_risk": format_score(w.points_at_risk), "reason": w.reason}
                for w in sorted(held.waivers, key=lambda w: w.gap)
            ],
        }
    )


def digest_of(manifest: str) -> str:
    """The SHA-256 of a manifest: the package's own digest."""
    return hashlib.sha256(manifest.encode()).hexdigest()


def canonical(value: Any) -> str:
    """Canonical JSON."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _element(held: Contents, element: FrozenElement) -> dict[str, Any]:
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
            for citation in held.citations
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
