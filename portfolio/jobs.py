"""Background work: short messages in a queue (huey), done by a process of its own.

A message may be lost or come twice. So what is to be done stands in a row, a handler can be run again and again, and
a sweep sends a message for each row that has waited too long.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from threading import Lock
from typing import Any

from huey import Huey, PostgresHuey, SqliteHuey, crontab  # type: ignore[import-untyped]
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

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
    """A queue and the handlers of what comes out of it."""

    def __init__(self, huey: Huey) -> None:
        self.huey = huey
        self._handlers: dict[str, Handler] = {}
        self._at_once: list[str] = []
        self._prepared = False
        self._preparing = Lock()
        self._task = huey.task(name="job")(self._do)

    def handle(self, name: str, handler: Handler, *, rhythm: Rhythm | None = None) -> None:
        """Have jobs of this name done by the handler; with a rhythm also without being asked.

        Where several processes work, each keeps the rhythm: what is done in one can be done twice.
        """
        self._handlers[name] = handler
        if rhythm is None:
            return
        hour, minute = rhythm.value
        self.huey.periodic_task(crontab(hour=hour, minute=minute), name=f"{rhythm.name}: {name}")(
            lambda: self._do(name)
        )
        if rhythm is not Rhythm.NIGHTLY:
            self._at_once.append(name)

    def send(self, jobs: Iterable[Job], *, urgent: bool = True) -> None:
        """Put jobs into the queue, what somebody waits for before what is made up for.

        A queue that fails is logged and no more: the rows are found again.
        """
        try:
            for job in jobs:
                self._prepare()
                self._task(job.handler, priority=int(urgent), **job.arguments)
        except Exception:  # any engine's own error class
            _log.exception("a job could not be sent")

    def waiting(self) -> int:
        """How many jobs are in the queue."""
        self._prepare()
        return int(self.huey.pending_count())

    def work(self, *, workers: int) -> None:
        """Do what is in the queue, so many jobs at once, until SIGTERM, which lets them finish, or SIGINT.

        What is done every minute or hour is done at once as well.
        """
        self._prepare()
        self.send(Job(name, {}) for name in self._at_once)
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

    def _prepare(self) -> None:
        """Make the queue's tables when it is first used: composing an application touches no database."""
        with self._preparing:
            if not self._prepared and hasattr(self.huey.storage, "initialize_schema"):
                self.huey.storage.initialize_schema()
            self._prepared = True


def queue_for(database_url: str, data_folder: Path) -> Huey:
    """The queue of an installation: beside its rows in PostgreSQL, else in a file of the data folder."""
    options: dict[str, Any] = {"results": False, "create_tables": False}
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        return SqliteHuey(_NAME, filename=str(data_folder / "jobs.sqlite3"), timeout=15, **options)
    dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return PostgresHuey(_NAME, dsn=dsn, **options)
