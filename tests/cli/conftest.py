"""The command as an operator runs it: a process of its own on a data folder of its own."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from portfolio.db import begin_write, make_engine, make_sessions
from portfolio.storage.local import LocalStorage
from tests.filled_store import FilledStore, fill

PROGRAM = Path(sys.executable).with_name("portfolio")
OURS = ("DATABASE_URL", "STORAGE_URL")

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data folder; nothing has been made in it yet."""
    return tmp_path / "data"


@pytest.fixture
def environment(data: Path) -> dict[str, str]:
    """The environment of a command: the data folder and none of our other variables."""
    return environment_of(data)


def environment_of(data: Path) -> dict[str, str]:
    """The environment of a command on this data folder."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PORTFOLIO_") and name not in OURS
    }
    return kept | {"PORTFOLIO_DATA": str(data)}


@pytest.fixture
def portfolio(environment: dict[str, str]) -> Run:
    """Runs `portfolio` with these arguments; keywords are further environment variables."""
    return runner(environment)


def runner(environment: dict[str, str]) -> Run:
    """What runs `portfolio` in this environment."""

    def run(*arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PROGRAM, *map(str, arguments)],
            env=environment | variables,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def migrated(data: Path, sqlite_template: Path) -> Path:
    """The data folder with a migrated, empty database."""
    data.mkdir()
    shutil.copyfile(sqlite_template, data / "portfolio.sqlite3")
    return data


@pytest.fixture
def database(migrated: Path) -> Iterator[Session]:
    """A writing session on the data folder's database."""
    engine = make_engine(f"sqlite:///{migrated / 'portfolio.sqlite3'}")
    with make_sessions(engine)() as session:
        begin_write(session)
        yield session
        session.rollback()
    engine.dispose()


@pytest.fixture
def filled(database: Session, migrated: Path, tmp_path: Path) -> FilledStore:
    """The data folder with a school that submitted a package."""
    made = fill(database, LocalStorage(migrated / "files"), tmp_path)
    database.commit()
    return made


@pytest.fixture
def serving(environment: dict[str, str]) -> Callable[..., AbstractContextManager[str]]:
    """Serves on a free port while the block runs, and gives the address; keywords as for `portfolio`."""

    @contextlib.contextmanager
    def serve(**variables: Any) -> Iterator[str]:
        process = subprocess.Popen(
            [PROGRAM, "serve", "--port", "0"], env=environment | variables, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        try:
            found = re.search(r"http://\S+", process.stdout.readline())
            assert found, f"no address; it ended with {process.wait(10)}"
            yield found[0]
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
            process.stdout.close()

    return serve
