"""Sheets that people fill in, as they come back: the rows under their headings, cell by cell, with addresses."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from string import ascii_uppercase
from typing import Any

from portfolio.errors import DomainError

MOST_ROWS = 2000
MOST_BYTES = 300 * 1000
MOST_UNPACKED = 30 * 1000 * 1000
HEADINGS_WITHIN = 10  # rows in which the headings are looked for
_ENCODINGS = ("utf-8-sig", "gb18030")  # in which spreadsheets here write CSV


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as found: where it is ("D17"), its value; `computed` if a formula or an error stands there."""

    address: str
    value: Any
    computed: bool = False

    @property
    def text(self) -> str:
        """Its value as somebody typed it; numbers without a trailing .0."""
        if self.value is None:
            return ""
        if isinstance(self.value, float):
            return f"{Decimal(repr(self.value)).quantize(Decimal('1e-9')).normalize():f}"
        return str(self.value)

    @property
    def stated(self) -> bool:
        """Whether anything stands there."""
        return self.computed or bool(self.text.strip())


Row = Sequence[Cell]


@contextmanager
def workbook_of(data: bytes) -> Iterator[Any]:
    """A workbook opened for reading; formulas are never computed.

    Raises DomainError (sheet_unreadable, sheet_macros, sheet_too_large).
    """
    _check_parts(data)
    import openpyxl  # here, for the sake of a worker that never reads one

    try:
        yield openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=False)
    except DomainError:
        raise
    except Exception as error:  # openpyxl raises whatever a strange part of a workbook makes it stumble over
        raise DomainError("sheet_unreadable", field="sheet") from error


def table_of(data: bytes, headings: Sequence[str]) -> list[dict[str, Cell]]:
    """The rows of a workbook's first sheet, or of a CSV, that say anything under the headings.

    Raises DomainError (sheet_unreadable, sheet_macros, sheet_too_large, sheet_headings).
    """
    if data.startswith(b"PK"):
        with workbook_of(data) as book:
            return _stated(rows_under(numbered_rows(book[book.sheetnames[0]]), headings))
    return _stated(rows_under(csv_rows(data), headings))


def rows_under(rows: Iterable[tuple[int, Row]], headings: Sequence[str]) -> Iterator[dict[str, Cell]]:
    """Each row beneath the headings, by heading; the columns' order doesn't matter.

    Raises DomainError (sheet_too_large, sheet_headings).
    """
    columns: dict[str, int] | None = None
    for number, row in rows:
        if columns is None:
            columns = _columns(row, headings)
            if columns is None and number == HEADINGS_WITHIN:
                break
            continue
        found = {name: cell_at(row, columns[name], number) for name in headings}
        if number > MOST_ROWS and any(cell.stated for cell in found.values()):
            raise too_large()
        yield found
    if columns is None:
        raise DomainError("sheet_headings", field="sheet", headings="、".join(headings))


def numbered_rows(page: Any) -> Iterator[tuple[int, Row]]:
    """A page's rows with their numbers from 1."""
    for number, row in enumerate(page.iter_rows(), start=1):
        # "f": a formula; "e": an error such as #REF!
        yield (
            number,
            [
                Cell(
                    _address(at, number),
                    cell.value,
                    computed=cell.value is not None and cell.data_type in ("f", "e"),
                )
                for at, cell in enumerate(row)
            ],
        )


def _stated(rows: Iterable[dict[str, Cell]]) -> list[dict[str, Cell]]:
    return [row for row in rows if any(cell.stated for cell in row.values())]


def csv_rows(data: bytes) -> Iterator[tuple[int, Row]]:
    """A CSV file's rows with their numbers from 1. Raises DomainError (sheet_unreadable, sheet_too_large)."""
    if len(data) > MOST_BYTES:
        raise too_large()
    text = _decoded(data)
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), strict=True), start=1):
            yield number, [Cell(_address(at, number), value) for at, value in enumerate(row)]
    except csv.Error as error:
        raise DomainError("sheet_unreadable", field="sheet") from error


def _decoded(data: bytes) -> str:
    for encoding in _ENCODINGS:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise DomainError("sheet_unreadable", field="sheet")


def _check_parts(data: bytes) -> None:
    if len(data) > MOST_BYTES:
        raise too_large()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            infos = parts.infolist()
    except zipfile.BadZipFile as error:
        raise DomainError("sheet_unreadable", field="sheet") from error
    if any("vbaproject" in info.filename.lower() for info in infos):
        raise DomainError("sheet_macros", field="sheet")
    if sum(info.file_size for info in infos) > MOST_UNPACKED:
        raise too_large()


def too_large() -> DomainError:
    """More rows or bytes than a sheet that somebody filled in has."""
    return DomainError("sheet_too_large", field="sheet", rows=MOST_ROWS, kilobytes=MOST_BYTES // 1000)


def _columns(row: Row, headings: Sequence[str]) -> dict[str, int] | None:
    """Where the headings are, if this is their row."""
    at = {str(cell.value).strip(): index for index, cell in enumerate(row) if cell.value is not None}
    return {name: at[name] for name in headings} if all(name in at for name in headings) else None


def cell_at(row: Row, column: int, number: int) -> Cell:
    """The cell of a column (from 0) in row `number`; an empty one where the row ends before it."""
    return row[column] if column < len(row) else Cell(_address(column, number), None)


def _address(column: int, number: int) -> str:
    """As spreadsheets name a cell; `column` from 0: A … Z, AA …"""
    letters = ""
    while column >= 0:
        column, letter = divmod(column, 26)
        letters = f"{ascii_uppercase[letter]}{letters}"
        column -= 1
    return f"{letters}{number}"
