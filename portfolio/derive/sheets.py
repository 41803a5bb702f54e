"""XLSX: a page for each sheet, a line for each row, cells apart by tabs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from typing import BinaryIO
from zipfile import BadZipFile

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from portfolio.derive.gathering import Pages
from portfolio.derive.ooxml import opened
from portfolio.derive.results import Derived, Job, Unworkable

_MOST_COLUMNS = 512  # a single cell far to the right would otherwise fill every row up to it


def read(job: Job) -> Derived:
    """The values that the cells showed when the file was saved. Raises Unworkable."""
    with opened(job.source, job.limits):
        pass  # openpyxl opens it anew; here only what is hostile is refused
    pages = Pages(job.limits)
    with job.source.open("rb") as file, _book(file) as book:  # a stored file has no suffix to open it by
        if len(book.worksheets) > job.limits.pages:
            raise Unworkable("too_many_pages", str(len(book.worksheets)))
        for number, sheet in enumerate(book.worksheets, 1):
            sheet.reset_dimensions()  # what a file says of its own size is no promise
            rows = sheet.iter_rows(max_col=_MOST_COLUMNS, values_only=True)
            pages.add_text(number, _as_text(sheet.title, rows, job.limits.text_characters))
        return pages.derived(page_count=len(book.worksheets))


@contextmanager
def _book(file: BinaryIO) -> Iterator[openpyxl.Workbook]:
    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    except (InvalidFileException, BadZipFile, KeyError) as error:
        raise Unworkable("unreadable", str(error)) from error
    try:
        yield book
    finally:
        book.close()


def _as_text(title: str, rows: Iterator[tuple[object, ...]], most: int) -> str:
    """The sheet's title and rows, until there is more than is kept."""
    lines, length = [title], len(title)
    for row in rows:
        if row.count(None) == len(row):  # a cell in the last row brings a million of these
            continue
        line = "\t".join(map(_shown, row)).rstrip()
        if line:
            lines.append(line)
            length += len(line)
        if length > most:
            break
    return "\n".join(lines)


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, datetime | date):
        return value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
    return str(value)
