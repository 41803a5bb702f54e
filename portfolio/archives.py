"""What lies in a ZIP, entry by entry, within set limits: an archive is never trusted."""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, BinaryIO

from portfolio.errors import DomainError

PIECE = 256 * 1024  # bytes read and written at once; what an entry costs in memory
MEGABYTE = 1024 * 1024
_RATIO = 200  # times an entry may grow; office files and scans stay far below
_RATIO_FROM = MEGABYTE  # smaller entries harm nobody, however they are packed
_ENCRYPTED = 0x1  # APPNOTE.TXT 4.4.4, bit 0
_UTF8 = 0x800  # bit 11
# Others are unpacked without a bound on memory, or not at all.
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_DRIVE = re.compile(r"[A-Za-z]:")
# What operating systems leave behind in folders, and Office beside a file that is open.
_LITTER = frozenset({".ds_store", "thumbs.db", "desktop.ini", "__macosx"})
_LITTER_STARTS = ("._", "~$")
_DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, NotImplementedError)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of an archive is opened: entries, bytes in all, bytes of one entry."""

    entries: int
    total: int
    entry: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in an archive: its path as a person reads it, its size in bytes, and why it can't be taken, if so."""

    path: str
    size: int
    refusal: DomainError | None
    info: zipfile.ZipInfo


class Archive:
    """An open archive; `entries` are its files in their order, without folders and without litter."""

    def __init__(self, archive: zipfile.ZipFile, limits: Limits) -> None:
        self._archive = archive
        named = ((path_of(info), info) for info in archive.infolist())
        files = [(path, info) for path, info in named if not (_is_folder(path) or is_litter(path))]
        if len(files) > limits.entries:
            raise DomainError("archive_entries", count=len(files), most=limits.entries)
        self.entries = tuple(
            Entry(path, info.file_size, _refusal(path, info, limits), info) for path, info in files
        )
        if sum(entry.size for entry in self.wanted) > limits.total:
            raise DomainError("archive_too_large", limit=limits.total // MEGABYTE)

    @property
    def wanted(self) -> tuple[Entry, ...]:
        """The entries that nothing speaks against."""
        return tuple(entry for entry in self.entries if entry.refusal is None)

    def unpack(self, entry: Entry, target: IO[bytes]) -> None:
        """Write an entry's bytes, no more than it announced. Raises DomainError("entry_damaged"), OSError."""
        with _damage_explained(), self._archive.open(entry.info) as source:
            left = entry.size
            while piece := source.read(min(PIECE, left + 1)):
                left -= len(piece)
                if left < 0:
                    raise zipfile.BadZipFile("longer than announced")
                target.write(piece)
            if left:
                raise zipfile.BadZipFile("shorter than announced")


@contextmanager
def opened(file: BinaryIO, limits: Limits) -> Iterator[Archive]:
    """The archive in a seekable file.

    Raises DomainError: file_unreadable_archive, archive_entries, archive_too_large.
    """
    try:
        archive = zipfile.ZipFile(file)
    except _DAMAGED as error:
        raise DomainError("file_unreadable_archive") from error
    with archive:
        yield Archive(archive, limits)


def path_of(info: zipfile.ZipInfo) -> str:
    """An entry's path with forward slashes, in the characters its maker meant.

    Without the UTF-8 flag names are in the code page of the machine that packed them, which zipfile reads as
    cp437: Chinese Windows writes GBK, macOS writes UTF-8 all the same.
    """
    name = info.orig_filename
    if not info.flag_bits & _UTF8:
        raw = name.encode("cp437")
        name = next(filter(None, (_decoded(raw, encoding) for encoding in ("utf-8", "gb18030"))), name)
    return name.replace("\\", "/")


def is_litter(path: str) -> bool:
    """Whether nobody put this file there on purpose."""
    parts = path.lower().split("/")
    return any(part in _LITTER for part in parts) or parts[-1].startswith(_LITTER_STARTS)


def _decoded(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return None


def _is_folder(path: str) -> bool:
    return path.endswith("/")


def _refusal(path: str, info: zipfile.ZipInfo, limits: Limits) -> DomainError | None:
    """Why an entry isn't taken, by what the archive says of it."""
    if _leads_outside(path):
        return DomainError("entry_outside")
    if _is_special(info):
        return DomainError("entry_link")
    if info.flag_bits & _ENCRYPTED:
        return DomainError("entry_encrypted")
    if info.compress_type not in _METHODS:
        return DomainError("entry_method")
    if info.file_size == 0:
        return DomainError("upload_empty")
    if info.file_size > limits.entry:
        size, limit = -(-info.file_size // MEGABYTE), limits.entry // MEGABYTE
        return DomainError("upload_too_large", size=size, limit=limit)
    if info.file_size > _RATIO_FROM and info.file_size > _RATIO * info.compress_size:
        return DomainError("entry_bomb")
    return None


def _leads_outside(path: str) -> bool:
    return path.startswith("/") or bool(_DRIVE.match(path)) or ".." in path.split("/") or "\0" in path


def _is_special(info: zipfile.ZipInfo) -> bool:
    """A symbolic link, device or pipe: the upper half of the attributes is a Unix mode, where there is one."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    return kind not in (0, stat.S_IFREG)


@contextmanager
def _damage_explained() -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        raise DomainError("entry_damaged") from error
    except RuntimeError as error:  # zipfile's word for a password it only notices now
        raise DomainError("entry_encrypted") from error
