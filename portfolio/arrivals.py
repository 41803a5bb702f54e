"""The uploads folder: files that grow piece by piece, each written by one request at a time."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from portfolio.errors import DomainError, NotFound

PIECE = 256 * 1024  # bytes read and written at once; what an upload costs in memory
CHECKSUMS = ("sha1", "sha256", "md5")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Body(Protocol):
    """Bytes as they come in from a client."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes; none at the end. Raises OSError when the line is cut."""
        ...


class LineCut(Exception):
    """The client went away before its body was whole; `received` bytes of it are kept."""

    def __init__(self, received: int) -> None:
        super().__init__(received)
        self.received = received


@dataclass(frozen=True, slots=True)
class Checksum:
    """What the client says a body hashes to."""

    algorithm: str
    digest: bytes


def path_of(folder: Path, token: str) -> Path:
    """Where an upload grows. Raises NotFound for what can't be a token."""
    if not _TOKEN.fullmatch(token):
        raise NotFound()
    return folder / token


def begin(folder: Path, token: str) -> Path:
    """An empty file for a new upload, for its owner only. Raises DomainError("upload_no_room")."""
    folder.mkdir(parents=True, exist_ok=True)
    path = path_of(folder, token)
    with no_room_explained():
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    return path


def size_of(folder: Path, token: str) -> int:
    """How much has arrived, in bytes. Raises NotFound if nothing is there any more."""
    try:
        return path_of(folder, token).stat().st_size
    except FileNotFoundError as error:
        raise NotFound("upload_gone") from error


def discard(folder: Path, token: str) -> None:
    """Remove what has arrived."""
    path_of(folder, token).unlink(missing_ok=True)


class GrowingFile:
    """A file that this request alone may append to."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self._file = file

    @property
    def size(self) -> int:
        """Bytes so far: the upload's offset."""
        return os.fstat(self._file.fileno()).st_size

    def append(
        self, body: Body, *, most: int, expected: int | None = None, checksum: Checksum | None = None
    ) -> None:
        """Append at most `most` bytes of a body, of which `expected` were announced.

        Raises LineCut (what came is kept, unless a checksum was announced for the whole), DomainError
        (upload_checksum, upload_no_room: back to where it began).
        """
        start = self.size
        digest = hashlib.new(checksum.algorithm, usedforsecurity=False) if checksum else None
        try:
            received = self._write(body, start, most, digest.update if digest else None)
        except DomainError:
            self._back_to(start)
            raise
        cut = expected is not None and received < min(expected, most)
        if cut and checksum:
            self._back_to(start)
        if cut:
            raise LineCut(0 if checksum else received)
        if checksum and digest and digest.digest() != checksum.digest:
            self._back_to(start)
            raise DomainError("upload_checksum")

    def _write(self, body: Body, start: int, most: int, seen: Callable[[bytes], None] | None) -> int:
        """Write the body from `start` on; returns how much came before its end or the line's."""
        self._file.seek(start)
        received = 0
        while received < most:
            try:
                piece = body.read(min(PIECE, most - received))
            except OSError:
                break
            if not piece:
                break
            with no_room_explained():
                _write_whole(self._file, piece)
            if seen:
                seen(piece)
            received += len(piece)
        return received

    def _back_to(self, size: int) -> None:
        self._file.truncate(size)


@contextmanager
def held(folder: Path, token: str) -> Iterator[GrowingFile]:
    """The upload's file, held by this request until the block ends.

    Raises NotFound("upload_gone") if it is not there, DomainError("upload_busy") if another request has it.
    """
    path = path_of(folder, token)
    try:
        opened = path.open("r+b", buffering=0)
    except FileNotFoundError as error:
        raise NotFound("upload_gone") from error
    with opened as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DomainError("upload_busy") from error
        # Between opening and locking, its last holder may have finished: then this is a stored file.
        if not _still_at(path, file.fileno()):
            raise NotFound("upload_gone")
        yield GrowingFile(path, file)


def abandoned(folder: Path, *, before: datetime) -> Iterator[str]:
    """Tokens of files that nobody has written to since a moment."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        try:
            if _TOKEN.fullmatch(path.name) and path.stat().st_mtime < before.timestamp():
                yield path.name
        except FileNotFoundError:
            continue


def _still_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _write_whole(file: BinaryIO, piece: bytes) -> None:
    rest = memoryview(piece)
    while rest:
        rest = rest[file.write(rest) :]


@contextmanager
def no_room_explained() -> Iterator[None]:
    """Turns a full disk into DomainError("upload_no_room")."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise DomainError("upload_no_room") from error
        raise
