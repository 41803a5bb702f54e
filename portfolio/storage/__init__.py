"""Where the bytes of uploaded files live: content-addressed, one namespace a school."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, Protocol

_SHA256 = re.compile(r"[0-9a-f]{64}")


class StorageError(Exception):
    """Anything that goes wrong between the application and its storage."""


class BlobMissing(StorageError):
    """The storage holds nothing under this school and digest."""

    def __init__(self, school_id: int, sha256: str) -> None:
        super().__init__(f"no bytes {sha256} of school {school_id}")
        self.school_id = school_id
        self.sha256 = sha256


class BlobDamaged(StorageError):
    """What is stored under this school and digest has another size than the file it stands for."""

    def __init__(self, school_id: int, sha256: str, *, stored: int | None, expected: int) -> None:
        super().__init__(f"bytes {sha256} of school {school_id}: {stored} stored, {expected} expected")
        self.school_id = school_id
        self.sha256 = sha256


class StorageUnavailable(StorageError):
    """The storage does not answer, or refuses; `reason` says why in words an operator can use."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class StorageFull(StorageError):
    """There is no room left; nothing of the file was kept."""


class StorageMisconfigured(StorageError):
    """STORAGE_URL can't be used; the message says what is wrong and what a right one looks like."""


class Storage(Protocol):
    """Bytes by school and SHA-256. Every method raises ValueError for a key that can't exist,
    StorageUnavailable when the storage fails; all may be called from several threads at once."""

    @property
    def name(self) -> str:
        """Which engine this is, "local" or "s3": stored on each row."""
        ...

    def put(self, school_id: int, sha256: str, source: Path) -> None:
        """Store the finished local file `source` under its digest, wholly or not at all.

        Consumes `source`: on return it is gone, its bytes are stored and read-only. On an exception it is
        where it was and the caller's. Bytes already there stay untouched. The size is verified, the digest
        is not: the caller hashed the file. Raises StorageFull, BlobDamaged if other bytes are in the place.
        """
        ...

    def open(self, school_id: int, sha256: str, start: int = 0, end: int | None = None) -> BinaryIO:
        """Read the bytes `start` to `end` (exclusive, clipped to the size); raises BlobMissing.

        Seekable where the storage is local; a forward stream otherwise. The caller closes it.
        """
        ...

    def size(self, school_id: int, sha256: str) -> int | None:
        """Bytes stored under this digest, None if there are none."""
        ...

    def exists(self, school_id: int, sha256: str) -> bool:
        """Whether something is stored under this digest."""
        ...

    def delete(self, school_id: int, sha256: str) -> None:
        """Remove the bytes; no error if they were not there."""
        ...

    def digests(self, school_id: int) -> Iterator[str]:
        """Every digest stored for the school, ascending."""
        ...

    def schools(self) -> Iterator[int]:
        """Every school id that has bytes here, in no particular order."""
        ...

    def local_path(self, school_id: int, sha256: str) -> Path | None:
        """The file to hand to sendfile, None where storage is remote; raises BlobMissing."""
        ...

    def presign(
        self, school_id: int, sha256: str, *, filename: str, media_type: str, expires: timedelta
    ) -> str | None:
        """A URL that gives these bytes, named and typed, to whoever holds it until it expires; None if local.

        Signing asks no server: the URL of bytes that are missing is signed all the same.
        """
        ...

    def healthy(self) -> None:
        """Return if bytes can be read and written; raises StorageUnavailable."""
        ...


def checked_school(school_id: int) -> int:
    """The id if it can name a school's folder; raises ValueError."""
    if type(school_id) is not int or school_id < 0:  # True and False are ints too
        raise ValueError(f"not a school id: {school_id!r}")
    return school_id


def checked_digest(sha256: str) -> str:
    """The digest if it is 64 lower-case hexadecimal digits; raises ValueError."""
    if not is_digest(sha256):
        raise ValueError(f"not a SHA-256 digest: {sha256!r}")
    return sha256


def is_digest(name: str) -> bool:
    """Whether the name is a SHA-256 digest as this storage writes it."""
    return isinstance(name, str) and _SHA256.fullmatch(name) is not None


def checked_range(start: int, end: int | None) -> None:
    """Raise ValueError unless 0 <= start <= end."""
    if start < 0 or (end is not None and end < start):
        raise ValueError(f"not a range of bytes: {start} to {end}")
