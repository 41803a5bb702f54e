"""Archives from a shell: written from an installation, verified without one."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.documents.archive import stamp
from portfolio.models import Package
from portfolio.services import timestamps
from portfolio.storage.local import LocalStorage
from tests.cli.conftest import Run
from tests.factories import NOW, cite, make_dossier, make_evidence, score_all
from tests.package_factory import make_package
from tests.servers.tsa import TimeStampAuthority

TITLE = "党支部会议记录"


@pytest.fixture
def digest(database: Session, migrated: Path, tmp_path: Path) -> str:
    """The digest of a package with one file."""
    (migrated / "files").mkdir()
    dossier = make_dossier(database)
    score_all(database, dossier)
    storage = LocalStorage(migrated / "files")
    evidence = make_evidence(
        database, dossier.school, storage, tmp_path, title=TITLE, content=b"minutes" * 99
    )
    cite(database, dossier, "C1", evidence)
    package = make_package(database, dossier)
    database.commit()
    return package.digest


def test_an_exported_archive_verifies_where_there_is_no_installation(
    portfolio: Run, digest: str, tmp_path: Path
) -> None:
    target = tmp_path / "申报包.zip"
    written = portfolio("package", "export", digest, target)
    assert written.returncode == 0, written.stderr
    nowhere = {"PORTFOLIO_DATA": "/nonexistent/folder", "DATABASE_URL": "not a database"}
    verified = portfolio("package", "verify", target, "--digest", digest.upper(), **nowhere)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert verified.stdout.startswith("OK: ")
    assert digest in verified.stdout
    named = portfolio("package", "verify", target, "--all", **nowhere).stdout
    assert f"001 {TITLE}.txt: OK" in named


def test_a_flipped_byte_is_named_and_the_exit_code_says_so(
    portfolio: Run, digest: str, tmp_path: Path
) -> None:
    target = tmp_path / "a.zip"
    portfolio("package", "export", digest, target)
    data = bytearray(target.read_bytes())
    data[data.index(b"minutesminutes")] ^= 1
    target.write_bytes(data)
    verified = portfolio("package", "verify", target)
    assert verified.returncode == 1
    assert f"001 {TITLE}.txt: is damaged" in verified.stdout


def test_what_is_no_archive_is_explained(portfolio: Run, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"hello")
    verified = portfolio("package", "verify", tmp_path / "x.zip")
    assert verified.returncode == 2
    assert "can't be read as a ZIP" in verified.stderr
    malformed = portfolio("package", "verify", tmp_path / "x.zip", "--digest", "abc")
    assert "not a SHA-256 digest" in malformed.stderr


def test_an_export_stops_with_the_name_of_a_missing_file_and_leaves_nothing_behind(
    portfolio: Run, digest: str, migrated: Path, tmp_path: Path
) -> None:
    for path in (migrated / "files").rglob("*"):
        if path.is_file():
            path.unlink()
    stopped = portfolio("package", "export", digest, tmp_path / "a.zip")
    assert stopped.returncode == 2
    assert TITLE in stopped.stderr
    assert not list(tmp_path.glob("a.zip*"))


def test_a_package_nobody_knows_is_not_exported(portfolio: Run, digest: str, tmp_path: Path) -> None:
    assert portfolio("package", "export", "0" * 64, tmp_path / "a.zip").returncode == 2


def test_a_stamped_archive_says_since_when_and_whose_signature_it_is(
    portfolio: Run, digest: str, database: Session, tsa: TimeStampAuthority, tmp_path: Path
) -> None:
    package = database.scalars(select(Package).where(Package.digest == digest)).one()
    manifest = database.scalars(select(Package.manifest).where(Package.digest == digest)).one()
    response = tsa.stamped(stamp.query(manifest).as_bytes())
    timestamps.note(database, now=NOW, package=package, authority=tsa.url, response=response, failure=None)
    database.commit()
    target = tmp_path / "a.zip"
    assert portfolio("package", "export", digest, target).returncode == 0
    plain = portfolio("package", "verify", target)
    assert plain.returncode == 0, plain.stdout
    assert "time stamp: 20" in plain.stdout
    assert "signature not checked" in plain.stdout
    checked = portfolio("package", "verify", target, "--ca", tsa.ca)
    assert checked.returncode == 0, checked.stdout
    assert f"signature checked with {tsa.ca}" in checked.stdout
    foreign = portfolio("package", "verify", target, "--ca", tsa.other_ca)
    assert foreign.returncode == 1
    assert "manifest.json.tsr: has a signature that does not lead to" in foreign.stdout
    assert "holds no certificates" in portfolio("package", "verify", target, "--ca", target).stderr
