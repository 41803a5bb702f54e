"""Background jobs: sent after the commit, done by handlers, found again when a message is lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from config import Settings
from portfolio.days import SCHOOL_TIME, day_of
from portfolio.db import make_sessions
from portfolio.jobs import Job, Jobs, ask, asked
from portfolio.models import Derivation, DerivationState, Evidence, ReadinessRecord, SelfAssessment, Upload
from portfolio.services import background, derivations, trash
from portfolio.storage import Storage
from portfolio.tokens import new_token
from tests.factories import NOW, make_dossier, make_evidence, make_school, make_staff, make_user
from tests.servers.smtp import SmtpServer


@pytest.fixture
def queue(database_url: str, tmp_path: Path) -> Iterator[Jobs]:
    """The queue of an installation on each engine."""
    made = Jobs(database_url, tmp_path)
    yield made
    made.huey.storage.close()


def do_next(queue: Jobs) -> bool:
    """Do the job at the queue's head as a worker would; whether there was one."""
    task = queue.huey.dequeue()
    if task is not None:
        queue.huey.execute(task)
    return task is not None


def test_a_job_is_done_with_what_it_was_sent_with(queue: Jobs) -> None:
    done: list[tuple[int, str]] = []
    queue.handle("note", lambda school_id, sha256: done.append((school_id, sha256)))
    queue.send(
        [Job("note", {"school_id": 7, "sha256": "a"}), Job("note", {"school_id": 2**60, "sha256": "b"})]
    )
    assert queue.waiting() == 2
    while queue.waiting():
        assert do_next(queue)
    assert done == [(7, "a"), (2**60, "b")]


def test_a_handler_that_fails_harms_neither_queue_nor_worker(queue: Jobs) -> None:
    done: list[str] = []

    def handler(what: str) -> None:
        if what == "bad":
            raise ValueError(what)
        done.append(what)

    queue.handle("try", handler)
    queue.send(Job("try", {"what": what}) for what in ("bad", "good"))
    do_next(queue)
    do_next(queue)
    assert done == ["good"]


def test_what_somebody_waits_for_goes_before_what_is_made_up_for(queue: Jobs) -> None:
    done: list[str] = []
    queue.handle("note", lambda what: done.append(what))
    queue.send([Job("note", {"what": "old"})], urgent=False)
    queue.send([Job("note", {"what": "new"})])
    do_next(queue)
    do_next(queue)
    assert done == ["new", "old"]


def test_a_queue_that_cannot_be_reached_fails_no_request(tmp_path: Path) -> None:
    queue = Jobs("sqlite:////nowhere/portfolio.sqlite3", tmp_path / "nowhere")
    queue.handle("note", lambda: None)
    queue.send([Job("note", {})])


def test_what_a_refused_request_asked_for_is_forgotten_with_its_session(session: Session) -> None:
    ask(session, "derive", school_id=1)
    assert asked(session) == [Job("derive", {"school_id": 1})]
    assert asked(session) == []


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """An installation that sends no mail."""
    return Settings(data_folder=tmp_path, secret_key="s" * 20, database_url=database_url)


def test_a_lost_message_is_found_again_and_expired_uploads_go(
    engine: Engine, session: Session, storage: Storage, queue: Jobs, settings: Settings, tmp_path: Path
) -> None:
    sessions = make_sessions(engine)
    school = make_school(session)
    make_evidence(session, school, storage, tmp_path, content=b"text of a file")
    session.add(
        Upload(
            token=new_token(), school_id=school.id, user_id=make_user(session).id, length=9, details={},
            created_at=NOW, expires_at=NOW,
        )
    )  # fmt: skip
    session.commit()
    background.register(queue, settings=settings, sessions=sessions, storage=storage, clock=lambda: NOW)
    queue.send([Job(background.SWEEP, {})])
    do_next(queue)
    assert queue.waiting() == 1, "the sweep sent what nobody had asked for"
    # a second sweep sends nothing twice while messages wait
    background.sweep(queue, sessions, lambda: NOW, tmp_path / "uploads")
    assert queue.waiting() == 1
    do_next(queue)
    session.expire_all()
    assert session.scalars(select(Derivation.state)).all() == [DerivationState.DONE]
    assert session.scalars(select(Upload)).all() == []


