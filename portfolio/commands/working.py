"""Background jobs: by a process of their own, which `serve` starts unless it is told that one runs apart."""

from __future__ import annotations

import argparse
import os
import signal
import threading
import time

from portfolio.commands.installation import opened

NICENESS = 10  # whoever waits for a page goes first
_LOOKS_EVERY = 1.0  # seconds


def work(arguments: argparse.Namespace) -> int:
    """Do background jobs until interrupted, or until the process named as parent is gone."""
    from portfolio import make_jobs, web

    os.nice(NICENESS)
    with opened() as place:
        place.require_schema()
        jobs = make_jobs(place.settings, sessions=place.sessions, storage=place.storage(), clock=web.utc_now)
        if arguments.parent is None:
            print("Doing background jobs (Ctrl-C ends it)", flush=True)
        else:
            threading.Thread(target=_end_with, args=(arguments.parent,), daemon=True).start()
        jobs.work(workers=arguments.workers or usual_workers())
    return 0


def usual_workers() -> int:
    """How many jobs at once: half the machine's cores answer requests."""
    return max(1, (os.cpu_count() or 1) // 2)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOKS_EVERY)
    os.kill(os.getpid(), signal.SIGTERM)
