"""Sheets as they come back: each cell has the address that a spreadsheet shows for it."""

from __future__ import annotations

from openpyxl.utils import get_column_letter

from portfolio.documents.cells import csv_rows

MOST_NAMED = 18_278  # columns, up to ZZZ


def test_a_cell_of_a_csv_has_a_spreadsheets_address() -> None:
    ((_, row),) = csv_rows(b"," * (MOST_NAMED - 1))
    assert [cell.address for cell in row] == [f"{get_column_letter(n)}1" for n in range(1, MOST_NAMED + 1)]


def test_a_csv_wider_than_any_spreadsheet_is_read_all_the_same() -> None:
    ((_, row),) = csv_rows(b"," * MOST_NAMED)
    assert row[-1].address == "AAAA1"
