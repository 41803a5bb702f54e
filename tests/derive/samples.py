"""Real files, made as schools' programs make them, and hostile ones."""

from __future__ import annotations

import io
import random
import struct
import wave
import zipfile
import zlib
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pillow_heif  # type: ignore[import-untyped]
import pptx  # type: ignore[import-untyped]
import pylopdf_fonts_zh_cn
import typst
from docx.enum.text import WD_BREAK
from PIL import Image, ImageFilter

OOXML = "application/vnd.openxmlformats-officedocument."
DOCX = f"{OOXML}wordprocessingml.document"
XLSX = f"{OOXML}spreadsheetml.sheet"
PPTX = f"{OOXML}presentationml.presentation"
MAKE, MODEL, ORIENTATION, ARTIST = 0x010F, 0x0110, 0x0112, 0x013B
EXIF_FOLDER, GPS_FOLDER, TAKEN = 0x8769, 0x8825, 0x9003
LATITUDE = (34.0, 15.0, 55.0)  # of Xi'an


def pdf(*pages: str) -> bytes:
    """A PDF with a page of A4 for each text, its Chinese font embedded."""
    body = "\n#pagebreak()\n".join(pages)
    source = f'#set text(font: "Noto Serif SC", size: 12pt)\n#set page("a4")\n{body}'
    folder: Path = pylopdf_fonts_zh_cn.serif_path().parent
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder])
    made = typst.Compiler(font_paths=fonts).compile(input=source.encode(), format="pdf")
    assert isinstance(made, bytes)
    return made


def raw_pdf(content: bytes, *, kids: bytes = b"3 0 R", count: int = 1, trailer: bytes = b"") -> bytes:
    """A PDF of one page with this content stream, written by hand."""
    packed = zlib.compress(content)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count %d/Kids[%s]>>" % (count, kids),
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<<>>>>",
        b"<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(packed), packed),
    ]
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, content_of in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content_of)
    start = len(out)
    out += b"xref\n0 5\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % at for at in places)
    out += b"trailer\n<</Size 5/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (trailer, start)
    return bytes(out)


def encrypted_pdf() -> bytes:
    """A PDF that wants a password (standard security handler, revision 3): no known one opens it."""
    keys = b"/Filter/Standard/V 2/R 3/Length 128/P -44/O<%s>/U<%s>" % (b"5a" * 32, b"a5" * 32)
    identity = b"/ID[<%s><%s>]" % (b"11" * 16, b"11" * 16)
    return raw_pdf(b"BT ET", trailer=b"/Encrypt<<%s>>%s" % (keys, identity))


def word(*paragraphs: str | None) -> bytes:
    """A DOCX of these paragraphs; None begins a new page."""
    document, out = docx.Document(), io.BytesIO()
    for paragraph in paragraphs:
        if paragraph is None:
            document.add_paragraph().add_run().add_break(WD_BREAK.PAGE)
        else:
            document.add_paragraph(paragraph)
    document.save(out)
    return out.getvalue()


def package_with(original: bytes, name: str, content: bytes) -> bytes:
    """The same package with one part put in place of its own, or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(original)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.namelist():
            if entry != name:
                new.writestr(entry, old.read(entry))
        new.writestr(name, content)
    return out.getvalue()


def document_xml(body: str, *, declaration: str = "") -> bytes:
    """word/document.xml with this body."""
    namespace = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return (
        f'{head}{declaration}<w:document xmlns:w="{namespace}"><w:body>{body}</w:body></w:document>'.encode()
    )


def workbook(**sheets: list[list[object]]) -> bytes:
    """An XLSX with these sheets."""
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(out)
    return out.getvalue()


def slides(*texts: tuple[str, str]) -> bytes:
    """A PPTX with a slide for each pair of title and speaker's note."""
    show, out = pptx.Presentation(), io.BytesIO()
    for title, note in texts:
        slide = show.slides.add_slide(show.slide_layouts[5])
        slide.shapes.title.text = title
        slide.notes_slide.notes_text_frame.text = note
    show.save(out)
    return out.getvalue()


def scene(width: int = 640, height: int = 480) -> Image.Image:
    """A picture with light, dark and detail, the same every time."""
    chance = random.Random(width * height)
    coarse = Image.frombytes("RGB", (80, 60), chance.randbytes(80 * 60 * 3)).filter(
        ImageFilter.GaussianBlur(1)
    )
    return coarse.resize((width, height), Image.Resampling.BICUBIC)


def phone_exif(*, orientation: int = 1, taken: str = "2024:09:12 10:20:30") -> Image.Exif:
    """What a phone writes into a photo: its make, the moment, the place."""
    exif = Image.Exif()
    exif[MAKE], exif[MODEL], exif[ARTIST] = "Huawei", "Mate 60 of Wang Fang", "Wang Fang"
    exif[ORIENTATION] = orientation
    exif.get_ifd(EXIF_FOLDER)[TAKEN] = taken
    exif.get_ifd(GPS_FOLDER).update({1: "N", 2: LATITUDE, 3: "E", 4: (108.0, 56.0, 30.0)})
    return exif


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    """The picture as a file."""
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def heic(picture: Image.Image, exif: Image.Exif) -> bytes:
    """The picture as an iPhone stores it."""
    out = io.BytesIO()
    pillow_heif.from_pillow(picture).save(out, quality=60, exif=exif.tobytes())
    return out.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims this size and holds nearly nothing."""
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + png_chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + png_chunk(b"IEND", b"")
    )


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk with its length and check sum."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def sound(seconds: float, rate: int = 8000) -> bytes:
    """A silent WAV."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(b"\0\0" * int(seconds * rate))
    return out.getvalue()


def box(kind: bytes, content: bytes) -> bytes:
    """A box of an MP4 file."""
    return struct.pack(">I4s", 8 + len(content), kind) + content


def film(units: int, scale: int, *, version: int = 0, moov_first: bool = True) -> bytes:
    """An MP4 with nothing but its boxes."""
    times = struct.pack(">QQIQ" if version else ">IIII", 0, 0, scale, units)
    movie = box(b"moov", box(b"mvhd", bytes([version, 0, 0, 0]) + times + b"\0" * 80))
    data = box(b"mdat", b"\0" * 4096)
    return box(b"ftyp", b"isom\0\0\0\0isom") + (movie + data if moov_first else data + movie)
