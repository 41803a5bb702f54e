"""A file's type, found from its content; what is not on the published list is refused."""

from __future__ import annotations

import codecs
import re
import struct
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from portfolio.containers import (
    ARCHIVE_MAGIC,
    COMPOUND_MAGIC,
    ContainerDamaged,
    archive_names,
    compound_names,
)
from portfolio.filenames import clean_display_name
from portfolio.filetypes import (
    AMR,
    AVI,
    BMP,
    CSV,
    DOC,
    DOCX,
    DPS,
    ET,
    FLAC,
    GIF,
    GP3,
    HEIC,
    JPEG,
    M4A,
    MD,
    MKV,
    MOV,
    MP3,
    MP4,
    OFD,
    OGG,
    PDF,
    PNG,
    PPT,
    PPTX,
    TIFF,
    TXT,
    WAV,
    WEBM,
    WEBP,
    WMV,
    WPS,
    XLS,
    XLSX,
    ZIP,
    FileType,
)

Reason = Literal["empty", "not_on_list", "active_content", "unreadable_archive", "mismatch"]
_HEAD = 64 * 1024  # bytes looked at


class TypeRefused(Exception):
    """A file that is not taken: `reason_code` says why, `found` names what its content is, where known.

    empty: no bytes, or a ZIP without entries. not_on_list: another type, or none that can be told.
    active_content: HTML, SVG, XML or a script. unreadable_archive: a ZIP or OLE container that is damaged
    or has too many entries. mismatch: content of the list under the name of a program or web page.
    """

    def __init__(self, reason_code: Reason, found: str | None = None) -> None:
        super().__init__(reason_code, found)
        self.reason_code: Reason = reason_code
        self.found = found


