"""`portfolio check`: finds whatever was lost, damaged or forged, and names it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from portfolio.models import EvidenceVersion, Package
from tests.cli.conftest import Run
from tests.filled_store import FilledStore


@pytest.fixture
def stored(filled: FilledStore, database: Session, migrated: Path) -> Path:
    """The bytes of the one file of the package, writable."""
    digest = database.scalars(select(EvidenceVersion.sha256)).one()
    path = migrated / "files" / str(filled.school.id) / digest[:2] / digest
    database.rollback()
    path.chmod(0o600)
    return path


def break_seal(database: Session, seal: str, statement: str, **values: object) -> None:
    """Change what is sealed, as somebody with the database's file could."""
    database.execute(text(f"DROP TRIGGER {seal}"))
    database.execute(text(statement), values)
    database.commit()


@pytest.mark.usefixtures("filled")
def test_a_whole_store_is_found_whole(portfolio: Run) -> None:
    done = portfolio("check")
    assert done.stdout == "OK: 1 files (every byte read), 1 derivatives, 1 packages\n"
    assert done.returncode == 0


def test_a_final_score_that_no_ruling_says_is_named(
    portfolio: Run, filled: FilledStore, database: Session
) -> None:
    database.execute(text("UPDATE determinations SET reason = 'forged'"))
    database.commit()
    done = portfolio("check", "--quick")
    assert done.returncode == 1
    assert "no ruling of the chair says so" in done.stdout


def test_missing_bytes_are_named_with_the_evidence_the_package_and_the_finding(
    portfolio: Run, filled: FilledStore, stored: Path
) -> None:
    stored.unlink()
    done = portfolio("check")
    assert done.returncode == 1
    assert f"bytes {stored.name} are missing" in done.stdout
    assert f"evidence {filled.evidence.id} version 1 (2023年党支部会议记录.txt)" in done.stdout
    assert f"package {filled.package.id}, evidence" in done.stdout
    assert "photograph of finding" in done.stdout and "(IMG_0001.jpg)" in done.stdout
    assert done.stdout.endswith("3 problems\n")


def test_a_changed_byte_is_found_by_reading_and_not_by_size(portfolio: Run, stored: Path) -> None:
    content = bytearray(stored.read_bytes())
    content[0] ^= 1
    stored.write_bytes(content)
    assert portfolio("check", "--quick").returncode == 0
    done = portfolio("check")
    assert done.returncode == 1
    assert f"bytes {stored.name} are damaged: their digest is " in done.stdout


def test_a_shortened_file_is_found_by_size(portfolio: Run, stored: Path) -> None:
    stored.write_bytes(stored.read_bytes()[:-1])
    done = portfolio("check", "--quick")
    assert done.returncode == 1
    assert f"bytes {stored.name} are damaged" in done.stdout


def test_a_forged_manifest_is_found(portfolio: Run, filled: FilledStore, database: Session) -> None:
    break_seal(
        database,
        "seal_packages_update",
        "UPDATE packages SET manifest = replace(manifest, '材料在区教育局存档', '材料齐全')",
    )
    done = portfolio("check")
    assert done.returncode == 1
    assert (
        f"package {filled.package.id} (number 1 of dossier {filled.dossier.id}): its manifest is forged"
        in done.stdout
    )
    assert "its rows and its manifest disagree on waivers" in done.stdout


def test_a_manifest_forged_together_with_its_digest_disagrees_with_the_rows(
    portfolio: Run, database: Session, filled: FilledStore
) -> None:
    from portfolio.manifest import digest_of

    manifest = database.scalars(select(Package.manifest)).one().replace('"score":"0.9"', '"score":"1.0"', 1)
    database.rollback()
    break_seal(
        database,
        "seal_packages_update",
        "UPDATE packages SET manifest = :manifest, digest = :digest",
        manifest=manifest,
        digest=digest_of(manifest),
    )
    done = portfolio("check")
    assert done.returncode == 1
    assert "forged" not in done.stdout
    assert "its rows and its manifest disagree on elements C1\n" in done.stdout


@pytest.mark.parametrize(
    ("seal", "statement", "part"),
    [
        (
            "seal_package_elements_update",
            "UPDATE package_elements SET score = 0 WHERE element = 'C38'",
            "elements C38",
        ),
        (
            "seal_package_citations_delete",
            "DELETE FROM package_citations WHERE element = 'C5'",
            "elements C5",
        ),
        ("seal_package_files_update", "UPDATE package_files SET filename = '别的.pdf'", "files "),
        ("seal_package_waivers_update", "UPDATE package_waivers SET reason = '无'", "waivers "),
    ],
)
@pytest.mark.usefixtures("filled")
def test_a_changed_row_of_a_package_is_found(
    portfolio: Run, database: Session, seal: str, statement: str, part: str
) -> None:
    break_seal(database, seal, statement)
    done = portfolio("check")
    assert done.returncode == 1
    assert f"its rows and its manifest disagree on {part}" in done.stdout


@pytest.mark.usefixtures("filled")
def test_an_unreadable_manifest_is_named(portfolio: Run, database: Session) -> None:
    break_seal(database, "seal_packages_update", "UPDATE packages SET manifest = '{'")
    done = portfolio("check")
    assert done.returncode == 1
    assert "its manifest can't be read" in done.stdout


@pytest.mark.usefixtures("filled")
def test_a_changed_rubric_is_found(portfolio: Run, database: Session) -> None:
    break_seal(
        database,
        "seal_rubric_editions_update",
        "UPDATE rubric_editions SET body = replace(body, '党', '团')",
    )
    done = portfolio("check")
    assert done.returncode == 1
    assert "rubric xian-new-quality-school " in done.stdout


def test_what_the_search_index_lost_or_holds_otherwise_is_named(
    portfolio: Run, filled: FilledStore, database: Session
) -> None:
    database.execute(text("DELETE FROM search_chunks WHERE evidence_id IS NOT NULL"))
    database.execute(text("UPDATE search_chunks SET text = '别的'"))
    database.commit()
    done = portfolio("check")
    assert done.returncode == 1
    assert f"description of evidence {filled.evidence.id}: isn't in the search index as it is" in done.stdout
    assert ", text of " in done.stdout
    assert "run: portfolio reindex" in done.stdout
    assert portfolio("reindex").returncode == 0
    assert portfolio("check").returncode == 0
