"""Full text as conditions: the places of a school's evidence that hold all words of a search."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import (
    CTE,
    Boolean,
    ColumnElement,
    Subquery,
    and_,
    bindparam,
    exists,
    func,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import aliased
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from portfolio.derive.grams import Word, read_query, school_term
from portfolio.models import Evidence, EvidenceVersion, SearchChunk

_Newer = aliased(EvidenceVersion)


class _holds(FunctionElement[bool]):  # noqa: N801 (named as it reads in a statement)
    """Whether the index has all terms of a word for a chunk: its key, and the question to SQLite; its terms, and the
    question to PostgreSQL."""

    type = Boolean()
    inherit_cache = True


@compiles(_holds, "sqlite")
def _in_sqlite(element: _holds, compiler: SQLCompiler, **options: Any) -> str:
    key, question, *_ = (compiler.process(clause, **options) for clause in element.clauses)
    # The + keeps SQLite from going to the rows, which lie far apart: an index has all it needs, side by side.
    return f"(+{key} IN (SELECT rowid FROM search_index WHERE search_index MATCH {question}))"


@compiles(_holds, "postgresql")
def _in_postgresql(element: _holds, compiler: SQLCompiler, **options: Any) -> str:
    *_, grams, question = (compiler.process(clause, **options) for clause in element.clauses)
    return f"({grams} @@ CAST({question} AS tsquery))"


class _has_words(FunctionElement[bool]):  # noqa: N801
    """What PostgreSQL has to compare since its index doesn't know which terms follow on each other."""

    type = Boolean()
    inherit_cache = True


@compiles(_has_words, "sqlite")
def _known_in_sqlite(_element: _has_words, _compiler: SQLCompiler, **_options: Any) -> str:
    return "1"


@compiles(_has_words, "postgresql")
def _compared_in_postgresql(element: _has_words, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


def _question_to_sqlite(word: Word, school_id: int) -> str:
    """In FTS5's grammar. Terms hold letters and digits only."""
    whole = [" ".join(word.whole)] if word.row else word.whole
    return " AND ".join(
        (
            *(f'"{term}"' for term in (school_term(school_id), *whole)),
            *(f'"{term}"*' for term in word.beginnings),
        )
    )


def _question_to_postgresql(word: Word, school_id: int) -> str:
    """In the grammar of tsquery."""
    return " & ".join(
        (
            *(f"'{term}'" for term in (school_term(school_id), *word.whole)),
            *(f"'{term}':*" for term in word.beginnings),
        )
    )


def _has(chunk: type[SearchChunk], school_id: int, word: Word) -> list[ColumnElement[bool]]:
    """That a piece of one of the school's files holds a word."""
    held = _holds(
        chunk.id,
        bindparam(None, _question_to_sqlite(word, school_id)),
        chunk.grams,
        bindparam(None, _question_to_postgresql(word, school_id)),
    )
    compared = chunk.text.contains(word.text, autoescape=True)
    if word.vouched:
        return [held]
    return [held, _has_words(compared) if word.row else compared]


def _also_on_page(school_id: int, word: Word) -> ColumnElement[bool]:
    """That some piece of the same page holds a word."""
    other = aliased(SearchChunk)
    return exists().where(
        other.school_id == SearchChunk.school_id,
        other.sha256 == SearchChunk.sha256,
        other.page == SearchChunk.page,
        *_has(other, school_id, word),
    )


def _files_with(school_id: int, words: tuple[Word, ...]) -> Subquery:
    """The school's files with pages that hold all words: `sha256`, the `first` of these pages, and how many."""
    rarest, *others = sorted(words, key=lambda word: -len(word.text))  # most likely
    pages = (
        select(SearchChunk.sha256, SearchChunk.page)
        .where(
            SearchChunk.school_id == school_id,
            SearchChunk.sha256.is_not(None),
            *_has(SearchChunk, school_id, rarest),
            *(_also_on_page(school_id, word) for word in others),
        )
        .distinct()
        .subquery()
    )
    return (
        select(pages.c.sha256, func.min(pages.c.page).label("first"), func.count().label("pages"))
        .group_by(pages.c.sha256)
        .subquery()
    )


@lru_cache(maxsize=64)
def found(school_id: int, q: str) -> CTE:
    """The school's evidence that holds all words: `evidence_id`, `first` and `pages` (the first page with all of
    them, and how many; None and 0 without), `named` (1 where title, remark or file names hold them).

    Of files, only the newest of a piece counts. The same object each time, so that a statement with several
    conditions on it looks once.
    """
    words = read_query(q)
    files = _files_with(school_id, words)
    newer = exists().where(
        _Newer.evidence_id == EvidenceVersion.evidence_id, _Newer.number > EvidenceVersion.number
    )
    on_pages = (
        select(EvidenceVersion.evidence_id, files.c.first, files.c.pages, literal(0).label("named"))
        .join(files, and_(EvidenceVersion.school_id == school_id, EvidenceVersion.sha256 == files.c.sha256))
        .where(~newer)
    )
    in_words = select(SearchChunk.evidence_id, null(), literal(0), literal(1)).where(
        SearchChunk.school_id == school_id,
        SearchChunk.sha256.is_(None),
        *(SearchChunk.text.contains(word.text, autoescape=True) for word in words),
    )
    places = union_all(on_pages, in_words).subquery()
    return (
        select(
            places.c.evidence_id,
            func.min(places.c.first).label("first"),
            func.sum(places.c.pages).label("pages"),
            func.max(places.c.named).label("named"),
        )
        .group_by(places.c.evidence_id)
        .cte("found")
    )


def matching(school_id: int, q: str) -> list[ColumnElement[bool]]:
    """That a piece of evidence holds all words of a search; no condition where nothing is searched."""
    if not read_query(q):
        return []
    return [Evidence.id.in_(select(found(school_id, q).c.evidence_id))]