# A double click on a name with one of these opens a program or a web page, whatever the content is.
_DANGEROUS_NAMES = frozenset((
    ".app", ".apk", ".bat", ".cmd", ".com", ".cpl", ".dll", ".exe", ".hta", ".jar", ".js", ".jse", ".lnk",
    ".mjs", ".msi", ".php", ".pif", ".ps1", ".reg", ".scr", ".sh", ".url", ".vbe", ".vbs", ".wsf", ".wsh",
    ".htm", ".html", ".mht", ".mhtml", ".svg", ".svgz", ".xht", ".xhtml", ".xml",
))  # fmt: skip
_SIGNATURES: tuple[tuple[bytes, FileType], ...] = (
    (b"%PDF-", PDF),
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"II*\0", TIFF),
    (b"MM\0*", TIFF),
    (b"fLaC", FLAC),
    (b"#!AMR\n", AMR),
    (b"#!AMR-WB\n", AMR),
    (b"ID3", MP3),
)
_UNLISTED: tuple[tuple[bytes, str], ...] = (
    (b"\x7fELF", "Linux program"),
    (b"\xcf\xfa\xed\xfe", "macOS program"),
    (b"\xca\xfe\xba\xbe", "Java or macOS program"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"{\\rtf", "RTF"),
    (b"%!PS", "PostScript"),
    (b"SQLite format 3\0", "SQLite"),
    (b"FLV\x01", "Flash video"),
    (b"8BPS", "Photoshop"),
    (b"L\0\0\0\x01\x14\x02\0", "Windows shortcut"),
)
_OFFICE_FOLDERS = {"word/": (DOCX, WPS), "xl/": (XLSX, ET), "ppt/": (PPTX, DPS)}
_OFFICE_STREAMS = {
    "WordDocument": (DOC, WPS),
    "Workbook": (XLS, ET),
    "Book": (XLS, ET),
    "PowerPoint Document": (PPT, DPS),
}
_OTHER_ARCHIVES = {
    "META-INF/MANIFEST.MF": "Java program",
    "AndroidManifest.xml": "Android program",
    "META-INF/manifest.xml": "OpenDocument",
    "META-INF/container.xml": "EPUB",
}
_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_VIDEO = bytes.fromhex("c0ef19bc4d5bcf11a8fd00805f5c442b")
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"})
_MP4_BRANDS = frozenset({b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V "})


@dataclass(frozen=True)
class _Source:
    path: Path
    head: bytes  # the first _HEAD bytes
    extension: str  # of the name, lower case, with its dot

    def named(self, usual: FileType, *others: FileType) -> FileType:
        """Of types that share one container, the one the name tells."""
        return next((kind for kind in others if self.extension in kind.extensions), usual)


def detect(path: Path, filename: str) -> FileType:
    """The published type of the file at `path` by its content; raises TypeRefused.

    `filename` only chooses between types of the same content (CSV or text, WPS or Word) and never
    vouches for it: a JPEG named .pdf is a JPEG. A name that would open as a program is refused.
    """
    with path.open("rb") as file:
        source = _Source(path, file.read(_HEAD), _extension(clean_display_name(filename)))
    if not source.head:
        raise TypeRefused("empty")
    _refuse_unlisted(source.head)
    for probe in _PROBES:
        found = probe(source)
        if found is not None:
            if source.extension in _DANGEROUS_NAMES:
                raise TypeRefused("mismatch", found.label)
            return found
    raise TypeRefused("not_on_list")


def _extension(name: str) -> str:
    return Path(name.rstrip(". ")).suffix.lower()  # Windows drops dots and spaces at the end


def _refuse_unlisted(head: bytes) -> None:
    if head.startswith(b"MZ") and b"\0" in head[:64]:
        raise TypeRefused("not_on_list", "Windows program")
    for magic, name in _UNLISTED:
        if head.startswith(magic):
            raise TypeRefused("not_on_list", name)


def _by_signature(source: _Source) -> FileType | None:
    return next((kind for magic, kind in _SIGNATURES if source.head.startswith(magic)), None)


def _bitmap(source: _Source) -> FileType | None:
    if not source.head.startswith(b"BM") or len(source.head) < 26:
        return None
    reserved, _, header_size = struct.unpack_from("<III", source.head, 6)
    return BMP if reserved == 0 and header_size in (12, 40, 52, 56, 64, 108, 124) else None


def _riff(source: _Source) -> FileType | None:
    if not source.head.startswith(b"RIFF"):
        return None
    return {b"WEBP": WEBP, b"WAVE": WAV, b"AVI ": AVI}.get(source.head[8:12])


def _iso_media(source: _Source) -> FileType | None:
    """MP4 and its kin by the brands of their first box (ISO/IEC 14496-12); older MOV files have none."""
    size, box = source.head[:4], source.head[4:8]
    if box in (b"moov", b"mdat", b"wide") and size.startswith(b"\0\0"):
        return MOV
    if box != b"ftyp":
        return None
    end = min(int.from_bytes(size, "big"), 512)
    major, brands = source.head[8:12], {source.head[at : at + 4] for at in range(8, end, 4)}
    if major in _HEIC_BRANDS or (major in (b"mif1", b"msf1") and brands & _HEIC_BRANDS):
        return HEIC
    if major == b"qt  ":
        return MOV
    if major in (b"M4A ", b"M4B "):
        return M4A
    if major.startswith((b"3gp", b"3gg")):
        return GP3
    return source.named(MP4, M4A) if brands & _MP4_BRANDS else None


def _ebml(source: _Source) -> FileType | None:
    if not source.head.startswith(b"\x1aE\xdf\xa3"):
        return None
    kind = re.search(rb"\x42\x82[\x80-\x8f]([a-z]+)", source.head[:64])  # element DocType (RFC 8794)
    return {b"webm": WEBM, b"matroska": MKV}.get(kind[1]) if kind else None


def _ogg(source: _Source) -> FileType | None:
    if not source.head.startswith(b"OggS"):
        return None
    if b"theora" in source.head[:4096]:
        raise TypeRefused("not_on_list", "Ogg video")
    return OGG


def _windows_media(source: _Source) -> FileType | None:
    if not source.head.startswith(_ASF):
        return None
    if _ASF_VIDEO not in source.head:
        raise TypeRefused("not_on_list", "Windows Media audio")
    return WMV


def _mpeg_audio(source: _Source) -> FileType | None:
    """MP3 without a tag: a frame header of layer III with a real bit rate and sampling rate."""
    if len(source.head) < 4 or source.head[0] != 0xFF:
        return None
    second, third = source.head[1], source.head[2]
    layer_three = second & 0xE6 == 0xE2 and second & 0x18 != 0x08
    return MP3 if layer_three and 0 < third >> 4 < 15 and third & 0x0C != 0x0C else None


def _compound(source: _Source) -> FileType | None:
    if not source.head.startswith(COMPOUND_MAGIC):
        return None
    try:
        names = compound_names(source.path)
    except ContainerDamaged as error:
        raise TypeRefused("unreadable_archive", "OLE") from error
    if "EncryptedPackage" in names:
        raise TypeRefused("not_on_list", "Office file with a password")
    for stream, kinds in _OFFICE_STREAMS.items():
        if stream in names:
            return source.named(*kinds)
    raise TypeRefused("not_on_list", "OLE")


def _archive(source: _Source) -> FileType | None:
    if not source.head.startswith(ARCHIVE_MAGIC):
        return None
    try:
        names = archive_names(source.path)
    except ContainerDamaged as error:
        raise TypeRefused("unreadable_archive", "ZIP") from error
    if not names:
        raise TypeRefused("empty", "ZIP")
    return _archive_of(names, source)


def _archive_of(names: frozenset[str], source: _Source) -> FileType:
    if "[Content_Types].xml" in names:  # Office Open XML (ECMA-376 part 2)
        return _office_package(names, source)
    if "OFD.xml" in names:  # GB/T 33190
        return OFD
    for name, found in _OTHER_ARCHIVES.items():
        if name in names:
            raise TypeRefused("not_on_list", found)
    return ZIP


def _office_package(names: frozenset[str], source: _Source) -> FileType:
    for folder, kinds in _OFFICE_FOLDERS.items():
        if any(name.startswith(folder) for name in names):
            if f"{folder}vbaProject.bin" in names:
                raise TypeRefused("not_on_list", "Office file with macros")
            return source.named(*kinds)
    raise TypeRefused("not_on_list", "Open Packaging")


def _late_pdf(source: _Source) -> FileType | None:
    """PDF whose header has junk before it, within the first 1024 bytes as readers accept it."""
    header = re.search(rb"%PDF-\d", source.head[:1024])
    if header is None:
        return None
    _refuse_active(source.head[: header.start()].decode("latin-1"))
    with source.path.open("rb") as file:
        file.seek(max(0, source.path.stat().st_size - 4096))
        return PDF if b"startxref" in file.read() else None


_ACTIVE_START = re.compile(
    r"[\s\ufeff]*(<[a-z!?%/]|#!|@echo\b|mime-version:|\[internetshortcut\]|\[desktop entry\])", re.I
)
_ACTIVE_ANYWHERE = re.compile(r"<(!doctype\s+html|html|script|svg|iframe|object|embed|\?php)\b", re.I)


def _refuse_active(text: str) -> None:
    """Refuse what a browser or shell might run; browsers look no further than 1,445 bytes for a page."""
    if _ACTIVE_START.match(text) or _ACTIVE_ANYWHERE.search(text, 0, 4096):
        raise TypeRefused("active_content")


_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f]")


def _text(source: _Source) -> FileType | None:
    text = _decoded(source.head)
    if text is None or _CONTROL.search(text):
        return None
    _refuse_active(text)
    return source.named(TXT, CSV, MD)


def _decoded(head: bytes) -> str | None:
    """The text of `head`, which may end in the middle of a character."""
    marked = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    whole = len(head) < _HEAD
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        try:
            text = codecs.getincrementaldecoder(encoding)().decode(head, final=whole)
        except UnicodeDecodeError:
            continue
        return text if encoding != "gb18030" or _is_assigned(text) else None
    return None


def _is_assigned(text: str) -> bool:
    """GB18030 gives nearly every byte sequence some meaning; only real characters make it text."""
    return all(unicodedata.category(sign) not in ("Cn", "Co", "Cs") for sign in text)


_PROBES: tuple[Callable[[_Source], FileType | None], ...] = (
    _by_signature, _bitmap, _riff, _iso_media, _ebml, _ogg, _windows_media, _mpeg_audio, _compound, _archive,
    _late_pdf, _text,
)  # fmt: skip
