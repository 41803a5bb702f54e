"""Each page: how long it takes, what it asks of the database, how large it is."""

from __future__ import annotations

import itertools
import json
import re
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, event

from bench.server import Account, Server, environment
from bench.visitor import Answer, InProcess, OverHttp, Visitor, link
from config import read_settings
from portfolio import create_app

WARM_UP = 3
REPEATS = 30
_CLAIMED = {"justification": "近三年记录完整。" * 20}
_JUDGED = {"reason": "过程记录不完整。", "channel": "documents"}
_BEGINNER = 2  # the expert who has the most to do yet
_NOT_COUNTED = ("BEGIN", "PRAGMA", "SAVEPOINT", "RELEASE", "ROLLBACK")


@dataclass(frozen=True)
class Page:
    """What is asked for, as whom, and what it may cost."""

    name: str
    role: str | None
    visit: Callable[[Visitor], Answer]
    most_statements: int | None = None
    most_bytes: int | None = None
    nth: int = 0  # which of the role's accounts


@dataclass(frozen=True)
class Cost:
    """Median milliseconds over HTTP, statements, bytes of the answer."""

    milliseconds: float
    statements: int
    size: int


class Statements:
    """Counts the statements an engine executes, transactions' own aside."""

    def __init__(self, engine: Engine) -> None:
        self.count = 0
        event.listen(engine, "before_cursor_execute", self._note)

    def _note(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        self.count += not statement.startswith(_NOT_COUNTED)


def measured(data: Path, server: Server, accounts: list[Account]) -> Iterator[tuple[Page, Cost]]:
    """Every page with its cost."""
    app = create_app(read_settings(environment(data)))
    counter = Statements(app.extensions["portfolio"].sessions.kw["bind"])
    for page in pages(server, accounts):
        over_http = _visitor(OverHttp(server.address), page, accounts)
        inside = _visitor(InProcess(app.test_client()), page, accounts)
        page.visit(inside)  # what a worker reads once in its life is not a page's cost
        before = counter.count
        answer = page.visit(inside)
        statements = counter.count - before
        yield page, Cost(_median(page, over_http), statements, len(answer.body))


def _median(page: Page, visitor: Visitor) -> float:
    """Milliseconds."""
    taken = []
    for _ in range(WARM_UP + REPEATS):
        started = time.perf_counter()
        answer = page.visit(visitor)
        taken.append((time.perf_counter() - started) * 1000)
        assert answer.status == 200, f"{page.name} answered {answer.status}"
    return statistics.median(taken[WARM_UP:])


def _visitor(line: OverHttp | InProcess, page: Page, accounts: list[Account]) -> Visitor:
    visitor = Visitor(line)
    if page.role is not None:
        visitor.log_in(account_of(accounts, page.role, page.nth))
        visitor.token()
    return visitor


def account_of(accounts: list[Account], role: str, nth: int = 0) -> Account:
    """The first account of a role, or the one after so many others."""
    return [account for account in accounts if account["role"] == role][nth]


def pages(server: Server, accounts: list[Account]) -> Iterator[Page]:
    """The pages of these data, found by following links as people do."""
    yield Page("log-in", None, lambda visitor: visitor.get("/login"))
    lead = Visitor(OverHttp(server.address))
    home = lead.log_in(account_of(accounts, "lead"))
    evidence = link(lead.get(home), r"/schools/\d+/evidence")
    assert evidence is not None
    yield _plain("dossier home", "lead", home, most_statements=8, most_bytes=60_000)
    yield _plain("element", "lead", f"{home}/elements/C38", most_statements=8)
    yield Page("score save", "lead", Save(f"{home}/elements/C38"), most_statements=6)
    yield _plain("evidence list", "lead", evidence, most_statements=6)
    yield _plain("catalogue", "lead", f"{evidence}/catalogue", most_statements=6)
    yield _plain("submission", "lead", f"{home}/submission")
    yield from _after_submission(server, accounts, lead, home)
    yield _plain("city overview", "bureau", "/bureau")


def _after_submission(server: Server, accounts: list[Account], lead: Visitor, home: str) -> Iterator[Page]:
    """The package and what a panel makes of it."""
    expert, chair = Visitor(OverHttp(server.address)), Visitor(OverHttp(server.address))
    reviews = expert.get(expert.log_in(account_of(accounts, "expert", _BEGINNER)))
    settlements = chair.get(chair.log_in(account_of(accounts, "chair")))
    package = link(lead.get(f"{home}/submission"), r"/packages/\d+")
    review = link(reviews, r"/reviews/\d+")
    # the last one is open, where there are two schools
    tables = re.findall(r"/rounds/\d+/settlement/\d+", settlements.text)
    settlement = tables[-1] if tables else None
    if package:
        yield _plain("package", "lead", package)
    if review:
        address = f"{review}/elements/C38"
        yield _plain("review workspace", "expert", address, most_statements=10, nth=_BEGINNER)
        yield Page("review save", "expert", Save(address, _JUDGED), most_statements=8, nth=_BEGINNER)
    visit = link(reviews, r"/rounds/\d+/visit/\d+")
    if visit:
        yield _plain("visit agenda", "expert", visit, most_statements=6, nth=_BEGINNER)
    if settlement:
        yield _plain("settlement", "chair", settlement, most_statements=8, most_bytes=80_000)


def _plain(name: str, role: str, path: str, **most: int) -> Page:
    return Page(name, role, lambda visitor: visitor.get(path), **most)


class Save:
    """Saves another score each time, over the version that stands, whoever saved it."""

    def __init__(self, path: str, words: Mapping[str, str] = _CLAIMED) -> None:
        self._path = path
        self._words = words
        self._version = 0
        self._scores = itertools.cycle(("0.5", "0.6"))

    def __call__(self, visitor: Visitor) -> Answer:
        answer = self._put(visitor)
        if answer.status == 409:
            self._version = json.loads(answer.body)["current"]["version"]
            answer = self._put(visitor)
        self._version = json.loads(answer.body)["version"]
        return answer

    def _put(self, visitor: Visitor) -> Answer:
        body = {"score": next(self._scores), **self._words, "version": self._version}
        return visitor.put(self._path, body)
