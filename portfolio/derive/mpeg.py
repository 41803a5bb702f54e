"""Duration of MP3: by the frame count of a Xing, Info or VBRI header, else by size and bit rate."""

from __future__ import annotations

import struct
from decimal import Decimal
from typing import BinaryIO, NamedTuple

from portfolio.derive.boxes import size_of

_SEARCHED = 64 * 1024  # bytes behind the tag in which the first frame must begin
_ID3_V1 = 128  # bytes at the end
_HAS_FRAME_COUNT = 0x1
_VBRI_AT = 36  # bytes from the frame's start
_RATES = (44_100, 48_000, 32_000)  # of MPEG 1; halved for 2, quartered for 2.5
_KILOBITS_1 = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)  # layer III
_KILOBITS_2 = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)


class _Frame(NamedTuple):
    rate: int  # samples a second
    samples: int
    bits: int  # a second
    length: int  # bytes
    info_at: int  # where a Xing header would be, from the frame's start


def duration(file: BinaryIO) -> Decimal | None:
    """Seconds of layer III sound. Raises struct.error where it is cut short."""
    start = _tag_size(file.read(10))
    file.seek(start)
    head = file.read(_SEARCHED)
    found = _first_frame(head)
    if found is None:
        return None
    at, frame = found
    count = _frame_count(head[at:], frame)
    if count:
        return Decimal(count) * frame.samples / frame.rate
    return Decimal(_sound_bytes(file, start + at)) * 8 / frame.bits


def _tag_size(head: bytes) -> int:
    """Bytes of an ID3v2 tag, whose length has seven bits a byte (ID3v2.4, 3.1)."""
    if len(head) < 10 or not head.startswith(b"ID3"):
        return 0
    length = 0
    for byte in head[6:10]:
        length = length << 7 | byte & 0x7F
    return 10 + length


def _first_frame(head: bytes) -> tuple[int, _Frame] | None:
    """The first frame that another one, or the end, follows: single headers also come about by chance."""
    at = head.find(b"\xff")
    while 0 <= at <= len(head) - 4:
        frame = _frame(head[at : at + 4])
        if frame is not None:
            following = head[at + frame.length : at + frame.length + 4]
            if len(following) < 4 or _frame(following) is not None:
                return at, frame
        at = head.find(b"\xff", at + 1)
    return None


def _frame(header: bytes) -> _Frame | None:
    """A frame by its four bytes (ISO/IEC 11172-3, 2.4.1.3), if they are a header of layer III."""
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    bit_rate, rate, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if header[0] != 0xFF or header[1] & 0xE0 != 0xE0 or version == 1 or layer != 1:
        return None
    if not 0 < bit_rate < 15 or rate == 3:
        return None
    is_first, is_mono = version == 3, header[3] >> 6 == 3
    samples = 1152 if is_first else 576
    bits = (_KILOBITS_1 if is_first else _KILOBITS_2)[bit_rate - 1] * 1000
    hertz = _RATES[rate] // {3: 1, 2: 2, 0: 4}[version]
    side_information = {(True, False): 32, (False, True): 9}.get((is_first, is_mono), 17)
    return _Frame(hertz, samples, bits, samples // 8 * bits // hertz + padding, 4 + side_information)


def _frame_count(frame_bytes: bytes, frame: _Frame) -> int:
    """Frames by the header that an encoder hid in the first frame; 0 if there is none."""
    if frame_bytes[frame.info_at : frame.info_at + 4] in (b"Xing", b"Info"):
        flags, count = struct.unpack_from(">II", frame_bytes, frame.info_at + 4)
        return int(count) if flags & _HAS_FRAME_COUNT else 0
    if frame_bytes[_VBRI_AT : _VBRI_AT + 4] == b"VBRI":
        (count,) = struct.unpack_from(">I", frame_bytes, _VBRI_AT + 14)
        return int(count)
    return 0


def _sound_bytes(file: BinaryIO, start: int) -> int:
    size = size_of(file)
    file.seek(max(size - _ID3_V1, 0))
    return size - start - (_ID3_V1 if file.read(3) == b"TAG" else 0)
