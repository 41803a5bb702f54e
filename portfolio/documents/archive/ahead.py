"""Stored files read and hashed while others are on their way out: disk, digests and line at work at the same time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from portfolio.documents.archive.entries import Entry, Kept, whole
from portfolio.storage import Storage

AT_ONCE = 2  # files
# A file up to this many bytes is read whole ahead: none of its bytes goes out before its digest is known.
WHOLE = 2 * 1024 * 1024
# Bytes of files that are read and not yet sent: few, so that they are still in the processor's cache when they are.
MOST_HELD = 4 * 1024 * 1024


@dataclass
class ReadAhead:
    """The files of an archive in their order; outside `running` each is read when its turn comes."""

    storage: Storage
    school_id: int
    files: Sequence[Kept]
    sizes: Sequence[int]
    _pool: ThreadPoolExecutor | None = None
    _read: dict[int, Future[list[bytes]]] = field(default_factory=dict)
    _next: int = 0
    _held: int = 0

    def entries(self, paths: Sequence[str]) -> list[Entry]:
        """The files as parts of a bag, at these places."""
        return [
            Entry(path, size, file.sha256, partial(self.pieces, number))
            for number, (path, size, file) in enumerate(zip(paths, self.sizes, self.files, strict=True))
        ]

    @contextmanager
    def running(self) -> Iterator[None]:
        """Read ahead while the block runs; the files are asked for once each, in their order or not at all."""
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="archive") as pool:
            self._pool, self._next, self._held = pool, 0, 0
            try:
                yield
            finally:
                self._pool = None
                self._read.clear()
                pool.shutdown(cancel_futures=True)

    def pieces(self, number: int) -> Iterator[bytes]:
        """A file's bytes. Raises DomainError (bytes_missing, bytes_changed) with its title."""
        if self._pool is None:
            yield from self._whole(number)
            return
        self._go_on(self._pool, number)
        read = self._read.pop(number, None)
        if read is None:
            yield from _one_ahead(self._pool, self._whole(number))
            return
        yield from read.result()
        self._held -= self.sizes[number]

    def _go_on(self, pool: ThreadPoolExecutor, number: int) -> None:
        """Begin reading what comes next, as far as there is room and no large file is in the way."""
        self._next = max(self._next, number)
        while self._next < len(self.files):
            size = self.sizes[self._next]
            if size > WHOLE:
                if self._next > number:
                    return
            elif self._held + size > MOST_HELD and self._held:
                return
            else:
                self._read[self._next] = pool.submit(list, self._whole(self._next))
                self._held += size
            self._next += 1

    def _whole(self, number: int) -> Iterator[bytes]:
        return whole(self.files[number], self.storage, self.school_id)


def _one_ahead(pool: ThreadPoolExecutor, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same pieces, the next one read while one is on its way."""
    coming = pool.submit(next, pieces, None)
    while (piece := coming.result()) is not None:
        coming = pool.submit(next, pieces, None)
        yield piece
