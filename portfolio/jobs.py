"""Background work: short messages in a queue (huey), done by a process of its own.

A message may be lost or come twice. So what is to be done stands in a row, a handler can be run again and again, and
a sweep sends a message for each row that has waited too long.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from huey import Huey  # type: ignore[import-untyped]

Handler = Callable[..., object]

_NAME = "portfolio"
_ASKED = "jobs"
# Seconds between two looks into an empty queue.
_SOONEST, _LATEST = 0.1, 1.0
GRACE = 8  # seconds that running jobs have after SIGTERM
_log = logging.getLogger(__name__)


class Rhythm(Enum):
    """When something is done without being asked, as (hour, minute) of UTC; `NIGHTLY`: at half past two in a school."""

    EVERY_MINUTE = ("*", "*")
    HOURLY = ("*", "5")
    NIGHTLY = ("18", "30")


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done, and to what; `arguments` are ids and digests, never content."""

    handler: str
    arguments: dict[str, int | str]


def ask(session: Session, handler: str, **arguments: int | str) -> None:
    """Have a job done once the session's transaction is committed."""
    session.info.setdefault(_ASKED, []).append(Job(handler, arguments))


def asked(session: Session) -> list[Job]:
    """The jobs asked for in this session, which forgets them."""
    found: list[Job] = session.info.pop(_ASKED, [])
    return found


class Jobs:
    """A queue and the handlers of what comes out of it.

    It is opened when it is first used: composing an application touches no database, and the library, which brings
    PostgreSQL's driver with it also where there is none, waits for whoever sends or does a job.
    """

    def __init__(self, database_url: str, data_folder: Path) -> None:
        self._place = database_url, data_folder
        self._handlers: dict[str, Handler] = {}
        self._rhythms: dict[str, Rhythm] = {}
        self._opening = Lock()
        self._queue: _Queue | None = None

    def handle(self, name: str, handler: Handler, *, rhythm: Rhythm | None = None) -> None:
        """Have jobs of this name done by the handler; with a rhythm also without being asked.

        Where several processes work, each keeps the rhythm: what is done in one can be done twice.
        """
        self._handlers[name] = handler
        if rhythm is not None:
            self._rhythms[name] = rhythm

    def send(self, jobs: Iterable[Job], *, urgent: bool = True) -> None:
        """Put jobs into the queue, what somebody waits for before what is made up for.

        A queue that fails is logged and no more: the rows are found again.
        """
        try:
            for job in jobs:
                self._open().send(job.handler, priority=int(urgent), **job.arguments)
        except Exception:  # any engine's own error class
            _log.exception("a job could not be sent")

    @property
    def huey(self) -> Huey:
        """The library's own queue."""
        return self._open().huey

    def waiting(self) -> int:
        """How many jobs are in the queue."""
        return int(self.huey.pending_count())

    def work(self, *, workers: int) -> None:
        """Do what is in the queue, so many jobs at once, until SIGTERM, which lets them finish, or SIGINT.

        What is done every minute or hour is done at once as well.
        """
        self.send(Job(name, {}) for name, rhythm in self._rhythms.items() if rhythm is not Rhythm.NIGHTLY)
        consumer = self.huey.create_consumer(
            workers=workers,
            initial_delay=_SOONEST,
            max_delay=_LATEST,
            scheduler_interval=10,
            graceful_signal="TERM",
            shutdown_timeout=GRACE,
        )
        consumer.run()

    def _do(self, handler: str, **arguments: int | str) -> None:
        self._handlers[handler](**arguments)

    def _open(self) -> _Queue:
        with self._opening:
            if self._queue is None:
                huey = _queue_for(*self._place)
                if hasattr(huey.storage, "initialize_schema"):
                    huey.storage.initialize_schema()
                self._queue = _Queue(huey, huey.task(name="job")(self._do))
                self._keep_rhythm(huey)
        return self._queue

    def _keep_rhythm(self, huey: Huey) -> None:
        from huey import crontab

        for name, rhythm in self._rhythms.items():
            hour, minute = rhythm.value
            due = crontab(hour=hour, minute=minute)
            huey.periodic_task(due, name=f"{rhythm.name}: {name}")(partial(self._do, name))


@dataclass(frozen=True, slots=True)
class _Queue:
    huey: Huey
    send: Callable[..., object]


def _queue_for(database_url: str, data_folder: Path) -> Huey:
    """Beside an installation's rows in PostgreSQL, else in a file of the data folder."""
    from huey import PostgresHuey, SqliteHuey

    options: dict[str, Any] = {"results": False, "create_tables": False}
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        return SqliteHuey(_NAME, filename=str(data_folder / "jobs.sqlite3"), timeout=15, **options)
    dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return PostgresHuey(_NAME, dsn=dsn, **options)
