"""Searching 20,000 pages of one school beside those of another: milliseconds a search takes."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from portfolio.db import begin_write, make_engine, make_sessions, new_id
from portfolio.migrate import migrate
from portfolio.models import (
    Blob,
    Derivation,
    DerivationState,
    Evidence,
    EvidenceKind,
    EvidenceVersion,
    PageText,
    School,
    User,
)
from portfolio.queries.library_filter import Filter
from portfolio.queries.problems import Yardstick
from portfolio.queries.search import find
from portfolio.services import search_index
from rubric.loader import DEFAULT
from rubric.loader import find as find_rubric

FILES, PAGES = 1000, 20  # of the school that searches
OTHERS = 100  # files of another school
CHARACTERS = 900  # of a page
RARE, EVERY = "石榴籽", 97  # a word that stands on every 97th page
NOW = datetime(2026, 11, 23, tzinfo=UTC)
REPEATS = 7


@dataclass(frozen=True)
class Search:
    """What is searched, why it may be slow, and the median of milliseconds it takes."""

    q: str
    what: str
    milliseconds: float
    hits: int


SEARCHES = (
    ("党", "one character"),
    ("党建", "two"),
    ("学校", "two, on nearly every page"),
    ("教研活动", "four, compared"),
    (RARE, "a rare word"),
    ("教研 党建 安全", "three words"),
    ("“立德树人根本任务”", "a phrase"),
    ("没有这样的话", "nothing"),
    ("2023", "digits"),
    ("2023年第3页", "digits among characters, compared"),
)


def searches(data: Path) -> Iterator[Search]:
    """Fill a database of its own in this folder, and search it."""
    engine = make_engine(f"sqlite:///{data / 'search.sqlite3'}")
    migrate(engine)
    with make_sessions(engine)() as session:
        begin_write(session)
        _fill(session, "别的学校", OTHERS)
        school_id = _fill(session, "示例学校", FILES)
        session.commit()
        for q, what in SEARCHES:
            yield _timed(session, school_id, q, what)
    engine.dispose()


def _timed(session: Session, school_id: int, q: str, what: str) -> Search:
    yardstick = Yardstick(school_id, dossier_id=None, window_start=2024)
    taken = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        hits = find(session, yardstick=yardstick, chosen=Filter(q=q))
        taken.append((time.perf_counter() - started) * 1000)
        session.expunge_all()
    return Search(q, what, statistics.median(taken), hits.total)


def _fill(session: Session, name: str, files: int) -> int:
    school = School(name=name, district="未央区", boarding=False, created_at=NOW)
    user = User(username=name, name=name, password_hash="", created_at=NOW)
    session.add_all([school, user])
    session.flush()
    words = random.Random(name)
    sentences = [element.text for element in find_rubric(DEFAULT).elements]
    for number in range(files):
        _file(session, school.id, user.id, number, _pages(words, sentences, number))
    return school.id


def _pages(words: random.Random, sentences: list[str], number: int) -> list[tuple[int, str]]:
    pages = []
    for page in range(1, PAGES + 1):
        text = f"{words.randint(2019, 2026)}年第{page}页\n"
        while len(text) < CHARACTERS:
            text += words.choice(sentences) + "\n"
        rare = RARE if (number * PAGES + page) % EVERY == 0 else ""
        pages.append((page, text[:CHARACTERS] + rare))
    return pages


def _file(session: Session, school_id: int, user_id: int, number: int, pages: list[tuple[int, str]]) -> None:
    sha256, evidence_id = f"{number:064x}", new_id()
    here: dict[str, Any] = {"school_id": school_id, "sha256": sha256}
    rows = (
        (Blob, [{**here, "size": 1, "media_type": "application/pdf", "storage": "local", "created_at": NOW}]),
        (Derivation, [{**here, "state": DerivationState.DONE, "attempts": 1, "requested_at": NOW}]),
        (PageText, [{**here, "page": page, "text": text} for page, text in pages]),
        (
            Evidence,
            [
                {
                    "id": evidence_id,
                    "school_id": school_id,
                    "title": f"材料{number}",
                    "kind": EvidenceKind.RECORD,
                    "created_by": user_id,
                    "created_at": NOW,
                    "version": 1,
                }
            ],
        ),
        (
            EvidenceVersion,
            [
                {
                    **here,
                    "id": new_id(),
                    "evidence_id": evidence_id,
                    "number": 1,
                    "filename": f"材料{number}.pdf",
                    "uploaded_by": user_id,
                    "uploaded_at": NOW,
                }
            ],
        ),
    )
    for table, values in rows:
        session.execute(insert(table), values)
    search_index.index_file(session, **here, pages=pages)
    search_index.index_words(session, session.get_one(Evidence, evidence_id))
