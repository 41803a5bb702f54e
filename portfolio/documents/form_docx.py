"""The official form as a Word document."""

from __future__ import annotations

from collections.abc import Iterator

from portfolio.documents import word
from portfolio.documents.form import (
    HEADINGS,
    SCORE_HEADING,
    SUM_HEADING,
    Line,
    Sheet,
    element_text,
    indicator_text,
    lines,
    method_lines,
    plain_points,
    score_text,
    sub_indicator_text,
)
from portfolio.documents.word import Cell, Merge, Row

# mm; together with the score column 267 of A4 landscape's 297
_WIDTHS = (30.0, 50.0, 102.0, 13.0, 48.0)
_SCORE_WIDTH = 24.0


def document(sheet: Sheet) -> bytes:
    """The form as DOCX: A and B merged over their elements, headings on each page, A4 landscape."""
    made = word.begin(title=sheet.rubric.title, at=sheet.at, landscape=True)
    made.add_line(sheet.rubric.title, size=16, sans=True, centred=True)
    made.add_line(sheet.total_line, centred=True)
    if sheet.subtitle:
        made.add_line(sheet.subtitle, centred=True)
    scores = len(sheet.split) or 1
    made.add_table((*_WIDTHS, *[_SCORE_WIDTH / scores] * scores), _rows(sheet))
    if sheet.footnote:
        made.add_line(sheet.footnote, size=8)
    return made.finished()


def _rows(sheet: Sheet) -> Iterator[Row]:
    yield from _head(sheet)
    for line in lines(sheet.rubric):
        yield _line(sheet, line)
    yield _totals(sheet)


def _head(sheet: Sheet) -> Iterator[Row]:
    if not sheet.split:
        yield Row(tuple(_heading(words) for words in (*HEADINGS, SCORE_HEADING)), heading=True)
        return
    upper = [_heading(words, Merge.BEGINS) for words in HEADINGS]
    lower = [Cell(merge=Merge.GOES_ON) for _ in HEADINGS]
    over = Cell(SCORE_HEADING, span=len(sheet.split), centred=True, heading=True)
    yield Row((*upper, over), heading=True)
    yield Row((*lower, *(_heading(words) for words in sheet.split)), heading=True)


def _line(sheet: Sheet, line: Line) -> Row:
    a, b = line.indicator, line.sub_indicator
    below = Cell(merge=Merge.GOES_ON)
    return Row(
        (
            Cell(indicator_text(a), Merge.BEGINS, top=True) if a else below,
            Cell(sub_indicator_text(b), Merge.BEGINS) if b else below,
            Cell(element_text(line.element)),
            Cell(plain_points(line.element.points), centred=True),
            Cell("\n".join(method_lines(a)), Merge.BEGINS, top=True) if a else below,
            *(Cell(score_text(score), centred=True) for score in sheet.given(line.element.code)),
        )
    )


def _totals(sheet: Sheet) -> Row:
    return Row(
        (
            Cell(SUM_HEADING, span=3, centred=True, heading=True),
            Cell(plain_points(sheet.rubric.total_points), centred=True),
            Cell(sheet.remark),
            *(Cell(score_text(total), centred=True, heading=True) for total in sheet.sums),
        )
    )


def _heading(words: str, merge: Merge = Merge.NONE) -> Cell:
    return Cell(words, merge, centred=True, heading=True)
