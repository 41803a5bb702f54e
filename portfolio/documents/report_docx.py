"""The self-assessment report as a Word document."""

from __future__ import annotations

from docx.document import Document

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

_WIDTHS = (70.0, 18.0, 18.0, 18.0, 18.0, 18.0)  # mm
_BLANK = "＿" * 12


def document(report: Report) -> bytes:
    """The report as DOCX, A4, its headings in Word's outline."""
    made = word.begin(title=report.title, at=report.at, margin=24)
    word.add_line(made, report.title, size=20, sans=True, centred=True)
    word.add_line(made, report.subtitle, centred=True)
    word.add_heading(made, SCORES, 1)
    word.add_table(made, _WIDTHS, _sums(report), size=10)
    word.add_line(made, "", size=4)
    word.add_picture(made, chart(report), width=160)
    for indicator in report.rubric.indicators:
        word.add_heading(made, f"{indicator.code} {indicator.title}", 1)
        word.add_blocks(made, blocks_of(report.introductions.get(indicator.code, "")))
        for element in indicator.elements:
            if element.code in report.elements:
                _add_element(made, report.elements[element.code])
    word.add_heading(made, GAPS, 1)
    for line in [gap.line for gap in report.gaps] or [NO_GAPS]:
        word.add_line(made, line)
    word.add_heading(made, SIGNATURES, 1)
    for words in SIGNATURE_LINES:
        word.add_line(made, f"{words}{_BLANK}", size=12)
    return word.finished(made)


def _sums(report: Report) -> list[Row]:
    head = Row(tuple(Cell(words, centred=True, heading=True) for words in SUM_HEADINGS), heading=True)
    return [
        head,
        *(Row((Cell(name), *(Cell(number, centred=True) for number in row))) for name, *row in report.sums),
    ]


def _add_element(made: Document, assessed: Assessed) -> None:
    word.add_heading(made, assessed.heading, 2)
    word.add_line(made, assessed.element.text, size=9)
    word.add_blocks(made, blocks_of(assessed.justification or NO_JUSTIFICATION))
    for cited in assessed.citations:
        word.add_line(made, f"〔{cited.line}〕", size=9)
