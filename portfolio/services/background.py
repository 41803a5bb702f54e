"""What is done in the background: which job is done by which service, and what is done without being asked."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy.orm import Session, sessionmaker

from config import Settings
from portfolio.db import begin_write, writing
from portfolio.jobs import Job, Jobs, Rhythm
from portfolio.mail import Mailer, is_on
from portfolio.services import (
    calling,
    derivations,
    errand_letters,
    errands,
    mailing,
    reminders,
    supplements,
    timestamps,
    trend,
    uploads,
)
from portfolio.services.errand_work import Worker
from portfolio.services.sweeping import sweep_store
from portfolio.storage import Storage

SWEEP = "sweep"
RECORD = "record"
REMIND = "remind"
CALL = "call"
STAMP = "stamp"
SWEEP_STORE = "sweep_store"
LAPSE = "lapse"
log = logging.getLogger(__name__)


def register(
    jobs: Jobs,
    *,
    settings: Settings,
    sessions: sessionmaker[Session],
    storage: Storage,
    clock: Callable[[], datetime],
) -> None:
    """Have the services do their jobs; letters go out where the installation sends mail."""
    folder = settings.uploads_folder
    jobs.handle(derivations.JOB, partial(derivations.run, sessions, storage, clock=clock))
    jobs.handle(derivations.DRAW, partial(derivations.draw, sessions, storage))
    letters = (
        partial(errand_letters.tell, settings, sessions, clock=clock) if is_on(settings) else _say_nothing
    )
    worker = Worker(sessions, storage, settings.errands_folder, clock, over=letters)
    jobs.handle(errands.JOB, worker.run)
    jobs.handle(timestamps.JOB, partial(timestamps.run, settings, sessions, clock))
    if settings.tsa_url:
        jobs.handle(STAMP, partial(stamp, jobs, sessions, clock), rhythm=Rhythm.EVERY_MINUTE)
    jobs.handle(LAPSE, partial(lapse, sessions, clock), rhythm=Rhythm.EVERY_MINUTE)
    jobs.handle(RECORD, partial(record, sessions, clock), rhythm=Rhythm.HOURLY)
    jobs.handle(CALL, partial(call, settings, sessions, clock), rhythm=Rhythm.HOURLY)
    if is_on(settings):
        jobs.handle(REMIND, partial(remind, settings, sessions, clock), rhythm=Rhythm.HOURLY)
    jobs.handle(
        SWEEP_STORE, partial(sweep_store, sessions, storage, folder, clock=clock), rhythm=Rhythm.NIGHTLY
    )
    # last: it looks whether anything else waits, and what comes due with it does so for a moment
    jobs.handle(SWEEP, partial(sweep, jobs, sessions, clock, folder), rhythm=Rhythm.EVERY_MINUTE)


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
        errands.give_up(session, now=now)
        session.commit()
        idle = jobs.waiting() == 0
        waiting = derivations.stale(session, now) if idle else []
        unfinished = errands.stale(session, now) if idle else []
    jobs.send(Job(errands.JOB, {"errand_id": errand_id}) for errand_id in unfinished)
    jobs.send(
        (Job(derivations.JOB, {"school_id": school_id, "sha256": sha256}) for school_id, sha256 in waiting),
        urgent=False,
    )


def stamp(jobs: Jobs, sessions: sessionmaker[Session], clock: Callable[[], datetime]) -> None:
    """Have the time stamps asked for that packages still lack; who was asked twice is sent to once."""
    with sessions() as session:
        lacking = timestamps.due(session, clock())
    jobs.send((Job(timestamps.JOB, {"package_id": package_id}) for package_id in lacking), urgent=False)


def record(sessions: sessionmaker[Session], clock: Callable[[], datetime]) -> None:
    """Record the day's readiness of every school, unless that is done."""
    with writing(sessions) as session:
        trend.record_day(session, clock())


def lapse(sessions: sessionmaker[Session], clock: Callable[[], datetime]) -> None:
    """Put on record which supplements nobody handed in by their deadline."""
    with writing(sessions) as session:
        supplements.lapse_due(session, now=clock())


def remind(settings: Settings, sessions: sessionmaker[Session], clock: Callable[[], datetime]) -> None:
    """Send the reminders that are due; why letters didn't go stands in the log, without naming anybody."""
    with Mailer(settings) as mailer:
        outcome = reminders.send_due(sessions, mailer, now=clock())
    _log(outcome)


def call(settings: Settings, sessions: sessionmaker[Session], clock: Callable[[], datetime]) -> None:
    """Note the reminders around panels' reviews, for the pages; mail them where the installation sends mail."""
    now = clock()
    with writing(sessions) as session:
        calling.note_due(session, now=now, days=settings.remind_days)
    if is_on(settings):
        with Mailer(settings) as mailer:
            _log(calling.send_noted(sessions, mailer, now=now))


def _log(outcome: mailing.Outcome) -> None:
    for reason, times in Counter(outcome.failures).items():
        log.warning("%s reminders were not sent (%s); the next run tries again", times, reason)


def _say_nothing(_errand_id: int) -> None:
    """Where no mail is sent."""
