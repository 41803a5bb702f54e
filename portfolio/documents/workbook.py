"""How every XLSX workbook begins: what looks like a formula or a link is text all the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xlsxwriter import Workbook


@contextmanager
def begun(
    target: IO[bytes], *, title: str = "", at: datetime | None = None, row_by_row: bool = False
) -> Iterator[Workbook]:
    """A workbook that is written to `target` in the end; dated `at`, the same content is the same bytes.

    `row_by_row`: each row leaves memory as soon as the next one begins.
    """
    import xlsxwriter  # here, for the sake of a worker that never makes one

    memory = "constant_memory" if row_by_row else "in_memory"
    book = xlsxwriter.Workbook(target, {memory: True, "strings_to_formulas": False, "strings_to_urls": False})
    properties: dict[str, Any] = {"title": title} if title else {}
    if at is not None:  # XLSX knows no time zones
        properties["created"] = at.astimezone(UTC).replace(tzinfo=None)
    book.set_properties(properties)
    yield book
    book.close()
