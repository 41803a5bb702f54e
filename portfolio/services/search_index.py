"""The search index: entered when a file is read or evidence described, and made anew on demand.

Whoever reads a file calls `index_file`, whoever changes what is said about evidence `index_words`. What is forgotten
takes its entries along: they hang on the rows of the file's derivatives and of the evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby, islice
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, insert, select
from sqlalchemy.orm import Session

from portfolio.db import new_id
from portfolio.derive import PageText as ReadPage
from portfolio.derive.grams import index_terms
from portfolio.derive.textnorm import Chunk, chunks, folded, normalise
from portfolio.models import Evidence, EvidenceVersion, PageText, SearchChunk

AT_ONCE = 500  # rows that are inserted together
Row = dict[str, Any]


def index_file(session: Session, *, school_id: int, sha256: str, pages: Iterable[tuple[int, str]]) -> None:
    """Enter the text of a file's pages (number from 1, text as read) in the place of what was there."""
    _forget(session, SearchChunk.school_id == school_id, SearchChunk.sha256 == sha256)
    _enter(session, (_page_row(school_id, sha256, chunk) for chunk in _searched(pages)))


def index_words(session: Session, evidence: Evidence) -> None:
    """Enter what people say about evidence, and what its files are called, in the place of what was there."""
    _forget(session, SearchChunk.evidence_id == evidence.id)
    _enter(session, _word_rows(session, Evidence.id == evidence.id))


def index_words_of(session: Session, *, school_id: int) -> int:
    """The same for all evidence of a school; returns how many pieces."""
    _forget(session, SearchChunk.school_id == school_id, SearchChunk.evidence_id.is_not(None))
    return _enter(session, _word_rows(session, Evidence.school_id == school_id))


def read_files(session: Session, *, school_id: int) -> list[str]:
    """The digests of a school's files that have text."""
    mine = PageText.school_id == school_id
    return list(session.scalars(select(PageText.sha256).where(mine).distinct().order_by(PageText.sha256)))


def reindex_file(session: Session, *, school_id: int, sha256: str) -> None:
    """Enter a file's text from what was read of it earlier."""
    index_file(session, school_id=school_id, sha256=sha256, pages=_stored_pages(session, school_id, sha256))


def enter_missing(session: Session) -> tuple[int, int]:
    """Enter the files and the evidence that the index has nothing of; returns how many of each.

    So it is after a migration that began the index, and in a store that an earlier version filled.
    """
    in_file = exists().where(
        SearchChunk.school_id == PageText.school_id, SearchChunk.sha256 == PageText.sha256
    )
    files = session.execute(
        select(PageText.school_id, PageText.sha256).where(PageText.text != "", ~in_file).distinct()
    ).all()
    for file in files:
        reindex_file(session, school_id=file.school_id, sha256=file.sha256)
    unsaid = ~exists().where(SearchChunk.evidence_id == Evidence.id)
    return len(files), _enter(session, _word_rows(session, unsaid))


def forget_unread(session: Session, *, school_id: int) -> None:
    """Take out what is there of a school's files that have no text any more."""
    has_text = exists().where(
        PageText.school_id == SearchChunk.school_id, PageText.sha256 == SearchChunk.sha256
    )
    _forget(session, SearchChunk.school_id == school_id, SearchChunk.sha256.is_not(None), ~has_text)


def is_file_indexed(session: Session, *, school_id: int, sha256: str) -> bool:
    """Whether the index holds exactly what was read of a file."""
    pages = _stored_pages(session, school_id, sha256)
    expected = [(chunk.page, chunk.position, chunk.text) for chunk in _searched(pages)]
    found = session.execute(
        select(SearchChunk.page, SearchChunk.position, SearchChunk.text)
        .where(SearchChunk.school_id == school_id, SearchChunk.sha256 == sha256)
        .order_by(SearchChunk.page, SearchChunk.position)
    )
    return expected == [tuple(row) for row in found]


def unindexed_words(session: Session, *, school_id: int) -> list[int]:
    """The evidence of a school whose words the index doesn't hold as they are."""
    mine = (SearchChunk.school_id == school_id, SearchChunk.evidence_id.is_not(None))
    held = session.execute(select(SearchChunk.evidence_id, SearchChunk.text).where(*mine))
    found = {row.evidence_id: row.text for row in held}
    rows = _word_rows(session, Evidence.school_id == school_id)
    return [row["evidence_id"] for row in rows if found.get(row["evidence_id"]) != row["text"]]


def _stored_pages(session: Session, school_id: int, sha256: str) -> list[tuple[int, str]]:
    rows = session.execute(
        select(PageText.page, PageText.text)
        .where(PageText.school_id == school_id, PageText.sha256 == sha256)
        .order_by(PageText.page)
    )
    return [(page, text) for page, text in rows]


def _searched(pages: Iterable[tuple[int, str]]) -> Iterator[Chunk]:
    """The pieces of pages as they are searched."""
    for chunk in chunks(ReadPage(number, text) for number, text in pages):
        yield replace(chunk, text=folded(chunk.text))


def _page_row(school_id: int, sha256: str, chunk: Chunk) -> Row:
    return {
        "school_id": school_id,
        "sha256": sha256,
        "evidence_id": None,
        "page": chunk.page,
        "position": chunk.position,
        "text": chunk.text,
        "grams": index_terms(chunk, school_id=school_id),
    }


def _word_rows(session: Session, which: ColumnElement[bool]) -> Iterator[Row]:
    """Words are few and short: they are compared as they are, and need no terms."""
    rows = session.execute(
        select(Evidence.id, Evidence.school_id, Evidence.title, Evidence.remark, EvidenceVersion.filename)
        .join(EvidenceVersion, EvidenceVersion.evidence_id == Evidence.id)
        .where(which)
        .order_by(Evidence.id, EvidenceVersion.number)
    ).all()
    for evidence_id, named in groupby(rows, key=attrgetter("id")):
        first, *others = named
        said = dict.fromkeys((first.title, first.remark, first.filename, *(row.filename for row in others)))
        yield {
            "school_id": first.school_id,
            "sha256": None,
            "evidence_id": evidence_id,
            "page": None,
            "position": 0,
            # line ends keep a phrase from reaching from one into the next
            "text": "\n".join(folded(normalise(words)) for words in said),
            "grams": "",
        }


def _forget(session: Session, *which: ColumnElement[bool]) -> None:
    session.execute(delete(SearchChunk).where(*which), execution_options={"synchronize_session": False})


def _enter(session: Session, rows: Iterator[Row]) -> int:
    """Insert rows in the order of their keys: SQLite's index begins a new segment whenever one is smaller."""
    count = 0
    while batch := list(islice(rows, AT_ONCE)):
        keys = sorted(new_id() for _ in batch)
        session.execute(
            insert(SearchChunk), [{"id": key, **row} for key, row in zip(keys, batch, strict=True)]
        )
        count += len(batch)
    return count
