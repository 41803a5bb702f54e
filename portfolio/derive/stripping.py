"""Picture files without what tells place, device, time or author: bytes in, bytes out, no point touched.

What is kept is named, so that whatever else a maker invents is left out too, as is all behind the end.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from typing import Any


class Malformed(ValueError):
    """The file does not keep to its format."""


def _exif(orientation: int) -> bytes:
    """TIFF structure with the tag Orientation alone (Exif 2.32, 4.5 and 4.6.4)."""
    header, folder = b"MM\0*" + struct.pack(">I", 8), struct.pack(">HHHIHH", 1, 0x0112, 3, 1, orientation, 0)
    return header + folder + struct.pack(">I", 0)


def _is_turned(orientation: int) -> bool:
    return 2 <= orientation <= 8


# --- JPEG (ITU-T T.81, annex B) ---

_JPEG_START, _JPEG_END, _JPEG_SCAN, _JPEG_COMMENT = 0xD8, 0xD9, 0xDA, 0xFE
_APP0, _APP1, _APP2, _APP14, _APP15 = 0xE0, 0xE1, 0xE2, 0xEE, 0xEF
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_BEHIND_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # in a scan, FF is followed by 00 or a restart marker
_JFIF, _ICC, _ADOBE = b"JFIF\0", b"ICC_PROFILE\0", b"Adobe"
_JFIF_SIZE = 14  # bytes without its preview


def bare_jpeg(data: bytes, orientation: int) -> bytes:
    """The JPEG with its tables and scans as they are; of its EXIF the orientation alone. Raises Malformed."""
    if data[:2] != b"\xff\xd8":
        raise Malformed("no JPEG")
    kept = [data[:2]]
    mark = _segment(_APP1, b"Exif\0\0" + _exif(orientation)) if _is_turned(orientation) else b""
    for marker, segment in _jpeg_segments(data):
        if marker != _APP0 and mark:  # JFIF wants to be first
            kept.append(mark)
            mark = b""
        kept.append(_kept_of_jpeg(marker, segment))
    return b"".join(kept)


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and bytes of each segment behind the start, a scan with its data; nothing behind the end."""
    at = 2
    while at < len(data):
        if data[at] != 0xFF:
            raise Malformed(f"no marker at {at}")
        if data[at + 1 : at + 2] == b"\xff":  # fill byte
            at += 1
            continue
        if at + 1 >= len(data):
            return
        marker = data[at + 1]
        end = at + 2 if marker in _STANDALONE or marker == _JPEG_END else _segment_end(data, at)
        if marker == _JPEG_SCAN:
            following = _BEHIND_SCAN.search(data, end)
            end = following.start() if following else len(data)
        yield marker, data[at:end]
        if marker == _JPEG_END:
            return
        at = end


def _segment_end(data: bytes, at: int) -> int:
    length = int.from_bytes(data[at + 2 : at + 4], "big")
    if length < 2 or at + 2 + length > len(data):
        raise Malformed(f"a segment at {at} runs over the end")
    return at + 2 + length


def _kept_of_jpeg(marker: int, segment: bytes) -> bytes:
    content = segment[4:]
    if marker == _APP0:
        return _without_preview(content) if content.startswith(_JFIF) else b""
    if (marker == _APP2 and content.startswith(_ICC)) or (marker == _APP14 and content.startswith(_ADOBE)):
        return segment  # what its colours mean
    if _APP0 <= marker <= _APP15 or marker == _JPEG_COMMENT:
        return b""
    return segment


def _without_preview(jfif: bytes) -> bytes:
    if len(jfif) < _JFIF_SIZE:
        raise Malformed("JFIF header cut short")
    return _segment(_APP0, jfif[: _JFIF_SIZE - 2] + b"\0\0")


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


# --- PNG (ISO/IEC 15948) ---

_PNG_START = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset((
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP",
    b"mDCV", b"cLLI", b"bKGD", b"pHYs", b"acTL", b"fcTL", b"fdAT",
))  # fmt: skip


