"""The published list of file types: which are taken, and how each may be served."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Family = Literal["document", "sheet", "slides", "picture", "text", "audio", "video", "archive", "pdf"]


@dataclass(frozen=True)
class FileType:
    """One line of the published list; the first of `extensions` is the usual one."""

    media_type: str
    label: str
    extensions: tuple[str, ...]
    family: Family


_OOXML = "application/vnd.openxmlformats-officedocument."
PDF = FileType("application/pdf", "PDF", (".pdf",), "pdf")
DOC = FileType("application/msword", "Word 97-2003", (".doc",), "document")
DOCX = FileType(f"{_OOXML}wordprocessingml.document", "Word", (".docx",), "document")
WPS = FileType("application/wps-office.wps", "WPS Writer", (".wps",), "document")
OFD = FileType("application/ofd", "OFD", (".ofd",), "document")
XLS = FileType("application/vnd.ms-excel", "Excel 97-2003", (".xls",), "sheet")
XLSX = FileType(f"{_OOXML}spreadsheetml.sheet", "Excel", (".xlsx",), "sheet")
ET = FileType("application/wps-office.et", "WPS Spreadsheets", (".et",), "sheet")
PPT = FileType("application/vnd.ms-powerpoint", "PowerPoint 97-2003", (".ppt",), "slides")
PPTX = FileType(f"{_OOXML}presentationml.presentation", "PowerPoint", (".pptx",), "slides")
DPS = FileType("application/wps-office.dps", "WPS Presentation", (".dps",), "slides")
JPEG = FileType("image/jpeg", "JPEG", (".jpg", ".jpeg"), "picture")
PNG = FileType("image/png", "PNG", (".png",), "picture")
GIF = FileType("image/gif", "GIF", (".gif",), "picture")
WEBP = FileType("image/webp", "WebP", (".webp",), "picture")
BMP = FileType("image/bmp", "BMP", (".bmp",), "picture")
TIFF = FileType("image/tiff", "TIFF", (".tif", ".tiff"), "picture")
HEIC = FileType("image/heic", "HEIC", (".heic", ".heif"), "picture")
TXT = FileType("text/plain", "Text", (".txt",), "text")
MD = FileType("text/markdown", "Markdown", (".md", ".markdown"), "text")
CSV = FileType("text/csv", "CSV", (".csv",), "text")
MP3 = FileType("audio/mpeg", "MP3", (".mp3",), "audio")
M4A = FileType("audio/mp4", "M4A", (".m4a",), "audio")
WAV = FileType("audio/wav", "WAV", (".wav",), "audio")
OGG = FileType("audio/ogg", "Ogg", (".ogg", ".oga", ".opus"), "audio")
FLAC = FileType("audio/flac", "FLAC", (".flac",), "audio")
AMR = FileType("audio/amr", "AMR", (".amr",), "audio")
MP4 = FileType("video/mp4", "MP4", (".mp4", ".m4v"), "video")
MOV = FileType("video/quicktime", "QuickTime", (".mov",), "video")
AVI = FileType("video/x-msvideo", "AVI", (".avi",), "video")
MKV = FileType("video/x-matroska", "Matroska", (".mkv",), "video")
WEBM = FileType("video/webm", "WebM", (".webm",), "video")
WMV = FileType("video/x-ms-wmv", "WMV", (".wmv",), "video")
GP3 = FileType("video/3gpp", "3GP", (".3gp", ".3gpp"), "video")
ZIP = FileType("application/zip", "ZIP", (".zip",), "archive")

PUBLISHED: tuple[FileType, ...] = (
    PDF, DOC, DOCX, WPS, OFD, XLS, XLSX, ET, PPT, PPTX, DPS,
    JPEG, PNG, GIF, WEBP, BMP, TIFF, HEIC, TXT, MD, CSV,
    MP3, M4A, WAV, OGG, FLAC, AMR, MP4, MOV, AVI, MKV, WEBM, WMV, GP3, ZIP,
)  # fmt: skip

_INLINE = frozenset(
    kind.media_type for kind in (PDF, JPEG, PNG, GIF, WEBP, TXT, MP3, M4A, WAV, OGG, FLAC, MP4, WEBM)
)

# These are shown to others only as copies without place and device.
PICTURES = frozenset(kind.media_type for kind in PUBLISHED if kind.family == "picture")


def accept_attribute() -> str:
    """The list as the `accept` of a file field; media types of pictures let a phone offer its camera."""
    extensions = [extension for kind in PUBLISHED for extension in kind.extensions]
    recorded = [kind.media_type for kind in PUBLISHED if kind.family in ("picture", "audio", "video")]
    return ",".join(extensions + recorded)


def inline_safe(media_type: str) -> bool:
    """Whether a browser may show this type in place (sent with nosniff); others are only downloaded."""
    return media_type in _INLINE
