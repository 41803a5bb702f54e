"""What nobody needs any more, removed: expired uploads, what was long in the trash, bytes without a reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session, sessionmaker

from portfolio.db import writing
from portfolio.services import blobs, trash, uploads
from portfolio.storage import Storage


@dataclass(frozen=True, slots=True)
class Swept:
    """How many uploads, pieces of evidence and files went."""

    uploads: int
    pieces: int
    files: int


def sweep_store(
    sessions: sessionmaker[Session], storage: Storage, uploads_folder: Path, *, clock: Callable[[], datetime]
) -> Swept:
    """Sweep everything, in transactions of its own."""
    with writing(sessions) as session:
        expired = uploads.sweep(session, uploads_folder, clock())
        pieces = trash.empty_trash(session, now=clock())
    files = 0
    # The first run takes bytes without a row, and rows that nothing refers to; the second, once that is
    # committed, these rows' bytes.
    for _run in range(2):
        with writing(sessions) as session:
            files += blobs.sweep(session, storage, now=clock())
    return Swept(expired, pieces, files)
