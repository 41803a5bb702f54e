"""A letter or a report of a panel as a PDF."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from portfolio.documents.blocks import blocks_of
from portfolio.documents.paper import Grid, Heading, Lines, Paper, Part, Prose
from portfolio.documents.typeset import pdf


def document(paper: Paper) -> bytes:
    """The paper as PDF, A4."""
    return pdf(
        "prose",
        "paper",
        document={
            "title": paper.title,
            "lines": paper.lines,
            "parts": [_described(part) for part in paper.parts],
            "footnote": paper.footnote,
        },
        at=paper.at,
    )


def _described(part: Part) -> dict[str, Any]:
    match part:
        case Heading():
            return {"kind": "heading", **asdict(part)}
        case Prose():
            return {"kind": "prose", "blocks": [asdict(block) for block in blocks_of(part.markdown)]}
        case Lines():
            return {"kind": "lines", **asdict(part)}
        case Grid():
            return {"kind": "table", **asdict(part)}
        case _:
            return {"kind": "signatures", "lines": part.lines}
