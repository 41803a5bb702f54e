"""A panel's table of all elements as a Word document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from portfolio.documents import word
from portfolio.documents.form import Line, indicator_text, plain_points, sub_indicator_text
from portfolio.documents.panel_table import (
    HEADINGS,
    POINTS_WIDTH,
    TOTAL,
    Column,
    PanelTable,
    Value,
    sum_heading,
    text_of,
)
from portfolio.documents.word import Cell, Merge, Row

if TYPE_CHECKING:
    from portfolio.documents.word_writer import Writer

_BLANK = "＿" * 10
_BELOW = Cell(merge=Merge.GOES_ON)


def document(table: PanelTable) -> bytes:
    """The table as DOCX: A and B merged over their elements, headings on each page, A4 landscape."""
    made = word.begin(title=table.title, at=table.at, landscape=True)
    made.add_line(table.title, size=16, sans=True, centred=True)
    for line in table.lines:
        made.add_line(line, centred=True)
    widths = (*table.widths, POINTS_WIDTH, *(column.width for column in table.columns))
    made.add_table(widths, _rows(table), size=8)
    add_notes(made, table.notes)
    add_signatures(made, table.signatures)
    made.add_line(table.footnote, size=8)
    return made.finished()


def add_notes(made: Writer, notes: Iterable[str]) -> None:
    """What has to be said below a table."""
    for note in notes:
        made.add_line(note, size=9, together=True)


def add_signatures(made: Writer, signatures: Sequence[str]) -> None:
    """Where people sign, side by side."""
    made.add_line("", size=6, together=True)
    made.add_line("　　".join(f"{words}{_BLANK}" for words in signatures), together=True)


def _rows(table: PanelTable) -> Iterator[Row]:
    yield from _head(table)
    for indicator, lines in table.parts():
        for line in lines:
            yield _line(table, line)
        yield _sum(sum_heading(indicator), plain_points(indicator.points), table, table.sums[indicator.code])
    yield _sum(TOTAL, plain_points(table.rubric.total_points), table, table.total)


def _head(table: PanelTable) -> Iterator[Row]:
    if not table.grouped:
        words = (*HEADINGS, *(column.heading for column in table.columns))
        yield Row(tuple(_heading(each) for each in words), heading=True)
        return
    upper = [_heading(words, Merge.BEGINS) for words in HEADINGS]
    lower = [_BELOW] * len(HEADINGS)
    for group, columns in groupby(table.columns, key=lambda column: column.group):
        beside = list(columns)
        if group:
            upper.append(Cell(group, span=len(beside), centred=True, heading=True))
            lower += [_heading(column.heading) for column in beside]
        else:
            upper += [_heading(column.heading, Merge.BEGINS) for column in beside]
            lower += [_BELOW] * len(beside)
    yield Row(tuple(upper), heading=True)
    yield Row(tuple(lower), heading=True)


def _line(table: PanelTable, line: Line) -> Row:
    a, b = line.indicator, line.sub_indicator
    return Row(
        (
            Cell(indicator_text(a), Merge.BEGINS, top=True) if a else _BELOW,
            Cell(sub_indicator_text(b), Merge.BEGINS) if b else _BELOW,
            Cell(table.element_words(line)),
            Cell(plain_points(line.element.points), centred=True),
            *_cells(table.columns, table.rows[line.element.code]),
        )
    )


def _sum(heading: str, points: str, table: PanelTable, values: Sequence[Value]) -> Row:
    return Row(
        (
            Cell(heading, span=3, centred=True, heading=True),
            Cell(points, centred=True, heading=True),
            *_cells(table.columns, values, heading=True),
        )
    )


def _cells(columns: Sequence[Column], values: Sequence[Value], *, heading: bool = False) -> Iterator[Cell]:
    for column, value in zip(columns, values, strict=True):
        yield Cell(text_of(value), centred=column.centred, heading=heading)


def _heading(words: str, merge: Merge = Merge.NONE) -> Cell:
    return Cell(words, merge, centred=True, heading=True)
