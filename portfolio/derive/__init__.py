"""What is made from an uploaded file: its text by page, page images, a copy fit to be shown to others."""

from __future__ import annotations

from portfolio.derive.results import (
    Derived,
    Failure,
    ImageKind,
    Limits,
    Note,
    PageImage,
    PageText,
    ReasonCode,
    TextSource,
)
from portfolio.derive.runner import derive

__all__ = [
    "Derived",
    "Failure",
    "ImageKind",
    "Limits",
    "Note",
    "PageImage",
    "PageText",
    "ReasonCode",
    "TextSource",
    "derive",
]
