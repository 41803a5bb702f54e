"""A whole school as a file: out of this installation, or into it."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from portfolio.commands.accounts import school_named
from portfolio.commands.installation import opened
from portfolio.commands.packaging import write_archive
from portfolio.services.moving import asking, into, out, reading


def export(arguments: argparse.Namespace) -> int:
    """Write everything a school owns; a file that is not whole stops it, by name, and nothing is left behind."""
    now = datetime.now(UTC)
    with opened() as place:
        place.require_schema()
        storage = place.storage()
        with place.writing() as session:
            school_id = school_named(session, arguments.school)
            asking.note_export(session, school_id=school_id, actor_id=None, now=now)
        with place.reading() as session, _beside(arguments.file) as folder:
            archive = out.pack(session, storage, school_id=school_id, folder=Path(folder), now=now)
            write_archive(archive, arguments.file)
    print(f"{arguments.file}\nIts digest, for whoever takes it in: {archive.tag}")
    return 0


def take_in(arguments: argparse.Namespace) -> int:
    """Take in a school that isn't here; what is wrong with the archive stops it, by name, and nothing stays."""
    with opened() as place:
        place.require_schema()
        storage = place.storage()
        with reading.read(arguments.file, expected=arguments.digest) as archive:
            taken = into.take_in(
                place.sessions,
                storage,
                archive,
                folder=place.settings.errands_folder,
                actor_id=None,
                now=datetime.now(UTC),
                progress=_show if sys.stdout.isatty() else _say_nothing,
            )
    print(
        f"{taken.name}: {taken.rows} rows, {taken.files} files, {taken.packages} packages whose digests are what "
        f"was signed. {taken.people} accounts were made and are closed: open them, and send links for new passwords."
    )
    return 0


def _beside(target: Path) -> TemporaryDirectory[str]:
    """Room for the tables where there is room for the archive."""
    return TemporaryDirectory(prefix=f"{target.name}.", dir=target.parent)


def _show(done: int, total: int) -> None:
    print(f"\r{done * 100 // max(total, 1)} %", end="\r", flush=True)


def _say_nothing(_done: int, _total: int) -> None:
    """Where nobody watches."""
