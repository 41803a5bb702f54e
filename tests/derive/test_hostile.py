"""Broken, encrypted and hostile files: each gets its reason, and nothing is left of it."""

from __future__ import annotations

import os
import resource
import struct
import time
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest

from portfolio.derive import Derived, Failure, Limits, derive
from portfolio.derive.results import MIB, ReasonCode
from tests.derive.samples import (
    DOCX,
    PPTX,
    XLSX,
    document_xml,
    encoded,
    encrypted_pdf,
    film,
    package_with,
    pdf,
    phone_exif,
    png_header,
    raw_pdf,
    scene,
    slides,
    word,
    workbook,
)

Attempt = Callable[..., Derived | Failure]
TIGHT = Limits(seconds=20, cpu_seconds=15, memory=768 * MIB)
PDF = "application/pdf"
PASSWD = "/etc/passwd"
EXTERNAL = f'<!DOCTYPE w [<!ENTITY x SYSTEM "file://{PASSWD}">]>'
LAUGHS = "<!DOCTYPE w [<!ENTITY a 'ha'>" + "".join(
    f"<!ENTITY {chr(98 + step)} '{f'&{chr(97 + step)};' * 10}'>" for step in range(9)
)


def with_document(xml: bytes) -> bytes:
    return package_with(word("甲"), "word/document.xml", xml)


def locked_entries() -> bytes:
    """A ZIP whose directory says that its entries want a password."""
    file = bytearray(word("甲"))
    at = -1
    while (at := file.find(b"PK\x01\x02", at + 1)) >= 0:
        file[at + 8] |= 1
    return bytes(file)


def bomb(media: str = "word/media/image1.bmp") -> bytes:
    return package_with(word("甲"), media, b"\0" * (24 * MIB))


def lying_bomb() -> bytes:
    """A DOCX that says its document is small, and isn't."""
    honest = bytearray(with_document(document_xml(" " * (24 * MIB))))
    at = -1
    while (at := honest.find(b"PK\x01\x02", at + 1)) >= 0:
        length = struct.unpack_from("<H", honest, at + 28)[0]
        if honest[at + 46 : at + 46 + length] == b"word/document.xml":
            struct.pack_into("<I", honest, at + 24, 1000)
    return bytes(honest)


def encrypted_office() -> bytes:
    """What Word makes of a file with a password: an OLE2 container of one encrypted stream."""
    sector = 512
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + struct.pack("<HHHHH", 62, 3, 0xFFFE, 9, 6)
    header += b"\0" * 10 + struct.pack("<IIIIIIIII", 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0)
    header += b"\xff" * (sector - len(header))
    table = struct.pack("<II", 0xFFFFFFFD, 0xFFFFFFFE) + b"\xff" * (sector - 8)
    entries = b"".join(
        name.encode("utf-16-le").ljust(64, b"\0") + struct.pack("<HB", len(name) * 2 + 2, kind) + b"\0" * 61
        for name, kind in (("Root Entry", 5), ("EncryptedPackage", 2))
    )
    return header + table + entries.ljust(sector, b"\0")


