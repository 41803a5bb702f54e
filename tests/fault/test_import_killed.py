"""A school that is coming in when its worker is killed isn't there, and comes in whole the next time."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from portfolio.check import Inspection
from portfolio.db import make_engine, make_sessions
from portfolio.models import Evidence, School, User
from portfolio.services.moving import into, reading
from portfolio.storage import Storage
from portfolio.storage.local import LocalStorage
from tests.moving_factory import LATER, export, fill_and_publish

# Takes a school in as a worker does, and stops for good where it is told: among the files, or among the rows.
WORKER = """
import sys, time
from pathlib import Path
from portfolio.db import make_engine, make_sessions
from portfolio.services.moving import into, reading
from portfolio.storage.local import LocalStorage
from tests.moving_factory import LATER

url, files, folder, archive, where = sys.argv[1:]

def stay(*_):
    Path(folder, "reached").touch()
    time.sleep(60)

if where == "rows":
    into._check_packages = stay
with reading.read(Path(archive)) as found:
    into.take_in(make_sessions(make_engine(url)), LocalStorage(Path(files)), found, folder=Path(folder),
                 actor_id=None, now=LATER, progress=stay if where == "files" else lambda *_: None)
"""


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("where", ["files", "rows"])
def test_an_import_that_was_killed_is_not_there_and_can_be_repeated(
    session: Session, engine: Engine, storage: Storage, tmp_path: Path, sqlite_template: Path, where: str
) -> None:
    filled = fill_and_publish(session, storage, tmp_path)
    archive = export(make_sessions(engine), storage, filled.school.id, tmp_path / "out")
    there = tmp_path / "there"
    there.mkdir()
    database = there / "portfolio.sqlite3"
    database.write_bytes(sqlite_template.read_bytes())
    url, files = f"sqlite:///{database}", there / "files"
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, url, str(files), str(there), str(archive), where]
    )
    end = time.monotonic() + 60
    while not (there / "reached").exists():
        assert time.monotonic() < end and worker.poll() is None, "it did not get that far"
        time.sleep(0.05)
    worker.send_signal(signal.SIGKILL)
    worker.wait(10)

    target = make_engine(url)
    sessions, store = make_sessions(target), LocalStorage(files)
    with sessions() as reader:
        for table in (School, Evidence, User):
            assert reader.scalar(select(func.count()).select_from(table)) == 0
    with reading.read(archive) as found:
        into.take_in(sessions, store, found, folder=there, actor_id=None, now=LATER)
    with sessions() as reader:
        assert [str(problem) for problem in Inspection(reader, store).problems()] == []
    target.dispose()
