"""The self-assessment report as a PDF, and its charts as a picture."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

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
from portfolio.documents.typeset import pdf, picture


def document(report: Report) -> bytes:
    """The report as PDF, A4."""
    return pdf("charts", "prose", "report", document=_described(report), at=report.at)


def chart(report: Report) -> bytes:
    """Radar and bars as a PNG, 17 cm wide."""
    return picture("charts", "chart_picture", document={"shares": report.shares})


def _described(report: Report) -> dict[str, Any]:
    return {
        "title": report.title,
        "subtitle": report.subtitle,
        "names": {"scores": SCORES, "gaps": GAPS, "signatures": SIGNATURES},
        "sum_headings": SUM_HEADINGS,
        "sums": report.sums,
        "shares": report.shares,
        "parts": [
            {
                "heading": f"{indicator.code} {indicator.title}",
                "introduction": _blocks(report.introductions.get(indicator.code, "")),
                "elements": [
                    _element(report.elements[e.code]) for e in indicator.elements if e.code in report.elements
                ],
            }
            for indicator in report.rubric.indicators
        ],
        "gaps": [gap.line for gap in report.gaps] or [NO_GAPS],
        "signature_lines": SIGNATURE_LINES,
    }


def _element(assessed: Assessed) -> dict[str, Any]:
    return {
        "heading": assessed.heading,
        "wording": assessed.element.text,
        "justification": _blocks(assessed.justification or NO_JUSTIFICATION),
        "citations": [cited.line for cited in assessed.citations],
    }


def _blocks(markdown: str) -> list[dict[str, Any]]:
    return [asdict(block) for block in blocks_of(markdown)]
