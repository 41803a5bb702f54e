"""What is done in the background: which job is done by which service."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy.orm import Session, sessionmaker

from portfolio.db import begin_write
from portfolio.jobs import Job, Jobs
from portfolio.services import derivations, uploads
from portfolio.storage import Storage

SWEEP = "sweep"


def register(
    jobs: Jobs,
    *,
    sessions: sessionmaker[Session],
    storage: Storage,
    clock: Callable[[], datetime],
    uploads_folder: Path,
) -> None:
    """Have the services do their jobs."""
    jobs.handle(derivations.JOB, partial(derivations.run, sessions, storage, clock=clock))
    jobs.handle(derivations.DRAW, partial(derivations.draw, sessions, storage))
    jobs.handle(SWEEP, partial(sweep, jobs, sessions, clock, uploads_folder), every_minute=True)


def sweep(
    jobs: Jobs, sessions: sessionmaker[Session], clock: Callable[[], datetime], uploads_folder: Path
) -> None:
    """Remove expired uploads; once the queue is empty, send again what still waits: its message was lost."""
    with sessions() as session:
        begin_write(session)
        now = clock()
        uploads.sweep_expired(session, uploads_folder, now)
        derivations.request_missing(session, now=now)
        derivations.give_up(session, now=now)
        session.commit()
        waiting = derivations.stale(session, now) if jobs.waiting() == 0 else []
    jobs.send(
        (Job(derivations.JOB, {"school_id": school_id, "sha256": sha256}) for school_id, sha256 in waiting),
        urgent=False,
    )