def test_the_day_is_recorded_and_the_trash_emptied_without_being_asked(
    engine: Engine, session: Session, storage: Storage, queue: Jobs, settings: Settings, tmp_path: Path
) -> None:
    dossier = make_dossier(session)
    thrown = make_evidence(session, dossier.school, storage, tmp_path)
    thrown.trashed_at = NOW
    session.commit()
    later = NOW + trash.KEPT
    background.register(
        queue, settings=settings, sessions=make_sessions(engine), storage=storage, clock=lambda: later
    )
    for handler in (background.RECORD, background.RECORD, background.SWEEP_STORE):
        queue.send([Job(handler, {})])
        do_next(queue)
    session.expire_all()
    assert session.scalars(select(ReadinessRecord.dossier_id)).all() == [dossier.id]
    assert session.scalars(select(Evidence)).all() == []
    assert list(storage.digests(dossier.school_id)) == []


def test_reminders_go_out_without_being_asked_where_mail_is_on(
    engine: Engine, session: Session, storage: Storage, queue: Jobs, settings: Settings
) -> None:
    dossier = make_dossier(session)
    owner = make_staff(session, dossier.school).contributor
    owner.email = "teacher@school.example.cn"
    row = session.scalars(
        select(SelfAssessment).where(SelfAssessment.dossier_id == dossier.id, SelfAssessment.element == "C38")
    ).one()
    row.assignee_id, row.due_on = owner.id, day_of(NOW) + timedelta(days=1)
    session.commit()
    with SmtpServer() as server:
        mailing = settings.model_copy(
            update={
                "smtp_host": "127.0.0.1",
                "smtp_port": server.port,
                "mail_from": "portfolio@edu.example.cn",
                "public_url": "https://portfolio.example.cn",
            }
        )
        background.register(
            queue, settings=mailing, sessions=make_sessions(engine), storage=storage, clock=lambda: NOW
        )
        for _hour in range(2):
            queue.send([Job(background.REMIND, {})])
            do_next(queue)
        assert [letter.recipients for letter in server.delivered] == [(owner.email,)]


def test_what_has_a_rhythm_is_due_at_its_time_and_no_other(
    engine: Engine, storage: Storage, queue: Jobs, settings: Settings
) -> None:
    background.register(
        queue, settings=settings, sessions=make_sessions(engine), storage=storage, clock=lambda: NOW
    )

    def due(hour: int, minute: int) -> set[str]:
        """By the schools' clock."""
        moment = datetime(2026, 11, 2, hour, minute, tzinfo=SCHOOL_TIME).astimezone(UTC).replace(tzinfo=None)
        return {task.name for task in queue.huey.read_periodic(moment)}

    every_minute = {"EVERY_MINUTE: sweep", "EVERY_MINUTE: lapse"}
    assert due(9, 0) == every_minute
    assert due(9, 5) == every_minute | {"HOURLY: record", "HOURLY: call"}
    assert due(2, 30) == every_minute | {"NIGHTLY: sweep_store"}


def test_asking_takes_no_time_whatever_is_to_be_made(
    session: Session, storage: Storage, queue: Jobs, tmp_path: Path
) -> None:
    queue.send([])
    evidence = make_evidence(session, make_school(session), storage, tmp_path)
    digest = session.scalars(select(Derivation.sha256)).all()
    assert digest == []
    started = time.perf_counter()
    derivations.request(session, school_id=evidence.school_id, sha256=_digest(session), now=NOW)
    session.commit()
    queue.send(asked(session))
    assert time.perf_counter() - started < 1
    assert queue.waiting() == 1


def _digest(session: Session) -> str:
    from portfolio.models import Blob

    return session.scalars(select(Blob.sha256)).one()
