"""Duration of MP4, MOV, M4A and 3GP: nested boxes of which two are opened (ISO/IEC 14496-12)."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from decimal import Decimal
from typing import BinaryIO

_MOST_BOXES = 10_000
_TO_THE_END, _LARGE = 0, 1  # sizes with a meaning of their own
_UNKNOWN = (0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF)


def duration(file: BinaryIO) -> Decimal | None:
    """Seconds by moov/mvhd, or by mehd where the film is in fragments. Raises struct.error where it is cut."""
    for kind, start, end in _boxes(file, 0, size_of(file)):
        if kind == b"moov":
            return _of_movie(file, start, end)
    return None


def _of_movie(file: BinaryIO, start: int, end: int) -> Decimal | None:
    scale, units = 0, 0
    for kind, inner, inner_end in _boxes(file, start, end):
        if kind == b"mvhd":
            scale, units = _header(file, inner)
        if kind == b"mvex" and not units:
            units = _fragments(file, inner, inner_end)
    return Decimal(units) / scale if scale and units and units not in _UNKNOWN else None


def _header(file: BinaryIO, at: int) -> tuple[int, int]:
    """Units a second, and units, of a mvhd box."""
    file.seek(at)
    content = file.read(32)
    layout = ">20xIQ" if content[0] == 1 else ">12xII"
    scale, units = struct.unpack_from(layout, content)
    return scale, units


def _fragments(file: BinaryIO, start: int, end: int) -> int:
    for kind, inner, _ in _boxes(file, start, end):
        if kind == b"mehd":
            file.seek(inner)
            content = file.read(12)
            (units,) = struct.unpack_from(">4xQ" if content[0] == 1 else ">4xI", content)
            return int(units)
    return 0


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, first byte and end of the content of each box."""
    for _ in range(_MOST_BOXES):
        if start + 8 > end:
            return
        file.seek(start)
        size, kind = struct.unpack(">I4s", file.read(8))
        inner = start + 8
        if size == _LARGE:
            (size,) = struct.unpack(">Q", file.read(8))
            inner += 8
        if size == _TO_THE_END:
            size = end - start
        if size < inner - start:
            return
        yield kind, inner, min(start + size, end)
        start += size


def size_of(file: BinaryIO) -> int:
    """Bytes of an open file."""
    return os.fstat(file.fileno()).st_size
