"""The servers of the tests: they answer, they leave nothing behind, and their absence is named."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.fixtures_servers import REQUIRE, absent
from tests.servers.postgres import PostgresServer
from tests.servers.processes import ScratchFolder
from tests.servers.swift_s3 import SwiftS3Server

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A temporary folder that another user may enter, as pytest's own may not be."""
    scratch = ScratchFolder("portfolio-killed-")
    scratch.path.chmod(0o711)
    yield scratch.path
    scratch.remove()


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"  # dead ones may wait for somebody to collect them


def test_postgres_speaks_utf8_and_sorts_the_same_everywhere(postgres_server: PostgresServer) -> None:
    with psycopg.connect(postgres_server.url.replace("+psycopg", "")) as connection:
        row = connection.execute(
            "select current_setting('server_encoding'), datcollate from pg_database"
            " where datname = 'postgres'"
        ).fetchone()
    assert row == ("UTF8", "C.UTF-8")


@pytest.mark.usefixtures("postgres_server", "s3_server")
def test_servers_die_with_a_test_run_that_is_killed(open_folder: Path) -> None:
    program = (
        "import os, signal\n"
        "from tests.servers.postgres import PostgresServer\n"
        "from tests.servers.swift_s3 import SwiftS3Server\n"
        "with PostgresServer() as postgres, SwiftS3Server() as s3:\n"
        "    print(postgres.pid, s3.pid, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(open_folder)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == -signal.SIGKILL
    pids = [int(word) for word in run.stdout.split()]
    assert len(pids) == 2
    deadline = time.monotonic() + 10
    while any(is_running(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [pid for pid in pids if is_running(pid)] == []


def test_a_stopped_server_leaves_no_folder_and_no_process() -> None:
    reason = SwiftS3Server.why_not()
    if reason:
        absent("The S3 server", reason)
    with SwiftS3Server() as server:
        pid, folder = server.pid, server.folder
        assert folder.is_dir()
    assert not folder.exists()
    assert not is_running(pid)


def test_only_abandoned_folders_are_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    abandoned, fresh = tmp_path / "sweep-abandoned", tmp_path / "sweep-fresh"
    abandoned.mkdir()
    fresh.mkdir()
    in_use = ScratchFolder("sweep-")
    long_ago = time.time() - 3600
    for folder in (abandoned, in_use.path):
        os.utime(folder, (long_ago, long_ago))
    other = ScratchFolder("sweep-")
    assert not abandoned.exists()
    assert fresh.exists()
    assert in_use.path.exists()
    for scratch in (in_use, other):
        scratch.remove()
        assert not scratch.path.exists()


def test_a_missing_server_is_a_skip_that_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(REQUIRE, raising=False)
    with pytest.raises(pytest.skip.Exception, match="PostgreSQL is not available here: none on PATH"):
        absent("PostgreSQL", "none on PATH")


def test_a_missing_server_is_a_failure_where_everything_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REQUIRE, "all")
    with pytest.raises(pytest.fail.Exception, match="none on PATH"):
        absent("PostgreSQL", "none on PATH")
