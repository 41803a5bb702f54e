"""The results of a questionnaire as a sheet: the template to fill in, and how XLSX or CSV is read back."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass

from portfolio.documents.cells import (
    HEADINGS_WITHIN,
    MOST_ROWS,
    Cell,
    Row,
    cell_at,
    csv_rows,
    numbered_rows,
    too_large,
    workbook_of,
)
from portfolio.documents.workbook import begun
from portfolio.documents.worksheet import CODE, ELEMENT
from portfolio.errors import DomainError

QUESTION = "题目"
NEEDED = (CODE, QUESTION)
ANSWERS = ("非常满意", "满意", "基本满意", "不满意", "不了解")
NOTE = (
    "每题一行：编号填要素编号（如 C80），各选项列填选择的人数。"
    "选项的名称和列数可以改；没有的选项留空。不用的行可以删除。"
)
MOST_ANSWERS = 20
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
    with begun(buffer) as book:
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
    return buffer.getvalue()


def read(data: bytes) -> Results:
    """What a filled-in sheet says; formulas are never computed.

    Raises DomainError (sheet_unreadable, sheet_macros, sheet_too_large, survey_headings, survey_answers).
    """
    if not data.startswith(b"PK"):
        return _results(csv_rows(data))
    with workbook_of(data) as book:
        return _results(numbered_rows(book[book.sheetnames[0]]))


def _results(rows: Iterable[tuple[int, Row]]) -> Results:
    columns: dict[str, int] = {}
    answers: dict[int, Cell] = {}
    found = []
    for number, row in rows:
        if number > MOST_ROWS:
            raise too_large()
        if not columns:
            columns, answers = _headings(row)
            if not columns and number == HEADINGS_WITHIN:
                break
            continue
        code, question, *counts = (
            cell_at(row, column, number) for column in (columns[CODE], columns[QUESTION], *answers)
        )
        if any(cell.stated for cell in (question, *counts)):
            found.append(Answered(code, question, tuple(counts)))
    if not columns:
        raise DomainError("survey_headings", field="sheet", headings="、".join(NEEDED))
    return Results(tuple(answers.values()), tuple(found))


def _headings(row: Row) -> tuple[dict[str, int], dict[int, Cell]]:
    """Where the needed columns are, and the answers beside them, if this is the row of headings."""
    at = {cell.text.strip(): index for index, cell in enumerate(row) if cell.stated}
    if not all(name in at for name in NEEDED):
        return {}, {}
    answers = {index: cell for index, cell in enumerate(row) if index > at[QUESTION] and cell.text.strip()}
    if not 1 <= len(answers) <= MOST_ANSWERS or len({cell.text.strip() for cell in answers.values()}) < len(
        answers
    ):
        raise DomainError("survey_answers", field="sheet", most=MOST_ANSWERS)
    return {name: at[name] for name in NEEDED}, answers
