"""The working sheet: scores and justifications to fill in offline, as a workbook, and how it is read back."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import openpyxl
import xlsxwriter

from portfolio.documents.form import plain_points
from portfolio.errors import DomainError

CODE, ELEMENT, POINTS, SCORE, JUSTIFICATION, VERSION = (
    "编号",
    "评估要素",
    "标准分",
    "自评分",
    "自评说明",
    "版本",
)
HEADINGS = (CODE, ELEMENT, POINTS, SCORE, JUSTIFICATION, VERSION)
NEEDED = (CODE, SCORE, JUSTIFICATION, VERSION)
UNSCORED = "未评"
NOTE = "只改“自评分”和“自评说明”两列。分数留空表示未评，不等于 0 分。行可以删除或调换次序，未改的行不受影响。"
ABOUT = "关于"  # the hidden sheet that says whose this is
FORMAT = "new-quality-school-worksheet/1"
MOST_ROWS = 2000
MOST_BYTES = 300 * 1000
MOST_UNPACKED = 30 * 1000 * 1000
_SEARCHED = 10  # rows in which the headings are looked for
_FIRST_ROW = 3
_WIDTHS = (8, 52, 8, 10, 80, 8)


@dataclass(frozen=True, slots=True)
class Line:
    """An element as exported."""

    code: str
    text: str
    points: Decimal
    score: Decimal | None
    justification: str
    version: int


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


@dataclass(frozen=True, slots=True)
class Found:
    """A row as found."""

    code: Cell
    score: Cell
    justification: Cell
    version: Cell


@dataclass(frozen=True, slots=True)
class Sheet:
    """A working sheet as read: whose it is, and its rows that say anything."""

    dossier: str
    rubric: str
    rows: tuple[Found, ...]


def workbook(title: str, lines: Sequence[Line], *, dossier_id: int, rubric_digest: str) -> bytes:
    """The sheet as XLSX; nothing in it is a formula, whatever it begins with."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(
        buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    cell = {"font_name": "宋体", "font_size": 10, "border": 1, "text_wrap": True, "valign": "top"}
    text, given = book.add_format({**cell, "bg_color": "#f2f2f2"}), book.add_format(cell)
    written = book.add_format({**cell, "num_format": "@"})
    heading = book.add_format({**cell, "font_name": "黑体", "align": "center"})
    page = book.add_worksheet("工作表")
    page.write_string(0, 0, title, book.add_format({"font_name": "黑体", "font_size": 14}))
    page.write_string(1, 0, NOTE, book.add_format({"font_name": "宋体", "font_size": 9}))
    for column, (words, width) in enumerate(zip(HEADINGS, _WIDTHS, strict=True)):
        page.set_column(column, column, width, None, {"hidden": words == VERSION})
        page.write_string(_FIRST_ROW - 1, column, words, heading)
    for row, line in enumerate(lines, start=_FIRST_ROW):
        page.write_string(row, 0, line.code, text)
        page.write_string(row, 1, line.text, text)
        page.write_string(row, 2, plain_points(line.points), text)
        if line.score is None:
            page.write_blank(row, 3, None, given)
        else:
            page.write_number(row, 3, line.score, given)
        page.write_string(row, 4, line.justification, written)
        page.write_number(row, 5, line.version, text)
    page.freeze_panes(_FIRST_ROW, 1)
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.repeat_rows(_FIRST_ROW - 1)
    about = book.add_worksheet(ABOUT)
    for row, words in enumerate((FORMAT, str(dossier_id), rubric_digest)):
        about.write_string(row, 0, words)
    about.hide()
    book.close()
    return buffer.getvalue()


def read(data: bytes) -> Sheet:
    """What a filled-in sheet says; formulas are never computed.

    Raises DomainError (sheet_unreadable, sheet_macros, sheet_too_large, sheet_headings, sheet_of_other_dossier).
    """
    check_parts(data)
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=False)
        about = (
            [str(row[0].value) for row in book[ABOUT].iter_rows(max_row=3)]
            if ABOUT in book.sheetnames
            else []
        )
        if len(about) != 3 or about[0] != FORMAT:
            raise DomainError("sheet_of_other_dossier", field="sheet")
        rows = tuple(_rows(book[book.sheetnames[0]]))
    except DomainError:
        raise
    except Exception as error:  # openpyxl raises whatever a strange part of a workbook makes it stumble over
        raise DomainError("sheet_unreadable", field="sheet") from error
    return Sheet(about[1], about[2], rows)


def check_parts(data: bytes) -> None:
    """Raises DomainError (sheet_unreadable, sheet_macros, sheet_too_large) for what no sheet of ours can be."""
    if len(data) > MOST_BYTES:
        raise _too_large()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            infos = parts.infolist()
    except zipfile.BadZipFile as error:
        raise DomainError("sheet_unreadable", field="sheet") from error
    if any("vbaproject" in info.filename.lower() for info in infos):
        raise DomainError("sheet_macros", field="sheet")
    if sum(info.file_size for info in infos) > MOST_UNPACKED:
        raise _too_large()


def _too_large() -> DomainError:
    return DomainError("sheet_too_large", field="sheet", rows=MOST_ROWS, kilobytes=MOST_BYTES // 1000)


def _rows(page: Any) -> Iterator[Found]:
    columns: dict[str, int] | None = None
    for number, row in enumerate(page.iter_rows(), start=1):
        if columns is None:
            columns = _columns(row)
            if columns is None and number == _SEARCHED:
                break
            continue
        found = Found(*(cell_at(row, columns[name], number) for name in NEEDED))
        if not any(
            cell.text.strip() or cell.computed for cell in (found.code, found.score, found.justification)
        ):
            continue
        if number > MOST_ROWS:
            raise _too_large()
        yield found
    if columns is None:
        raise DomainError("sheet_headings", field="sheet", headings="、".join(NEEDED))


def _columns(row: Sequence[Any]) -> dict[str, int] | None:
    """Where the needed columns are, if this is the row of headings; their order doesn't matter."""
    at = {str(cell.value).strip(): index for index, cell in enumerate(row) if cell.value is not None}
    return {name: at[name] for name in NEEDED} if all(name in at for name in NEEDED) else None


def cell_at(row: Sequence[Any], column: int, number: int) -> Cell:
    """The cell of a column (from 0) in row `number` (from 1); an empty one where the row ends before it."""
    address = f"{openpyxl.utils.get_column_letter(column + 1)}{number}"
    if column >= len(row):
        return Cell(address, None)
    cell = row[column]
    # "f": a formula; "e": an error such as #REF!
    return Cell(address, cell.value, computed=cell.value is not None and cell.data_type in ("f", "e"))
