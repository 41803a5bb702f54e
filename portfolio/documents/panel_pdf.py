"""A panel's table of all elements as a PDF."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from portfolio.documents.form import Line, indicator_text, plain_points, sub_indicator_text
from portfolio.documents.panel_table import (
    HEADINGS,
    POINTS_WIDTH,
    TOTAL,
    PanelTable,
    Value,
    sum_heading,
    text_of,
)
from portfolio.documents.typeset import pdf


def document(table: PanelTable) -> bytes:
    """The table as PDF: A and B merged over their elements, headings on each page, A4 landscape."""
    return pdf(
        "sheet",
        "panel_table",
        document={
            "title": table.title,
            "lines": table.lines,
            "headings": HEADINGS,
            "widths": (*table.widths, POINTS_WIDTH),
            "columns": [asdict(column) for column in table.columns],
            "rows": list(_rows(table)),
            "notes": table.notes,
            "signatures": table.signatures,
            "footnote": table.footnote,
        },
        at=table.at,
    )


def _rows(table: PanelTable) -> Iterator[dict[str, Any]]:
    for indicator, lines in table.parts():
        for line in lines:
            yield _line(table, line)
        yield _sum(sum_heading(indicator), plain_points(indicator.points), table.sums[indicator.code])
    yield _sum(TOTAL, plain_points(table.rubric.total_points), table.total)


def _line(table: PanelTable, line: Line) -> dict[str, Any]:
    """A row; `a` and `b` with their spans only where their cells begin."""
    row: dict[str, Any] = {
        "c": table.element_words(line),
        "points": plain_points(line.element.points),
        "cells": [text_of(value) for value in table.rows[line.element.code]],
    }
    if line.indicator:
        row["a"] = {"text": indicator_text(line.indicator), "span": len(line.indicator.elements)}
    if line.sub_indicator:
        row["b"] = {
            "text": sub_indicator_text(line.sub_indicator),
            "span": len(line.sub_indicator.elements),
        }
    return row


def _sum(heading: str, points: str, values: Sequence[Value]) -> dict[str, Any]:
    return {"sum": heading, "points": points, "cells": [text_of(value) for value in values]}
