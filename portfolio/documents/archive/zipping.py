"""A ZIP as a stream of known length: stored, not packed; names in UTF-8; ZIP64 where it must be (APPNOTE 6.3).

The same members give the same bytes every time, so that a broken download can go on where it stopped. (The
library zipstream-ng writes the time of the download into each member.)
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from portfolio.days import SCHOOL_TIME

FROM_64 = 0xFFFFFFFF  # sizes and places from here on are written in 64 bits
_IN_64 = 0xFFFFFFFF  # stands where 32 bits don't suffice
_LIMIT_16 = 0xFFFF
_AFTERWARDS = 1 << 3  # checksum and sizes follow the bytes
_UTF8 = 1 << 11
_VERSION, _VERSION_64 = 20, 45
_UNIX = 3
_MODE = 0o100644 << 16
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s2B5H3L5H2L")
_DESCRIPTOR, _DESCRIPTOR_64 = struct.Struct("<4s3L"), struct.Struct("<4sL2Q")
_END, _END_64, _LOCATOR_64 = struct.Struct("<4s4H2LH"), struct.Struct("<4sQ2H2L4Q"), struct.Struct("<4sLQL")
_EXTRA_64 = struct.Struct("<2H2Q")


@dataclass(frozen=True, slots=True)
class Member:
    """A file to be: its path, its size in bytes, and how to begin reading it."""

    path: str
    size: int
    begin: Callable[[], Iterable[bytes]]

    @property
    def name(self) -> bytes:
        """Its path as written."""
        return self.path.encode()

    @property
    def large(self) -> bool:
        """Whether its size needs 64 bits."""
        return self.size >= FROM_64

    @property
    def around(self) -> int:
        """Bytes before and after its own."""
        extra = _EXTRA_64.size if self.large else 0
        after = _DESCRIPTOR_64.size if self.large else _DESCRIPTOR.size
        return _LOCAL.size + len(self.name) + extra + after


class SizeChanged(Exception):
    """A member gave another number of bytes than it was announced with."""

    def __init__(self, path: str, given: int, announced: int) -> None:
        super().__init__(f"{path}: {given} bytes instead of {announced}")
        self.path = path


class Zip:
    """A ZIP of these members, all dated `at`; iterate it for its bytes, as often as wanted."""

    def __init__(self, members: Sequence[Member], *, at: datetime) -> None:
        self._members = tuple(members)
        local = at.astimezone(SCHOOL_TIME)  # ZIP knows no time zones
        self._date = (max(local.year, 1980) - 1980) << 9 | local.month << 5 | local.day
        self._time = local.hour << 11 | local.minute << 5 | local.second // 2

    def __len__(self) -> int:
        """All its bytes, known before the first is made."""
        offset = directory = 0
        for member in self._members:
            directory += len(self._central(member, 0, offset))
            offset += member.around + member.size
        return offset + directory + len(self._end(offset, directory))

    def __iter__(self) -> Iterator[bytes]:
        """Its bytes. Raises SizeChanged, and what reading a member raises."""
        offset, directory = 0, []
        for member in self._members:
            yield self._local(member)
            checksum = yield from _stored(member)
            yield _descriptor(member, checksum)
            directory.append(self._central(member, checksum, offset))
            offset += member.around + member.size
        written = b"".join(directory)
        yield written + self._end(offset, len(written))

    def _local(self, member: Member) -> bytes:
        size = _IN_64 if member.large else 0
        extra = _EXTRA_64.pack(1, 16, 0, 0) if member.large else b""
        version = _VERSION_64 if member.large else _VERSION
        return (
            _LOCAL.pack(
                b"PK\3\4", version, _AFTERWARDS | _UTF8, 0, self._time, self._date, 0, size, size,
                len(member.name), len(extra),
            )
            + member.name
            + extra
        )  # fmt: skip

    def _central(self, member: Member, checksum: int, offset: int) -> bytes:
        beyond = [member.size, member.size] if member.large else []
        beyond += [offset] if offset >= FROM_64 else []
        extra = struct.pack(f"<2H{len(beyond)}Q", 1, 8 * len(beyond), *beyond) if beyond else b""
        version = _VERSION_64 if beyond else _VERSION
        size = _IN_64 if member.large else member.size
        return (
            _CENTRAL.pack(
                b"PK\1\2", version, _UNIX, version, _AFTERWARDS | _UTF8, 0, self._time, self._date, checksum,
                size, size, len(member.name), len(extra), 0, 0, 0, _MODE, _in_32(offset),
            )
            + member.name
            + extra
        )  # fmt: skip

    def _end(self, offset: int, directory: int) -> bytes:
        count = len(self._members)
        large = b""
        if count >= _LIMIT_16 or max(offset, directory) >= FROM_64:
            large = _END_64.pack(
                b"PK\6\6", 44, _VERSION_64, _VERSION_64, 0, 0, count, count, directory, offset
            ) + _LOCATOR_64.pack(b"PK\6\7", 0, offset + directory, 1)
        shown = min(count, _LIMIT_16)
        return large + _END.pack(b"PK\5\6", 0, 0, shown, shown, _in_32(directory), _in_32(offset), 0)


def _in_32(number: int) -> int:
    return _IN_64 if number >= FROM_64 else number


def _stored(member: Member) -> Generator[bytes, None, int]:
    checksum = given = 0
    for piece in member.begin():
        checksum = zlib.crc32(piece, checksum)
        given += len(piece)
        yield piece
    if given != member.size:
        raise SizeChanged(member.path, given, member.size)
    return checksum


def _descriptor(member: Member, checksum: int) -> bytes:
    written = _DESCRIPTOR_64 if member.large else _DESCRIPTOR
    return written.pack(b"PK\7\x08", checksum, member.size, member.size)
