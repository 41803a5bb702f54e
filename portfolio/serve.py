"""The server: gunicorn with threads, set up for slow and large uploads."""

from __future__ import annotations

import ctypes
import errno
import gc
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from config import Settings
from portfolio import create_app, jobs

WORKERS = 2
THREADS = 16
# Seconds a worker's main loop may be silent. Its threads may take as long over an upload as the line takes.
SILENCE = 120
KEEP_ALIVE = 15  # seconds
# How the GNU C library gives memory out (malloc.h: M_…). Its defaults hand the buffers of an upload back to the
# system after every piece, which costs half the throughput and more; without a limit of arenas each of a worker's
# threads would keep as much for itself. Variable of the environment: (parameter, value in bytes or arenas).
MALLOC = {
    "MALLOC_MMAP_THRESHOLD_": (-3, 64 * 1024 * 1024),
    "MALLOC_TRIM_THRESHOLD_": (-1, 16 * 1024 * 1024),
    "MALLOC_ARENA_MAX": (-8, 4),
}
_DOCUMENTS = (".docx", ".xlsx", ".pdf")

# Seconds that jobs have to come to their end, beyond what they give themselves; and before a dead process is replaced.
_GRACE = jobs.GRACE + 2
_PAUSE = 5.0


class BackgroundJobs:
    """The process that does the background jobs: kept alive while the server runs, and ended with it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._started = -_PAUSE
        self._ending = False

    def keep(self) -> None:
        """Start it where it doesn't run, but not again and again at once."""
        if self._ending or (self._process and self._process.poll() is None):
            return
        if time.monotonic() - self._started >= _PAUSE:
            self._started = time.monotonic()
            # a group of its own: Ctrl-C reaches it through `end`, which lets it finish
            self._process = subprocess.Popen(
                [sys.executable, "-m", "portfolio.cli", "work", "--parent", str(os.getpid())],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def end(self) -> None:
        """Ask it to end; `wait` sees to it."""
        self._ending = True
        if self._process:
            self._process.terminate()

    def wait(self) -> None:
        """Until it has ended."""
        if self._process:
            try:
                self._process.wait(_GRACE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


class _Keeper(Arbiter):  # type: ignore[misc]  # gunicorn has no types
    """The master process: beside the workers it looks after the background jobs, without a thread of its own."""

    def manage_workers(self) -> None:
        """Called by gunicorn about once a second."""
        super().manage_workers()
        self.app.background.keep()

    def stop(self, graceful: bool = True) -> None:
        """Called by gunicorn at its end."""
        self.app.background.end()
        super().stop(graceful)
        self.app.background.wait()


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """One installation, served on one address."""

    def __init__(self, settings: Settings, *, host: str, port: int, with_jobs: bool) -> None:
        self._settings = settings
        self._address = _joined(host, port)
        self._with_jobs = with_jobs
        self.background = BackgroundJobs()
        super().__init__()

    def load_config(self) -> None:
        """Called by gunicorn."""
        options: dict[str, Any] = {
            "bind": self._address,
            "worker_class": "gthread",
            "workers": WORKERS,
            "threads": THREADS,
            "preload_app": True,
            "timeout": SILENCE,
            "keepalive": KEEP_ALIVE,
            "loglevel": "warning",
            "proc_name": "portfolio",
            "control_socket_disable": True,
            # who asked, and over what, is for PORTFOLIO_TRUSTED_PROXIES alone to say
            "forwarded_allow_ips": "",
            "when_ready": _announce,
            "post_request": _give_back,
        }
        if Path("/dev/shm").is_dir():  # a busy disk must not look like a worker that hangs
            options["worker_tmp_dir"] = "/dev/shm"
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """The application; called once, before the workers are forked."""
        application = create_app(self._settings)
        # What it is made of stays for good. Were the collector to look through it in each worker, it would write to
        # the memory that all of them share, and every page it wrote to would be copied.
        gc.collect()
        gc.freeze()
        return application

    def run(self) -> None:
        """Until interrupted."""
        (_Keeper if self._with_jobs else Arbiter)(self).run()


def serve(settings: Settings, *, host: str, port: int, with_jobs: bool) -> None:
    """Serve until interrupted. The caller has seen to it that the installation is in order."""
    tune_memory()
    Server(settings, host=host, port=port, with_jobs=with_jobs).run()


def why_not(host: str, port: int) -> str | None:
    """Why nobody can listen there, or None."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            return "another program is listening there" if taken else str(error.strerror or error)
    return None


def tune_memory() -> None:
    """Set MALLOC for this process and the workers forked from it; what the environment says goes first."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # not the GNU C library
        return
    for variable, (parameter, value) in MALLOC.items():
        if variable not in os.environ:
            mallopt(parameter, value)


def _give_back(_worker: Any, _request: Any, environ: Mapping[str, Any], _response: Any) -> None:
    """Called by gunicorn after each answer: a document's many small parts leave more room than anything else needs."""
    if environ.get("PATH_INFO", "").endswith(_DOCUMENTS):
        gc.collect()  # they refer to each other
        with suppress(OSError, AttributeError):  # not the GNU C library
            ctypes.CDLL(None).malloc_trim(0)


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _announce(arbiter: Any) -> None:
    host, port = arbiter.LISTENERS[0].sock.getsockname()[:2]
    print(f"Serving on http://{_joined(host, port)} (Ctrl-C ends it)", flush=True)
