"""Word documents as offices here expect them: A4, 宋体 and 黑体, page numbers, tables with merged cells."""

from __future__ import annotations

import io
import unicodedata
import zipfile
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docx.document import Document

    from portfolio.documents.word_writer import Writer

# Fonts that Word and WPS bring and LibreOffice has substitutes for
SERIF, SANS, LATIN = "宋体", "黑体", "Times New Roman"
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


class Merge(Enum):
    """A cell's part in a merge down its column."""

    NONE = "none"
    BEGINS = "restart"
    GOES_ON = "continue"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell's text, a paragraph a line; `span` columns wide."""

    text: str = ""
    merge: Merge = Merge.NONE
    span: int = 1
    centred: bool = False
    heading: bool = False
    # at the top of what may go on over several pages
    top: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A row; a heading is repeated on each page."""

    cells: tuple[Cell, ...]
    heading: bool = False


@dataclass(frozen=True, slots=True)
class Spine:
    """A part of a box's spine: its text, height in mm, size in points; written downwards if `vertical`."""

    text: str
    height: float
    size: float
    sans: bool = False
    vertical: bool = False


def begin(
    *, title: str, at: datetime, landscape: bool = False, margin: int = 15, numbered: bool = True
) -> Writer:
    """An empty A4 document (margins in mm), its pages numbered below, to be written into."""
    # here, for the sake of a worker that never makes one
    from portfolio.documents.word_writer import Writer

    return Writer(title=title, at=at, landscape=landscape, margin=margin, numbered=numbered)


def finished(document: Document) -> bytes:
    """The document's bytes, the same ones for the same document."""
    written, packed = io.BytesIO(), io.BytesIO()
    document.save(written)
    with zipfile.ZipFile(written) as parts, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in parts.namelist():
            info = zipfile.ZipInfo(name, _ZIP_EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, parts.read(name))
    return packed.getvalue()


def clean(text: str) -> str:
    """Text that XML can hold: no control characters but line ends and tabs."""
    return "".join(
        sign for sign in text if sign in "\n\t" or unicodedata.category(sign) not in ("Cc", "Cs")
    ).translate({0xFFFE: None, 0xFFFF: None})
