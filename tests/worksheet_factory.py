"""Working sheets filled in by people who don't follow the rules."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import openpyxl

FIRST = 4  # the row of C1
SCORE, TEXT = 4, 5  # columns


def filled(data: bytes, fill: Callable[[Any], None]) -> bytes:
    """The sheet as somebody changes and saves it."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    fill(book.worksheets[0])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def write(cells: dict[str, Any]) -> Callable[[Any], None]:
    """Writes values at addresses."""

    def fill(page: Any) -> None:
        for address, value in cells.items():
            page[address] = value

    return fill
