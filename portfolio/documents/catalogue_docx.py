"""The catalogue of evidence (卷内目录) as a Word document."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from portfolio.documents import word
from portfolio.documents.catalogue import WIDTHS, Sheet
from portfolio.documents.word import Cell, Row

_WIDTH = 267.0  # mm between the margins of A4 landscape


def document(sheet: Sheet, *, at: datetime) -> bytes:
    """The catalogue as DOCX: A4 landscape, headings on each page, pages numbered."""
    made = word.begin(title=sheet.title, at=at, landscape=True)
    made.add_line(sheet.title, size=16, sans=True, centred=True)
    made.add_line(sheet.subtitle, centred=True)
    whole = sum(WIDTHS)
    made.add_table([_WIDTH * width / whole for width in WIDTHS], _rows(sheet))
    return made.finished()


def _rows(sheet: Sheet) -> Iterator[Row]:
    columns = len(sheet.headings)
    yield Row(tuple(Cell(words, centred=True, heading=True) for words in sheet.headings), heading=True)
    for section in sheet.sections:
        yield Row((Cell(section.heading, span=columns, heading=True),))
        for group in section.groups:
            yield Row((Cell(group.heading, span=columns),))
            for cells in group.rows:
                yield Row(tuple(Cell(words) for words in cells))
