"""An archive that came in, opened: a ZIP, or the folder it was unpacked to, with its lists of digests."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

PIECE = 1024 * 1024  # bytes read at once
DECLARATION, INFO = "bagit.txt", "bag-info.txt"
PAYLOAD_DIGESTS, TAG_DIGESTS = "manifest-sha256.txt", "tagmanifest-sha256.txt"
_LARGEST_TEXT = 256 * 1024 * 1024  # bytes; no manifest comes near
# What a damaged or strange ZIP raises while a member is read.
UNREADABLE = (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, NotImplementedError, EOFError)


class NotAnArchive(Exception):
    """The file can't be looked into at all; the message says why."""


@dataclass(frozen=True)
class Bag:
    """An opened archive: its files by their path in the bag, how to read one, and names that are not right."""

    members: frozenset[str]
    open: Callable[[str], BinaryIO]
    oddities: tuple[tuple[str, str], ...] = ()
    close: Callable[[], None] = lambda: None

    def text(self, path: str) -> str:
        """A small file as text. Raises KeyError, UnicodeDecodeError."""
        if path not in self.members:
            raise KeyError(path)
        with self.open(path) as file:
            return file.read(_LARGEST_TEXT).decode()


def opened(source: Path) -> Bag:
    """The archive, its names looked at and nothing read yet. Raises NotAnArchive."""
    if source.is_dir():
        return _folder(source)
    try:
        archive = zipfile.ZipFile(source)
    except (OSError, zipfile.BadZipFile) as error:
        raise NotAnArchive(f"{source} can't be read as a ZIP, or was cut short: {error}") from error
    return _zip(archive, source)


def _folder(source: Path) -> Bag:
    found = {path.relative_to(source).as_posix(): path for path in source.rglob("*") if path.is_file()}
    if DECLARATION not in found:
        raise NotAnArchive(f"{source} is not one of our archives: it has no {DECLARATION}")
    return Bag(frozenset(found), lambda path: found[path].open("rb"))


def _zip(archive: zipfile.ZipFile, source: Path) -> Bag:
    names = [info.filename for info in archive.infolist() if not info.is_dir()]
    roots = {name.partition("/")[0] for name in names}
    root = next(iter(roots), "")
    if len(roots) != 1 or f"{root}/{DECLARATION}" not in names:
        archive.close()
        raise NotAnArchive(
            f"{source} is not one of our archives, or was cut short: it has no {DECLARATION} in its one folder"
        )
    oddities = [(name, "leads out of the archive") for name in names if ".." in PurePosixPath(name).parts]
    oddities += [(name, "is there twice") for name, count in Counter(names).items() if count > 1]

    def read(path: str) -> BinaryIO:
        return archive.open(f"{root}/{path}")  # type: ignore[return-value]

    members = frozenset(name.removeprefix(f"{root}/") for name in names)
    return Bag(members, read, tuple(oddities), archive.close)


def listed(bag: Bag, path: str) -> dict[str, str]:
    """The digests a list names, by path. Raises NotAnArchive."""
    try:
        lines = bag.text(path).splitlines()
        pairs = [line.split(maxsplit=1) for line in lines if line.strip()]
        return {name.strip(): digest.lower() for digest, name in pairs}
    except (KeyError, ValueError, *UNREADABLE) as error:
        raise NotAnArchive(f"{path} can't be read: {error}") from error


def digest_of(bag: Bag, path: str) -> str:
    """The SHA-256 of a file in it. Raises what is in UNREADABLE."""
    digest = hashlib.sha256()
    with bag.open(path) as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()
