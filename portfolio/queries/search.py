"""What a search found in a school's evidence: file, page and passage, the words marked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date as Date
from re import Pattern
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, select
from sqlalchemy.orm import Session

from portfolio.derive.grams import read_query
from portfolio.models import (
    Citation,
    Derivation,
    DerivationState,
    Evidence,
    EvidenceKind,
    EvidenceVersion,
    PageText,
)
from portfolio.queries import fulltext, library
from portfolio.queries.library_filter import Filter, cited_for, narrowing
from portfolio.queries.passages import Segment, marked, opening, passage, pattern_of
from portfolio.queries.problems import Yardstick

PAGE = 10  # hits
_AT_A_TIME = 500  # hits
Found = Row[*tuple[Any, ...]]  # what a statement of this module brings


@dataclass(frozen=True, slots=True)
class Cited:
    """A citation of what was found, in the dossier that is searched from."""

    id: int
    element: str
    page_from: int | None
    page_to: int | None
    remark: str

    def covers(self, page: int | None) -> bool:
        """Whether it points at this page already; without a page, whether it is of the whole file."""
        if page is None or self.page_from is None:
            return page == self.page_from
        return self.page_from <= page <= (self.page_to or self.page_from)


@dataclass(frozen=True, slots=True)
class Hit:
    """A piece of evidence that holds all words: the first page of its newest file with all of them, if any has.

    `passage` is of this page, else of the remark or the file's name; empty where only the title has the words.
    `more` counts the further pages that hold all of them.
    """

    evidence_id: int
    name: str
    title: tuple[Segment, ...]  # the same, with the words marked
    kind: EvidenceKind
    date: Date | None
    number: int
    filename: str
    media_type: str
    page: int | None
    passage: tuple[Segment, ...]
    more: int
    citations: tuple[Cited, ...]

    def cited_for(self, element: str) -> Cited | None:
        """The element's citation of it."""
        return next((citation for citation in self.citations if citation.element == element), None)


@dataclass(frozen=True, slots=True)
class Hits:
    """One page of hits; `total` pieces of evidence on `pages` such pages. `words` are what was looked for.

    `unread`, where nothing was found: files still being read, whose text can't be found yet.
    """

    words: tuple[str, ...] = ()
    hits: tuple[Hit, ...] = ()
    total: int = 0
    pages: int = 1
    page: int = 1
    unread: int = 0


