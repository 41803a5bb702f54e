"""Storage in a folder: <root>/<school>/<first two digits>/<digest>, files read-only."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, cast

from portfolio.storage import (
    BlobDamaged,
    BlobMissing,
    StorageFull,
    StorageUnavailable,
    checked_digest,
    checked_range,
    checked_school,
    is_digest,
)

_ARRIVING = ".arriving"  # files not yet whole; never a school's folder
_ABANDONED = 24 * 3600  # seconds
_READ_ONLY = 0o444
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class LocalStorage:
    """Storage in the folder `root`, which is made if need be; raises OSError if it can't be."""

    name = "local"

    def __init__(self, root: Path) -> None:
        self.root = root
        self._arriving = root / _ARRIVING
        self._arriving.mkdir(parents=True, exist_ok=True)
        self._remove_abandoned()

    def put(self, school_id: int, sha256: str, source: Path) -> None:
        target = self._path(school_id, sha256)
        size = source.stat().st_size
        with _explained():
            if not target.exists():
                self._take_in(source, target)
        stored = self.size(school_id, sha256)
        if stored != size:
            raise BlobDamaged(school_id, sha256, stored=stored, expected=size)
        source.unlink(missing_ok=True)

    def _take_in(self, source: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        with self._whole_copy(source) as whole:
            _flush(whole)
            with contextlib.suppress(FileExistsError):  # somebody stored the same bytes meanwhile
                os.link(whole, target)  # unlike rename, never replaces
        for folder in (target.parent, target.parent.parent, self.root):
            _flush(folder)

    def _remove_abandoned(self) -> None:
        """A copy still here after a day belonged to a process that was killed."""
        for copy in self._arriving.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if time.time() - copy.stat().st_mtime > _ABANDONED:
                    copy.unlink()

    @contextlib.contextmanager
    def _whole_copy(self, source: Path) -> Iterator[Path]:
        """`source` itself, made read-only, if a link to it will do; else a copy, gone at the end."""
        if self._can_be_linked(source):
            source.chmod(_READ_ONLY)
            yield source
            return
        handle, name = tempfile.mkstemp(dir=self._arriving)
        copy = Path(name)
        try:
            with os.fdopen(handle, "wb") as file, source.open("rb") as original:
                shutil.copyfileobj(original, file, 1024 * 1024)
            copy.chmod(_READ_ONLY)
            yield copy
        finally:
            copy.unlink()

    def _can_be_linked(self, source: Path) -> bool:
        """Whether `source` is a plain file of this file system that no other name could alter later."""
        found = source.lstat()
        return (
            not source.is_symlink()
            and found.st_nlink == 1
            and found.st_uid == os.geteuid()
            and found.st_dev == self._arriving.stat().st_dev
        )

    def open(self, school_id: int, sha256: str, start: int = 0, end: int | None = None) -> BinaryIO:
        checked_range(start, end)
        with _explained():
            try:
                file = self._path(school_id, sha256).open("rb")
            except FileNotFoundError as error:
                raise BlobMissing(school_id, sha256) from error
        if start == 0 and end is None:
            return file
        return cast(BinaryIO, io.BufferedReader(_Window(file, start, end)))

    def size(self, school_id: int, sha256: str) -> int | None:
        with _explained():
            try:
                return self._path(school_id, sha256).stat().st_size
            except FileNotFoundError:
                return None

    def exists(self, school_id: int, sha256: str) -> bool:
        return self.size(school_id, sha256) is not None

    def delete(self, school_id: int, sha256: str) -> None:
        with _explained():
            self._path(school_id, sha256).unlink(missing_ok=True)

    def digests(self, school_id: int) -> Iterator[str]:
        folder = self.root / str(checked_school(school_id))
        for shelf in _listed(folder):
            for name in _listed(folder / shelf):
                if is_digest(name) and name[:2] == shelf:
                    yield name

    def schools(self) -> Iterator[int]:
        for name in _listed(self.root):
            if name.isdecimal() and any(self.digests(int(name))):
                yield int(name)

    def local_path(self, school_id: int, sha256: str) -> Path | None:
        if not self.exists(school_id, sha256):
            raise BlobMissing(school_id, sha256)
        return self._path(school_id, sha256)

    def presign(
        self, school_id: int, sha256: str, *, filename: str, media_type: str, expires: timedelta
    ) -> str | None:
        return None

    def healthy(self) -> None:
        try:
            with tempfile.TemporaryFile(dir=self._arriving) as probe:
                probe.write(b"written to see whether writing works")
        except OSError as error:
            raise StorageUnavailable(f"{self.root} can't be written: {error.strerror}") from error

    def _path(self, school_id: int, sha256: str) -> Path:
        return self.root / str(checked_school(school_id)) / checked_digest(sha256)[:2] / sha256


class _Window(io.RawIOBase):
    """Part of an open file, which is closed with it; positions count from the part's start."""

    def __init__(self, file: BinaryIO, start: int, end: int | None) -> None:
        size = os.fstat(file.fileno()).st_size
        self._file = file
        self._start = min(start, size)
        self._length = min(size if end is None else end, size) - self._start
        self._position = 0
        file.seek(self._start)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        wanted = min(len(buffer), max(0, self._length - self._position))
        content = self._file.read(wanted)
        buffer[: len(content)] = content
        self._position += len(content)
        return len(content)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._length}[whence]
        if origin + offset < 0:
            raise ValueError(f"seek before the start: {origin + offset}")
        self._position = origin + offset
        self._file.seek(self._start + self._position)
        return self._position

    def close(self) -> None:
        self._file.close()
        super().close()


def _flush(path: Path) -> None:
    """Have the disk hold a file's bytes, or a folder's names."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _listed(folder: Path) -> list[str]:
    with _explained():
        try:
            return sorted(os.listdir(folder))
        except (FileNotFoundError, NotADirectoryError):
            return []


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """Turn what the file system says into what storage says."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StorageFull(f"no room left for {error.filename or 'a file'}") from error
        raise StorageUnavailable(f"{error.filename}: {error.strerror}") from error
