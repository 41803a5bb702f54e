"""Background jobs: sent after the commit, done by handlers, found again when a message is lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from portfolio.db import make_sessions
from portfolio.jobs import Job, Jobs, ask, asked, queue_for
from portfolio.models import Derivation, DerivationState, Upload
from portfolio.services import background, derivations
from portfolio.storage import Storage
from portfolio.tokens import new_token
from tests.factories import NOW, make_evidence, make_school, make_user


@pytest.fixture
def queue(database_url: str, tmp_path: Path) -> Iterator[Jobs]:
    """The queue of an installation on each engine."""
    made = Jobs(queue_for(database_url, tmp_path))
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
    queue = Jobs(queue_for("sqlite:////nowhere/portfolio.sqlite3", tmp_path / "nowhere"))
    queue.handle("note", lambda: None)
    queue.send([Job("note", {})])


def test_what_a_refused_request_asked_for_is_forgotten_with_its_session(session: Session) -> None:
    ask(session, "derive", school_id=1)
    assert asked(session) == [Job("derive", {"school_id": 1})]
    assert asked(session) == []


def test_a_lost_message_is_found_again_and_expired_uploads_go(
    engine: Engine, session: Session, storage: Storage, queue: Jobs, tmp_path: Path
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
    background.register(
        queue, sessions=sessions, storage=storage, clock=lambda: NOW, uploads_folder=tmp_path / "uploads"
    )
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
