"""Background jobs beside the server: without a second command, started again when they die, ended with it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.models import Derivation, DerivationState, EvidenceVersion
from portfolio.services import derivations
from portfolio.storage.local import LocalStorage
from tests.cli.conftest import PROGRAM
from tests.cli.test_serve import Serve
from tests.factories import NOW, make_evidence, make_school


@pytest.fixture
def waiting(database: Session, migrated: Path, tmp_path: Path) -> Callable[[], DerivationState]:
    """A file whose derivatives were asked for by a message that was lost; gives how far they are."""
    evidence = make_evidence(database, make_school(database), LocalStorage(migrated / "files"), tmp_path)
    digest = database.scalars(select(EvidenceVersion.sha256)).one()
    derivations.request(database, school_id=evidence.school_id, sha256=digest, now=NOW)
    database.commit()

    def state() -> DerivationState:
        database.expire_all()
        found = database.scalars(select(Derivation.state)).one()
        database.rollback()
        return found

    return state


def until(true: Callable[[], object], seconds: float = 30) -> None:
    """Wait for something to come true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.1)


@pytest.fixture
def workers(migrated: Path) -> Callable[[], set[int]]:
    """Gives the processes that do background jobs for a server on this data folder."""

    def find() -> set[int]:
        found = set()
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
                variables = (folder / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"--parent" in words and f"PORTFOLIO_DATA={migrated}".encode() in variables:
                found.add(int(folder.name))
        return found

    return find


def test_the_server_does_jobs_replaces_a_dead_worker_and_takes_it_along_at_the_end(
    serving: Serve, waiting: Callable[[], DerivationState], workers: Callable[[], set[int]]
) -> None:
    with serving():
        until(lambda: waiting() is DerivationState.DONE)
        (first,) = workers()
        assert os.getpriority(os.PRIO_PROCESS, first) > os.getpriority(os.PRIO_PROCESS, 0)
        os.kill(first, signal.SIGKILL)
        until(lambda: workers() - {first})
    assert workers() == set()


def test_a_worker_does_not_outlive_a_server_that_was_killed(
    environment: dict[str, str], workers: Callable[[], set[int]]
) -> None:
    server = subprocess.Popen(
        [PROGRAM, "serve", "--port", "0"], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    assert re.search("http://", server.stdout.readline())
    until(workers)
    server.kill()
    server.wait(10)
    server.stdout.close()
    until(lambda: not workers())


def test_jobs_can_be_left_to_a_process_of_their_own(
    environment: dict[str, str], waiting: Callable[[], DerivationState], workers: Callable[[], set[int]]
) -> None:
    server = subprocess.Popen(
        [PROGRAM, "serve", "--port", "0", "--without-jobs"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    assert re.search("http://", server.stdout.readline())
    worker = subprocess.Popen([PROGRAM, "work"], env=environment, stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    assert worker.stdout.readline() == "Doing background jobs (Ctrl-C ends it)\n"
    until(lambda: waiting() is DerivationState.DONE)
    assert workers() == set()
    for process in (worker, server):
        process.terminate()
        assert process.wait(20) == 0
        assert process.stdout is not None
        process.stdout.close()
