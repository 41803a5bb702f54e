"""The evidence page of a large library beside that of a small one."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench.pages import Statements, account_of
from bench.server import environment, load_demo
from bench.visitor import InProcess, Visitor, link
from config import read_settings
from portfolio import create_app

SIZES = (200, 2000)  # pieces of evidence
WARM_UP = 3
REPEATS = 30


@dataclass
class Library:
    """A school's evidence page: whom it is shown to, where it is, what it asks and the milliseconds it took."""

    visitor: Visitor
    path: str
    counter: Statements
    statements: int = 0
    taken: list[float] = field(default_factory=list)

    @property
    def milliseconds(self) -> float:
        """The median."""
        return statistics.median(self.taken)

    def visit(self) -> None:
        """Ask for the page once."""
        before, started = self.counter.count, time.perf_counter()
        answer = self.visitor.get(self.path)
        self.taken.append((time.perf_counter() - started) * 1000)
        self.statements = self.counter.count - before
        assert answer.status == 200


def libraries(folder: Path) -> list[Library]:
    """The page at each of the SIZES, in turns, so that whatever else the machine does slows all alike."""
    made = [_load(folder / str(size), size) for size in SIZES]
    for _ in range(WARM_UP + REPEATS):
        for library in made:
            library.visit()
    for library in made:
        del library.taken[:WARM_UP]
    return made


def _load(data: Path, size: int) -> Library:
    data.mkdir()
    accounts = load_demo(data, schools=1, evidence=size)
    app = create_app(read_settings(environment(data)))
    counter = Statements(app.extensions["portfolio"].sessions.kw["bind"])
    visitor = Visitor(InProcess(app.test_client()))
    path = link(visitor.get(visitor.log_in(account_of(accounts, "lead"))), r"/schools/\d+/evidence")
    assert path is not None
    return Library(visitor, path, counter)
