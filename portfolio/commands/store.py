"""The store: its schema, its wholeness, its rubbish."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from portfolio import check as checks
from portfolio.commands.installation import Installation, opened
from portfolio.services import uploads
from portfolio.storage import Storage


def migrate(_arguments: argparse.Namespace) -> int:
    """Bring the schema up to date."""
    with opened() as place:
        place.migrate()
        print(f"The schema of {place.database} is up to date.")
    return 0


def check(arguments: argparse.Namespace) -> int:
    """Print everything that is not whole; 1 if anything isn't."""
    with opened() as place:
        place.require_schema()
        storage = place.storage()
        with place.reading() as session:
            inspection = checks.Inspection(session, storage, quick=arguments.quick)
            count = 0
            for problem in inspection.problems():
                count += 1
                print(problem, flush=True)
    print(f"{inspection.extent}: {count} problems" if count else f"OK: {inspection.extent}")
    return 1 if count else 0


def sweep(_arguments: argparse.Namespace) -> int:
    """Remove what nobody needs any more."""
    with opened() as place:
        place.require_schema()
        storage = place.storage()
        with place.writing() as session:
            expired = uploads.sweep(session, place.settings.uploads_folder, datetime.now(UTC))
        files = _sweep_files(place, storage)  # takes bytes without a row, and rows that nothing refers to …
        files += _sweep_files(place, storage)  # … whose bytes it takes once that is committed
    print(f"Removed {expired} expired uploads and {files} files that nothing refers to.")
    return 0


def _sweep_files(place: Installation, storage: Storage) -> int:
    with place.writing() as session:
        return uploads.sweep_blobs(session, storage, now=datetime.now(UTC))
