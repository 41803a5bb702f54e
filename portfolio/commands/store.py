"""The store: its schema, its wholeness, its rubbish."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime

from sqlalchemy import select

from portfolio import check as checks
from portfolio.commands.installation import Installation, opened
from portfolio.models import School
from portfolio.services import search_index, sweeping

FILES_AT_ONCE = 20  # that are entered into the index in one transaction


def migrate(_arguments: argparse.Namespace) -> int:
    """Bring the schema up to date."""
    with opened() as place:
        place.migrate()
        with place.writing() as session:
            search_index.enter_missing(session)
        print(f"The schema of {place.database} is up to date.")
    return 0


def check(arguments: argparse.Namespace) -> int:
    """Print everything that is not whole; 1 if anything isn't."""
    with opened() as place:
        place.require_schema()
        storage = place.storage()
        with place.reading() as session:
            inspection = checks.Inspection(
                session, storage, quick=arguments.quick, authorities=place.settings.tsa_ca
            )
            count = 0
            for problem in inspection.problems():
                count += 1
                print(problem, flush=True)
    print(f"{inspection.extent}: {count} problems" if count else f"OK: {inspection.extent}")
    return 1 if count else 0


def reindex(_arguments: argparse.Namespace) -> int:
    """Make the search index anew, school by school, while others go on working."""
    with opened() as place:
        place.require_schema()
        with place.reading() as session:
            schools = session.execute(
                select(School.id, School.name).order_by(School.created_at, School.id)
            ).all()
        for number, school in enumerate(schools, 1):
            files, pieces = _reindex_school(place, school.id)
            print(f"{number}/{len(schools)} {school.name}: {files} files, {pieces} descriptions", flush=True)
    print("The search index is complete.")
    return 0


def _reindex_school(place: Installation, school_id: int) -> tuple[int, int]:
    """Returns how many files were entered, and how many pieces of evidence."""
    with place.writing() as session:
        search_index.forget_unread(session, school_id=school_id)
        pieces = search_index.index_words_of(session, school_id=school_id)
        files = search_index.read_files(session, school_id=school_id)
    for start in range(0, len(files), FILES_AT_ONCE):
        with place.writing() as session:  # a short one, so that nobody waits long
            for sha256 in files[start : start + FILES_AT_ONCE]:
                search_index.reindex_file(session, school_id=school_id, sha256=sha256)
        if sys.stdout.isatty():
            print(f"\r{min(start + FILES_AT_ONCE, len(files))} of {len(files)} files", end="\r", flush=True)
    return len(files), pieces


def sweep(_arguments: argparse.Namespace) -> int:
    """Remove what nobody needs any more."""
    with opened() as place:
        place.require_schema()
        swept = sweeping.sweep_store(
            place.sessions, place.storage(), place.settings.uploads_folder, clock=lambda: datetime.now(UTC)
        )
    print(
        f"Removed {swept.uploads} expired uploads, {swept.pieces} pieces of evidence from the trash, "
        f"and {swept.files} files that nothing refers to."
    )
    return 0
