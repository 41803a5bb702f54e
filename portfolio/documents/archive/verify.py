"""Is an archive what was signed? Needs the file and nothing else: no database, no network, no clock."""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from portfolio.documents.archive.bag import MANIFEST, PIECE, RUBRIC
from portfolio.documents.archive.contents import PAYLOAD
from portfolio.documents.archive.stamp import (
    LARGEST,
    MATTERS,
    STAMP,
    Stamp,
    StampInvalid,
    check_signature,
    read,
)
from portfolio.manifest import FORMAT, canonical

DECLARATION, INFO = "bagit.txt", "bag-info.txt"
PAYLOAD_DIGESTS, TAG_DIGESTS = "manifest-sha256.txt", "tagmanifest-sha256.txt"
_LARGEST_TEXT = 256 * 1024 * 1024  # bytes; no manifest comes near
# What a damaged or strange ZIP raises while a member is read.
_UNREADABLE = (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, NotImplementedError, EOFError)


class NotAnArchive(Exception):
    """The file can't be looked into at all; the message says why."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A file of the archive and what is the matter with it; None where it is whole."""

    path: str
    matter: str | None = None


@dataclass
class Verification:
    """Looks at everything in an archive (a ZIP, or the folder it was unpacked to) once."""

    source: Path
    digest: str | None = None  # of the package, as the archive says
    files: int = 0
    # the time an authority vouches for, where the archive holds its stamp
    stamp: Stamp | None = None
    _digests: dict[str, str] = field(default_factory=dict)

    def findings(self, expected: str | None = None, *, ca: Path | None = None) -> Iterator[Finding]:
        """Every file as it is looked at, then what doesn't fit together; `expected` is the receipt's digest.

        `ca` holds the certificates (PEM) that the signature of the time stamp must lead to; without it only that the
        stamp is of this package is looked at. Raises NotAnArchive.
        """
        bag = _opened(self.source)
        yield from (Finding(name, matter) for name, matter in bag.oddities)
        listed = {**_listed(bag, TAG_DIGESTS), **_listed(bag, PAYLOAD_DIGESTS)}
        for path, said in listed.items():
            yield Finding(path, self._matter_with(bag, path, said))
        for path in sorted(set(bag.members) - set(listed) - {TAG_DIGESTS}):
            if path.startswith(f"{PAYLOAD}/"):
                yield Finding(path, "is not on the list: it was added later")
        for path in (DECLARATION, INFO, MANIFEST, RUBRIC):
            if path not in listed:
                yield Finding(path, "is not on any list of digests")
        yield from self._package(bag, expected)
        yield from self._stamp(bag, ca)

    def _matter_with(self, bag: _Bag, path: str, said: str) -> str | None:
        self.files += 1
        if path not in bag.members:
            return "is missing"
        try:
            found = _digest(bag, path)
        except _UNREADABLE as error:
            return f"is damaged: {error}"
        self._digests[path] = found
        return None if found == said else f"was changed: its digest is {found}, not {said}"

    def _package(self, bag: _Bag, expected: str | None) -> Iterator[Finding]:
        """What the manifest says against what is there."""
        try:
            text = bag.text(MANIFEST)
            said = json.loads(text)
            if said["format"] != FORMAT:
                yield Finding(MANIFEST, f"has the format {said['format']!r}; this version knows {FORMAT!r}")
                return
            rubric = said["rubric"]["sha256"]
            files = [
                (str(file["title"]), {file["sha256"], file.get("public_sha256")}) for file in said["files"]
            ]
        except (ValueError, KeyError, TypeError, AttributeError, *_UNREADABLE) as error:
            yield Finding(MANIFEST, f"can't be read: {error!r}")
            return
        self.digest = hashlib.sha256(text.encode()).hexdigest()
        if text != canonical(said):
            yield Finding(MANIFEST, "is not in its canonical notation")
        if expected is not None and self.digest != expected:
            yield Finding(MANIFEST, f"is not the one asked for: its digest is {self.digest}, not {expected}")
        if (named := _identifier(bag)) != f"sha256:{self.digest}":
            yield Finding(INFO, f"names another package: {named}")
        if self._digests.get(RUBRIC) != rubric:
            yield Finding(RUBRIC, f"is another rubric than the one signed, {rubric}")
        there = set(self._digests.values())
        for title, digests in files:
            if not there & digests:
                yield Finding(title, "is in the manifest, and its bytes are not here")

    def _stamp(self, bag: _Bag, ca: Path | None) -> Iterator[Finding]:
        """The time stamp against the manifest, and against the certificates if there are any."""
        if STAMP not in bag.members:
            if ca is not None:
                yield Finding(STAMP, "is missing: the package was not stamped when this archive was made")
            return
        if self.digest is None:
            return
        try:
            with bag.open(STAMP) as file:
                response = file.read(LARGEST)
            self.stamp = read(response, self.digest)
            if ca is not None:
                check_signature(response, self.digest, ca)
        except StampInvalid as error:
            yield Finding(STAMP, MATTERS[error.code])
        except _UNREADABLE as error:
            yield Finding(STAMP, f"is damaged: {error}")


