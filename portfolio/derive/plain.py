"""Text and CSV in UTF-8, UTF-16 or the Chinese encodings."""

from __future__ import annotations

import codecs

from portfolio.derive.gathering import Pages
from portfolio.derive.results import Derived, Job, Limits, Unworkable

_LONGEST_CHARACTER = 4  # bytes, in each of these encodings
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read(job: Job) -> Derived:
    """The text, on a page for each form feed's worth of it; most have one. Raises Unworkable."""
    pages = Pages(job.limits)
    text = decoded(_beginning(job))
    for number, page in enumerate(text.split("\f", job.limits.pages - 1), 1):
        pages.add_text(number, page)
    return pages.derived(page_count=None)


def _beginning(job: Job) -> bytes:
    with job.source.open("rb") as file:
        return file.read(_most_bytes(job.limits))


def _most_bytes(limits: Limits) -> int:
    return (limits.text_characters + 1) * _LONGEST_CHARACTER


def decoded(raw: bytes) -> str:
    """The text of `raw`, which may end in the middle of a character. Raises Unworkable."""
    encodings = ("utf-16",) if raw.startswith(_UTF16) else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            return codecs.getincrementaldecoder(encoding)().decode(raw)
        except UnicodeDecodeError:
            continue
    raise Unworkable("unreadable", "no encoding fits")