def bare_png(data: bytes, orientation: int) -> bytes:
    """The PNG with the chunks that draw it, and its orientation. Raises Malformed."""
    if not data.startswith(_PNG_START):
        raise Malformed("no PNG")
    kept = [_PNG_START]
    at = len(_PNG_START)
    while at < len(data):
        length, kind = _unpacked(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise Malformed(f"chunk {kind!r} runs over the end")
        if kind in _PNG_KEPT:
            kept.append(data[at:end])
        if kind == b"IHDR" and _is_turned(orientation):
            kept.append(_png_chunk(b"eXIf", _exif(orientation)))
        if kind == b"IEND":
            return b"".join(kept)
        at = end
    raise Malformed("no end")


def _png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


# --- WebP (RFC 9649) ---

_WEBP_KEPT = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
_WEBP_HAS_XMP, _WEBP_HAS_EXIF = 0x04, 0x08


def bare_webp(data: bytes, orientation: int) -> bytes:
    """The WebP with the chunks that draw it, and its orientation. Raises Malformed."""
    start, size, form = _unpacked("<4sI4s", data, 0)
    if start != b"RIFF" or form != b"WEBP":
        raise Malformed("no WebP")
    kept: list[bytes] = []
    at, end = 12, min(8 + size, len(data))
    while at + 8 <= end:
        kind, length = _unpacked("<4sI", data, at)
        content = data[at + 8 : at + 8 + length]
        if len(content) < length:
            raise Malformed(f"chunk {kind!r} runs over the end")
        if kind == b"VP8X":
            content = _webp_flags(content, orientation)
        if kind in _WEBP_KEPT:
            kept.append(_webp_chunk(kind, content))
        at += 8 + length + length % 2
    # Only the extended format, which begins with its flags, has room for it.
    if _is_turned(orientation) and kept and kept[0].startswith(b"VP8X"):
        kept.append(_webp_chunk(b"EXIF", _exif(orientation)))
    chunks = b"".join(kept)
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks


def _webp_flags(content: bytes, orientation: int) -> bytes:
    if not content:
        raise Malformed("no flags")
    flags = content[0] & ~(_WEBP_HAS_XMP | _WEBP_HAS_EXIF)
    return bytes([flags | (_WEBP_HAS_EXIF if _is_turned(orientation) else 0)]) + content[1:]


def _webp_chunk(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


# --- GIF (version 89a) ---

_GIF_IMAGE, _GIF_EXTENSION, _GIF_END = 0x2C, 0x21, 0x3B
_GIF_CONTROL, _GIF_APPLICATION = 0xF9, 0xFF
_GIF_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")


def bare_gif(data: bytes) -> bytes:
    """The GIF with its images, their timing and repetition; the format knows no orientation. Raises Malformed."""
    if data[:6] not in (b"GIF87a", b"GIF89a") or len(data) < 13:
        raise Malformed("no GIF")
    at = 13 + _colours(data[10])
    kept = [data[:at]]
    while at < len(data) and data[at] != _GIF_END:
        if data[at] == _GIF_IMAGE:
            end = _sub_blocks_end(data, at + 11 + _colours(_byte(data, at + 9)))
            kept.append(data[at:end])
        elif data[at] == _GIF_EXTENSION:
            end = _sub_blocks_end(data, at + 2)
            if _is_kept_extension(data[at:end]):
                kept.append(data[at:end])
        else:
            raise Malformed(f"no block at {at}")
        at = end
    return b"".join(kept) + bytes([_GIF_END])


def _is_kept_extension(block: bytes) -> bool:
    return block[1] == _GIF_CONTROL or (block[1] == _GIF_APPLICATION and block[3:14] in _GIF_LOOPS)


def _colours(flags: int) -> int:
    """Bytes of the colour table that the flags announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _sub_blocks_end(data: bytes, at: int) -> int:
    while length := _byte(data, at):
        at += 1 + length
    return at + 1


def _byte(data: bytes, at: int) -> int:
    if at >= len(data):
        raise Malformed("cut short")
    return data[at]


def _unpacked(layout: str, data: bytes, at: int) -> tuple[Any, ...]:
    try:
        return struct.unpack_from(layout, data, at)
    except struct.error as error:
        raise Malformed("cut short") from error