def corrupted_jpeg() -> bytes:
    file = bytearray(encoded(scene(), "JPEG"))
    file[200 : len(file) // 2] = os.urandom(len(file) // 2 - 200)
    return bytes(file)


def many_entries() -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(50_000):
            archive.writestr(f"word/{number}.xml", "")
    return out.getvalue()


HOSTILE: dict[str, tuple[Callable[[], bytes], str, ReasonCode]] = {
    "encrypted pdf": (encrypted_pdf, PDF, "encrypted"),
    "truncated pdf": (lambda: pdf("学校")[:4000], PDF, "unreadable"),
    "html named pdf": (lambda: b"<!DOCTYPE html><script>alert(1)</script>", PDF, "unreadable"),
    "pdf of nothing": (lambda: b"", PDF, "unreadable"),
    "pdf without pages": (lambda: raw_pdf(b"", kids=b"", count=0), PDF, "unreadable"),
    "pdf whose pages contain themselves": (
        lambda: raw_pdf(b"", kids=b"2 0 R", count=1), PDF, "unreadable",
    ),
    "pdf of four thousand pages": (
        lambda: raw_pdf(b"", kids=b"3 0 R " * 4000, count=4000), PDF, "too_many_pages",
    ),
    "docx that expands a thousandfold": (bomb, DOCX, "expands_too_much"),
    "docx whose text expands a thousandfold": (
        lambda: with_document(document_xml(" " * (24 * MIB))), DOCX, "expands_too_much",
    ),
    "docx that lies about its size": (lying_bomb, DOCX, "unreadable"),
    "docx with an external entity": (
        lambda: with_document(document_xml("<w:p><w:r><w:t>&x;</w:t></w:r></w:p>", declaration=EXTERNAL)),
        DOCX,
        "unreadable",
    ),
    "docx with a billion laughs": (
        lambda: with_document(document_xml("<w:p><w:r><w:t>&j;</w:t></w:r></w:p>", declaration=LAUGHS + "]>")),
        DOCX,
        "unreadable",
    ),
    "docx with a declaration in another encoding": (
        lambda: with_document(
            document_xml("", declaration=EXTERNAL).decode().replace("UTF-8", "UTF-16").encode("utf-16")
        ),
        DOCX,
        "unreadable",
    ),
    "xlsx with an external entity": (
        lambda: package_with(workbook(表=[[1]]), "xl/sharedStrings.xml", (EXTERNAL + "<sst>&x;</sst>").encode()),
        XLSX,
        "unreadable",
    ),
    "pptx with an external entity": (
        lambda: package_with(
            slides(("甲", "乙")), "ppt/slides/slide1.xml", (EXTERNAL + "<a>&x;</a>").encode()
        ),
        PPTX,
        "unreadable",
    ),
    "docx with a password": (encrypted_office, DOCX, "encrypted"),
    "docx of locked entries": (locked_entries, DOCX, "encrypted"),
    "docx cut short": (lambda: word("甲")[:-300], DOCX, "unreadable"),
    "docx without a document": (
        lambda: package_with(word("甲"), "_rels/.rels", b"<Relationships/>"), DOCX, "unreadable",
    ),
    "docx of broken xml": (lambda: with_document(b"<w:document>"), DOCX, "unreadable"),
    "docx of fifty thousand entries": (many_entries, DOCX, "unreadable"),
    "xlsx that is a docx": (lambda: word("甲"), XLSX, "unreadable"),
    "png of 30,000 by 30,000": (lambda: png_header(30_000, 30_000), "image/png", "too_many_pixels"),
    "png a little too large": (lambda: png_header(12_000, 11_000), "image/png", "too_many_pixels"),
    "png of a fraction of its points": (lambda: png_header(4000, 4000), "image/png", "unreadable"),
    "corrupted jpeg": (corrupted_jpeg, "image/jpeg", "unreadable"),
    "jpeg cut short": (lambda: encoded(scene(), "JPEG")[:5000], "image/jpeg", "unreadable"),
    "heic cut short": (lambda: film(1, 1), "image/heic", "unreadable"),
    "gif named jpeg": (lambda: encoded(scene(), "GIF"), "image/jpeg", "unreadable"),
    "gif cut short": (lambda: encoded(scene(), "GIF")[:3000], "image/gif", "unreadable"),
    "text that is none": (lambda: b"\xff\xff\x80\x00" * 50, "text/plain", "unreadable"),
    "a type without a reader": (lambda: b"PK\x05\x06" + b"\0" * 18, "application/zip", "unsupported"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "media_type", "reason"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_file_gets_its_reason_and_leaves_nothing_behind(
    attempt: Attempt,
    tmp_path: Path,
    content: Callable[[], bytes],
    media_type: str,
    reason: ReasonCode,
) -> None:
    file = content()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.monotonic()
    result = attempt(file, media_type, limits=TIGHT)
    assert isinstance(result, Failure), result
    assert result.reason_code == reason, result
    assert "root:" not in result.detail
    assert time.monotonic() - begun < TIGHT.seconds
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16 * 1024  # KB
    assert [path.name for path in tmp_path.iterdir()] == ["stored"]


def test_a_pdf_that_takes_for_ever_is_stopped(attempt: Attempt, tmp_path: Path) -> None:
    endless = raw_pdf(b"0 0 m 595 842 l 300 900 10 10 5 800 c b* " * 2_000_000)
    begun = time.monotonic()
    result = attempt(endless, PDF, limits=Limits(seconds=2))
    assert result == Failure("timed_out", "2 s")
    assert time.monotonic() - begun < 4
    assert [path.name for path in tmp_path.iterdir()] == ["stored"]


def test_a_pdf_that_burns_its_processor_time_is_stopped_too(attempt: Attempt) -> None:
    endless = raw_pdf(b"0 0 m 595 842 l 300 900 10 10 5 800 c b* " * 2_000_000)
    result = attempt(endless, PDF, limits=Limits(seconds=30, cpu_seconds=1))
    assert isinstance(result, Failure)
    assert result.reason_code == "timed_out"


def test_a_picture_that_wants_more_memory_than_there_is_fails_alone(attempt: Attempt) -> None:
    large = encoded(scene(6000, 5000), "PNG", compress_level=1)
    result = attempt(large, "image/png", limits=Limits(memory=160 * MIB))
    assert isinstance(result, Failure)
    assert result.reason_code == "out_of_memory", result


def test_a_file_that_would_fill_the_disk_is_stopped(attempt: Attempt, tmp_path: Path) -> None:
    result = attempt(encoded(scene(2000, 1500), "PNG"), "image/png", limits=Limits(file_bytes=10_000))
    assert isinstance(result, Failure)
    assert result.reason_code == "expands_too_much"
    assert [path.name for path in tmp_path.iterdir()] == ["stored"]


def test_a_picture_at_the_limit_of_its_points_is_taken(attempt: Attempt) -> None:
    file = encoded(scene(400, 300), "PNG")
    assert isinstance(attempt(file, "image/png", limits=Limits(pixels=120_000)), Derived)
    refused = attempt(file, "image/png", limits=Limits(pixels=119_999))
    assert isinstance(refused, Failure)
    assert refused.reason_code == "too_many_pixels"


def test_a_later_page_of_a_tiff_is_measured_as_well(attempt: Attempt) -> None:
    file = encoded(
        scene(30, 20), "TIFF", save_all=True, append_images=[scene(400, 300)], exif=phone_exif()
    )  # fmt: skip
    result = attempt(file, "image/tiff", limits=Limits(pixels=119_999))
    assert isinstance(result, Failure)
    assert result.reason_code == "too_many_pixels"


def test_a_failed_file_can_be_tried_again(tmp_path: Path) -> None:
    source, out = tmp_path / "stored", tmp_path / "out"
    source.write_bytes(pdf("学校管理"))
    assert isinstance(derive(source, PDF, out, Limits(pages=0)), Failure)
    again = derive(source, PDF, out, Limits())
    assert isinstance(again, Derived)
    assert "学校管理" in again.pages[0].text
