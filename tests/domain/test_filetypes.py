"""The type of a file is found from real bytes, never from its name."""

from __future__ import annotations

import io
import struct
import wave
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import docx
import pytest
import xlsxwriter  # type: ignore[import-untyped]
from PIL import Image

from portfolio import filetypes
from portfolio.containers import COMPOUND_MAGIC
from portfolio.detection import TypeRefused, detect
from portfolio.filetypes import PUBLISHED, accept_attribute, inline_safe

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\nstartxref\n0\n%%EOF\n"
ACTIVE_PAGE = b"<!DOCTYPE html><script>alert(1)</script>"


def docx_bytes() -> bytes:
    document, out = docx.Document(), io.BytesIO()
    document.add_paragraph("会议记录")
    document.save(out)
    return out.getvalue()


def xlsx_bytes() -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        book.add_worksheet().write(0, 0, "数据")
    return out.getvalue()


def picture(kind: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, kind)
    return out.getvalue()


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "content")
    return out.getvalue()


def wav_bytes() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\0\0" * 100)
    return out.getvalue()


def compound(*streams: str, filling: int = 0) -> bytes:
    """A compound file with empty streams of these names, its directory behind `filling` free sectors.

    Enough filling pushes the directory out of the 109 tables the header can address.
    """
    names = ["Root Entry", *streams]
    directory = b"".join(_directory_entry(name, 5 if name == "Root Entry" else 2) for name in names)
    directory += b"\0" * (-len(directory) % 512)
    length = len(directory) // 512
    chain = [*range(filling + 1, filling + length), 0xFFFFFFFE]
    content_sectors = filling + length
    tables = -(-content_sectors // 128) + 1  # one more than needed: tables and links need entries as well
    while content_sectors + tables + _links(tables) > tables * 128:
        tables += 1
    links, first_table = _links(tables), content_sectors
    numbers = [0xFFFFFFFF] * filling + chain + [0xFFFFFFFD] * tables + [0xFFFFFFFC] * links
    numbers += [0xFFFFFFFF] * (tables * 128 - len(numbers))
    addresses = [first_table + number for number in range(tables)]
    header = COMPOUND_MAGIC + b"\0" * 16 + struct.pack("<5H", 0x3E, 3, 0xFFFE, 9, 6)
    header += b"\0" * 10 + struct.pack("<5I", tables, filling, 0, 4096, 0xFFFFFFFE) + struct.pack("<I", 0)
    first_link = first_table + tables if links else 0xFFFFFFFE
    header += struct.pack("<2I", first_link, links) + _padded(addresses[:109], 109)
    further = b"".join(
        _padded(addresses[109 + 127 * link : 109 + 127 * (link + 1)], 127)
        + struct.pack("<I", first_link + link + 1 if link + 1 < links else 0xFFFFFFFE)
        for link in range(links)
    )
    return header + b"\0" * (512 * filling) + directory + struct.pack(f"<{len(numbers)}I", *numbers) + further


def _links(tables: int) -> int:
    return -(-max(0, tables - 109) // 127)


def _padded(numbers: Sequence[int], length: int) -> bytes:
    return struct.pack(f"<{length}I", *numbers, *[0xFFFFFFFF] * (length - len(numbers)))


def _directory_entry(name: str, kind: int) -> bytes:
    encoded = name.encode("utf-16-le")
    nothing = 0xFFFFFFFF
    return (
        encoded.ljust(64, b"\0")
        + struct.pack("<HBB3I", len(encoded) + 2, kind, 1, nothing, nothing, nothing)
        + b"\0" * 48
    )


def ftyp(major: bytes, *compatible: bytes) -> bytes:
    brands = major + b"\0\0\0\0" + b"".join(compatible)
    return struct.pack(">I", 8 + len(brands)) + b"ftyp" + brands + b"\0\0\0\x08free"


def matroska(kind: bytes) -> bytes:
    body = b"\x42\x86\x81\x01\x42\x82" + bytes([0x80 + len(kind)]) + kind
    return b"\x1aE\xdf\xa3" + bytes([0x80 + len(body)]) + body + b"\x18S\x80g"


ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + b"\0" * 14
ASF_VIDEO = bytes.fromhex("c0ef19bc4d5bcf11a8fd00805f5c442b")
MP3_FRAME = b"\xff\xfb\x90\x00" + b"\0" * 413

Check = Callable[[bytes, str], filetypes.FileType]


def short(value: object) -> str | None:
    """A test's name shows no file contents."""
    return "bytes" if isinstance(value, bytes) else None


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Detect these bytes under this name, the file itself lying somewhere without one."""

    def run(content: bytes, filename: str) -> filetypes.FileType:
        path = tmp_path / "upload"
        path.write_bytes(content)
        return detect(path, filename)

    return run


LISTED: list[tuple[str, bytes, str]] = [
    ("2023年党支部会议记录.pdf", PDF, "application/pdf"),
    ("扫描件.pdf", b"\r\n\0\0junk" + b"\0" * 900 + PDF, "application/pdf"),
    ("a.docx", docx_bytes(), filetypes.DOCX.media_type),
    ("a.xlsx", xlsx_bytes(), filetypes.XLSX.media_type),
    ("a.pptx", zipped("[Content_Types].xml", "ppt/presentation.xml"), filetypes.PPTX.media_type),
    ("a.wps", zipped("[Content_Types].xml", "word/document.xml"), filetypes.WPS.media_type),
    ("a.et", zipped("[Content_Types].xml", "xl/workbook.xml"), filetypes.ET.media_type),
    ("a.dps", zipped("[Content_Types].xml", "ppt/presentation.xml"), filetypes.DPS.media_type),
    ("a.doc", compound("1Table", "WordDocument"), filetypes.DOC.media_type),
    ("a.xls", compound("Workbook"), filetypes.XLS.media_type),
    ("old.xls", compound("Book"), filetypes.XLS.media_type),
    ("a.ppt", compound("Current User", "Pictures", "x", "PowerPoint Document"), filetypes.PPT.media_type),
    ("large.ppt", compound("PowerPoint Document", filling=20_000), filetypes.PPT.media_type),
    ("a.wps", compound("WordDocument"), filetypes.WPS.media_type),
    ("a.et", compound("Workbook"), filetypes.ET.media_type),
    ("a.dps", compound("PowerPoint Document"), filetypes.DPS.media_type),
    ("a.ofd", zipped("OFD.xml", "Doc_0/Document.xml"), "application/ofd"),
    ("a.zip", zipped("照片/1.jpg", "照片/2.jpg"), "application/zip"),
    ("a.jpg", picture("JPEG"), "image/jpeg"),
    ("a.png", picture("PNG"), "image/png"),
    ("a.gif", picture("GIF"), "image/gif"),
    ("a.webp", picture("WEBP"), "image/webp"),
    ("a.bmp", picture("BMP"), "image/bmp"),
    ("a.tif", picture("TIFF"), "image/tiff"),
    ("IMG_0001.HEIC", ftyp(b"heic", b"mif1", b"heic"), "image/heic"),
    ("a.heic", ftyp(b"mif1", b"mif1", b"heic"), "image/heic"),
    ("a.txt", "春季学期总结\r\n".encode(), "text/plain"),
    ("a.txt", "\ufeff带标记".encode(), "text/plain"),
    ("a.txt", "教育部门国家标准 ￥".encode("gb18030"), "text/plain"),
    ("a.txt", "记事本".encode("utf-16"), "text/plain"),
    ("a.txt", ("二" * 40_000).encode(), "text/plain"),
    ("a.txt", ("a" + "二" * 40_000).encode("gb18030"), "text/plain"),
    ("a.txt", b"3 < 5 and 7 > 6; 1 <b> 2", "text/plain"),
    ("READ ME.md", "# 总结 👩‍🏫\n\n- 一\n".encode(), "text/markdown"),
    ("a.csv", "姓名,班级\r\n张三,三年级\r\n".encode("gbk"), "text/csv"),
    ("a.mp3", b"ID3\x04\0\0\0\0\0\0" + MP3_FRAME, "audio/mpeg"),
    ("a.mp3", MP3_FRAME * 2, "audio/mpeg"),
    ("a.m4a", ftyp(b"M4A ", b"isom"), "audio/mp4"),
    ("phone.m4a", ftyp(b"mp42", b"isom"), "audio/mp4"),
    ("a.wav", wav_bytes(), "audio/wav"),
    ("a.ogg", b"OggS\0\x02" + b"\0" * 22 + b"\x01vorbis", "audio/ogg"),
    ("a.flac", b"fLaC\0\0\0\x22", "audio/flac"),
    ("a.amr", b"#!AMR\n\x3c\x91", "audio/amr"),
    ("a.mp4", ftyp(b"isom", b"iso2", b"avc1", b"mp41"), "video/mp4"),
    ("a.mp4", ftyp(b"XAVC", b"mp42", b"iso2"), "video/mp4"),
    ("a.mov", ftyp(b"qt  ", b"qt  "), "video/quicktime"),
    ("old.mov", b"\0\0\0\x08wide\0\0\0\0mdat", "video/quicktime"),
    ("a.3gp", ftyp(b"3gp4", b"isom"), "video/3gpp"),
    ("a.avi", b"RIFF\x24\0\0\0AVI LIST", "video/x-msvideo"),
    ("a.mkv", matroska(b"matroska"), "video/x-matroska"),
    ("a.webm", matroska(b"webm"), "video/webm"),
    ("a.wmv", ASF + ASF_VIDEO, "video/x-ms-wmv"),
]


@pytest.mark.parametrize(("filename", "content", "media_type"), LISTED, ids=short)
def test_every_listed_type_is_found(check: Check, filename: str, content: bytes, media_type: str) -> None:
    assert check(content, filename).media_type == media_type


def test_no_type_of_the_list_was_left_untried() -> None:
    assert {kind.media_type for kind in PUBLISHED} == {media_type for _, _, media_type in LISTED}


@pytest.mark.parametrize(
    ("filename", "content", "media_type"),
    [
        ("photo.pdf", picture("JPEG"), "image/jpeg"),
        ("plan.jpg", PDF, "application/pdf"),
        ("table.doc", xlsx_bytes(), filetypes.XLSX.media_type),
        ("photos.docx", zipped("1.jpg"), "application/zip"),
        ("letter", docx_bytes(), filetypes.DOCX.media_type),
        ("", PDF, "application/pdf"),
        ("notes.pdf", b"only text", "text/plain"),
        ("short.pdf", b"%PD", "text/plain"),
        ("phone.wps", compound("Workbook"), filetypes.XLS.media_type),
    ],
    ids=short,
)
def test_the_content_decides_where_a_name_is_only_wrong(
    check: Check, filename: str, content: bytes, media_type: str
) -> None:
    assert check(content, filename).media_type == media_type


WINDOWS_PROGRAM = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff" + b"\0" * 200 + b"PE\0\0"
ACTIVE: list[tuple[str, bytes]] = [
    ("a.pdf", ACTIVE_PAGE),
    ("a.pdf", b"<html><!-- %PDF-1.7 --><script>alert(1)</script></html>\nstartxref"),
    ("a.pdf", b"hello <script>alert(1)</script> %PDF-1.7\nstartxref"),
    ("a.txt", b"  \r\n\t<HTML><body>"),
    ("a.txt", "\ufeff<svg xmlns='http://www.w3.org/2000/svg'/>".encode()),
    ("a.txt", "<script>alert(1)</script>".encode("utf-16")),
    ("a.md", b"# Notes\n\n<script src=//example.org></script>"),
    ("a.md", b"<!-- --><iframe src=x>"),
    ("a.png", b"<svg onload=alert(1)>"),
    ("a.svg", b"<?xml version='1.0'?><svg/>"),
    ("a.csv", b"<?php system($_GET['c']);"),
    ("a.txt", b"#!/bin/sh\nrm -rf /\n"),
    ("a.txt", b"@echo off\r\ndel *.*\r\n"),
    ("a.txt", b"[InternetShortcut]\r\nURL=http://example.org\r\n"),
    ("a.doc", b"MIME-Version: 1.0\r\nContent-Type: multipart/related"),
    ("a.xls", b"<html xmlns:x='urn:schemas-microsoft-com:office:excel'><table>"),
    ("a.xml", b"<note/>"),
]


@pytest.mark.parametrize(("filename", "content"), ACTIVE, ids=short)
def test_what_a_browser_or_shell_might_run_is_refused(check: Check, filename: str, content: bytes) -> None:
    with pytest.raises(TypeRefused) as refused:
        check(content, filename)
    assert refused.value.reason_code == "active_content"


UNLISTED: list[tuple[str, bytes, str | None]] = [
    ("report.pdf", WINDOWS_PROGRAM, "Windows program"),
    ("report.pdf", b"MZ" + b"\0" * 100 + PDF, "Windows program"),
    ("report.pdf", b"\x7fELF\x02\x01\x01" + b"\0" * 60, "Linux program"),
    ("a.zip", b"Rar!\x1a\x07\x01\0", "RAR"),
    ("a.zip", b"7z\xbc\xaf\x27\x1c\0\4", "7z"),
    ("a.doc", b"{\\rtf1\\ansi}", "RTF"),
    ("a.docx", zipped("mimetype", "content.xml", "META-INF/manifest.xml"), "OpenDocument"),
    ("a.zip", zipped("META-INF/MANIFEST.MF", "Main.class"), "Java program"),
    ("a.zip", zipped("AndroidManifest.xml", "classes.dex"), "Android program"),
    (
        "a.docx",
        zipped("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"),
        "Office file with macros",
    ),
    ("a.docx", zipped("[Content_Types].xml", "visio/document.xml"), "Open Packaging"),
    ("a.docx", compound("EncryptionInfo", "EncryptedPackage"), "Office file with a password"),
    ("a.msi", compound("__properties_version1.0"), "OLE"),
    ("a.heic", ftyp(b"avif", b"mif1", b"avif"), None),
    ("a.ogg", b"OggS\0\x02" + b"\0" * 22 + b"\x80theora", "Ogg video"),
    ("a.wmv", ASF, "Windows Media audio"),
    ("a.mkv", matroska(b"unknown"), None),
    ("a.txt", b"text with a \0 in it", None),
    ("a.txt", b"bell \x07 and escape \x1b", None),
    ("a.txt", b"\xff\xfe\x00\x00\x41\x00\x00\x00", None),
    ("a.txt", bytes(range(0x80, 0x100)), None),
    ("a.bmp", b"BM" + b"\xff" * 40, None),
    ("a.mp3", b"\xff\xff\xff\xff\xff", None),
]


@pytest.mark.parametrize(("filename", "content", "found"), UNLISTED, ids=short)
def test_what_is_not_on_the_list_is_refused_by_what_it_is(
    check: Check, filename: str, content: bytes, found: str | None
) -> None:
    with pytest.raises(TypeRefused) as refused:
        check(content, filename)
    assert (refused.value.reason_code, refused.value.found) == ("not_on_list", found)


@pytest.mark.parametrize(
    "filename",
    [
        "a.html", "a.HTM", "a.svg", "a.exe", "a.js", "a.bat", "a.sh", "a.exe. ", "2023\u202efdp.exe",
        "C:\\fakepath\\a.hta", "a.pdf.scr", "a.ex\u200ee",
    ],
)  # fmt: skip
@pytest.mark.parametrize("content", [PDF, picture("GIF"), b"only text"], ids=short)
def test_a_name_that_opens_as_a_program_is_refused_whatever_is_inside(
    check: Check, filename: str, content: bytes
) -> None:
    with pytest.raises(TypeRefused) as refused:
        check(content, filename)
    assert refused.value.reason_code == "mismatch"


@pytest.mark.parametrize(("content", "found"), [(b"", None), (zipped(), "ZIP")], ids=short)
def test_nothing_at_all_is_refused(check: Check, content: bytes, found: str | None) -> None:
    with pytest.raises(TypeRefused) as refused:
        check(content, "a.pdf")
    assert (refused.value.reason_code, refused.value.found) == ("empty", found)


def circular_compound() -> bytes:
    whole = bytearray(compound("WordDocument"))
    whole[1024:1028] = struct.pack("<I", 0)  # the directory's only sector follows itself
    return bytes(whole)


def forged_directory_size() -> bytes:
    whole = bytearray(zipped("a.txt"))
    struct.pack_into("<I", whole, len(whole) - 22 + 12, 0x7FFFFFFF)
    return bytes(whole)


@pytest.mark.parametrize(
    ("filename", "content"),
    [
        ("a.zip", zipped("a.txt")[:-30]),
        ("a.zip", b"PK\x03\x04" + b"\xff" * 100),
        ("a.docx", docx_bytes()[:2000]),
        ("a.zip", forged_directory_size()),
        ("a.zip", zipped(*(f"{number:0200}" for number in range(9000)))),
        ("a.doc", compound("WordDocument")[:700]),
        ("a.doc", COMPOUND_MAGIC),
        ("a.doc", COMPOUND_MAGIC + b"\xff" * 2000),
        ("a.doc", circular_compound()),
    ],
    ids=short,
)
def test_a_container_that_cannot_be_read_is_refused(check: Check, filename: str, content: bytes) -> None:
    with pytest.raises(TypeRefused) as refused:
        check(content, filename)
    assert refused.value.reason_code == "unreadable_archive"


def test_a_large_file_is_not_read_through(tmp_path: Path) -> None:
    film = tmp_path / "film"
    with film.open("wb") as file:
        file.write(ftyp(b"isom", b"mp41"))
        file.truncate(50 * 1024**3)  # a sparse file: reading it through would take minutes
    assert detect(film, "film.mp4") == filetypes.MP4


def test_the_file_field_offers_every_extension_of_the_list() -> None:
    offered = accept_attribute().split(",")
    assert {extension for kind in PUBLISHED for extension in kind.extensions} <= set(offered)
    assert "image/heic" in offered
    assert not any(" " in entry or not entry for entry in offered)


def test_only_harmless_types_are_shown_in_place() -> None:
    shown = {kind.media_type for kind in PUBLISHED if inline_safe(kind.media_type)}
    assert {"application/pdf", "image/jpeg", "text/plain", "video/mp4"} <= shown
    for media_type in ("text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "text/markdown"):
        assert not inline_safe(media_type)
