"""What is done on an errand, by a worker: its row says how far it is, and is asked whether it is still wanted."""

from __future__ import annotations

import hashlib
import logging
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from portfolio.db import writing
from portfolio.documents.archive import bag
from portfolio.documents.archive.bag import Archive
from portfolio.documents.archive.opening import PIECE
from portfolio.errors import DomainError
from portfolio.models import Errand, ErrandKind, ErrandState, Package
from portfolio.queries.package import contents
from portfolio.services import errands
from portfolio.services.moving import into, out, reading
from portfolio.services.moving.into import TakenIn
from portfolio.storage import BlobMissing, Storage, StorageError, StorageFull

BEAT = timedelta(seconds=1)
HEARTBEAT = timedelta(seconds=30)
LEFT_AFTER = timedelta(days=1)
log = logging.getLogger(__name__)


class NotWanted(Exception):
    """The errand was cancelled, or another worker has it."""


@dataclass(frozen=True)
class Worker:
    """Where errands are done, and with what."""

    sessions: sessionmaker[Session]
    storage: Storage
    folder: Path
    clock: Callable[[], datetime]
    # told when an errand is over that nobody cancelled
    over: Callable[[int], None] = lambda _errand_id: None
    # how often an errand says that it is being done, where nothing else says so
    heartbeat: timedelta = HEARTBEAT

    def run(self, *, errand_id: int) -> None:
        """Do an errand if it is still wanted and nobody does it; whatever goes wrong stands in its row."""
        attempt = self._claim(errand_id)
        if attempt is None:
            return
        try:
            self._attempt(errand_id, attempt)
        except NotWanted:
            return
        self.over(errand_id)

    def _attempt(self, errand_id: int, number: int) -> None:
        try:
            with self._room(errand_id) as folder:
                attempt = _Attempt(self, errand_id, number, folder)
                with attempt.heard():
                    self._do(attempt)
        except NotWanted:
            raise
        except DomainError as error:
            self._fail(errand_id, number, error.code, error.context)
        except StorageFull:
            self._fail(errand_id, number, "upload_no_room")
        except StorageError:
            self._fail(errand_id, number, "storage_unavailable")
        except Exception:
            log.exception("errand %s failed", errand_id)
            self._fail(errand_id, number, "errand_crashed")

    def _claim(self, errand_id: int) -> int | None:
        """Which attempt this is; None if it is over or in other hands."""
        now = self.clock()
        with writing(self.sessions) as session:
            return session.scalar(
                update(Errand)
                .where(
                    Errand.id == errand_id,
                    or_(Errand.state == ErrandState.WAITING, errands.abandoned(now)),
                )
                .values(state=ErrandState.RUNNING, attempts=Errand.attempts + 1, beat_at=now, done=0)
                .returning(Errand.attempts)
                .execution_options(synchronize_session=False)
            )

    def _do(self, attempt: _Attempt) -> None:
        match attempt.errand.kind:
            case ErrandKind.PACKAGE | ErrandKind.ORIGINALS:
                attempt.keep(self._package(attempt.errand))
            case ErrandKind.SCHOOL:
                with self.sessions() as session:
                    attempt.keep(
                        out.pack(
                            session,
                            self.storage,
                            school_id=attempt.shelf,
                            folder=attempt.folder,
                            now=self.clock(),
                        )
                    )
            case ErrandKind.IMPORT:
                attempt.take_in()

    def _package(self, errand: Errand) -> Archive:
        with self.sessions() as session:
            package = session.get_one(Package, errand.package_id)
            read = contents(session, package, originals=errand.kind is ErrandKind.ORIGINALS)
        return bag.archive(read, self.storage, school_id=errands.shelf_of(errand), read_before=0)

    def _fail(self, errand_id: int, attempt: int, code: str, context: Any = None) -> None:
        said = {
            name: value if isinstance(value, int) else str(value) for name, value in (context or {}).items()
        }
        log.warning("errand %s ended: %s %s", errand_id, code, said)
        self.settle(errand_id, attempt, ErrandState.FAILED, failure=code, context=said)

    def settle(self, errand_id: int, attempt: int, state: ErrandState, **values: Any) -> None:
        """Write down how this attempt ended. Raises NotWanted if somebody ended it before."""
        with writing(self.sessions) as session:
            _say(session, errand_id, attempt, state=state, finished_at=self.clock(), **values)

    @contextmanager
    def _room(self, errand_id: int) -> Iterator[Path]:
        """A folder for this errand, gone at the end."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._clear(before=self.clock() - LEFT_AFTER)
        with TemporaryDirectory(prefix=f"{errand_id}.", dir=self.folder) as room:
            yield Path(room)

    def _clear(self, *, before: datetime) -> None:
        """Remove what was left by processes that were killed."""
        for left in self.folder.iterdir():
            with suppress(FileNotFoundError):
                if left.stat().st_mtime < before.timestamp():
                    shutil.rmtree(left) if left.is_dir() else left.unlink()


class _Attempt:
    """One try at an errand."""

    def __init__(self, worker: Worker, errand_id: int, number: int, folder: Path) -> None:
        self.worker, self.id, self.number, self.folder = worker, errand_id, number, folder
        with worker.sessions() as session:
            self.errand = session.scalars(select(Errand).where(Errand.id == errand_id)).one()
        self.shelf = errands.shelf_of(self.errand)
        self._next_beat = worker.clock()

    def progress(self, done: int, total: int) -> None:
        """Say how far it is, now and then. Raises NotWanted."""
        now = self.worker.clock()
        if now < self._next_beat:
            return
        self._next_beat = now + BEAT
        self._say(done=done, total=total, beat_at=now)

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Its row says that its worker lives while the block runs, however long a single step takes."""
        over = threading.Event()
        beating = threading.Thread(target=self._beat, args=(over,), daemon=True)
        beating.start()
        try:
            yield
        finally:
            over.set()
            beating.join()

    def _beat(self, over: threading.Event) -> None:
        while not over.wait(self.worker.heartbeat.total_seconds()):
            # what is cancelled learns so from its progress; a database that is busy is asked again
            with suppress(NotWanted, SQLAlchemyError):
                self._say(beat_at=self.worker.clock())

    def _say(self, **values: Any) -> None:
        """Write these values into the row. Raises NotWanted."""
        with writing(self.worker.sessions) as session:
            _say(session, self.id, self.number, **values)

    def keep(self, archive: Archive) -> None:
        """Write an archive into the store, where it stays for some days."""
        path, digest, done, total = self.folder / "made", hashlib.sha256(), 0, len(archive.zip)
        with path.open("wb") as file:
            for piece in archive.pieces():
                digest.update(piece)
                file.write(piece)
                done += len(piece)
                self.progress(done, total)
        sha256 = digest.hexdigest()
        self._say(sha256=sha256)  # before it is there: a sweep takes away what no row names
        self.worker.storage.put(self.shelf, sha256, path)
        self.worker.settle(
            self.id,
            self.number,
            ErrandState.DONE,
            filename=f"{archive.name}.zip",
            sha256=sha256,
            size=total,
            done=total,
            total=total,
            expires_at=self.worker.clock() + errands.KEPT,
            context={"digest": archive.tag} if self.errand.kind is ErrandKind.SCHOOL else None,
        )

    def take_in(self) -> None:
        """Take a school in; that it is in and that the errand is done is written in one transaction."""
        worker, expected = self.worker, (self.errand.context or {}).get("expected")
        with reading.read(self._fetched(), expected=expected) as archive:
            into.take_in(
                worker.sessions,
                worker.storage,
                archive,
                folder=self.folder,
                actor_id=self.errand.asked_by,
                now=worker.clock(),
                progress=self.progress,
                note=self._taken_in,
            )

    def _taken_in(self, session: Session, taken: TakenIn) -> None:
        _say(
            session,
            self.id,
            self.number,
            state=ErrandState.DONE,
            finished_at=self.worker.clock(),
            school_id=taken.school_id,
            sha256=None,
            done=taken.size,
            total=taken.size,
            context={
                "rows": taken.rows,
                "files": taken.files,
                "packages": taken.packages,
                "people": taken.people,
            },
        )

    def _fetched(self) -> Path:
        """The archive that came in, as a local file."""
        sha256 = self.errand.sha256 or ""
        try:
            path = self.worker.storage.local_path(self.shelf, sha256)
            if path is not None:
                return path
            copy = self.folder / "incoming"
            with self.worker.storage.open(self.shelf, sha256) as body, copy.open("wb") as file:
                shutil.copyfileobj(body, file, PIECE)
        except BlobMissing as error:
            raise DomainError("upload_gone") from error
        return copy


def _say(session: Session, errand_id: int, attempt: int, **values: Any) -> None:
    """Write into an errand's row, while this attempt is the one under way. Raises NotWanted."""
    kept = session.scalar(
        update(Errand)
        .where(Errand.id == errand_id, Errand.state == ErrandState.RUNNING, Errand.attempts == attempt)
        .values(**values)
        .returning(Errand.id)
        .execution_options(synchronize_session=False)
    )
    if kept is None:
        raise NotWanted
