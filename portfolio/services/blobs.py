"""Stored bytes: put in once their type is known, deleted once nothing refers to them."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import and_, delete, exists, select, text
from sqlalchemy.orm import Session

from portfolio.detection import TypeRefused, detect
from portfolio.errors import DomainError
from portfolio.models import Blob, EvidenceVersion, FindingPhoto, Upload
from portfolio.services import derivations, errands
from portfolio.services.evidence import StoredFile
from portfolio.storage import BlobDamaged, Storage, StorageFull, StorageUnavailable

GRACE = timedelta(days=1)
# Refusals that pass: the bytes stay where they are, and the same request may succeed later.
PASSING = frozenset({"upload_no_room", "storage_unavailable"})


def store(path: Path, *, filename: str, school_id: int, storage: Storage) -> StoredFile:
    """Hash a file that has arrived whole, find its type, and put it into the store, which consumes it.

    Raises DomainError: file_* if it isn't taken; those in PASSING, with the file still where it was.
    """
    try:
        found = detect(path, filename)
    except TypeRefused as error:
        raise _refusal(error) from error
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = file.tell()
    try:
        storage.put(school_id, digest, path)
    except StorageFull as error:
        _make_writable(path)
        raise DomainError("upload_no_room") from error
    except (StorageUnavailable, BlobDamaged) as error:
        _make_writable(path)
        raise DomainError("storage_unavailable") from error
    return StoredFile(filename, digest, size, found.media_type, storage.name)


def _make_writable(path: Path) -> None:
    """A store that failed may have protected the file already; the next try must be able to open it."""
    path.chmod(0o600)


def _refusal(error: TypeRefused) -> DomainError:
    if error.reason_code == "not_on_list" and error.found is None:
        return DomainError("file_unknown_type")
    return DomainError(f"file_{error.reason_code}", found=error.found or "")


def sweep(session: Session, storage: Storage, *, now: datetime, grace: timedelta = GRACE) -> int:
    """Delete stored bytes that no file version and no finding refers to; returns how many.

    In two runs: one removes the row, the next, once that is committed, the bytes. Needs a writing session.
    """
    _keep_others_out(session)
    removed = sum(_sweep_school(session, storage, school_id) for school_id in storage.schools())
    unused = and_(
        Blob.created_at <= now - grace,
        ~exists().where(EvidenceVersion.school_id == Blob.school_id, EvidenceVersion.sha256 == Blob.sha256),
        ~exists().where(FindingPhoto.school_id == Blob.school_id, FindingPhoto.sha256 == Blob.sha256),
    )
    derivations.forget(session, unused)
    session.execute(delete(Blob).where(unused))
    return removed


def sweep_unknown(session: Session, storage: Storage, *, school_id: int) -> int:
    """Delete a school's stored bytes that no row knows at all; returns how many. Needs a writing session."""
    _keep_others_out(session)
    return _sweep_school(session, storage, school_id)


def _keep_others_out(session: Session) -> None:
    """New files wait until a sweep is through; SQLite has one writer at a time anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE blobs, derivations, errands IN EXCLUSIVE MODE"))


def _sweep_school(session: Session, storage: Storage, school_id: int) -> int:
    known = set(session.scalars(select(Blob.sha256).where(Blob.school_id == school_id)))
    known |= derivations.digests_kept(session, school_id=school_id)
    known |= errands.digests_kept(session, school_id=school_id)
    # An upload that is being concluded at this moment has its bytes stored and its row still to come.
    arriving = set(
        session.scalars(
            select(Upload.length).where(
                Upload.school_id == school_id, Upload.finished_at.is_(None), Upload.refusal.is_(None)
            )
        )
    )
    unknown = [digest for digest in storage.digests(school_id) if digest not in known]
    dead = [digest for digest in unknown if storage.size(school_id, digest) not in arriving]
    for digest in dead:
        storage.delete(school_id, digest)
    return len(dead)
