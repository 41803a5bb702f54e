"""Is an archive what was signed? Needs the file and nothing else: no database, no network, no clock."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from portfolio.documents.archive.bag import MANIFEST, RUBRIC
from portfolio.documents.archive.contents import PAYLOAD
from portfolio.documents.archive.opening import (
    DECLARATION,
    INFO,
    PAYLOAD_DIGESTS,
    TAG_DIGESTS,
    UNREADABLE,
    Bag,
    NotAnArchive,
    digest_of,
    listed,
    opened,
)
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
        bag = opened(self.source)
        yield from (Finding(name, matter) for name, matter in bag.oddities)
        digests = {**listed(bag, TAG_DIGESTS), **listed(bag, PAYLOAD_DIGESTS)}
        for path, said in digests.items():
            yield Finding(path, self._matter_with(bag, path, said))
        for path in sorted(set(bag.members) - set(digests) - {TAG_DIGESTS}):
            if path.startswith(f"{PAYLOAD}/"):
                yield Finding(path, "is not on the list: it was added later")
        for path in (DECLARATION, INFO, MANIFEST, RUBRIC):
            if path not in digests:
                yield Finding(path, "is not on any list of digests")
        yield from self._package(bag, expected)
        yield from self._stamp(bag, ca)

    def _matter_with(self, bag: Bag, path: str, said: str) -> str | None:
        self.files += 1
        if path not in bag.members:
            return "is missing"
        try:
            found = digest_of(bag, path)
        except UNREADABLE as error:
            return f"is damaged: {error}"
        self._digests[path] = found
        return None if found == said else f"was changed: its digest is {found}, not {said}"

    def _package(self, bag: Bag, expected: str | None) -> Iterator[Finding]:
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
        except (ValueError, KeyError, TypeError, AttributeError, *UNREADABLE) as error:
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

    def _stamp(self, bag: Bag, ca: Path | None) -> Iterator[Finding]:
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
        except UNREADABLE as error:
            yield Finding(STAMP, f"is damaged: {error}")


def _identifier(bag: Bag) -> str:
    try:
        lines = bag.text(INFO).splitlines()
    except (KeyError, ValueError, *UNREADABLE):
        return "nothing"
    found = [line.partition(":")[2].strip() for line in lines if line.startswith("External-Identifier:")]
    return found[0] if found else "nothing"


__all__ = ["Finding", "NotAnArchive", "Verification"]
