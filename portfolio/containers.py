"""Names of what lies inside ZIP and OLE2 containers, from their directories alone, within set limits."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

COMPOUND_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ARCHIVE_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_ARCHIVE_DIRECTORY = 2 * 1024 * 1024  # bytes; some 15,000 entries
_LAST_SECTOR = 0xFFFFFFFA  # higher numbers mark free sectors and the ends of chains
_ENTRY = 128  # bytes of a directory entry
_MOST_DIRECTORY_SECTORS = 256  # 1,024 entries; office files have a few dozen
_MOST_TABLE_SECTORS = 4096  # 32 MB of allocation tables' addresses: far above any file taken here


class ContainerDamaged(ValueError):
    """The file starts like a container but its directory can't be read, or is too large to be."""


def archive_names(path: Path) -> frozenset[str]:
    """The names of the files in a ZIP; raises ContainerDamaged."""
    try:
        with _Sparing(path) as file, zipfile.ZipFile(file) as archive:
            return frozenset(archive.namelist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError, struct.error) as error:
        raise ContainerDamaged(str(error)) from error


class _Sparing(io.FileIO):
    """A file that refuses to be read in large pieces, as zipfile reads a whole directory at once."""

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = _ARCHIVE_DIRECTORY + 1 if size is None or size < 0 else size
        if wanted > _ARCHIVE_DIRECTORY + 1:
            raise zipfile.BadZipFile("the directory is too large")
        return super().read(wanted)


def compound_names(path: Path) -> frozenset[str]:
    """The names of the streams and storages in an OLE2 compound file ([MS-CFB]); raises ContainerDamaged."""
    with path.open("rb") as file:
        try:
            return frozenset(_Compound(file).names())
        except struct.error as error:
            raise ContainerDamaged(f"cut short: {error}") from error


class _Compound:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        header = file.read(512)
        if not header.startswith(COMPOUND_MAGIC):
            raise ContainerDamaged("no compound file header")
        shift = struct.unpack_from("<H", header, 30)[0]
        if shift not in (9, 12):  # [MS-CFB] 2.2: sectors of 512 or 4096 bytes
            raise ContainerDamaged(f"sector shift {shift}")
        self._sector_size = 1 << shift
        self._numbers = f"<{self._sector_size // 4}I"
        (self._first_directory,) = struct.unpack_from("<I", header, 48)
        self._tables = self._table_sectors(header)

    def names(self) -> Iterator[str]:
        for sector in self._directory_sectors():
            content = self._sector(sector)
            for start in range(0, self._sector_size, _ENTRY):
                length, kind = struct.unpack_from("<HB", content, start + 64)
                if kind and 2 <= length <= 64:
                    yield content[start : start + length - 2].decode("utf-16-le", "replace")

    def _directory_sectors(self) -> Iterator[int]:
        sector = self._first_directory
        for _ in range(_MOST_DIRECTORY_SECTORS):
            if sector >= _LAST_SECTOR:
                return
            yield sector
            sector = self._next(sector)
        raise ContainerDamaged("the directory has no end")

    def _next(self, sector: int) -> int:
        table, place = divmod(sector, self._sector_size // 4)
        if table >= len(self._tables):
            raise ContainerDamaged(f"sector {sector} is in no table")
        numbers = struct.unpack(self._numbers, self._sector(self._tables[table]))
        return int(numbers[place])

    def _table_sectors(self, header: bytes) -> list[int]:
        """Where the allocation table lies: 109 addresses in the header, the others in a chain of sectors."""
        tables = list(struct.unpack_from("<109I", header, 76))
        (sector,) = struct.unpack_from("<I", header, 68)
        for _ in range(_MOST_TABLE_SECTORS):
            if sector >= _LAST_SECTOR:
                return [table for table in tables if table < _LAST_SECTOR]
            *more, sector = struct.unpack(self._numbers, self._sector(sector))
            tables += more
        raise ContainerDamaged("the table of tables has no end")

    def _sector(self, number: int) -> bytes:
        self._file.seek((number + 1) * self._sector_size)
        return self._file.read(self._sector_size)
