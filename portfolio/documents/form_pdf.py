"""The official form as a PDF."""

from __future__ import annotations

from typing import Any

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
from portfolio.documents.typeset import pdf


def document(sheet: Sheet) -> bytes:
    """The form as PDF: A and B merged over their elements, headings on each page, A4 landscape."""
    return pdf(
        "sheet",
        "form",
        document={
            "title": sheet.rubric.title,
            "lines": [sheet.total_line, sheet.subtitle],
            "headings": HEADINGS,
            "score_heading": SCORE_HEADING,
            "split": sheet.split,
            "rows": [_row(sheet, line) for line in lines(sheet.rubric)],
            "sum_heading": SUM_HEADING,
            "total": plain_points(sheet.rubric.total_points),
            "sums": [score_text(total) for total in sheet.sums],
            "remark": sheet.remark,
            "footnote": sheet.footnote,
        },
        at=sheet.at,
    )


def _row(sheet: Sheet, line: Line) -> dict[str, Any]:
    """A row; `a`, `b` and `methods` with their spans only where their cells begin."""
    row: dict[str, Any] = {
        "c": element_text(line.element),
        "points": plain_points(line.element.points),
        "scores": [score_text(score) for score in sheet.given(line.element.code)],
    }
    if line.indicator:
        span = len(line.indicator.elements)
        row["a"] = {"text": indicator_text(line.indicator), "span": span}
        row["methods"] = {"text": "\n".join(method_lines(line.indicator)), "span": span}
    if line.sub_indicator:
        row["b"] = {
            "text": sub_indicator_text(line.sub_indicator),
            "span": len(line.sub_indicator.elements),
        }
    return row
