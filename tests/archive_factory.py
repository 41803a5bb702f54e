"""Archives for tests: a manifest as a signature makes it, and its files in a real store."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from portfolio.documents.archive import contents
from portfolio.documents.archive.contents import Contents
from portfolio.manifest import FORMAT, canonical, digest_of
from portfolio.storage import Storage
from rubric.loader import DEFAULT, find
from rubric.scoring import format_score

SCHOOL = 7
SIGNED = datetime(2026, 9, 30, 8, 15, 30, 123456, tzinfo=UTC)
RUBRIC = find(DEFAULT)


@dataclass(frozen=True)
class Piece:
    """A file to be cited: in these elements, in this order, on these pages."""

    title: str
    data: bytes
    elements: Sequence[str] = ("C1",)
    filename: str = "材料.pdf"
    media_type: str = "application/pdf"
    pages: tuple[int, ...] = ()
    # the copy of a picture that others see
    public: bytes | None = None


def sha256(data: bytes) -> str:
    """The digest of these bytes."""
    return hashlib.sha256(data).hexdigest()


def keep(storage: Storage, folder: Path, data: bytes) -> None:
    """Put the bytes into the store of the tests' school."""
    source = folder / f"upload-{sha256(data)[:12]}"
    source.write_bytes(data)
    storage.put(SCHOOL, sha256(data), source)


def manifest(
    pieces: Sequence[Piece], *, school: str = "西安市第一学校", reason: str = "制度健全，**记录完整**。"
) -> str:
    """The canonical manifest of a package that cites these pieces; every element is scored but the last."""
    cited: dict[str, list[dict[str, Any]]] = {element.code: [] for element in RUBRIC.elements}
    for number, piece in enumerate(pieces, start=1):
        for code in piece.elements:
            cited[code].append({"file": str(number), "pages": list(piece.pages), "remark": ""})
    return canonical(
        {
            "format": FORMAT,
            "school": {"name": school, "district": "未央区"},
            "cycle": "2026 年批次",
            "number": 1,
            "rubric": {"title": RUBRIC.title, "sha256": RUBRIC.digest},
            "submitted": {"by": "王某", "at": "2026-09-30T08:00:00.000000Z"},
            "signed": {
                "by": "李校长",
                "at": SIGNED.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            },
            "elements": [
                {
                    "code": element.code,
                    "points": format_score(element.points),
                    "score": None if element.code == "C84" else format_score(element.points),
                    "justification": reason,
                    "citations": cited[element.code],
                }
                for element in RUBRIC.elements
            ],
            "files": [_file(number, piece) for number, piece in enumerate(pieces, start=1)],
            "waivers": [{"gap": "C84:unscored", "points_at_risk": "2.0", "reason": "问卷尚在汇总"}],
        }
    )


def _file(number: int, piece: Piece) -> dict[str, Any]:
    public = {} if piece.public is None else {"public_sha256": sha256(piece.public)}
    return public | {
        "id": str(number),
        "evidence": str(100 + number),
        "version": 1,
        "sha256": sha256(piece.data),
        "size": len(piece.data),
        "media_type": piece.media_type,
        "filename": piece.filename,
        "title": piece.title,
        "kind": "minutes",
        "school_years": [2024, 2025],
        "date": "2025-03-21",
        "remark": "",
    }


def package(
    storage: Storage, folder: Path, pieces: Sequence[Piece], *, originals: bool = False, **options: str
) -> Contents:
    """The package of these pieces, their bytes stored."""
    for piece in pieces:
        keep(storage, folder, piece.data)
        if piece.public is not None:
            keep(storage, folder, piece.public)
    text = manifest(pieces, **options)
    return contents.read(text, digest=digest_of(text), rubric=RUBRIC, originals=originals)
