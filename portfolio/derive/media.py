"""How long a recording lasts, from its headers alone; nothing is decoded."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import BinaryIO

from portfolio.derive import boxes, matroska, mpeg
from portfolio.derive.results import Derived, Job

_LONGEST = 10 * 24 * 3600  # seconds; more is a broken header
_MILLISECOND = Decimal("0.001")
_TAIL = 64 * 1024  # bytes; an Ogg page is at most 65,307
_UNKNOWN_SIZE = (0, 0xFFFFFFFF)  # what recorders leave that were never told to stop
_OPUS_RATE = 48_000  # RFC 7845, 4


def read(job: Job) -> Derived:
    """The duration where the header gives it; a file without one is no failure."""
    measure = _MEASURES.get(job.media_type)
    if measure is None or job.pages is not None:
        return Derived()
    with job.source.open("rb") as file:
        try:
            seconds = measure(file)
        except (struct.error, IndexError, ZeroDivisionError, InvalidOperation):
            seconds = None  # cut short, or rates of nothing
    return Derived(duration_seconds=_plausible(seconds))


def _plausible(seconds: Decimal | None) -> Decimal | None:
    if seconds is None or not seconds.is_finite() or not 0 < seconds <= _LONGEST:
        return None
    return seconds.quantize(_MILLISECOND)


def _wav(file: BinaryIO) -> Decimal | None:
    """Bytes of sound by bytes a second (RIFF, WAVEFORMAT)."""
    rate, at, size = 0, 12, boxes.size_of(file)
    while at + 8 <= size:
        file.seek(at)
        kind, length = struct.unpack("<4sI", file.read(8))
        if kind == b"fmt ":
            (rate,) = struct.unpack_from("<I", file.read(16), 8)
        if kind == b"data":
            there = size - at - 8
            return Decimal(there if length in _UNKNOWN_SIZE else min(length, there)) / rate
        at += 8 + length + length % 2
    return None


def _avi(file: BinaryIO) -> Decimal | None:
    """Frames by microseconds a frame, of the main header (AVIMAINHEADER)."""
    head = file.read(4096)
    at = head.find(b"avih")
    if at < 0:
        return None
    microseconds, frames = struct.unpack_from("<I12xI", head, at + 8)
    return Decimal(int(microseconds)) * int(frames) / 1_000_000


def _flac(file: BinaryIO) -> Decimal | None:
    """Samples by sampling rate, of STREAMINFO (RFC 9639, 8.2)."""
    head = file.read(26)
    if head[:4] != b"fLaC":
        return None
    (packed,) = struct.unpack_from(">Q", head, 18)  # 20 bits rate, 3 channels, 5 depth, 36 samples
    return Decimal(int(packed) & 0xFFFFFFFFF) / (int(packed) >> 44)


def _ogg(file: BinaryIO) -> Decimal | None:
    """The last page's position by the sampling rate (RFC 3533; Vorbis I, 4.2.2; RFC 7845)."""
    head = file.read(4096)
    file.seek(max(boxes.size_of(file) - _TAIL, 0), os.SEEK_SET)
    tail = file.read()
    last = tail.rfind(b"OggS")
    if last < 0:
        return None
    (position,) = struct.unpack_from("<q", tail, last + 6)
    if (at := head.find(b"OpusHead")) >= 0:
        (skipped,) = struct.unpack_from("<H", head, at + 10)
        return Decimal(int(position) - int(skipped)) / _OPUS_RATE
    if (at := head.find(b"\x01vorbis")) >= 0:
        (rate,) = struct.unpack_from("<I", head, at + 12)
        return Decimal(int(position)) / int(rate)
    return None


_MEASURES: dict[str, Callable[[BinaryIO], Decimal | None]] = {
    "audio/mpeg": mpeg.duration,
    "audio/mp4": boxes.duration,
    "audio/wav": _wav,
    "audio/ogg": _ogg,
    "audio/flac": _flac,
    "video/mp4": boxes.duration,
    "video/quicktime": boxes.duration,
    "video/3gpp": boxes.duration,
    "video/x-msvideo": _avi,
    "video/x-matroska": matroska.duration,
    "video/webm": matroska.duration,
}
