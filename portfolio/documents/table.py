"""A plain table as a file that spreadsheets open: CSV in UTF-8 with its mark, or XLSX. Rows are read once, in order."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import IO, Any

from portfolio.days import SCHOOL_TIME
from portfolio.documents.workbook import begun

Value = str | int | Decimal | Date | datetime | None
# What a spreadsheet would take for a formula, were it not told that this is text; also full-width, as Excel reads it
# where people write Chinese (OWASP, CSV Injection).
ACTIVE = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
MOST_ROWS = 1_048_575  # of an XLSX sheet, below the headings
MOST_SIGNS = 32_767  # of an XLSX cell
_BATCH = 500  # rows written at a time
_MEASURED = 200  # rows that a column's width goes by
_WIDEST = 40  # characters
_FORMATS = {
    "head": {"bold": True, "text_wrap": True, "valign": "top"},
    "points": {"num_format": "0.0#"},
    "day": {"num_format": "yyyy-mm-dd", "align": "left"},
    "moment": {"num_format": "yyyy-mm-dd hh:mm", "align": "left"},
}


@dataclass(frozen=True, slots=True)
class Table:
    """A title, a row of headings, and rows of as many values."""

    title: str
    headings: Sequence[str]
    rows: Iterable[Sequence[Value]]


def csv_parts(table: Table) -> Iterator[bytes]:
    """The table as CSV, part by part; text that a spreadsheet would run begins with an apostrophe."""
    rows = iter(table.rows)
    yield _csv([table.headings]).encode("utf-8-sig")
    while batch := list(islice(rows, _BATCH)):
        yield _csv(batch).encode()


def write_xlsx(table: Table, target: IO[bytes]) -> None:
    """The table as a workbook: headings stay in sight, numbers are numbers, days are days, all text is text.

    Each row leaves memory as soon as it is written; what one sheet can't hold goes on on the next.
    """
    with begun(target, title=table.title, row_by_row=True) as book:
        formats = {name: book.add_format(look) for name, look in _FORMATS.items()}
        rows = iter(table.rows)
        first: list[Sequence[Value]] = list(islice(rows, 1))
        while True:
            _write_sheet(book.add_worksheet(), table.headings, first, rows, formats)
            first = list(islice(rows, 1))
            if not first:
                break


def _csv(rows: Iterable[Sequence[Value]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([_in_csv(value) for value in row] for row in rows)
    return text.getvalue()


def _in_csv(value: Value) -> str | int | None:
    match value:
        case str():
            return f"'{value}" if value.startswith(ACTIVE) else value
        case Decimal():
            return f"{value:f}"
        case datetime():
            return f"{_local(value):%Y-%m-%d %H:%M}"
        case Date():
            return value.isoformat()
        case _:
            return value


def _write_sheet(
    sheet: Any,
    headings: Sequence[str],
    first: Sequence[Sequence[Value]],
    rows: Iterator[Sequence[Value]],
    formats: dict[str, Any],
) -> None:
    """One sheet, from the `first` row on for as many rows as it can hold."""
    for place, heading in enumerate(headings):
        sheet.write_string(0, place, heading, formats["head"])
    widths = [max(map(_width, heading.split()), default=0) for heading in headings]
    number = 0
    for number, row in enumerate(_chained(first, rows), start=1):
        for place, value in enumerate(row):
            _write(sheet, number, place, value, formats)
            if number <= _MEASURED:
                widths[place] = max(widths[place], _width(_shown(value)))
    for place, width in enumerate(widths):
        sheet.set_column(place, place, min(width + 2, _WIDEST))
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(number, 1), len(headings) - 1)


def _chained(first: Sequence[Sequence[Value]], rows: Iterator[Sequence[Value]]) -> Iterator[Sequence[Value]]:
    yield from first
    yield from islice(rows, MOST_ROWS - len(first))


def _write(sheet: Any, number: int, place: int, value: Value, formats: dict[str, Any]) -> None:
    match value:
        case None | "":
            return
        case str():
            sheet.write_string(number, place, _fitting(value))
        case datetime():
            sheet.write_datetime(number, place, _local(value), formats["moment"])
        case Date():
            sheet.write_datetime(number, place, value, formats["day"])
        case Decimal():
            sheet.write_number(number, place, float(value), formats["points"])
        case _:
            sheet.write_number(number, place, value)


def _fitting(text: str) -> str:
    """A longer text than a cell holds would be left out whole: it is cut, and the cut is seen."""
    return text if len(text) <= MOST_SIGNS else f"{text[: MOST_SIGNS - 1]}…"


def _local(moment: datetime) -> datetime:
    """By the schools' clock; without a zone, which no spreadsheet knows."""
    return moment.astimezone(SCHOOL_TIME).replace(tzinfo=None)


def _shown(value: Value) -> str:
    match value:
        case datetime():
            return "yyyy-mm-dd hh:mm"
        case Date():
            return "yyyy-mm-dd"
        case str():
            return max(value.splitlines(), key=len, default="")
        case _:
            return ""


def _width(text: str) -> int:
    """Columns: a Chinese character takes two."""
    return sum(2 if ord(character) > 0x2E80 else 1 for character in text)
