"""The results of a questionnaire as a sheet: the template to fill in, and how XLSX or CSV is read back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import openpyxl
import xlsxwriter

from portfolio.documents.worksheet import CODE, ELEMENT, MOST_BYTES, MOST_ROWS, Cell, cell_at, check_parts
from portfolio.errors import DomainError

QUESTION = "题目"
NEEDED = (CODE, QUESTION)
ANSWERS = ("非常满意", "满意", "基本满意", "不满意", "不了解")
NOTE = (
    "每题一行：编号填要素编号（如 C80），各选项列填选择的人数。"
    "选项的名称和列数可以改；没有的选项留空。不用的行可以删除。"
)
MOST_ANSWERS = 20
_SEARCHED = 10  # rows in which the headings are looked for
_FIRST_ROW = 3
_WIDTHS = (8, 52, 44)


@dataclass(frozen=True, slots=True)
class Answered:
    """A row as found: its cells, the counts in the order of the answers."""

    code: Cell
    question: Cell
    counts: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Results:
    """A sheet as read: the headings of its answers, and its rows that say anything."""

    answers: tuple[Cell, ...]
    rows: tuple[Answered, ...]


def template(title: str, elements: Iterable[tuple[str, str]]) -> bytes:
    """An empty sheet as XLSX, with a row for each (code, official text); nothing in it is a formula."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(
        buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    cell = {"font_name": "宋体", "font_size": 10, "border": 1, "text_wrap": True, "valign": "top"}
    given, filled = book.add_format({**cell, "bg_color": "#f2f2f2"}), book.add_format(cell)
    heading = book.add_format({**cell, "font_name": "黑体", "align": "center"})
    page = book.add_worksheet("问卷统计")
    page.write_string(0, 0, title, book.add_format({"font_name": "黑体", "font_size": 14}))
    page.write_string(1, 0, NOTE, book.add_format({"font_name": "宋体", "font_size": 9}))
    headings = (CODE, ELEMENT, QUESTION, *ANSWERS)
    for column, words in enumerate(headings):
        page.set_column(column, column, _WIDTHS[column] if column < len(_WIDTHS) else 10)
        page.write_string(_FIRST_ROW - 1, column, words, heading)
    for row, (code, text) in enumerate(elements, start=_FIRST_ROW):
        page.write_string(row, 0, code, given)
        page.write_string(row, 1, text, given)
        for column in range(2, len(headings)):
            page.write_blank(row, column, None, filled)
    page.freeze_panes(_FIRST_ROW, 1)
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    book.close()
    return buffer.getvalue()


def read(data: bytes) -> Results:
    """What a filled-in sheet says; formulas are never computed.

    Raises DomainError (sheet_unreadable, sheet_macros, sheet_too_large, survey_headings, survey_answers).
    """
    if not data.startswith(b"PK"):
        return _results(_csv_rows(data))
    check_parts(data)
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=False)
        return _results(book[book.sheetnames[0]].iter_rows())
    except DomainError:
        raise
    except Exception as error:  # openpyxl raises whatever a strange part of a workbook makes it stumble over
        raise DomainError("sheet_unreadable", field="sheet") from error


@dataclass(frozen=True, slots=True)
class _Text:
    """A cell of a CSV file, as openpyxl's cells are: text and nothing else."""

    value: str | None
    data_type: str = "s"


def _csv_rows(data: bytes) -> Iterator[tuple[_Text, ...]]:
    if len(data) > MOST_BYTES:
        raise _too_large()
    try:
        rows = csv.reader(io.StringIO(_decoded(data), newline=""), strict=True)
        for row in rows:
            yield tuple(_Text(value.strip() or None) for value in row)
    except csv.Error as error:
        raise DomainError("sheet_unreadable", field="sheet") from error


def _decoded(data: bytes) -> str:
    """UTF-8, or what Chinese versions of Excel save. Raises DomainError("sheet_unreadable")."""
    for charset in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(charset)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise DomainError("sheet_unreadable", field="sheet")


def _results(rows: Iterable[Sequence[Any]]) -> Results:
    columns: dict[str, int] = {}
    answers: tuple[Cell, ...] = ()
    found = []
    for number, row in enumerate(rows, start=1):
        if number > MOST_ROWS:
            raise _too_large()
        if not columns:
            columns, answers = _headings(row, number)
            if not columns and number == _SEARCHED:
                break
            continue
        counts = tuple(cell_at(row, column, number) for column in _answer_columns(answers))
        one = Answered(cell_at(row, columns[CODE], number), cell_at(row, columns[QUESTION], number), counts)
        if any(cell.text.strip() or cell.computed for cell in (one.question, *one.counts)):
            found.append(one)
    if not columns:
        raise DomainError("survey_headings", field="sheet", headings="、".join(NEEDED))
    return Results(answers, tuple(found))


def _headings(row: Sequence[Any], number: int) -> tuple[dict[str, int], tuple[Cell, ...]]:
    """Where the needed columns are, and the answers beside them, if this is the row of headings."""
    at = {str(cell.value).strip(): index for index, cell in enumerate(row) if cell.value is not None}
    if not all(name in at for name in NEEDED):
        return {}, ()
    beside = range(at[QUESTION] + 1, len(row))
    answers = tuple(cell for index in beside if (cell := cell_at(row, index, number)).text.strip())
    if not 1 <= len(answers) <= MOST_ANSWERS or len({cell.text.strip() for cell in answers}) < len(answers):
        raise DomainError("survey_answers", field="sheet", most=MOST_ANSWERS)
    return {name: at[name] for name in NEEDED}, answers


def _answer_columns(answers: tuple[Cell, ...]) -> Iterator[int]:
    for answer in answers:
        letters = answer.address.rstrip("0123456789")
        yield openpyxl.utils.column_index_from_string(letters) - 1


def _too_large() -> DomainError:
    return DomainError("sheet_too_large", field="sheet", rows=MOST_ROWS, kilobytes=MOST_BYTES // 1000)
