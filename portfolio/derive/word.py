"""DOCX: its text, on the pages that Word last made of it."""

from __future__ import annotations

from collections.abc import Iterator

from portfolio.derive.gathering import Pages
from portfolio.derive.ooxml import FORCED, RENDERED, Package, PageBreak, opened
from portfolio.derive.results import Derived, Job, Unworkable

_NOTES = ("footnotes", "endnotes")


def read(job: Job) -> Derived:
    """The text; pages only where the file says where they begin. Raises Unworkable."""
    with opened(job.source, job.limits) as package:
        texts = list(_page_texts(package))
    if len(texts) > job.limits.pages:
        raise Unworkable("too_many_pages", str(len(texts)))
    pages = Pages(job.limits)
    for number, text in enumerate(texts, 1):
        pages.add_text(number, text)
    return pages.derived(page_count=len(texts) if len(texts) > 1 else None)


def _page_texts(package: Package) -> Iterator[str]:
    """Page by page, notes at the end of the last one."""
    main = package.main_part()
    page: list[str] = []
    for piece in _Breaks(package, main):
        if piece is None:
            yield "".join(page)
            page = []
        else:
            page.append(piece)
    for relationship in package.relationships(main).values():
        if relationship.kind in _NOTES:
            page += _lines(package, relationship.target)
    yield "".join(page)


class _Breaks:
    """The text of a part in pieces, with None where a page ends."""

    def __init__(self, package: Package, part: str) -> None:
        self._paragraphs = package.paragraphs(part)
        self._just_forced = False

    def __iter__(self) -> Iterator[str | None]:
        for paragraph in self._paragraphs:
            for piece in paragraph:
                if isinstance(piece, str):
                    self._just_forced = self._just_forced and not piece.strip()
                    yield piece
                elif self._begins_page(piece):
                    yield None
            yield "\n"

    def _begins_page(self, found: PageBreak) -> bool:
        """Word notes a page that the author began a second time, where its text begins."""
        repeated = found == RENDERED and self._just_forced
        self._just_forced = found == FORCED
        return not repeated


def _lines(package: Package, part: str) -> Iterator[str]:
    for paragraph in package.paragraphs(part):
        yield "".join(piece for piece in paragraph if isinstance(piece, str)) + "\n"
