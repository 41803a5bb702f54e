"""Duration of Matroska and WebM: Segment/Info/Duration in units of TimestampScale (RFC 9559)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from decimal import Decimal
from typing import BinaryIO

from portfolio.derive.boxes import size_of

_SEGMENT, _INFO, _CLUSTER = 0x18538067, 0x1549A966, 0x1F43B675
_SCALE, _DURATION = 0x2AD7B1, 0x4489
_NANOSECONDS = 1_000_000_000
_USUAL_SCALE = 1_000_000  # nanoseconds
_MOST_ELEMENTS = 1000
_LONGEST_NUMBER = 8  # bytes


def duration(file: BinaryIO) -> Decimal | None:
    """Seconds; None where the recorder wrote no duration. Raises struct.error where it is cut short."""
    for segment, start, end in _elements(file, 0, size_of(file)):
        if segment == _SEGMENT:
            for kind, inner, inner_end in _elements(file, start, end):
                if kind == _INFO:
                    return _of_info(file, inner, inner_end)
                if kind == _CLUSTER:  # sound and film begin
                    return None
    return None


def _of_info(file: BinaryIO, start: int, end: int) -> Decimal | None:
    scale, units = _USUAL_SCALE, None
    for kind, inner, inner_end in _elements(file, start, end):
        file.seek(inner)
        if kind == _SCALE:
            scale = int.from_bytes(file.read(min(inner_end - inner, _LONGEST_NUMBER)), "big")
        if kind == _DURATION:
            layout = ">f" if inner_end - inner == 4 else ">d"
            (units,) = struct.unpack_from(layout, file.read(_LONGEST_NUMBER))
    return None if units is None else Decimal(units) * scale / _NANOSECONDS


def _elements(file: BinaryIO, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Id, first byte and end of the content of each element."""
    for _ in range(_MOST_ELEMENTS):
        if start + 2 > end:
            return
        file.seek(start)
        head = file.read(12)
        id_length = _length(head[0])
        if id_length > 4:
            return
        size_length = _length(head[id_length])
        raw = head[id_length : id_length + size_length]
        ones = (1 << 7 * size_length) - 1
        size = int.from_bytes(raw, "big") & ones
        inner = start + id_length + size_length
        inner_end = end if size == ones else min(inner + size, end)  # all ones: of unknown size
        yield int.from_bytes(head[:id_length], "big"), inner, inner_end
        start = inner_end


def _length(first: int) -> int:
    """Bytes of a number by the zeros its first byte begins with (RFC 8794, 4)."""
    return 9 - first.bit_length()
