"""Opening a ZIP that a school uploaded: each file in it becomes evidence of its own, by the way any upload goes."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from sqlalchemy.orm import Session

from portfolio import archives, arrivals, audit
from portfolio.archives import Archive, Entry, Limits
from portfolio.audit import Action
from portfolio.errors import DomainError
from portfolio.filenames import clean_display_name
from portfolio.filetypes import ZIP
from portfolio.policy import Actor
from portfolio.queries.twins import Twin, twins
from portfolio.services import blobs, uploads
from portfolio.services.evidence import StoredFile
from portfolio.services.suggestions import elements_in_path
from portfolio.services.wishes import Wishes
from portfolio.storage import Storage
from portfolio.titles import clean_path
from portfolio.tokens import new_token

MOST_ENTRIES = 2000
_WINDOW = 1024 * 1024  # bytes asked of a remote store at once


@dataclass(frozen=True, slots=True)
class Source:
    """The stored archive: whose, which bytes, how many, of what type."""

    evidence_id: int
    title: str
    school_id: int
    sha256: str
    size: int
    media_type: str


@dataclass(frozen=True, slots=True)
class Unpacked:
    """An entry whose bytes are in the store, or why they aren't."""

    path: str
    file: StoredFile | None = None
    refusal: DomainError | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an entry: new evidence, evidence that was here `already`, or a refusal; and what cites it."""

    path: str
    evidence_id: int | None = None
    title: str = ""
    already: bool = False
    elements: tuple[str, ...] = ()
    refusal: DomainError | None = None


def count_files(storage: Storage, source: Source, limits: Limits) -> int:
    """How many files opening the archive would yield. Raises DomainError for one that can't be opened."""
    with _opened(storage, source, limits) as archive:
        return len(archive.wanted)


def unpack(storage: Storage, source: Source, *, limits: Limits, folder: Path) -> list[Unpacked]:
    """Put every file of the archive into the store, one after another; `folder` is where uploads grow.

    Without a transaction, as it may take long. Raises DomainError for an archive that can't be opened.
    """
    with _opened(storage, source, limits) as archive:
        return [_unpacked(archive, entry, storage, source.school_id, folder) for entry in archive.entries]


def take_in(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    source: Source,
    unpacked: Sequence[Unpacked],
    dossier_id: int | None,
    storage: Storage,
) -> list[Outcome]:
    """The unpacked files as evidence, cited where their paths hold codes of elements.

    Bytes that the library holds already aren't taken twice: opening an archive again changes nothing.
    """
    taker = _Taker(session, actor, now, source, dossier_id, storage)
    outcomes = [taker.take(one) for one in unpacked]
    taker.record(outcomes)
    return outcomes


def _unpacked(archive: Archive, entry: Entry, storage: Storage, school_id: int, folder: Path) -> Unpacked:
    path = clean_path(entry.path)
    if entry.refusal is not None:
        return Unpacked(path, refusal=entry.refusal)
    token = new_token()
    try:
        grown = arrivals.begin(folder, token)
        with grown.open("wb") as target, arrivals.no_room_explained():
            archive.unpack(entry, target)
        filename = clean_display_name(entry.path)
        return Unpacked(path, blobs.store(grown, filename=filename, school_id=school_id, storage=storage))
    except DomainError as error:
        if error.code in blobs.PASSING:
            raise
        return Unpacked(path, refusal=error)
    finally:
        arrivals.discard(folder, token)


class _Taker:
    """Takes in one archive's files, each for itself: what is refused undoes nothing else."""

    def __init__(
        self,
        session: Session,
        actor: Actor,
        now: datetime,
        source: Source,
        dossier_id: int | None,
        storage: Storage,
    ) -> None:
        self._session = session
        self._actor = actor
        self._now = now
        self._source = source
        self._dossier_id = dossier_id
        self._storage = storage

    def take(self, one: Unpacked) -> Outcome:
        if one.file is None:
            return Outcome(one.path, refusal=one.refusal)
        try:
            with self._session.begin_nested():
                known = self._known(one.file)
                return self._cite_known(one, known) if known else self._take_new(one, one.file)
        except DomainError as error:
            return Outcome(one.path, refusal=error)

    def record(self, outcomes: Sequence[Outcome]) -> None:
        source = self._source
        taken = sum(1 for outcome in outcomes if outcome.evidence_id and not outcome.already)
        known = sum(1 for outcome in outcomes if outcome.already)
        counts = {"taken": taken, "already_here": known, "refused": len(outcomes) - taken - known}
        audit.record(
            self._session,
            actor_id=self._actor.user_id,
            at=self._now,
            action=Action.ARCHIVE_OPENED,
            subject=("evidence", source.evidence_id),
            school_id=source.school_id,
            after={"title": source.title, **counts},
        )

    def _known(self, file: StoredFile) -> Twin | None:
        """Evidence out of the trash whose newest version has these bytes."""
        found = twins(
            self._session,
            school_id=self._source.school_id,
            evidence_id=None,
            sha256=file.sha256,
            dossier_id=self._dossier_id,
        )
        return next((twin for twin in found if twin.newest and twin.trashed_at is None), None)

    def _take_new(self, one: Unpacked, file: StoredFile) -> Outcome:
        wishes = Wishes(filename=file.filename, path=one.path)
        receipt = uploads.take_in(
            self._session,
            actor=self._actor,
            now=self._now,
            school_id=self._source.school_id,
            file=file,
            wishes=wishes,
            storage=self._storage,
        )
        title = wishes.described(file.media_type).title
        return Outcome(one.path, receipt.evidence_id, title, elements=receipt.elements)

    def _cite_known(self, one: Unpacked, known: Twin) -> Outcome:
        """One file, many elements: the same file in the folder of another element backs that one too."""
        session, school_id = self._session, self._source.school_id
        named = elements_in_path(session, school_id=school_id, path=one.path)
        more = tuple(code for code in named if code not in known.elements)
        uploads.cite_for(
            session,
            actor=self._actor,
            now=self._now,
            school_id=school_id,
            evidence_id=known.id,
            elements=more,
        )
        return Outcome(one.path, known.id, known.title, already=True, elements=(*known.elements, *more))


@contextmanager
def _opened(storage: Storage, source: Source, limits: Limits) -> Iterator[Archive]:
    if source.media_type != ZIP.media_type:
        raise DomainError("not_an_archive")
    with _seekable(storage, source) as file, archives.opened(file, limits) as archive:
        yield archive


def _seekable(storage: Storage, source: Source) -> BinaryIO:
    local = storage.local_path(source.school_id, source.sha256)
    if local is not None:
        return local.open("rb")
    return io.BufferedReader(_Remote(storage, source), _WINDOW)


class _Remote(io.RawIOBase):
    """Stored bytes of a remote store as a file one can seek in, read in ranges."""

    def __init__(self, storage: Storage, source: Source) -> None:
        self._storage = storage
        self._source = source
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._source.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        end = min(self._at + len(buffer), self._source.size)
        if self._at >= end:
            return 0
        with self._storage.open(self._source.school_id, self._source.sha256, self._at, end) as part:
            piece = part.read(end - self._at)
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)
