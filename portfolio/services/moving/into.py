"""A whole school, taken in: its files first, then every row in one transaction, and nothing of either if a thing is
wrong.

Ids are random, so they are kept; only people and what the whole city shares (rubric, cycle, rounds, panels) are found
again under the ids they have here. The sealed tables are written as they always are: once, the seal last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import func, insert, or_, select, union
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session, sessionmaker, undefer

from portfolio import audit
from portfolio.audit import Action
from portfolio.db import writing
from portfolio.errors import DomainError
from portfolio.models import AuditEvent, Blob, Package, PackageFile, ReadinessRecord, RecordedDay, School
from portfolio.queries.sealed import matters_with
from portfolio.services import blobs, search_index
from portfolio.services.moving import city, people
from portfolio.services.moving.people import refers_to
from portfolio.services.moving.reading import SchoolArchive
from portfolio.services.moving.registry import PEOPLE, TAKEN, Taken
from portfolio.storage import BlobDamaged, Storage, StorageFull, StorageUnavailable

Progress = Callable[[int, int], None]  # bytes done, bytes in all; may raise to end it
_ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What came in."""

    school_id: int
    name: str
    rows: int
    files: int
    size: int  # bytes
    packages: int
    people: int  # whose accounts were made, closed


def take_in(
    sessions: sessionmaker[Session],
    storage: Storage,
    archive: SchoolArchive,
    *,
    folder: Path,
    actor_id: int | None,
    now: datetime,
    progress: Progress = lambda _done, _total: None,
    note: Callable[[Session, TakenIn], None] = lambda _session, _taken: None,
) -> TakenIn:
    """Take in a school that isn't here, in transactions of its own; files pass through `folder`.

    `note` is called at the end of the transaction that writes the school, and may raise to end it.
    Raises DomainError: school_here, cycle_other, ids_taken, package_forged, what reading the archive raises,
    upload_no_room, storage_unavailable. Then nothing of it is here, and it can be tried again.
    """
    with sessions() as session:
        _check_absent(session, archive)
    try:
        _store(storage, archive, folder, progress)
        with writing(sessions) as session:
            _check_absent(session, archive)
            taken = _write(session, storage, archive, actor_id=actor_id, now=now)
            note(session, taken)
    except BaseException as error:
        with suppress(Exception), writing(sessions) as session:
            blobs.sweep_unknown(session, storage, school_id=archive.school_id)
        if isinstance(error, IntegrityError):  # what is only checked at the end
            raise DomainError("ids_taken", table=Package.__tablename__) from error
        raise
    return taken


def _check_absent(session: Session, archive: SchoolArchive) -> None:
    same = (School.name == archive.name) & (School.district == archive.district)
    if session.scalar(select(School.id).where(or_(School.id == archive.school_id, same))) is not None:
        raise DomainError("school_here", school=archive.name)


# ---- Files ----


def _store(storage: Storage, archive: SchoolArchive, folder: Path, progress: Progress) -> None:
    """Every file into the store, as far as it isn't there from a try that was stopped."""
    folder.mkdir(parents=True, exist_ok=True)
    done = 0
    with TemporaryDirectory(dir=folder) as passing:
        for sha256 in archive.files:
            path = Path(passing) / sha256
            try:
                with path.open("wb") as file:
                    for piece in archive.pieces(sha256):
                        file.write(piece)
                        done += len(piece)
                        progress(done, archive.size)
                storage.put(archive.school_id, sha256, path)
            except StorageFull as error:
                raise DomainError("upload_no_room") from error
            except (StorageUnavailable, BlobDamaged) as error:
                raise DomainError("storage_unavailable") from error


def _check_files(session: Session, storage: Storage, archive: SchoolArchive) -> None:
    """Exactly the files that rows name are in the archive, and in the store: a sweep may have come between."""
    ours = (Blob.school_id == archive.school_id, PackageFile.school_id == archive.school_id)
    named = set(
        session.scalars(
            union(
                select(Blob.sha256).where(ours[0]),
                select(PackageFile.public_sha256).where(ours[1], PackageFile.public_sha256.is_not(None)),
            )
        )
    )
    for sha256 in sorted(named ^ set(archive.files)):
        raise DomainError("archive_missing" if sha256 in named else "archive_extra", path=sha256)
    if named - set(storage.digests(archive.school_id)):
        raise DomainError("archive_swept")


# ---- Rows ----


