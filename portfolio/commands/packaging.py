"""Packages as archives: taken out of an installation, and checked anywhere."""

from __future__ import annotations

import argparse
from pathlib import Path

from sqlalchemy import select

from portfolio.commands.installation import CannotRun, opened
from portfolio.documents.archive import bag
from portfolio.documents.archive.verify import NotAnArchive, Verification
from portfolio.models import Package
from portfolio.queries.package import contents


def verify(arguments: argparse.Namespace) -> int:
    """Print each file that is not what was signed; 1 if anything isn't. Needs no installation."""
    verification = Verification(arguments.file)
    problems = 0
    try:
        for finding in verification.findings(arguments.digest, ca=arguments.ca):
            if finding.matter is not None:
                problems += 1
                print(f"{finding.path}: {finding.matter}", flush=True)
            elif arguments.all:
                print(f"{finding.path}: OK")
    except NotAnArchive as error:
        raise CannotRun(str(error)) from error
    if verification.stamp is not None:
        checked = (
            f"signature checked with {arguments.ca}" if arguments.ca else "signature not checked: see --ca"
        )
        print(f"time stamp: {verification.stamp.at:%Y-%m-%d %H:%M:%S} UTC ({checked})")
    extent = f"{verification.files} files, package {verification.digest}"
    print(f"{extent}: {problems} problems" if problems else f"OK: {extent}")
    return 1 if problems else 0


def export(arguments: argparse.Namespace) -> int:
    """Write a package's archive; a file that is not whole stops it, by name, and nothing is left behind."""
    with opened() as place:
        place.require_schema()
        storage = place.storage()
        with place.reading() as session:
            package = session.scalar(select(Package).where(Package.digest == arguments.digest))
            if package is None:
                raise CannotRun(f"no package has the digest {arguments.digest}")
            read = contents(session, package, originals=arguments.originals)
            school_id = package.school_id
        write_archive(bag.archive(read, storage, school_id=school_id), arguments.file)
    print(arguments.file)
    return 0


def write_archive(archive: bag.Archive, target: Path) -> None:
    """All of it under its name, or nothing. Raises CannotRun, DomainError."""
    unfinished = target.with_name(f"{target.name}.unfinished")
    try:
        with unfinished.open("wb") as file:
            for piece in archive.pieces():
                file.write(piece)
        unfinished.replace(target)
    except OSError as error:
        raise CannotRun(f"{target} can't be written: {error.strerror}") from error
    finally:
        unfinished.unlink(missing_ok=True)
