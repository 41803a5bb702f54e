"""A letter or a report of a panel as a Word document."""

from __future__ import annotations

from collections.abc import Iterator

from docx.document import Document

from portfolio.documents import word
from portfolio.documents.blocks import blocks_of
from portfolio.documents.paper import Grid, Heading, Lines, Paper, Part, Prose
from portfolio.documents.word import Cell, Row

_BLANK = "＿" * 12


def document(paper: Paper) -> bytes:
    """The paper as DOCX, A4, its headings in Word's outline."""
    made = word.begin(title=paper.title, at=paper.at, margin=24)
    word.add_line(made, paper.title, size=20, sans=True, centred=True)
    for line in paper.lines:
        word.add_line(made, line, centred=True)
    for part in paper.parts:
        _add(made, part)
    word.add_line(made, paper.footnote, size=8)
    return word.finished(made)


def _add(made: Document, part: Part) -> None:
    match part:
        case Heading():
            word.add_heading(made, part.text, part.level)
        case Prose():
            word.add_blocks(made, blocks_of(part.markdown))
        case Lines():
            for line in part.lines:
                word.add_line(made, line, together=part.together, indented=part.indented)
        case Grid():
            word.add_table(made, [column.width for column in part.columns], _rows(part))
            word.add_line(made, "", size=4)
        case _:
            word.add_line(made, "", size=6, together=True)
            for words in part.lines:
                word.add_line(made, f"{words}{_BLANK}", size=12, together=True)


def _rows(grid: Grid) -> Iterator[Row]:
    yield Row(
        tuple(Cell(column.heading, centred=True, heading=True) for column in grid.columns), heading=True
    )
    for cells in grid.rows:
        yield Row(tuple(Cell(w, centred=c.centred) for w, c in zip(cells, grid.columns, strict=True)))
    if grid.total:
        yield Row(
            tuple(
                Cell(w, centred=c.centred, heading=True)
                for w, c in zip(grid.total, grid.columns, strict=True)
            )
        )
