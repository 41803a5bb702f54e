"""The process that reads one file: a script, as `portfolio` itself would load the whole web application."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portfolio.derive.results import Limits

_OPEN_FILES = 256
_PR_SET_PDEATHSIG = 1  # prctl(2)


def main() -> None:
    """Read a job from standard input, do it under its limits, write its result to standard output."""
    # Libraries that print must not print into the answer.
    answer = os.dup(1)
    os.dup2(2, 1)
    _without_application()
    from portfolio.derive import reading, wire

    job = wire.load_job(sys.stdin.buffer.read())
    _restrict(job.limits)
    _end_with_parent()
    raw = wire.dump_result(reading.read(job))
    with os.fdopen(answer, "wb") as stream:
        stream.write(raw)


def _without_application() -> None:
    """Stand in for the package `portfolio`, so that importing its modules doesn't compose an application."""
    package = ModuleType("portfolio")
    package.__path__ = [str(Path(__file__).resolve().parents[1])]
    sys.modules["portfolio"] = package


def _restrict(limits: Limits) -> None:
    """Bind this process and what it starts; a limit that is lower already stays."""
    _lower(resource.RLIMIT_AS, limits.memory, most=max(limits.memory, limits.office_memory))
    _lower(resource.RLIMIT_CPU, limits.cpu_seconds, most=limits.cpu_seconds + 1)
    _lower(resource.RLIMIT_FSIZE, limits.file_bytes)
    _lower(resource.RLIMIT_NOFILE, _OPEN_FILES)
    _lower(resource.RLIMIT_CORE, 0)
    signal.alarm(limits.seconds + 1)  # also when the worker that waits for it is gone


def _end_with_parent() -> None:
    """Where the worker that waits for it is killed, this process ends with all that it started."""
    signal.signal(signal.SIGTERM, lambda *_: os.killpg(0, signal.SIGKILL))
    with contextlib.suppress(OSError, AttributeError):  # other systems have no such call: the alarm is left
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _lower(which: int, soft: int, *, most: int | None = None) -> None:
    hard = soft if most is None else most
    _, ceiling = resource.getrlimit(which)
    if ceiling != resource.RLIM_INFINITY:
        soft, hard = min(soft, ceiling), min(hard, ceiling)
    resource.setrlimit(which, (soft, hard))


if __name__ == "__main__":
    main()
