"""A worker that is killed while it reads a file takes what it started along, and the file is read by the next."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.db import make_sessions
from portfolio.models import Derivation, DerivationState, EvidenceVersion
from portfolio.services import derivations
from portfolio.services.derivations import GIVEN_UP_AFTER
from portfolio.storage import Storage
from portfolio.storage.local import LocalStorage
from tests.derive.samples import DOCX, word
from tests.factories import NOW, make_evidence, make_school

# Makes the derivatives of one file, as a worker does.
WORKER = """
import sys
from pathlib import Path
from portfolio.db import make_engine, make_sessions
from portfolio.services import derivations
from portfolio.storage.local import LocalStorage
from tests.factories import NOW

url, files, school_id, sha256 = sys.argv[1:]
derivations.run(make_sessions(make_engine(url)), LocalStorage(Path(files)), school_id=int(school_id),
                sha256=sha256, clock=lambda: NOW)
"""


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_file_whose_worker_was_killed_is_read_by_the_next_and_nothing_runs_on(
    session: Session, storage: Storage, tmp_path: Path, database_url: str
) -> None:
    programs, noted = tmp_path / "programs", tmp_path / "pid"
    programs.mkdir()
    office = programs / "soffice"
    office.write_text(f"#!/bin/sh\necho $$ > {noted}.new; /bin/mv {noted}.new {noted}; exec /bin/sleep 120\n")
    office.chmod(0o755)
    evidence = make_evidence(
        session, make_school(session), storage, tmp_path, content=word("教代会审议"), media_type=DOCX
    )
    school_id = evidence.school_id
    digest = session.scalars(select(EvidenceVersion.sha256)).one()
    derivations.request(session, school_id=school_id, sha256=digest, now=NOW)
    session.commit()

    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, database_url, str(tmp_path / "files"), str(school_id), digest],
        env=os.environ | {"PATH": str(programs)},
    )
    _until(noted.exists)
    conversion = int(noted.read_text())
    worker.send_signal(signal.SIGKILL)
    worker.wait(10)
    _until(lambda: not _runs(conversion))

    row = session.scalars(select(Derivation)).one()
    assert (row.state, row.attempts) == (DerivationState.RUNNING, 1)
    assert isinstance(storage, LocalStorage)
    assert set(storage.digests(school_id)) == {digest}
    later = NOW + GIVEN_UP_AFTER
    assert derivations.stale(session, later) == [(school_id, digest)]
    bind = session.get_bind()
    session.rollback()

    office.unlink()
    derivations.run(
        make_sessions(bind),  # type: ignore[arg-type]
        storage,
        school_id=school_id,
        sha256=digest,
        clock=lambda: later,
    )
    session.expire_all()
    row = session.scalars(select(Derivation)).one()
    assert (row.state, row.attempts) == (DerivationState.DONE, 2)
