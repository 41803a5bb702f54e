"""Tables as files: text stays text, days and numbers are what they are, and memory stays flat."""

from __future__ import annotations

import csv
import io
import tracemalloc
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from portfolio.documents import table
from portfolio.documents.table import ACTIVE, MOST_SIGNS, Table, Value, csv_parts, write_xlsx

MOMENT = datetime(
    2026, 11, 22, 18, 30, tzinfo=UTC
)  # half past two in the morning of the 23rd, by the schools' clock


def as_csv(made: Table) -> bytes:
    return b"".join(csv_parts(made))


def as_sheets(made: Table) -> list[Any]:
    file = io.BytesIO()
    write_xlsx(made, file)
    return list(openpyxl.load_workbook(io.BytesIO(file.getvalue())).worksheets)


def one(value: Value) -> Table:
    return Table("表", ["列"], [[value]])


def read(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("sign", ACTIVE)
def test_what_a_spreadsheet_would_run_is_text_in_both(sign: str) -> None:
    typed = f"{sign}1+HYPERLINK(A1)"
    assert read(as_csv(one(typed)))[1] == [f"'{typed}"]
    cell = as_sheets(one(typed))[0]["A2"]
    assert cell.data_type == "s"
    assert cell.value.replace("_x000D_", "\r") == typed


def test_a_name_or_heading_that_begins_like_a_formula_is_text_too() -> None:
    made = Table("表", ["=1+2"], [["学校"]])
    assert read(as_csv(made))[0] == ["'=1+2"]
    assert as_sheets(made)[0]["A1"].data_type == "s"


def test_a_negative_number_stays_a_number() -> None:
    assert read(as_csv(one(-3)))[1] == ["-3"]
    assert as_sheets(one(Decimal("-0.5")))[0]["A2"].value == -0.5


def test_excel_opens_chinese_by_the_mark_at_the_beginning() -> None:
    data = as_csv(Table("表", ["学校"], [["钟楼小学"], ["𠮷"]]))
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\xef\xbb\xbf") == 1
    assert read(data) == [["学校"], ["钟楼小学"], ["𠮷"]]


def test_days_moments_and_numbers_are_typed() -> None:
    values: list[Value] = [date(2026, 11, 23), MOMENT, 7, Decimal("1.25"), None, ""]
    made = Table("表", list("abcdef"), [values])
    assert read(as_csv(made))[1] == ["2026-11-23", "2026-11-23 02:30", "7", "1.25", "", ""]
    row = [cell.value for cell in as_sheets(made)[0][2]]
    assert row == [datetime(2026, 11, 23), datetime(2026, 11, 23, 2, 30), 7, 1.25, None, None]
    formats = [cell.number_format for cell in as_sheets(made)[0][2]][:2]
    assert formats == ["yyyy-mm-dd", "yyyy-mm-dd hh:mm"]


def test_a_decimal_is_written_in_plain_digits() -> None:
    assert read(as_csv(one(Decimal("1E+3"))))[1] == ["1000"]


def test_a_text_too_long_for_a_cell_is_cut_where_one_sees_it() -> None:
    long = "长" * (MOST_SIGNS + 5)
    cell = as_sheets(one(long))[0]["A2"].value
    assert (len(cell), cell[-1]) == (MOST_SIGNS, "…")
    assert read(as_csv(one(long)))[1] == [long]


def test_rows_beyond_a_sheet_go_on_on_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MOST_ROWS", 3)
    sheets = as_sheets(Table("表", ["行"], [[number] for number in range(7)]))
    assert [[row[0].value for row in sheet.iter_rows(min_row=2)] for sheet in sheets] == [
        [0, 1, 2],
        [3, 4, 5],
        [6],
    ]
    assert {sheet["A1"].value for sheet in sheets} == {"行"}


def test_a_table_without_rows_has_its_headings() -> None:
    empty = Table("表", ["学校", "区县"], [])
    assert read(as_csv(empty)) == [["学校", "区县"]]
    assert [[cell.value for cell in row] for row in as_sheets(empty)[0].iter_rows()] == [["学校", "区县"]]


def rows(count: int) -> Iterator[Sequence[Value]]:
    return ([f"第{number}所学校的一行文字", number, MOMENT, Decimal("0.5")] for number in range(count))


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_memory_does_not_grow_with_the_rows(kind: str) -> None:
    peaks = []
    for count in (1_000, 10_000):
        made = Table("表", list("abcd"), rows(count))
        tracemalloc.start()
        if kind == "csv":
            assert sum(part.count(b"\n") for part in csv_parts(made)) == count + 1
        else:
            write_xlsx(made, _Forgetful())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 500_000


class _Forgetful(io.BytesIO):
    """A file that only counts what is written."""

    def write(self, data: Any, /) -> int:
        self.seek(len(data), io.SEEK_CUR)
        return len(data)
