"""A plain table as a file that spreadsheets open: CSV in UTF-8 with its mark, or XLSX."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import xlsxwriter

Value = str | int | Decimal | None
# what a spreadsheet would take for a formula, were it not told that this is text
_ACTIVE = ("=", "+", "-", "@", "\t", "\r")
_WIDEST = 40  # characters


@dataclass(frozen=True, slots=True)
class Table:
    """A title, a row of headings, and rows of as many values."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[Value]]


def as_csv(table: Table) -> bytes:
    """The table as CSV; text that a spreadsheet would run begins with an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([[_harmless(value) for value in row] for row in (table.headings, *table.rows)])
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(table: Table) -> bytes:
    """The table as a workbook of one sheet: headings stay in sight, numbers are numbers."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(
        buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    sheet = book.add_worksheet()
    bold, points = (
        book.add_format({"bold": True, "text_wrap": True, "valign": "top"}),
        book.add_format({"num_format": "0.0#"}),
    )
    sheet.write_row(0, 0, table.headings, bold)
    for number, row in enumerate(table.rows, start=1):
        for place, value in enumerate(row):
            if isinstance(value, Decimal):
                sheet.write_number(number, place, float(value), points)
            else:
                sheet.write(number, place, value)
    for place, heading in enumerate(table.headings):
        texts = [str(row[place]) for row in table.rows[:200] if isinstance(row[place], str)]
        widest = max(map(_width, [*texts, *heading.split()]), default=0)
        sheet.set_column(place, place, min(widest + 2, _WIDEST))
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, len(table.rows), len(table.headings) - 1)
    book.set_properties({"title": table.title})
    book.close()
    return buffer.getvalue()


def _harmless(value: Value) -> Value:
    return f"'{value}" if isinstance(value, str) and value.startswith(_ACTIVE) else value


def _width(text: str) -> int:
    """Columns: a Chinese character takes two."""
    return sum(2 if ord(character) > 0x2E80 else 1 for character in text)
