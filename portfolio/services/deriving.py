"""Making the derivatives of a file and putting them into the store; no row is read or written here."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from portfolio.derive import Derived, Failure, Limits, derive
from portfolio.derive import PageImage as DrawnPage
from portfolio.storage import BlobMissing, Storage

LIMITS = Limits()
_PUBLIC_TYPES = {
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".tif": "image/tiff",
}


@dataclass(frozen=True, slots=True)
class Kept:
    """What was made of a file, with every byte of it in the store."""

    derived: Derived
    images: tuple[tuple[DrawnPage, str], ...]  # each with its digest
    public: tuple[str, int, str] | None  # digest, bytes, media type

    def digests(self) -> set[str]:
        """Everything the store holds of it."""
        return {digest for _, digest in self.images} | ({self.public[0]} if self.public else set())


def make(
    storage: Storage, school_id: int, sha256: str, media_type: str, pages: range | None = None
) -> Kept | str:
    """What can be made of the file, or only images of these pages, put into the store; or the code of why nothing."""
    with TemporaryDirectory(prefix="portfolio-derive-") as folder:
        try:
            source = _at_hand(storage, school_id, sha256, Path(folder) / "original")
        except BlobMissing:
            return "bytes_missing"
        result = derive(source, media_type, Path(folder) / "made", LIMITS, pages=pages)
        if isinstance(result, Failure):
            return result.reason_code
        return _keep(storage, school_id, result)


def _at_hand(storage: Storage, school_id: int, sha256: str, copy: Path) -> Path:
    """The original as a local file, fetched where the store is elsewhere. Raises BlobMissing."""
    path = storage.local_path(school_id, sha256)
    if path is not None:
        return path
    with storage.open(school_id, sha256) as body, copy.open("wb") as file:
        shutil.copyfileobj(body, file, 1024 * 1024)
    return copy


def _keep(storage: Storage, school_id: int, derived: Derived) -> Kept:
    public = derived.public_copy
    kept = None
    if public is not None:
        size, media_type = public.stat().st_size, _PUBLIC_TYPES[public.suffix]
        kept = (_put(storage, school_id, public), size, media_type)
    return Kept(
        derived, tuple((image, _put(storage, school_id, image.path)) for image in derived.images), kept
    )


def _put(storage: Storage, school_id: int, path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    storage.put(school_id, digest, path)
    return digest