def find(
    session: Session,
    *,
    yardstick: Yardstick,
    chosen: Filter,
    trashed: bool = False,
    uncited_for: str = "",
    most: int = PAGE,
) -> Hits:
    """What holds all words of `chosen.q` and fits its other choices, in two statements; nothing without a word.

    Pieces whose title, remark or file names hold the words come first, then those with the most pages. The trash
    is searched only by itself; `uncited_for` leaves out what this element cites.
    """
    words = read_query(chosen.q)
    if not words:
        return Hits()
    left_out = [~cited_for(uncited_for, yardstick)] if uncited_for else []
    fitting = [*_standing(yardstick, trashed), *narrowing(chosen, yardstick), *left_out]
    page = chosen.page
    rows = _found(session, yardstick, chosen.q, fitting, page, most)
    if not rows and page > 1:
        page = 1
        rows = _found(session, yardstick, chosen.q, fitting, page, most)
    looked_for = tuple(word.text for word in words)
    if not rows:
        return Hits(looked_for, unread=_unread(session, yardstick.school_id))
    citations = _citations(session, yardstick.dossier_id, [row.Evidence.id for row in rows])
    pattern = pattern_of(looked_for)
    total = rows[0].total
    return Hits(
        words=looked_for,
        hits=tuple(_hit(row, pattern, citations[row.Evidence.id]) for row in rows),
        total=total,
        pages=max(1, -(-total // most)),
        page=page,
    )


def find_all(
    session: Session, *, yardstick: Yardstick, chosen: Filter, trashed: bool = False
) -> Iterator[Hit]:
    """All of what `find` finds, in its order, so many at a time as stay small in memory."""
    page, pages = 1, 1
    while page <= pages:
        asked = replace(chosen, page=page)
        hits = find(session, yardstick=yardstick, chosen=asked, trashed=trashed, most=_AT_A_TIME)
        yield from hits.hits
        page, pages = page + 1, hits.pages


def _unread(session: Session, school_id: int) -> int:
    """How many of a school's files are still being read."""
    under_way = (DerivationState.WAITING, DerivationState.RUNNING)
    count = session.scalar(
        select(func.count())
        .select_from(Derivation)
        .where(Derivation.school_id == school_id, Derivation.state.in_(under_way))
    )
    return count or 0


def _found(
    session: Session,
    yardstick: Yardstick,
    q: str,
    fitting: list[ColumnElement[bool]],
    page: int,
    most: int,
) -> list[Found]:
    found = fulltext.found(yardstick.school_id, q)
    top = (
        select(found, func.count().over().label("total"))
        .join(Evidence, Evidence.id == found.c.evidence_id)
        .where(*fitting)
        .order_by(*_best_first(found.c), Evidence.created_at.desc(), Evidence.id)
        .limit(most)
        .offset((page - 1) * most)
        .subquery()
    )
    files = library.newest_files()
    statement = (
        files.join(top, top.c.evidence_id == Evidence.id)
        .outerjoin(PageText, and_(*_page_of(top.c.first)))
        .add_columns(top.c.first, top.c.pages, top.c.total, PageText.text.label("page_text"))
        .order_by(*_best_first(top.c), Evidence.created_at.desc(), Evidence.id)
    )
    return list(session.execute(statement))


def _citations(session: Session, dossier_id: int | None, evidence_ids: list[int]) -> dict[int, list[Cited]]:
    """The dossier's citations of each, in the rubric's order."""
    cited: dict[int, list[Cited]] = defaultdict(list)
    if dossier_id is None or not evidence_ids:
        return cited
    citations = session.scalars(
        select(Citation)
        .where(Citation.dossier_id == dossier_id, Citation.evidence_id.in_(evidence_ids))
        .order_by(func.length(Citation.element), Citation.element)
    )
    for each in citations:
        cited[each.evidence_id].append(
            Cited(each.id, each.element, each.page_from, each.page_to, each.remark)
        )
    return cited


def _standing(yardstick: Yardstick, trashed: bool) -> list[ColumnElement[bool]]:
    in_trash = Evidence.trashed_at.is_not(None)
    return [Evidence.school_id == yardstick.school_id, in_trash if trashed else ~in_trash]


def _best_first(found: Any) -> tuple[ColumnElement[Any], ...]:
    return found.named.desc(), found.pages.desc()


def _page_of(first: ColumnElement[int]) -> tuple[ColumnElement[bool], ...]:
    return (
        PageText.school_id == EvidenceVersion.school_id,
        PageText.sha256 == EvidenceVersion.sha256,
        PageText.page == first,
    )


def _hit(row: Found, pattern: Pattern[str], citations: list[Cited]) -> Hit:
    evidence, version = row.Evidence, row.EvidenceVersion
    return Hit(
        evidence_id=evidence.id,
        name=evidence.title,
        title=marked(evidence.title, pattern),
        kind=evidence.kind,
        date=evidence.date,
        number=version.number,
        filename=version.filename,
        media_type=row.media_type,
        page=row.first,
        passage=_passage(row, pattern),
        more=max(0, row.pages - 1),
        citations=tuple(citations),
    )


def _passage(row: Found, pattern: Pattern[str]) -> tuple[Segment, ...]:
    """Of the page; without one, of the remark or the file's name, whichever has the words."""
    if row.first is not None:
        text = row.page_text or ""
        return passage(text, pattern) or opening(text, pattern)
    found = (passage(words, pattern) for words in (row.Evidence.remark, row.EvidenceVersion.filename))
    return next(filter(None, found), ())
