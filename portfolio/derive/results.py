"""What goes into the reading of a file and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal

ReasonCode = Literal[
    "timed_out",
    "out_of_memory",
    "crashed",
    "encrypted",
    "unreadable",
    "too_many_pixels",
    "too_many_pages",
    "expands_too_much",
    "unsupported",
]
ImageKind = Literal["page", "page_large", "thumbnail"]
TextSource = Literal["layer", "ocr", "none"]

# text_cut: only the first `Limits.text_characters` are there. pages_not_drawn: only some pages have images.
# ocr_absent, ocr_failed: pages that are pictures stay unread. office_absent, office_failed: no page images, and
# of a format before 2007 no text either. page_unreadable: some pages could not be read.
Note = Literal[
    "text_cut",
    "pages_not_drawn",
    "ocr_absent",
    "ocr_failed",
    "office_absent",
    "office_failed",
    "page_unreadable",
]

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one file may cost."""

    seconds: int = 180  # of the clock on the wall
    cpu_seconds: int = 150
    memory: int = 1024 * MIB  # bytes of address space
    office_memory: int = 4096 * MIB  # bytes of address space of LibreOffice, where it is used
    file_bytes: int = 512 * MIB  # of any one file that is written
    pixels: int = 120_000_000  # of one picture
    pages: int = 3000
    page_images: int = 60  # pages drawn without being asked for
    ocr_pages: int = 30
    text_characters: int = 5_000_000
    expanded_bytes: int = 1024 * MIB  # of all entries of a ZIP
    part_bytes: int = 96 * MIB  # of one XML part of a ZIP
    ratio: int = 200  # of expanded to stored bytes


@dataclass(frozen=True, slots=True)
class PageText:
    """The text of one page (sheet, slide), counted from 1, as people read it: line breaks kept."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class PageImage:
    """A WebP image of one page, counted from 1; width and height in pixels."""

    number: int
    width: int
    height: int
    path: Path
    kind: ImageKind


@dataclass(frozen=True, slots=True)
class Derived:
    """What was made from a file. The files it names lie in the folder that was given.

    `page_count` is None where a file has no pages of its own. `public_copy` has no place, device or remark
    in it; its suffix tells its type (a HEIC becomes a JPEG). `text_source` is "ocr" as soon as one page is.
    """

    page_count: int | None = None
    pages: tuple[PageText, ...] = ()
    images: tuple[PageImage, ...] = ()
    taken_at: date | None = None
    duration_seconds: Decimal | None = None
    public_copy: Path | None = None
    look: str | None = None  # of a picture (portfolio.derive.prints)
    text_source: TextSource = "none"
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """Why nothing could be made from a file; `detail` is for the operator's log, not for a page."""

    reason_code: ReasonCode
    detail: str = ""


class Unworkable(Exception):
    """A reader gives up on its file."""

    def __init__(self, reason_code: ReasonCode, detail: str = "") -> None:
        super().__init__(reason_code, detail)
        self.failure = Failure(reason_code, detail)


@dataclass(frozen=True, slots=True)
class Job:
    """One file to read. With `pages`, only the images of these pages are made."""

    source: Path
    media_type: str
    out: Path
    limits: Limits
    pages: range | None = None
