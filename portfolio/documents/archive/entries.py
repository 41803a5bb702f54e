"""Files of a bag to be: their digests, and how to begin reading them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from portfolio.documents.archive.opening import DECLARATION, INFO, PAYLOAD_DIGESTS, TAG_DIGESTS
from portfolio.errors import DomainError
from portfolio.storage import BlobMissing, Storage

# Bytes read at once: few enough to be in the processor's cache still when they are hashed, checked and sent.
PIECE = 256 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the bag, with its digest."""

    path: str
    size: int
    sha256: str
    begin: Callable[[], Iterable[bytes]]


class Kept(NamedTuple):
    """A file in the store, and what people call it."""

    sha256: str
    title: str


def of_text(path: str, text: str) -> Entry:
    """A file of this text."""
    return of_bytes(path, text.encode())


def of_bytes(path: str, data: bytes) -> Entry:
    """A file of these bytes."""
    return Entry(path, len(data), hashlib.sha256(data).hexdigest(), lambda: [data])


def canonical(value: object) -> str:
    """JSON in the one notation of a value."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def tag_files(info: Mapping[str, str], payload: Sequence[Entry], *further: Entry) -> list[Entry]:
    """The files that make it a bag (RFC 8493), and further ones beside them; the digests of all come last."""
    oxum = f"{sum(entry.size for entry in payload)}.{len(payload)}"
    described = {**info, "Payload-Oxum": oxum}
    tags = [
        of_text(DECLARATION, "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"),
        of_text(INFO, "".join(f"{key}: {' '.join(value.split())}\n" for key, value in described.items())),
        of_text(PAYLOAD_DIGESTS, _digests(payload)),
        *further,
    ]
    return [*tags, of_text(TAG_DIGESTS, _digests(tags))]


def _digests(entries: Sequence[Entry]) -> str:
    return "".join(f"{entry.sha256}  {entry.path}\n" for entry in entries)


def whole(file: Kept, storage: Storage, school_id: int) -> Iterator[bytes]:
    """A stored file's bytes, hashed on their way out.

    Raises DomainError (bytes_missing, bytes_changed) with its title: such bytes end the archive.
    """
    digest = hashlib.sha256()
    try:
        with storage.open(school_id, file.sha256) as stored:
            while piece := stored.read(PIECE):
                digest.update(piece)
                yield piece
    except BlobMissing as error:
        raise DomainError("bytes_missing", title=file.title) from error
    if digest.hexdigest() != file.sha256:
        raise DomainError("bytes_changed", title=file.title)


class Sizes:
    """How large stored files are; a remote store is asked for one listing instead of a question a file."""

    def __init__(self, storage: Storage, school_id: int) -> None:
        self._storage = storage
        self._school_id = school_id
        self._there: set[str] | None = None

    def of(self, file: Kept, expected: int | None) -> int:
        """Bytes; `expected` where that is known. Raises DomainError (bytes_missing, bytes_changed) with the title."""
        size = self._stored(file, expected)
        if expected is not None and size != expected:
            raise DomainError("bytes_changed", title=file.title)
        return size

    def _stored(self, file: Kept, expected: int | None) -> int:
        try:
            path = self._storage.local_path(self._school_id, file.sha256)
        except BlobMissing as error:
            raise DomainError("bytes_missing", title=file.title) from error
        if path is not None:
            return path.stat().st_size
        if self._there is None:
            self._there = set(self._storage.digests(self._school_id))
        if file.sha256 not in self._there:
            raise DomainError("bytes_missing", title=file.title)
        return expected if expected is not None else self._storage.size(self._school_id, file.sha256) or 0
