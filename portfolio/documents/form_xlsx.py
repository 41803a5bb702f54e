"""The official form as a workbook."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

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
from portfolio.documents.sheet_xlsx import SheetWriter
from portfolio.documents.workbook import begun

if TYPE_CHECKING:
    from xlsxwriter import Workbook

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
    with begun(buffer, title=sheet.rubric.title, at=sheet.at) as book:
        _Writer(book, sheet).write()
    return buffer.getvalue()


class _Writer(SheetWriter):
    """Writes one form into one worksheet."""

    def __init__(self, book: Workbook, sheet: Sheet) -> None:
        super().__init__(book, "评估细则")
        self.sheet = sheet
        self.last = SCORE + max(0, len(sheet.split) - 1)

    def write(self) -> None:
        """Everything, from the title to the note."""
        self.set_up(
            (*WIDTHS, *[SCORE_WIDTH] * (self.last - SCORE + 1)), headings=(FIRST_ROW - 2, FIRST_ROW - 1)
        )
        self._head()
        row = self._table()
        self._totals(row)
        if self.sheet.footnote:
            self.span(row + 1, row + 1, A, self.sheet.footnote, "note", to=self.last)

    def _head(self) -> None:
        sheet = self.sheet
        self.title(sheet.rubric.title, (sheet.total_line, sheet.subtitle), last=self.last)
        top, bottom = FIRST_ROW - 2, FIRST_ROW - 1
        for column, words in enumerate(HEADINGS):
            self.span(top, bottom, column, words, "heading")
        if not sheet.split:
            self.span(top, bottom, SCORE, SCORE_HEADING, "heading")
            return
        self.span(top, top, SCORE, SCORE_HEADING, "heading", to=self.last)
        for column, words in enumerate(sheet.split, start=SCORE):
            self.text(bottom, column, words, "heading")

    def _table(self) -> int:
        """Writes the rows; returns the one below them."""
        row = FIRST_ROW
        for line in lines(self.sheet.rubric):
            if line.indicator:
                end = row + len(line.indicator.elements) - 1
                self.span(row, end, A, indicator_text(line.indicator), "tall")
                self.span(row, end, METHODS, "\n".join(method_lines(line.indicator)), "tall")
            if line.sub_indicator:
                end = row + len(line.sub_indicator.elements) - 1
                self.span(row, end, B, sub_indicator_text(line.sub_indicator), "text")
            text = element_text(line.element)
            self.page.set_row(row, _LINE_HEIGHT * max(2, -(-len(text) // _CHARACTERS_A_LINE)))
            self.text(row, C, text, "text")
            self.number(row, POINTS, line.element.points, "points")
            for column, score in enumerate(self.sheet.given(line.element.code), start=SCORE):
                self.number(row, column, score, "score")
            row += 1
        return row

    def _totals(self, row: int) -> None:
        self.span(row, row, A, SUM_HEADING, "heading", to=C)
        self.number(row, POINTS, self.sheet.rubric.total_points, "points")
        self.text(row, METHODS, self.sheet.remark, "text")
        for column, total in enumerate(self.sheet.sums, start=SCORE):
            self.number(row, column, total, "total")
