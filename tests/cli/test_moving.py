"""A whole school from a shell: out of one data folder, into another."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.filled_store import FilledStore


@pytest.fixture
def elsewhere(tmp_path: Path, sqlite_template: Path) -> str:
    """Another data folder, with an empty database."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    shutil.copyfile(sqlite_template, folder / "portfolio.sqlite3")
    return str(folder)


def test_a_school_moves_and_both_sides_check_clean(
    portfolio: Run, filled: FilledStore, elsewhere: str, tmp_path: Path
) -> None:
    target = tmp_path / "学校.zip"
    written = portfolio("export-school", filled.school.id, target)
    assert written.returncode == 0, written.stderr
    assert sorted(path.name for path in tmp_path.glob("学校.zip*")) == ["学校.zip"]
    digest = written.stdout.split()[-1]
    taken = portfolio("import-school", target, "--digest", digest, PORTFOLIO_DATA=elsewhere)
    assert taken.returncode == 0, taken.stderr
    assert filled.school.name in taken.stdout
    checked = portfolio("check", PORTFOLIO_DATA=elsewhere)
    assert checked.returncode == 0, checked.stdout
    assert portfolio("summaries", PORTFOLIO_DATA=elsewhere).returncode == 0
    again = portfolio("import-school", target, PORTFOLIO_DATA=elsewhere)
    assert again.returncode == 2
    assert "is here already" in again.stderr


def test_a_wrong_digest_or_file_is_said_in_one_line(
    portfolio: Run, filled: FilledStore, tmp_path: Path
) -> None:
    target = tmp_path / "a.zip"
    portfolio("export-school", filled.school.name, target)
    other = portfolio("import-school", target, "--digest", "0" * 64)
    assert (other.returncode, len(other.stderr.splitlines())) == (2, 1)
    target.write_bytes(b"nothing")
    assert "no archive of a whole school" in portfolio("import-school", target).stderr
