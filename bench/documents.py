"""What leaves the house: forms, and the archive of a package over files on the disk."""

from __future__ import annotations

import hashlib
import os
import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from portfolio.documents import form_docx, form_pdf, form_xlsx
from portfolio.documents.archive import bag, contents
from portfolio.documents.form import Scores, Sheet, Shown
from portfolio.manifest import FORMAT, canonical, digest_of
from portfolio.storage.local import LocalStorage
from rubric.loader import DEFAULT, find

SCHOOL = 1
PIECE = 1024 * 1024
SIGNED = "2026-09-30T08:15:30.000000Z"
RUBRIC = find(DEFAULT)


@dataclass(frozen=True)
class Sent:
    """An archive's cost: seconds to the first byte and in all, bytes, bytes a second beside the disk's own.

    `hashed` is what reading and hashing the same files alone reaches: where the machine is busy, the archive's share of
    that says more than its share of the disk.
    """

    first_byte: float
    seconds: float
    size: int
    disk: float
    hashed: float
    growth: int  # bytes by which this process grew at most

    @property
    def share(self) -> float:
        """Of the disk's sequential read."""
        return self.size / self.seconds / self.disk

    @property
    def share_of_hashing(self) -> float:
        """Of reading and hashing the same files."""
        return self.size / self.seconds / self.hashed


def forms() -> Iterator[tuple[str, float]]:
    """Each format of the official form with its seconds; the first of each brings its library."""
    scores = {e.code: Scores(own=e.points, final=e.points * Decimal("0.9")) for e in RUBRIC.elements}
    sheet = Sheet(RUBRIC, "西安市第一学校", "2026 年批次", scores, Shown.BOTH, at=datetime.now(UTC))
    writers: dict[str, Callable[[Sheet], bytes]] = {
        "docx": form_docx.document,
        "xlsx": form_xlsx.workbook,
        "pdf": form_pdf.document,
    }
    for name, write in writers.items():
        started = time.perf_counter()
        write(sheet)
        yield name, time.perf_counter() - started


def archive(folder: Path, *, files: int, size: int) -> Sent:
    """The archive of so many files of so many bytes each, read from the disk and not from memory."""
    folder.mkdir()
    storage = LocalStorage(folder)
    digests = [_keep(storage, folder, size) for _ in range(files)]
    paths = [path for digest in digests if (path := storage.local_path(SCHOOL, digest)) is not None]
    disk, hashed = _read_alone(paths), _read_alone(paths, seen=hashlib.sha256().update)
    _forget(paths)
    manifest = _manifest(digests, size)
    before = _weight()
    started = time.perf_counter()
    read = contents.read(manifest, digest=digest_of(manifest), rubric=RUBRIC)
    pieces = bag.archive(read, storage, school_id=SCHOOL).pieces()
    total = len(next(pieces))
    first_byte = time.perf_counter() - started
    total += sum(map(len, pieces))
    return Sent(first_byte, time.perf_counter() - started, total, disk, hashed, _weight() - before)


def _keep(storage: LocalStorage, folder: Path, size: int) -> str:
    data = os.urandom(size)
    digest = hashlib.sha256(data).hexdigest()
    source = folder / "upload"
    source.write_bytes(data)
    storage.put(SCHOOL, digest, source)
    return digest


def _read_alone(paths: list[Path], seen: Callable[[bytes], object] = len) -> float:
    """Bytes a second that the disk gives, one file after another, to whoever does this with each piece."""
    os.sync()
    _forget(paths)
    started, size = time.perf_counter(), 0
    for path in paths:
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                seen(piece)
                size += len(piece)
    return size / (time.perf_counter() - started)


def _forget(paths: list[Path]) -> None:
    """Let the system drop what it keeps of these files in memory."""
    for path in paths:
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _weight() -> int:
    """The most this process weighed so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _manifest(digests: list[str], size: int) -> str:
    elements = RUBRIC.elements
    cited: dict[str, list[dict[str, object]]] = {element.code: [] for element in elements}
    for number in range(len(digests)):
        code = elements[number % len(elements)].code
        cited[code].append({"file": str(number), "pages": [1], "remark": ""})
    return canonical(
        {
            "format": FORMAT,
            "school": {"name": "西安市第一学校", "district": "未央区"},
            "cycle": "2026 年批次",
            "number": 1,
            "rubric": {"title": RUBRIC.title, "sha256": RUBRIC.digest},
            "submitted": {"by": "王某", "at": SIGNED},
            "signed": {"by": "李校长", "at": SIGNED},
            "elements": [
                {
                    "code": element.code,
                    "points": str(element.points),
                    "score": str(element.points),
                    "justification": "制度健全，近三年记录完整，按学期归档。" * 20,
                    "citations": cited[element.code],
                }
                for element in elements
            ],
            "files": [_described(number, digest, size) for number, digest in enumerate(digests)],
            "waivers": [],
        }
    )


def _described(number: int, digest: str, size: int) -> dict[str, object]:
    return {
        "id": str(number),
        "evidence": str(number),
        "version": 1,
        "sha256": digest,
        "size": size,
        "media_type": "application/pdf",
        "filename": f"{number}.pdf",
        "title": f"会议记录 {number}",
        "kind": "minutes",
        "school_years": [2025],
        "date": None,
        "remark": "",
    }
