"""The catalogue of evidence (卷内目录) as a PDF."""

from __future__ import annotations

from datetime import datetime

from portfolio.documents.catalogue import WIDTHS, Sheet
from portfolio.documents.typeset import pdf


def document(sheet: Sheet, *, at: datetime) -> bytes:
    """The catalogue as PDF: A4 landscape, headings on each page, pages numbered."""
    return pdf(
        "catalogue",
        document={
            "title": sheet.title,
            "subtitle": sheet.subtitle,
            "widths": WIDTHS,
            "headings": sheet.headings,
            "sections": [
                {
                    "heading": section.heading,
                    "groups": [{"heading": group.heading, "rows": group.rows} for group in section.groups],
                }
                for section in sheet.sections
            ],
        },
        at=at,
    )
