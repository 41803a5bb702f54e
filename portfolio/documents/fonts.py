"""Which characters the embedded Chinese fonts have: what they lack is shown as 〓, never left out."""

from __future__ import annotations

import struct
import unicodedata
from array import array
from bisect import bisect_right
from functools import lru_cache
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

MISSING = "〓"  # the printers' sign for a character they have no type for
# Drawn by nobody: joiners and variation selectors only tell how their neighbours are drawn.
_UNSEEN = {"\u200b", "\u200c", "\u200d", "\ufeff", *map(chr, range(0xFE00, 0xFE10))}
_FORMAT_12 = 12  # of a cmap subtable: groups of 32-bit code points


def folder() -> Path:
    """Where the fonts are that every PDF embeds."""
    import pylopdf_fonts_zh_cn

    found: Path = pylopdf_fonts_zh_cn.serif_path().parent
    return found


def printable(value: Any) -> Any:
    """The same text, list or mapping with nothing in it that the fonts can't draw."""
    if isinstance(value, str):
        return _printable(value)
    if isinstance(value, dict):
        return {key: printable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [printable(each) for each in value]
    return value


def _printable(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    composed = unicodedata.normalize("NFC", text)
    return "".join(_drawn(sign) for sign in composed if sign not in _UNSEEN)


def _drawn(sign: str) -> str:
    if sign in "\n\t":
        return sign
    if unicodedata.category(sign) in ("Cc", "Cf", "Cs"):
        return ""
    return sign if has_glyph(sign) else MISSING


def has_glyph(sign: str) -> bool:
    """Whether the fonts can draw this character."""
    starts, ends = _coverage()
    at = bisect_right(starts, ord(sign)) - 1
    return at >= 0 and ord(sign) <= ends[at]


@lru_cache(maxsize=1)
def _coverage() -> tuple[array[int], array[int]]:
    """First and last code points of the ranges that the serif font maps to glyphs (OpenType, table cmap)."""
    import pylopdf_fonts_zh_cn

    # mapped, not read: of some megabytes a few kilobytes are needed
    with (
        pylopdf_fonts_zh_cn.serif_path().open("rb") as file,
        mmap(file.fileno(), 0, access=ACCESS_READ) as data,
    ):
        table = _table(data, b"cmap")
        for number in range(struct.unpack_from(">H", data, table + 2)[0]):
            subtable = table + struct.unpack_from(">HHI", data, table + 4 + 8 * number)[2]
            if struct.unpack_from(">H", data, subtable)[0] == _FORMAT_12:
                return _groups(data, subtable)
    raise ValueError("the font has no cmap subtable of format 12")


def _table(data: mmap, tag: bytes) -> int:
    for number in range(struct.unpack_from(">H", data, 4)[0]):
        name, _checksum, offset, _length = struct.unpack_from(">4sIII", data, 12 + 16 * number)
        if name == tag:
            return int(offset)
    raise ValueError(f"the font has no table {tag.decode()}")


def _groups(data: mmap, subtable: int) -> tuple[array[int], array[int]]:
    starts, ends = array("I"), array("I")
    count = struct.unpack_from(">I", data, subtable + 12)[0]
    for number in range(count):
        start, end, _glyph = struct.unpack_from(">III", data, subtable + 16 + 12 * number)
        starts.append(start)
        ends.append(end)
    return starts, ends
