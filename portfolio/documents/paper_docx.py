"""A letter or a report of a panel as a Word document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from portfolio.documents import word
from portfolio.documents.blocks import blocks_of
from portfolio.documents.paper import Grid, Heading, Lines, Paper, Part, Prose
from portfolio.documents.word import Cell, Row

if TYPE_CHECKING:
    from portfolio.documents.word_writer import Writer

_BLANK = "＿" * 12


def document(paper: Paper) -> bytes:
    """The paper as DOCX, A4, its headings in Word's outline."""
    made = word.begin(title=paper.title, at=paper.at, margin=24)
    made.add_line(paper.title, size=20, sans=True, centred=True)
    for line in paper.lines:
        made.add_line(line, centred=True)
    for part in paper.parts:
        _add(made, part)
    made.add_line(paper.footnote, size=8)
    return made.finished()


def _add(made: Writer, part: Part) -> None:
    match part:
        case Heading():
            made.add_heading(part.text, part.level)
        case Prose():
            made.add_blocks(blocks_of(part.markdown))
        case Lines():
            for line in part.lines:
                made.add_line(line, together=part.together, indented=part.indented)
        case Grid():
            made.add_table([column.width for column in part.columns], _rows(part))
            made.add_line("", size=4)
        case _:
            made.add_line("", size=6, together=True)
            for words in part.lines:
                made.add_line(f"{words}{_BLANK}", size=12, together=True)


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
