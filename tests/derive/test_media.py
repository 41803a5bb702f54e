"""How long a recording lasts is read from its header, where that tells."""

from __future__ import annotations

import struct
from collections.abc import Callable
from decimal import Decimal

import pytest

from portfolio.derive import Derived
from tests.derive.samples import box, film, sound

Made = Callable[..., Derived]
MP3_FRAME = bytes([0xFF, 0xFB, 0x90, 0x00])  # MPEG 1 layer III, 128 kbit/s, 44,100 Hz, stereo: 417 bytes


def mp3(frames: int, *, info: bytes = b"", info_at: int = 36) -> bytes:
    plain_frame = MP3_FRAME + b"\0" * 413
    first = bytearray(plain_frame)
    first[info_at : info_at + len(info)] = info
    return bytes(first) + plain_frame * (frames - 1)


def id3(size: int) -> bytes:
    return b"ID3\x04\0\0" + bytes([0, 0, size >> 7, size & 0x7F]) + b"\xff\xfb" * (size // 2)


def ogg_page(position: int, content: bytes) -> bytes:
    return b"OggS\0\0" + struct.pack("<qIII", position, 1, 0, 0) + b"\x01" + bytes([len(content)]) + content


def ebml(number: int, content: bytes) -> bytes:
    head = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return head + struct.pack(">Q", len(content) | 1 << 56) + content


def webm(*info: bytes) -> bytes:
    segment = ebml(0x114D9B74, b"\0" * 9) + ebml(0x1549A966, b"".join(info)) + ebml(0x1F43B675, b"\0" * 50)
    return ebml(0x1A45DFA3, ebml(0x4282, b"webm")) + ebml(0x18538067, segment)


def flac(samples: int, rate: int) -> bytes:
    packed = rate << 44 | 1 << 41 | 15 << 36 | samples
    return b"fLaC\0\0\0\x22" + b"\0" * 10 + struct.pack(">Q", packed) + b"\0" * 16


def avi(frames: int, microseconds: int) -> bytes:
    header = b"avih" + struct.pack("<IIIIII", 56, microseconds, 0, 0, 0, frames) + b"\0" * 36
    return b"RIFF\0\0\0\0AVI LIST\0\0\0\0hdrl" + header


FILES = {
    "wav": (sound(2.5), "audio/wav", "2.500"),
    "wav that was never told to stop": (
        sound(2)[:40] + b"\xff\xff\xff\xff" + b"\0" * 32_000, "audio/wav", "2.000",
    ),
    "mp3 of one bit rate": (mp3(100), "audio/mpeg", "2.606"),
    "mp3 with tags on both ends": (id3(300) + mp3(100) + b"TAG" + b"\0" * 125, "audio/mpeg", "2.606"),
    "mp3 of changing bit rate": (
        mp3(4, info=b"Xing" + struct.pack(">II", 1, 3828)), "audio/mpeg", "99.997",
    ),
    "mp3 by Fraunhofer": (
        mp3(4, info=b"VBRI" + b"\0" * 10 + struct.pack(">I", 3828)), "audio/mpeg", "99.997",
    ),
    "mp4": (film(90_500, 1000), "video/mp4", "90.500"),
    "mp4 whose index comes last, of 64 bits": (
        film(90_500, 1000, version=1, moov_first=False), "video/mp4", "90.500",
    ),
    "mp4 in fragments": (
        box(b"ftyp", b"isom\0\0\0\0")
        + box(
            b"moov",
            box(b"mvhd", b"\0" * 12 + struct.pack(">II", 1000, 0) + b"\0" * 80)
            + box(b"mvex", box(b"mehd", b"\0\0\0\0" + struct.pack(">I", 4000))),
        ),
        "video/mp4",
        "4.000",
    ),
    "mov": (film(600, 600), "video/quicktime", "1.000"),
    "m4a": (film(44_100 * 3, 44_100), "audio/mp4", "3.000"),
    "opus": (
        ogg_page(0, b"OpusHead\x01\x01" + struct.pack("<H", 312)) + ogg_page(48_312, b"x"), "audio/ogg", "1.000",
    ),
    "vorbis": (
        ogg_page(0, b"\x01vorbis\0\0\0\0\x01" + struct.pack("<I", 22_050)) + ogg_page(44_100, b"x"),
        "audio/ogg",
        "2.000",
    ),
    "flac": (flac(96_000, 48_000), "audio/flac", "2.000"),
    "avi": (avi(250, 40_000), "video/x-msvideo", "10.000"),
    "webm": (
        webm(ebml(0x2AD7B1, b"\x0f\x42\x40"), ebml(0x4489, struct.pack(">d", 12_345.0))), "video/webm", "12.345",
    ),
    "matroska with a short number": (
        webm(ebml(0x4489, struct.pack(">f", 500.0))), "video/x-matroska", "0.500",
    ),
}  # fmt: skip
SILENT = {
    "wav of nothing": (b"RIFF\0\0\0\0WAVE", "audio/wav"),
    "wav without a rate": (sound(1).replace(struct.pack("<II", 8000, 16000), b"\0" * 8), "audio/wav"),
    "mp3 of noise": (bytes(range(256)) * 20, "audio/mpeg"),
    "mp4 cut before its index": (film(90, 1, moov_first=False)[:3000], "video/mp4"),
    "mp4 cut inside its index": (film(90, 1)[:40], "video/mp4"),
    "mp4 of boxes without end": (box(b"ftyp", b"") + struct.pack(">I4s", 1, b"moov"), "video/mp4"),
    "mp4 that lasts for ever": (film(0xFFFFFFFF, 1), "video/mp4"),
    "mp4 without a scale": (film(90, 0), "video/mp4"),
    "webm of a live recorder": (webm(), "video/webm"),
    "webm of numbers that are none": (webm(ebml(0x4489, struct.pack(">d", float("nan")))), "video/webm"),
    "webm cut short": (webm()[:5], "video/webm"),
    "ogg of nothing": (b"OggS", "audio/ogg"),
    "flac cut short": (b"fLaC\0", "audio/flac"),
    "avi cut short": (avi(1, 1)[:40], "video/x-msvideo"),
    "amr, whose header has none": (b"#!AMR\n" + b"\0" * 100, "audio/amr"),
}


@pytest.mark.parametrize(("content", "media_type", "seconds"), FILES.values(), ids=FILES.keys())
def test_a_header_tells_the_duration(made: Made, content: bytes, media_type: str, seconds: str) -> None:
    assert made(content, media_type) == Derived(duration_seconds=Decimal(seconds))


@pytest.mark.parametrize(("content", "media_type"), SILENT.values(), ids=SILENT.keys())
def test_a_header_that_does_not_is_no_failure(made: Made, content: bytes, media_type: str) -> None:
    assert made(content, media_type) == Derived()
