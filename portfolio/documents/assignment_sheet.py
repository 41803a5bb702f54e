"""The sheet in which an office writes who scores what: a workbook to fill in, and how it is read back."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from portfolio.documents.cells import Cell, table_of
from portfolio.documents.workbook import begun

SCHOOL, PANEL, EXPERT, ELEMENTS = "学校", "专家组", "专家", "评估要素"
HEADINGS = (SCHOOL, PANEL, EXPERT, ELEMENTS)
NOTES = (
    "一行写一位专家在一所学校的评审任务；同一所学校可以写多行，但只能交给一个专家组。",
    "“学校”写校名，也可以写申报包摘要的前 8 位以上。",
    "“专家”写用户名（见下表），姓名在组内不重复时也可以写姓名；留空表示全组专家（回避的除外）。",
    "“评估要素”写 A1、B3、C12–C20，可用顿号或逗号隔开；写“全部”表示所有要素。",
    "没有填写专家组和评估要素的行不起作用。",
)
_WIDTHS = (36, 20, 20, 40)


@dataclass(frozen=True, slots=True)
class Line:
    """A row as filled in."""

    school: Cell
    panel: Cell
    expert: Cell
    elements: Cell


def workbook(title: str, schools: Sequence[str], experts: Sequence[tuple[str, str, str]]) -> bytes:
    """A row for each school to fill in; beside it a page with the experts: panel, name, user name."""
    buffer = io.BytesIO()
    with begun(buffer) as book:
        heading = book.add_format({"bold": True, "border": 1, "bg_color": "#f2f2f2"})
        written = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
        page = book.add_worksheet("分配")
        for column, (words, width) in enumerate(zip(HEADINGS, _WIDTHS, strict=True)):
            page.set_column(column, column, width, written)
            page.write_string(0, column, words, heading)
        for row, school in enumerate(schools, start=1):
            page.write_string(row, 0, school, written)
        page.freeze_panes(1, 1)
        notes = book.add_worksheet("说明")
        notes.set_column(0, 2, 24)
        for row, words in enumerate((title, *NOTES)):
            notes.write_string(row, 0, words)
        first = len(NOTES) + 2
        for column, words in enumerate((PANEL, "姓名", "用户名")):
            notes.write_string(first, column, words, heading)
        for row, expert in enumerate(experts, start=first + 1):
            for column, words in enumerate(expert):
                notes.write_string(row, column, words)
    return buffer.getvalue()


def read(data: bytes) -> tuple[Line, ...]:
    """The rows that say more than the school's name.

    Raises DomainError (sheet_unreadable, sheet_macros, sheet_too_large, sheet_headings).
    """
    lines = (Line(*(row[name] for name in HEADINGS)) for row in table_of(data, HEADINGS))
    return tuple(line for line in lines if any(c.stated for c in (line.panel, line.expert, line.elements)))
