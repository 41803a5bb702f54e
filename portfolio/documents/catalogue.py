"""The catalogue of evidence (佐证材料目录) as a workbook: nothing but text, so that no title can be a formula."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from portfolio.documents.workbook import begun

if TYPE_CHECKING:
    from xlsxwriter import Workbook

WIDTHS = (16, 44, 10, 14, 12, 14, 8, 36)
TITLE_ROW, SUBTITLE_ROW, HEADINGS_ROW = 0, 1, 2
_CHARACTERS_A_LINE = 22  # of the widest columns, in Chinese
_LINE_HEIGHT = 15


@dataclass(frozen=True, slots=True)
class Group:
    """An element's heading and its lines, each with as many cells as there are headings."""

    heading: str
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """An A-indicator's heading and its elements."""

    heading: str
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A catalogue to be, every cell in the reader's language."""

    title: str
    subtitle: str
    headings: tuple[str, ...]
    sections: tuple[Section, ...]


def workbook(sheet: Sheet, *, at: datetime) -> bytes:
    """The catalogue as XLSX: A4 landscape, headings on each page, pages numbered; the same bytes for the same `at`."""
    buffer = io.BytesIO()
    with begun(buffer, title=sheet.title, at=at) as book:
        page = book.add_worksheet()
        formats = _formats(book)
        last = len(sheet.headings) - 1
        _set_up(page)
        page.merge_range(TITLE_ROW, 0, TITLE_ROW, last, "", formats["title"])
        page.write_string(TITLE_ROW, 0, sheet.title, formats["title"])
        page.set_row(TITLE_ROW, 28)
        page.merge_range(SUBTITLE_ROW, 0, SUBTITLE_ROW, last, "", formats["line"])
        page.write_string(SUBTITLE_ROW, 0, sheet.subtitle, formats["line"])
        _write(page, HEADINGS_ROW, sheet.headings, formats["heading"])
        row = HEADINGS_ROW + 1
        for section in sheet.sections:
            row = _spread(page, row, last, section.heading, formats["section"])
            for group in section.groups:
                row = _spread(page, row, last, group.heading, formats["group"])
                for cells in group.rows:
                    _write(page, row, cells, formats["text"])
                    page.set_row(row, _height(cells))
                    row += 1
    return buffer.getvalue()


def _formats(book: Workbook) -> dict[str, Any]:
    cell = {"font_name": "宋体", "font_size": 10, "border": 1, "text_wrap": True, "valign": "vcenter"}
    return {
        "title": book.add_format(
            {"font_name": "黑体", "font_size": 16, "align": "center", "valign": "vcenter"}
        ),
        "line": book.add_format({"font_name": "宋体", "font_size": 10, "align": "center"}),
        "heading": book.add_format({**cell, "font_name": "黑体", "align": "center"}),
        "section": book.add_format({**cell, "font_name": "黑体", "text_wrap": False}),
        "group": book.add_format({**cell, "text_wrap": False, "bg_color": "#f2f2f2"}),
        "text": book.add_format({**cell, "num_format": "@"}),
    }


def _set_up(page: Any) -> None:
    for column, width in enumerate(WIDTHS):
        page.set_column(column, column, width)
    page.set_paper(9)
    page.set_landscape()
    page.fit_to_pages(1, 0)
    page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    page.set_footer("&C&P / &N")
    page.repeat_rows(HEADINGS_ROW)
    page.freeze_panes(HEADINGS_ROW + 1, 0)


def _spread(page: Any, row: int, last: int, words: str, style: Any) -> int:
    """A heading over the whole width; returns the row below it."""
    page.merge_range(row, 0, row, last, "", style)
    page.write_string(row, 0, words, style)
    return row + 1


def _height(cells: Sequence[str]) -> float:
    """Points a row needs so that every cell's lines are seen."""
    return _LINE_HEIGHT * max(1, *(-(-len(words) // _CHARACTERS_A_LINE) for words in cells))


def _write(page: Any, row: int, cells: Sequence[str], style: Any) -> None:
    for column, words in enumerate(cells):
        page.write_string(row, column, words, style)
