"""Measures the real server on a fresh data folder and prints what it found.

python -m bench [--schools N] [--evidence M] [--upload MEGABYTES]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import pages
from bench.server import Account, Server, load_demo, serving
from bench.upload import Upload, upload
from bench.visitor import OverHttp, Visitor, link

MEGABYTE = 1024 * 1024
# What the project set itself: seconds, and bytes.
MOST_UNTIL_FIRST_ANSWER = 2.0
MOST_PER_WORKER = 120 * MEGABYTE
MOST_GROWTH = 50 * MEGABYTE


def main() -> int:
    """Print the tables; 1 if something costs more than it may."""
    chosen = _arguments()
    with tempfile.TemporaryDirectory(prefix="portfolio-bench-") as folder:
        data = Path(folder)
        accounts = load_demo(data, schools=chosen.schools, evidence=chosen.evidence)
        print(
            f"{chosen.schools} school(s) with {chosen.evidence} pieces of evidence each; medians of {pages.REPEATS}\n"
        )
        with serving(data) as server:
            excesses = [*_pages(data, server, accounts), *_processes(server)]
            if chosen.upload:
                excesses += _upload(_send(server, accounts, data, chosen.upload * MEGABYTE), chosen.upload)
    print(
        "\n".join(["", *(f"TOO MUCH: {excess}" for excess in excesses)])
        if excesses
        else "\nAll within bounds."
    )
    return 1 if excesses else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--schools", type=int, default=2)
    parser.add_argument("--evidence", type=int, default=300)
    parser.add_argument("--upload", type=int, default=1024, metavar="MEGABYTES", help="0 for none")
    return parser.parse_args()


def _pages(data: Path, server: Server, accounts: list[Account]) -> Iterator[str]:
    """Print each page's line; yields what is too much."""
    print(f"{'page':<18}{'ms':>8}{'statements':>12}{'bytes':>10}")
    for page, cost in pages.measured(data, server, accounts):
        print(f"{page.name:<18}{cost.milliseconds:>8.1f}{cost.statements:>12}{cost.size:>10}", flush=True)
        if page.most_statements is not None and cost.statements > page.most_statements:
            yield f"{page.name}: {cost.statements} statements, {page.most_statements} are allowed"
        if page.most_bytes is not None and cost.size > page.most_bytes:
            yield f"{page.name}: {cost.size} bytes, {page.most_bytes} are allowed"


def _processes(server: Server) -> Iterator[str]:
    heaviest = max(server.memory())
    print(f"\nstart to first answer {server.first_answer:6.2f} s")
    print(f"heaviest worker       {heaviest / MEGABYTE:6.0f} MB")
    if server.first_answer > MOST_UNTIL_FIRST_ANSWER:
        yield f"{server.first_answer:.2f} s until the first answer, {MOST_UNTIL_FIRST_ANSWER:.0f} are allowed"
    if heaviest > MOST_PER_WORKER:
        yield f"a worker of {heaviest / MEGABYTE:.0f} MB, {MOST_PER_WORKER // MEGABYTE} are allowed"


def _send(server: Server, accounts: list[Account], data: Path, size: int) -> Upload:
    visitor = Visitor(OverHttp(server.address))
    home = visitor.log_in(pages.account_of(accounts, "lead"))
    evidence = link(visitor.get(home), r"/schools/\d+/evidence")
    assert evidence is not None
    return upload(server, visitor, f"{evidence}/uploads", data, size)


def _upload(sent: Upload, megabytes: int) -> Iterator[str]:
    print(f"\nupload of {megabytes} MB in chunks of 8 MB")
    print(
        f"  sending             {sent.sending / MEGABYTE:6.0f} MB/s ({sent.sending / sent.disk:.0%} of hash + write)"
    )
    print(f"  with the final hash {sent.in_all / MEGABYTE:6.0f} MB/s ({sent.in_all / sent.disk:.0%})")
    print(f"  hash + write alone  {sent.disk / MEGABYTE:6.0f} MB/s")
    print(f"  workers grew by     {sent.growth / MEGABYTE:6.0f} MB")
    if sent.growth > MOST_GROWTH:
        yield f"the workers grew by {sent.growth / MEGABYTE:.0f} MB, {MOST_GROWTH // MEGABYTE} are allowed"


if __name__ == "__main__":
    sys.exit(main())
