"""The city overview, with two hundred schools and with two thousand."""

from __future__ import annotations

import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.pages import Statements, account_of
from bench.server import environment, load_demo, serving
from bench.visitor import InProcess, OverHttp, Visitor
from config import read_settings
from portfolio import create_app

SIZES = (200, 2000)
PATH = "/bureau"
WARM_UP, REPEATS = 3, 30


@dataclass(frozen=True)
class CityCost:
    """Median milliseconds over HTTP, statements and bytes of the page, and seconds to fill the city."""

    schools: int
    milliseconds: float
    statements: int
    size: int
    seconds_to_make: float


def measured(schools: int) -> CityCost:
    """A city of so many schools, made for this and thrown away."""
    with tempfile.TemporaryDirectory(prefix="portfolio-bench-city-") as folder:
        data = Path(folder)
        started = time.perf_counter()
        bureau = account_of(load_demo(data, schools=schools), "bureau")
        made_in = time.perf_counter() - started
        app = create_app(read_settings(environment(data)))
        counter = Statements(app.extensions["portfolio"].sessions.kw["bind"])
        inside = Visitor(InProcess(app.test_client()))
        inside.log_in(bureau)
        inside.get(PATH)  # what a worker reads once in its life is not a page's cost
        before = counter.count
        size = len(inside.get(PATH).body)
        statements = counter.count - before
        with serving(data) as server:
            visitor = Visitor(OverHttp(server.address))
            visitor.log_in(bureau)
            return CityCost(schools, _median(visitor), statements, size, made_in)


def _median(visitor: Visitor) -> float:
    taken = []
    for _ in range(WARM_UP + REPEATS):
        started = time.perf_counter()
        answer = visitor.get(PATH)
        taken.append((time.perf_counter() - started) * 1000)
        assert answer.status == 200, f"{PATH} answered {answer.status}"
    return statistics.median(taken[WARM_UP:])
