"""The working sheet: scores and justifications to fill in offline, as a workbook, and how it is read back."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from portfolio.documents.cells import Cell, numbered_rows, rows_under, workbook_of
from portfolio.documents.form import plain_points
from portfolio.documents.workbook import begun
from portfolio.errors import DomainError

CODE, ELEMENT, POINTS, SCORE, JUSTIFICATION, VERSION = (
    "编号",
    "评估要素",
    "标准分",
    "自评分",
    "自评说明",
    "版本",
)
HEADINGS = (CODE, ELEMENT, POINTS, SCORE, JUSTIFICATION, VERSION)
NEEDED = (CODE, SCORE, JUSTIFICATION, VERSION)
UNSCORED = "未评"
NOTE = "只改“自评分”和“自评说明”两列。分数留空表示未评，不等于 0 分。行可以删除或调换次序，未改的行不受影响。"
ABOUT = "关于"  # the hidden sheet that says whose this is
FORMAT = "new-quality-school-worksheet/1"
_FIRST_ROW = 3
_WIDTHS = (8, 52, 8, 10, 80, 8)


@dataclass(frozen=True, slots=True)
class Line:
    """An element as exported."""

    code: str
    text: str
    points: Decimal
    score: Decimal | None
    justification: str
    version: int


@dataclass(frozen=True, slots=True)
class Found:
    """A row as found."""

    code: Cell
    score: Cell
    justification: Cell
    version: Cell


@dataclass(frozen=True, slots=True)
class Sheet:
    """A working sheet as read: whose it is, and its rows that say anything."""

    dossier: str
    rubric: str
    rows: tuple[Found, ...]


def workbook(title: str, lines: Sequence[Line], *, dossier_id: int, rubric_digest: str) -> bytes:
    """The sheet as XLSX; nothing in it is a formula, whatever it begins with."""
    buffer = io.BytesIO()
    with begun(buffer) as book:
        cell = {"font_name": "宋体", "font_size": 10, "border": 1, "text_wrap": True, "valign": "top"}
        text, given = book.add_format({**cell, "bg_color": "#f2f2f2"}), book.add_format(cell)
        written = book.add_format({**cell, "num_format": "@"})
        heading = book.add_format({**cell, "font_name": "黑体", "align": "center"})
        page = book.add_worksheet("工作表")
        page.write_string(0, 0, title, book.add_format({"font_name": "黑体", "font_size": 14}))
        page.write_string(1, 0, NOTE, book.add_format({"font_name": "宋体", "font_size": 9}))
        for column, (words, width) in enumerate(zip(HEADINGS, _WIDTHS, strict=True)):
            page.set_column(column, column, width, None, {"hidden": words == VERSION})
            page.write_string(_FIRST_ROW - 1, column, words, heading)
        for row, line in enumerate(lines, start=_FIRST_ROW):
            page.write_string(row, 0, line.code, text)
            page.write_string(row, 1, line.text, text)
            page.write_string(row, 2, plain_points(line.points), text)
            if line.score is None:
                page.write_blank(row, 3, None, given)
            else:
                page.write_number(row, 3, line.score, given)
            page.write_string(row, 4, line.justification, written)
            page.write_number(row, 5, line.version, text)
        page.freeze_panes(_FIRST_ROW, 1)
        page.set_landscape()
        page.set_paper(9)
        page.fit_to_pages(1, 0)
        page.repeat_rows(_FIRST_ROW - 1)
        about = book.add_worksheet(ABOUT)
        for row, words in enumerate((FORMAT, str(dossier_id), rubric_digest)):
            about.write_string(row, 0, words)
        about.hide()
    return buffer.getvalue()


def read(data: bytes) -> Sheet:
    """What a filled-in sheet says; formulas are never computed.

    Raises DomainError (sheet_unreadable, sheet_macros, sheet_too_large, sheet_headings, sheet_of_other_dossier).
    """
    with workbook_of(data) as book:
        about = (
            [str(row[0].value) for row in book[ABOUT].iter_rows(max_row=3)]
            if ABOUT in book.sheetnames
            else []
        )
        if len(about) != 3 or about[0] != FORMAT:
            raise DomainError("sheet_of_other_dossier", field="sheet")
        lines = rows_under(numbered_rows(book[book.sheetnames[0]]), NEEDED)
        rows = tuple(
            found
            for found in (Found(*(line[name] for name in NEEDED)) for line in lines)
            if any(cell.stated for cell in (found.code, found.score, found.justification))
        )
    return Sheet(about[1], about[2], rows)
