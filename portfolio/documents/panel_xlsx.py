"""A panel's table of all elements as a workbook."""

from __future__ import annotations

import io
from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING

from portfolio.documents.form import Line, indicator_text, sub_indicator_text
from portfolio.documents.panel_table import HEADINGS, POINTS_WIDTH, TOTAL, PanelTable, Value, sum_heading
from portfolio.documents.sheet_xlsx import SheetWriter
from portfolio.documents.workbook import begun

if TYPE_CHECKING:
    from xlsxwriter import Workbook

A, B, C, POINTS, FIRST = range(5)
_CHARACTERS_A_MM = 0.52  # of a column's width, in the unit of workbooks
_CHINESE = 2.1  # such characters a Chinese one takes
_LINE_HEIGHT = 15
_MOST_HEIGHT = 400  # Excel draws no higher row


def workbook(table: PanelTable) -> bytes:
    """The table as XLSX: A and B merged over their elements, headings on each page, A4 landscape."""
    buffer = io.BytesIO()
    with begun(buffer, title=table.title, at=table.at) as book:
        _Writer(book, table).write()
    return buffer.getvalue()


class _Writer(SheetWriter):
    """Writes one table into one worksheet."""

    def __init__(self, book: Workbook, table: PanelTable) -> None:
        super().__init__(book, table.title)
        self.table = table
        widths = (*table.widths, POINTS_WIDTH, *(column.width for column in table.columns))
        self.widths = [max(6.0, width * _CHARACTERS_A_MM) for width in widths]
        self.last = len(widths) - 1
        self.top = len(table.lines) + 1
        self.first = self.top + 2

    def write(self) -> None:
        """Everything, from the title to the note."""
        table = self.table
        self.set_up(self.widths, headings=(self.top, self.first - 1))
        self.title(table.title, table.lines, last=self.last)
        self._head()
        row = self.first
        for indicator, lines in table.parts():
            for at, line in enumerate(lines, start=row):
                self._line(at, line)
            row += len(lines)
            self._sum(row, sum_heading(indicator), indicator.points, table.sums[indicator.code])
            row += 1
        self._sum(row, TOTAL, table.rubric.total_points, table.total)
        signed = "　　".join(f"{words}＿＿＿＿＿＿" for words in table.signatures)
        for at, words in enumerate((*table.notes, signed, table.footnote), start=row + 1):
            self.span(at, at, A, words, "note", to=self.last)

    def _head(self) -> None:
        for column, words in enumerate(HEADINGS):
            self.span(self.top, self.top + 1, column, words, "heading")
        at = FIRST
        for group, columns in groupby(self.table.columns, key=lambda column: column.group):
            beside = list(columns)
            if group:
                self.span(self.top, self.top, at, group, "heading", to=at + len(beside) - 1)
            for each in beside:
                if group:
                    self.text(self.top + 1, at, each.heading, "heading")
                else:
                    self.span(self.top, self.top + 1, at, each.heading, "heading")
                at += 1

    def _line(self, row: int, line: Line) -> None:
        if line.indicator:
            end = row + len(line.indicator.elements) - 1
            self.span(row, end, A, indicator_text(line.indicator), "tall")
        if line.sub_indicator:
            end = row + len(line.sub_indicator.elements) - 1
            self.span(row, end, B, sub_indicator_text(line.sub_indicator), "text")
        words = self.table.element_words(line)
        values = self.table.rows[line.element.code]
        self.page.set_row(row, self._height(words, values))
        self.text(row, C, words, "text")
        self.number(row, POINTS, line.element.points, "points")
        self._values(row, values, "score")

    def _sum(self, row: int, heading: str, points: Decimal, values: Sequence[Value]) -> None:
        self.span(row, row, A, heading, "sum", to=C)
        self.number(row, POINTS, points, "points")
        self._values(row, values, "total")

    def _values(self, row: int, values: Sequence[Value], style: str) -> None:
        for column, value in enumerate(values, start=FIRST):
            if isinstance(value, str):
                centred = self.table.columns[column - FIRST].centred
                self.text(row, column, value, "centred" if centred else "text")
            else:
                self.number(row, column, value, style)

    def _height(self, words: str, values: Sequence[Value]) -> float:
        """Points a row needs so that every cell's lines are seen."""
        texts = [(words, self.widths[C])]
        texts += [
            (value, self.widths[FIRST + at]) for at, value in enumerate(values) if isinstance(value, str)
        ]
        needed = max(_lines(text, width) for text, width in texts)
        return min(_MOST_HEIGHT, _LINE_HEIGHT * max(2, needed))


def _lines(text: str, width: float) -> int:
    """How many lines a text takes in a column so many characters wide."""
    a_line = max(1, int(width / _CHINESE))
    return sum(max(1, -(-len(line) // a_line)) for line in text.split("\n"))