@dataclass(frozen=True)
class _Bag:
    """An opened archive: its files by their path in the bag, how to read one, and names that are not right."""

    members: frozenset[str]
    open: Callable[[str], BinaryIO]
    oddities: tuple[tuple[str, str], ...] = ()

    def text(self, path: str) -> str:
        """A small file as text. Raises KeyError, UnicodeDecodeError."""
        if path not in self.members:
            raise KeyError(path)
        with self.open(path) as file:
            return file.read(_LARGEST_TEXT).decode()


def _opened(source: Path) -> _Bag:
    if source.is_dir():
        return _folder(source)
    try:
        archive = zipfile.ZipFile(source)
    except (OSError, zipfile.BadZipFile) as error:
        raise NotAnArchive(f"{source} can't be read as a ZIP, or was cut short: {error}") from error
    return _zip(archive, source)


def _folder(source: Path) -> _Bag:
    found = {path.relative_to(source).as_posix(): path for path in source.rglob("*") if path.is_file()}
    if DECLARATION not in found:
        raise NotAnArchive(f"{source} is not a package: it has no {DECLARATION}")
    return _Bag(frozenset(found), lambda path: found[path].open("rb"))


def _zip(archive: zipfile.ZipFile, source: Path) -> _Bag:
    names = [info.filename for info in archive.infolist() if not info.is_dir()]
    roots = {name.partition("/")[0] for name in names}
    root = next(iter(roots), "")
    if len(roots) != 1 or f"{root}/{DECLARATION}" not in names:
        raise NotAnArchive(
            f"{source} is not a package, or was cut short: it has no {DECLARATION} in its one folder"
        )
    oddities = [(name, "leads out of the archive") for name in names if ".." in PurePosixPath(name).parts]
    oddities += [(name, "is there twice") for name, count in Counter(names).items() if count > 1]

    def read(path: str) -> BinaryIO:
        return archive.open(f"{root}/{path}")  # type: ignore[return-value]

    return _Bag(frozenset(name.removeprefix(f"{root}/") for name in names), read, tuple(oddities))


def _listed(bag: _Bag, path: str) -> dict[str, str]:
    """The digests a list names, by path. Raises NotAnArchive."""
    try:
        lines = bag.text(path).splitlines()
        pairs = [line.split(maxsplit=1) for line in lines if line.strip()]
        return {name.strip(): digest.lower() for digest, name in pairs}
    except (KeyError, ValueError, *_UNREADABLE) as error:
        raise NotAnArchive(f"{path} can't be read: {error}") from error


def _digest(bag: _Bag, path: str) -> str:
    digest = hashlib.sha256()
    with bag.open(path) as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _identifier(bag: _Bag) -> str:
    try:
        lines = bag.text(INFO).splitlines()
    except (KeyError, ValueError, *_UNREADABLE):
        return "nothing"
    found = [line.partition(":")[2].strip() for line in lines if line.startswith("External-Identifier:")]
    return found[0] if found else "nothing"
