"""The server under measurement: `portfolio` on a fresh data folder, and what its workers weigh."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAM = Path(sys.executable).with_name("portfolio")
LARGEST_UPLOAD = 4 * 1024**3  # bytes
_PAGE = os.sysconf("SC_PAGE_SIZE")

# {username, password, role, school}
Account = dict[str, str]


def environment(data: Path) -> dict[str, str]:
    """The environment of an installation in this folder, on SQLite and local files."""
    ours = ("DATABASE_URL", "STORAGE_URL")
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith("PORTFOLIO_") and key not in ours
    }
    return kept | {"PORTFOLIO_DATA": str(data), "PORTFOLIO_MAX_UPLOAD_BYTES": str(LARGEST_UPLOAD)}


def load_demo(data: Path, *, schools: int, evidence: int | None = None) -> list[Account]:
    """Fill the folder with demonstration data, a city where no amount of evidence is given; returns its accounts."""
    command = [str(PROGRAM), "demo", "--json", "--schools", str(schools)]
    if evidence is not None:
        command += ["--evidence", str(evidence)]
    done = subprocess.run(command, env=environment(data), check=True, stdout=subprocess.PIPE, text=True)
    accounts: list[Account] = json.loads(done.stdout)
    return accounts


@dataclass(frozen=True)
class Server:
    """A server that answers."""

    address: str
    pid: int
    first_answer: float  # seconds from the start of the process

    def workers(self) -> list[int]:
        """Process ids of the workers."""
        return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def memory(self) -> list[int]:
        """Resident bytes of each worker."""
        return [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE for pid in self.workers()]

    def shares(self) -> list[int]:
        """Bytes of each worker where what several processes share is divided among them (the kernel's Pss)."""
        return [_pss(pid) for pid in self.workers()]


def _pss(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


@contextmanager
def serving(data: Path) -> Iterator[Server]:
    """Serve this folder on a free port while the block runs."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [PROGRAM, "serve", "--port", "0", "--without-jobs"],
        env=environment(data),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        found = re.search(r"http://\S+", process.stdout.readline())
        if found is None:
            raise SystemExit("the server did not start")
        with urllib.request.urlopen(f"{found[0]}/login") as answer:
            answer.read()
        yield Server(found[0], process.pid, time.perf_counter() - started)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
        process.stdout.close()
