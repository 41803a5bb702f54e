"""A whole school, packed: its rows as lines of JSON, its files under their digests, in a bag."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select, union
from sqlalchemy.orm import Session

from portfolio.db import begin_snapshot
from portfolio.documents.archive.ahead import ReadAhead
from portfolio.documents.archive.bag import Archive
from portfolio.documents.archive.contents import PAYLOAD
from portfolio.documents.archive.entries import Entry, Kept, Sizes, canonical, of_text, tag_files
from portfolio.documents.archive.names import LONGEST_FOLDER, safe_name
from portfolio.documents.archive.opening import PIECE
from portfolio.documents.archive.zipping import Member, Zip
from portfolio.errors import NotFound
from portfolio.models import Blob, Evidence, EvidenceVersion, Package, PackageFile, School
from portfolio.services.moving import people
from portfolio.services.moving.registry import PEOPLE, TAKEN, Taken
from portfolio.services.moving.rows import line_of
from portfolio.storage import Storage

FORMAT = "new-quality-school-school/1"
HEADER = f"{PAYLOAD}/school.json"
_ROWS_AT_ONCE = 500


def table_path(name: str) -> str:
    """Where a table's rows stand in the bag."""
    return f"{PAYLOAD}/tables/{name}.jsonl"


def file_path(sha256: str) -> str:
    """Where a file's bytes stand in the bag."""
    return f"{PAYLOAD}/files/{sha256}"


@dataclass(slots=True)
class _Spooled:
    """A table written to a file beside, since a bag names its digests first."""

    name: str
    path: Path
    rows: int = 0
    people: set[int] = field(default_factory=set)

    def write(self, rows: Iterable[Mapping[str, Any]], naming: list[str]) -> None:
        """Write the rows down, and remember whom they name."""
        with self.path.open("wb") as file:
            for row in rows:
                file.write(line_of(row))
                self.people.update(row[name] for name in naming if row[name] is not None)
                self.rows += 1

    def entry(self) -> Entry:
        """The table as a file of the bag."""
        with self.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Entry(table_path(self.name), self.path.stat().st_size, digest, self._read)

    def _read(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            while piece := file.read(PIECE):
                yield piece


def pack(session: Session, storage: Storage, *, school_id: int, folder: Path, now: datetime) -> Archive:
    """Everything the school owns, as it stands at this moment; the tables are kept in `folder` until it is sent.

    Needs a session that has read nothing yet. Raises NotFound, DomainError (bytes_missing, bytes_changed) with the
    title of a file that isn't whole; the archive's pieces raise the latter too.
    """
    begin_snapshot(session)
    school = session.get(School, school_id)
    if school is None:
        raise NotFound()
    tables = _tables(session, school_id, folder)
    ahead = _files(session, storage, school_id)
    files = ahead.entries([file_path(file.sha256) for file in ahead.files])
    header = of_text(HEADER, f"{canonical(_header(session, school, tables, files, now))}\n")
    payload = [header, *(table.entry() for table in tables), *files]
    info = {
        "Source-Organization": school.name,
        "External-Description": f"{school.name}　全部资料",
        "Bagging-Date": now.date().isoformat(),
    }
    tags = tag_files(info, payload)
    name = f"学校档案 {safe_name(school.name, LONGEST_FOLDER)} {now:%Y%m%d} {tags[-1].sha256[:8]}"
    members = [Member(f"{name}/{entry.path}", entry.size, entry.begin) for entry in (*tags, *payload)]
    return Archive(name, Zip(members, at=now), tags[-1].sha256, ahead)


def _tables(session: Session, school_id: int, folder: Path) -> list[_Spooled]:
    tables = []
    for taken in TAKEN:
        spooled = _Spooled(taken.name, folder / f"{taken.name}.jsonl")
        spooled.write(_rows(session, taken, school_id), people.names_people(taken.columns))
        tables.append(spooled)
    named = set().union(*(table.people for table in tables))
    everybody = _Spooled(PEOPLE, folder / f"{PEOPLE}.jsonl")
    everybody.write(people.described(session, named, school_id=school_id), [])
    return [everybody, *tables]


def _rows(session: Session, taken: Taken, school_id: int) -> Iterator[Mapping[str, Any]]:
    found = session.execute(
        select(*taken.columns)
        .where(taken.of(school_id))
        .order_by(*taken.model.__table__.primary_key)
        .execution_options(yield_per=_ROWS_AT_ONCE)
    )
    return (dict(row) for row in found.mappings())


def _files(session: Session, storage: Storage, school_id: int) -> ReadAhead:
    """The bytes of every version, and the copies without place and device that packages name."""
    originals = session.execute(
        select(Blob.sha256, Blob.size, Evidence.title)
        .join(
            EvidenceVersion,
            (EvidenceVersion.school_id == Blob.school_id) & (EvidenceVersion.sha256 == Blob.sha256),
        )
        .join(Evidence, Evidence.id == EvidenceVersion.evidence_id)
        .where(Blob.school_id == school_id)
    ).all()
    copies = session.execute(
        select(PackageFile.public_sha256, PackageFile.title).where(
            PackageFile.school_id == school_id, PackageFile.public_sha256.is_not(None)
        )
    ).all()
    expected: dict[str, int | None] = {row.public_sha256: None for row in copies}
    expected |= {row.sha256: row.size for row in originals}
    titles = {row.public_sha256: row.title for row in copies} | {row.sha256: row.title for row in originals}
    kept = [Kept(sha256, titles[sha256]) for sha256 in sorted(expected)]
    sizes = Sizes(storage, school_id)
    return ReadAhead(storage, school_id, kept, [sizes.of(file, expected[file.sha256]) for file in kept])


def _header(
    session: Session, school: School, tables: list[_Spooled], files: list[Entry], now: datetime
) -> dict[str, Any]:
    packages = session.scalars(
        select(Package.digest).where(Package.school_id == school.id).order_by(Package.signed_at, Package.id)
    )
    return {
        "format": FORMAT,
        "school": {"id": str(school.id), "name": school.name, "district": school.district},
        "exported_at": now.isoformat(timespec="seconds"),
        "tables": {table.name: table.rows for table in tables},
        "files": {"count": len(files), "bytes": sum(entry.size for entry in files)},
        "packages": list(packages),
    }


def size_of(session: Session, school_id: int) -> int:
    """How many bytes of files a school has: what an archive of it comes to, nearly."""
    digests = union(
        select(EvidenceVersion.sha256).where(EvidenceVersion.school_id == school_id),
        select(PackageFile.sha256).where(PackageFile.school_id == school_id),
    )
    sizes = session.scalars(select(Blob.size).where(Blob.school_id == school_id, Blob.sha256.in_(digests)))
    return sum(sizes)
