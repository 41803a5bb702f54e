"""The archive of a whole school, read with suspicion: nothing of it is believed that its lists don't bear out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portfolio.documents.archive.opening import (
    PAYLOAD_DIGESTS,
    PIECE,
    TAG_DIGESTS,
    UNREADABLE,
    Bag,
    NotAnArchive,
    digest_of,
    listed,
    opened,
)
from portfolio.errors import DomainError
from portfolio.services.moving.out import FORMAT, HEADER, file_path, table_path
from portfolio.services.moving.people import person_columns
from portfolio.services.moving.registry import PEOPLE, TAKEN
from portfolio.services.moving.rows import Malformed, row_of
from portfolio.storage import is_digest

_FAMILY = FORMAT.rpartition("/")[0]
_LONGEST_LINE = 64 * 1024 * 1024  # bytes; a package's manifest is the longest there is
_FILES = file_path("")


@dataclass(frozen=True)
class SchoolArchive:
    """An archive whose lists, header and tables are whole; its files are still to be read."""

    bag: Bag
    digest: str  # of the list of lists: it stands for every byte of the archive
    school_id: int
    name: str
    district: str
    counts: dict[str, int]
    files: tuple[str, ...]  # digests
    size: int  # bytes of all files

    def rows(self, table: str) -> Generator[dict[str, Any], None, None]:
        """A table's rows, one at a time. Raises DomainError (archive_row, archive_rows)."""
        columns = _COLUMNS[table]
        count = 0
        with self.bag.open(table_path(table)) as file:
            while line := file.readline(_LONGEST_LINE):
                count += 1
                try:
                    yield row_of(line, columns)
                except Malformed as error:
                    raise DomainError("archive_row", table=table, line=count, columns=str(error)) from error
        if count != self.counts[table]:
            raise DomainError("archive_rows", table=table, found=count, said=self.counts[table])

    def pieces(self, sha256: str) -> Iterator[bytes]:
        """A file's bytes, hashed on their way. Raises DomainError("archive_changed") with its path at the end."""
        path, digest = file_path(sha256), hashlib.sha256()
        try:
            with self.bag.open(path) as file:
                while piece := file.read(PIECE):
                    digest.update(piece)
                    yield piece
        except UNREADABLE as error:
            raise DomainError("archive_changed", path=path) from error
        if digest.hexdigest() != sha256:
            raise DomainError("archive_changed", path=path)


_COLUMNS = {PEOPLE: person_columns(), **{taken.name: taken.columns for taken in TAKEN}}


@contextmanager
def read(source: Path, *, expected: str | None = None) -> Iterator[SchoolArchive]:
    """The archive while the block runs; `expected` is the digest the sender told.

    Raises DomainError: archive_unreadable, archive_outside, archive_twice, archive_missing, archive_extra,
    archive_changed, archive_version, archive_other, with the path concerned.
    """
    try:
        bag = opened(source)
    except NotAnArchive as error:
        raise DomainError("archive_unreadable") from error
    try:
        yield _looked_through(bag, expected)
    finally:
        bag.close()


def _looked_through(bag: Bag, expected: str | None) -> SchoolArchive:
    """All but the files compared with the lists."""
    try:
        tags, payload = listed(bag, TAG_DIGESTS), listed(bag, PAYLOAD_DIGESTS)
    except NotAnArchive as error:
        raise DomainError("archive_unreadable") from error
    _check_names(bag, {**tags, **payload})
    files = tuple(path.removeprefix(_FILES) for path in payload if path.startswith(_FILES))
    rest = {path: said for path, said in payload.items() if not path.startswith(_FILES)}
    _check_digests(bag, {**tags, **rest})
    digest = digest_of(bag, TAG_DIGESTS)
    if expected is not None and digest != expected:
        raise DomainError("archive_other", found=digest)
    for sha256 in files:
        if not is_digest(sha256) or payload[file_path(sha256)] != sha256:
            raise DomainError("archive_changed", path=file_path(sha256))
    return _described(bag, digest, files)


def _check_names(bag: Bag, digests: dict[str, str]) -> None:
    for path, matter in bag.oddities:
        raise DomainError("archive_twice" if matter == "is there twice" else "archive_outside", path=path)
    for path in sorted(digests.keys() - bag.members):
        raise DomainError("archive_missing", path=path)
    for path in sorted(bag.members - digests.keys() - {TAG_DIGESTS}):
        raise DomainError("archive_extra", path=path)


def _check_digests(bag: Bag, digests: dict[str, str]) -> None:
    for path, said in digests.items():
        try:
            found = digest_of(bag, path)
        except UNREADABLE as error:
            raise DomainError("archive_changed", path=path) from error
        if found != said:
            raise DomainError("archive_changed", path=path)


def _described(bag: Bag, digest: str, files: tuple[str, ...]) -> SchoolArchive:
    try:
        said = json.loads(bag.text(HEADER))
        if said["format"] != FORMAT:
            known = str(said["format"]).startswith(f"{_FAMILY}/")
            raise DomainError(
                "archive_version" if known else "archive_unreadable", found=said["format"], known=FORMAT
            )
        counts = {str(name): int(count) for name, count in said["tables"].items()}
        school = said["school"]
        found = SchoolArchive(
            bag,
            digest,
            int(school["id"]),
            str(school["name"]),
            str(school["district"]),
            counts,
            files,
            int(said["files"]["bytes"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DomainError("archive_unreadable") from error
    for name in sorted(_COLUMNS.keys() ^ counts.keys()):
        raise DomainError("archive_version", found=name, known=FORMAT)
    for name in counts:
        if table_path(name) not in bag.members:
            raise DomainError("archive_missing", path=table_path(name))
    return found
