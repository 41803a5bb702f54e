"""The official form as a workbook."""

from __future__ import annotations

import io
from datetime import UTC
from decimal import Decimal
from typing import Any

import xlsxwriter

from portfolio.documents.form import (
    HEADINGS,
    SCORE_HEADING,
    SUM_HEADING,
    Sheet,
    element_text,
    indicator_text,
    lines,
    method_lines,
    sub_indicator_text,
)

WIDTHS = (14, 24, 62, 7, 32)
SCORE_WIDTH = 9
FIRST_ROW = 5
A, B, C, POINTS, METHODS, SCORE = range(6)
# lines a row needs: Chinese characters that fit on one line of the widest column
_CHARACTERS_A_LINE = 29
_LINE_HEIGHT = 15


def workbook(sheet: Sheet) -> bytes:
    """The form as XLSX: A and B merged over their elements, headings on each page, A4 landscape."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(
        buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    # XLSX knows no time zones; the date makes the same form the same bytes
    book.set_properties(
        {"title": sheet.rubric.title, "created": sheet.at.astimezone(UTC).replace(tzinfo=None)}
    )
    _Writer(book, sheet).write()
    book.close()
    return buffer.getvalue()


class _Writer:
    """Writes one form into one worksheet."""

    def __init__(self, book: xlsxwriter.Workbook, sheet: Sheet) -> None:
        self.sheet = sheet
        self.page = book.add_worksheet("评估细则")
        self.formats = _formats(book)
        self.last = SCORE + max(0, len(sheet.split) - 1)

    def write(self) -> None:
        """Everything, from the title to the note."""
        self._set_up()
        self._head()
        row = self._table()
        self._totals(row)
        if self.sheet.footnote:
            self._span(row + 1, row + 1, A, self.sheet.footnote, "note", to=self.last)

    def _set_up(self) -> None:
        page = self.page
        for column, width in enumerate(WIDTHS):
            page.set_column(column, column, width)
        page.set_column(SCORE, self.last, SCORE_WIDTH)
        page.set_paper(9)
        page.set_landscape()
        page.fit_to_pages(1, 0)
        page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        page.set_footer("&C&P / &N")
        page.repeat_rows(FIRST_ROW - 2, FIRST_ROW - 1)
        page.freeze_panes(FIRST_ROW, 0)

    def _head(self) -> None:
        sheet = self.sheet
        self._span(0, 0, A, sheet.rubric.title, "title", to=self.last)
        self.page.set_row(0, 28)
        self._span(1, 1, A, sheet.total_line, "line", to=self.last)
        self._span(2, 2, A, sheet.subtitle, "line", to=self.last)
        top, bottom = FIRST_ROW - 2, FIRST_ROW - 1
        for column, words in enumerate(HEADINGS):
            self._span(top, bottom, column, words, "heading")
        if not sheet.split:
            self._span(top, bottom, SCORE, SCORE_HEADING, "heading")
            return
        self._span(top, top, SCORE, SCORE_HEADING, "heading", to=self.last)
        for column, words in enumerate(sheet.split, start=SCORE):
            self._text(bottom, column, words, "heading")

    def _table(self) -> int:
        """Writes the rows; returns the one below them."""
        row = FIRST_ROW
        for line in lines(self.sheet.rubric):
            if line.indicator:
                end = row + len(line.indicator.elements) - 1
                self._span(row, end, A, indicator_text(line.indicator), "tall")
                self._span(row, end, METHODS, "\n".join(method_lines(line.indicator)), "tall")
            if line.sub_indicator:
                end = row + len(line.sub_indicator.elements) - 1
                self._span(row, end, B, sub_indicator_text(line.sub_indicator), "text")
            text = element_text(line.element)
            self.page.set_row(row, _LINE_HEIGHT * max(2, -(-len(text) // _CHARACTERS_A_LINE)))
            self._text(row, C, text, "text")
            self.page.write_number(row, POINTS, line.element.points, self.formats["points"])
            for column, score in enumerate(self.sheet.given(line.element.code), start=SCORE):
                self._score(row, column, score, "score")
            row += 1
        return row

    def _totals(self, row: int) -> None:
        self._span(row, row, A, SUM_HEADING, "heading", to=C)
        self.page.write_number(row, POINTS, self.sheet.rubric.total_points, self.formats["points"])
        self._text(row, METHODS, self.sheet.remark, "text")
        for column, total in enumerate(self.sheet.sums, start=SCORE):
            self._score(row, column, total, "total")

    def _span(
        self, first: int, last: int, column: int, words: str, style: str, to: int | None = None
    ) -> None:
        """A cell over several rows or columns; a range of one is just a cell. Words stay words, `=` or not."""
        right = column if to is None else to
        if (first, column) != (last, right):
            self.page.merge_range(first, column, last, right, "", self.formats[style])
        self._text(first, column, words, style)

    def _text(self, row: int, column: int, words: str, style: str) -> None:
        self.page.write_string(row, column, words, self.formats[style])

    def _score(self, row: int, column: int, score: Decimal | None, style: str) -> None:
        if score is None:
            self.page.write_blank(row, column, None, self.formats[style])
        else:
            self.page.write_number(row, column, score, self.formats[style])


def _formats(book: xlsxwriter.Workbook) -> dict[str, Any]:
    cell = {"font_name": "宋体", "font_size": 10, "border": 1, "text_wrap": True, "valign": "vcenter"}
    number = {**cell, "align": "center"}
    return {
        "title": book.add_format(
            {"font_name": "黑体", "font_size": 16, "align": "center", "valign": "vcenter"}
        ),
        "line": book.add_format({"font_name": "宋体", "font_size": 10, "align": "center"}),
        "note": book.add_format({"font_name": "宋体", "font_size": 8, "font_color": "#656b76"}),
        "heading": book.add_format({**number, "font_name": "黑体"}),
        "text": book.add_format(cell),
        # over several pages: in the middle, a page's end would cut through the words
        "tall": book.add_format({**cell, "valign": "top"}),
        "points": book.add_format({**number, "num_format": "General"}),
        "score": book.add_format({**number, "num_format": "0.0#"}),
        "total": book.add_format({**number, "num_format": "0.0#", "bold": True}),
    }
