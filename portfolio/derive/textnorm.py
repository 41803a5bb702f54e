"""Text as people read it, and as it is searched: one spelling of each character, in pieces."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from portfolio.derive.results import PageText
from portfolio.derive.traditional import SIMPLIFIED

CHUNK = 2000  # characters; PostgreSQL and SQLite both find words in pieces of this size
OVERLAP = 40  # characters that two neighbours share, so that no phrase is lost between them

_HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
_POINTS = "\u3001-\u3003\u3008-\u3011\u3014-\u301f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
_BETWEEN_HAN = re.compile(f"(?<=[{_HAN}{_POINTS}])\\s+(?=[{_HAN}{_POINTS}])")
_BESIDE_HAN = re.compile(f"(?<=[{_HAN}])\\s+|\\s+(?=[{_HAN}])")
_LINE_ENDS = re.compile(r"\r\n?|[\v\f\x85\u2028\u2029]")
_EMPTY_LINES = re.compile(r"\n{3,}")
_HYPHENATED = re.compile("(?<=[a-z])(?:\ufffe|\xad)\\s*(?=[a-z])")  # PDFium marks a hyphen at a line's end so
# Controls but tab and line feed, format characters, halves of surrogate pairs, what is no character at all.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ud800-\udfff\ufdd0-\ufdef\ufff0-\ufffb\ufffe\uffff]"
)
# PDFs write 一 as the radical ⼀, and fi as one sign; elsewhere what is written stays (，is not turned into ,).
_LOOKALIKES = re.compile("[\u2e80-\u2fdf\uf900-\ufaff\ufb00-\ufb06\U0002f800-\U0002fa1f]+")
_IS_HAN = re.compile(f"[{_HAN}]")
_WORDS = re.compile(f"[{_HAN}]+|[^\\W_{_HAN}]+")
_FOLDED = {ord(traditional): simplified for traditional, simplified in SIMPLIFIED.items()}
_FOLDED[ord("ς")] = "σ"  # at a word's end only: which of the two, a search must not depend on


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of one page's searched text; `position` counts the page's pieces from 0."""

    page: int
    position: int
    text: str


def tidy(text: str) -> str:
    """Text as people read it: line ends as \\n, nothing invisible, characters in their usual encoding."""
    text = _HYPHENATED.sub("", _LINE_ENDS.sub("\n", text))
    text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
    text = _LOOKALIKES.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    lines = (line.rstrip() for line in text.split("\n"))
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip("\n")


def normalise(text: str) -> str:
    """Text as it is searched: NFKC, no white space beside ideographs (2023 年 is 2023年), one blank elsewhere."""
    return _BESIDE_HAN.sub("", joined(unicodedata.normalize("NFKC", joined(tidy(text)))))


def joined(text: str) -> str:
    """Lines joined into one: no white space between ideographs and their punctuation, one blank elsewhere."""
    return " ".join(_BETWEEN_HAN.sub("", text).split())


def folded(text: str) -> str:
    """Normalised text in lower case and simplified characters, of the same length: what a search compares."""
    small = text.lower()
    if len(small) != len(text):  # a few letters become two
        small = "".join(map(_lower, text))
    return small.translate(_FOLDED)


def _lower(sign: str) -> str:
    small = sign.lower()
    return small if len(small) == 1 else sign


def chunks(pages: Iterable[PageText]) -> Iterator[Chunk]:
    """The normalised text of pages in pieces of at most CHUNK characters, none across a page.

    Neighbours share OVERLAP characters; a page without text has no piece.
    """
    for page in pages:
        text = normalise(page.text)
        starts = range(0, max(len(text) - OVERLAP, min(len(text), 1)), CHUNK - OVERLAP)
        for position, start in enumerate(starts):
            yield Chunk(page.number, position, text[start : start + CHUNK])


def runs(text: str) -> list[str]:
    """The unbroken rows of ideographs, and the words of other scripts and digits, in the order of the text."""
    return _WORDS.findall(text)


def is_han(sign: str) -> bool:
    """Whether a character is an ideograph."""
    return _IS_HAN.match(sign) is not None
