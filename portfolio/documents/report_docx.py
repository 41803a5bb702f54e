"""The self-assessment report as a Word document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portfolio.documents import word
from portfolio.documents.blocks import blocks_of
from portfolio.documents.report import (
    GAPS,
    NO_GAPS,
    NO_JUSTIFICATION,
    SCORES,
    SIGNATURE_LINES,
    SIGNATURES,
    SUM_HEADINGS,
    Assessed,
    Report,
)
from portfolio.documents.report_pdf import chart
from portfolio.documents.word import Cell, Row

if TYPE_CHECKING:
    from portfolio.documents.word_writer import Writer

_WIDTHS = (70.0, 18.0, 18.0, 18.0, 18.0, 18.0)  # mm
_BLANK = "＿" * 12


def document(report: Report) -> bytes:
    """The report as DOCX, A4, its headings in Word's outline."""
    made = word.begin(title=report.title, at=report.at, margin=24)
    made.add_line(report.title, size=20, sans=True, centred=True)
    made.add_line(report.subtitle, centred=True)
    made.add_heading(SCORES, 1)
    made.add_table(_WIDTHS, _sums(report), size=10)
    made.add_line("", size=4)
    made.add_picture(chart(report), width=160)
    for indicator in report.rubric.indicators:
        made.add_heading(f"{indicator.code} {indicator.title}", 1)
        made.add_blocks(blocks_of(report.introductions.get(indicator.code, "")))
        for element in indicator.elements:
            if element.code in report.elements:
                _add_element(made, report.elements[element.code])
    made.add_heading(GAPS, 1)
    for line in [gap.line for gap in report.gaps] or [NO_GAPS]:
        made.add_line(line)
    made.add_heading(SIGNATURES, 1)
    for words in SIGNATURE_LINES:
        made.add_line(f"{words}{_BLANK}", size=12)
    return made.finished()


def _sums(report: Report) -> list[Row]:
    head = Row(tuple(Cell(words, centred=True, heading=True) for words in SUM_HEADINGS), heading=True)
    return [
        head,
        *(Row((Cell(name), *(Cell(number, centred=True) for number in row))) for name, *row in report.sums),
    ]


def _add_element(made: Writer, assessed: Assessed) -> None:
    made.add_heading(assessed.heading, 2)
    made.add_line(assessed.element.text, size=9)
    made.add_blocks(blocks_of(assessed.justification or NO_JUSTIFICATION))
    for cited in assessed.citations:
        made.add_line(f"〔{cited.line}〕", size=9)