def _write(
    session: Session, storage: Storage, archive: SchoolArchive, *, actor_id: int | None, now: datetime
) -> TakenIn:
    arrivals = people.take_in(session, archive.rows(PEOPLE), now=now)
    desk = _Desk(session, storage, archive, now, {PEOPLE: dict(arrivals.ids)})
    written = sum(desk.write(taken) for taken in TAKEN)
    session.flush()
    _check_owned(session, archive, desk.counts)
    _check_files(session, storage, archive)
    packages = _check_packages(session, archive.school_id)
    search_index.index_words_of(session, school_id=archive.school_id)
    audit.record(
        session,
        actor_id=actor_id,
        at=now,
        action=Action.SCHOOL_IMPORTED,
        subject=("school", archive.school_id),
        school_id=archive.school_id,
        after={"archive": archive.digest, "rows": written, "files": len(archive.files)},
    )
    return TakenIn(
        archive.school_id, archive.name, written, len(archive.files), archive.size, packages, arrivals.made
    )


@dataclass
class _Desk:
    """Writes table after table; `ids` holds, by table, what is known here under another id than in the archive."""

    session: Session
    storage: Storage
    archive: SchoolArchive
    now: datetime
    ids: dict[str, dict[int, int]]
    counts: dict[str, int] = field(default_factory=dict)

    def write(self, taken: Taken) -> int:
        """A table's rows; returns how many were written."""
        try:
            with closing(self.archive.rows(taken.name)) as said:
                settled = (self._settled(taken, row) for row in said)
                count = self._shared(taken, settled) if taken.shared else self._add(taken, settled)
        except (IntegrityError, DataError) as error:
            raise DomainError("ids_taken", table=taken.name) from error
        self.counts[taken.name] = count
        return count

    def _settled(self, taken: Taken, row: dict[str, Any]) -> dict[str, Any]:
        """A row whose references to people and to what is shared are those of this installation."""
        if row.get("school_id", self.archive.school_id) != self.archive.school_id:
            raise DomainError("archive_strays", table=taken.name)
        for column in taken.columns:
            known = self.ids.get(refers_to(column) or "")
            if known is not None and row[column.name] is not None:
                if row[column.name] not in known:
                    raise DomainError("archive_strays", table=taken.name)
                row[column.name] = known[row[column.name]]
        return row

    def _add(self, taken: Taken, rows: Iterator[dict[str, Any]]) -> int:
        """Write rows of the school's own; returns how many."""
        count, completed = 0, self._completed(taken, rows)
        while batch := list(islice(completed, _ROWS_AT_ONCE)):
            self.session.execute(insert(taken.model.__table__), batch)  # type: ignore[arg-type]
            count += len(batch)
        return count

    def _completed(self, taken: Taken, rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The rows with what only this installation can say."""
        if taken.model is Blob:
            return (row | {"storage": self.storage.name} for row in rows)
        if taken.model is AuditEvent:
            return (self._event(row) for row in rows)
        if taken.model is ReadinessRecord:
            days = set(self.session.scalars(select(RecordedDay.day)))
            return (row for row in rows if row["day"] in days)
        return rows

    def _event(self, row: dict[str, Any]) -> dict[str, Any]:
        """An event, to be numbered anew in the order it has."""
        del row["id"]
        if row["subject_type"] == "user":
            row["subject_id"] = self.ids[PEOPLE].get(row["subject_id"], row["subject_id"])
        return row

    def _shared(self, taken: Taken, rows: Iterator[dict[str, Any]]) -> int:
        """Find each row again, or write it; returns how many were written."""
        keyed = "id" in taken.model.__table__.columns
        known = self.ids.setdefault(taken.name, {}) if keyed else {}
        written = 0
        for row in rows:
            here = city.known(self.session, taken.model, row)
            if here is None and city.may_be_added(taken.model, row, self.now):
                city.add(self.session, taken.model, row)
                written += 1
            if keyed:
                known[row["id"]] = here or row["id"]
        return written


# ---- What must hold before it is kept ----


def _check_owned(session: Session, archive: SchoolArchive, counts: Mapping[str, int]) -> None:
    """Every row belongs to this school, and refers to rows of this school only."""
    own = {taken.name: taken for taken in TAKEN if not taken.shared}
    for taken in own.values():
        of_school = taken.of(archive.school_id)
        table = taken.model.__table__
        found = session.scalar(select(func.count()).select_from(table).where(of_school))
        if found != counts[taken.name]:
            raise DomainError("archive_strays", table=taken.name)
        for column in taken.columns:
            to = own.get(refers_to(column) or "")
            if to is None:
                continue
            there = select(to.model.__table__.c.id).where(to.of(archive.school_id))
            stray = select(column).where(of_school, column.is_not(None), column.not_in(there)).limit(1)
            if session.scalar(stray) is not None:
                raise DomainError("archive_strays", table=taken.name)


def _check_packages(session: Session, school_id: int) -> int:
    """Each package is what was signed: its digest recomputed from its rows. Returns how many there are."""
    count = 0
    for package_id in session.scalars(select(Package.id).where(Package.school_id == school_id)).all():
        package = session.get_one(Package, package_id, options=[undefer(Package.manifest)])
        for _matter in matters_with(session, package):
            raise DomainError("package_forged", number=package.number)
        session.expunge_all()  # one package in memory at a time
        count += 1
    return count
