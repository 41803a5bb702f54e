"""Wrong settings: one line that says what to put right, and no traceback."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from config import SettingsInvalid, read_settings
from rubric.gaps.weights import DEFAULT as DEFAULT_WEIGHTS
from tests.cli.conftest import Run
from tests.servers.postgres import PostgresServer
from tests.servers.processes import free_port


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("DATABASE_URL", "mysql://root@localhost/x", "mysql is not supported; use sqlite:"),
        ("DATABASE_URL", "nonsense", "not an address of a database"),
        ("DATABASE_URL", "sqlite://", "names no file"),
        ("DATABASE_URL", "sqlite:////nowhere/at/all.sqlite3", "can't be used: "),
        ("STORAGE_URL", "ftp://files", "the scheme 'ftp'"),
        ("STORAGE_URL", "s3://key:word@bucket", "credentials don't belong in the URL"),
        ("STORAGE_URL", "file:///proc/files", "can't be made or written"),
        ("PORTFOLIO_MAX_UPLOAD_BYTES", "plenty", "PORTFOLIO_MAX_UPLOAD_BYTES: "),
        ("PORTFOLIO_TRUSTED_PROXIES", "-1", "PORTFOLIO_TRUSTED_PROXIES: "),
        ("PORTFOLIO_TSA_URL", "tsa.example.cn", "PORTFOLIO_TSA_URL: "),
        ("PORTFOLIO_TSA_CA", "/nowhere/ca.pem", "/nowhere/ca.pem holds no certificates"),
        ("PORTFOLIO_DATA", "/proc/data", "PORTFOLIO_DATA: /proc/data can't be made"),
    ],
)
@pytest.mark.usefixtures("migrated")
def test_a_wrong_setting_is_explained_in_one_line(
    portfolio: Run, variable: str, value: str, words: str
) -> None:
    done = portfolio("serve", "--port", free_port(), **{variable: value})
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.startswith("portfolio: ")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_a_database_that_does_not_answer_is_named_without_its_password(portfolio: Run) -> None:
    done = portfolio("migrate", DATABASE_URL=f"postgresql://school:hunter2@127.0.0.1:{free_port()}/portfolio")
    assert done.returncode == 2
    assert "DATABASE_URL: postgresql" in done.stderr
    assert "hunter2" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_password_the_database_refuses_is_not_printed(
    portfolio: Run, postgres_server: PostgresServer
) -> None:
    url = f"postgresql://nobody:hunter2@127.0.0.1:{postgres_server.port}/absent"
    done = portfolio("migrate", DATABASE_URL=url)
    assert done.returncode == 2
    assert "hunter2" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_secret_is_made_once_and_readable_by_its_owner_only(portfolio: Run, data: Path) -> None:
    assert portfolio("migrate").returncode == 0
    made = (data / "secret").read_bytes()
    assert stat.S_IMODE((data / "secret").stat().st_mode) == 0o600
    assert len(made) >= 43
    assert portfolio("migrate").returncode == 0
    assert (data / "secret").read_bytes() == made


@pytest.mark.parametrize(
    "command", [["serve"], ["check"], ["sweep"], ["invite", "--role", "bureau", "--name", "王"]]
)
def test_a_database_without_our_schema_is_refused_with_the_cure(portfolio: Run, command: list[str]) -> None:
    done = portfolio(*command)
    assert done.returncode == 2
    assert "run: portfolio migrate" in done.stderr


def test_a_wrong_argument_is_explained(portfolio: Run) -> None:
    done = portfolio("serve", "--port", "99999")
    assert done.returncode == 2
    assert "'99999' is not a port" in done.stderr


def test_weights_of_gaps_come_from_a_file_of_the_installation(tmp_path: Path) -> None:
    given = DEFAULT_WEIGHTS.read_text(encoding="utf-8")
    path = tmp_path / "weights.yaml"
    path.write_text(given.replace("last_hours: 72", "last_hours: 48"), encoding="utf-8")
    settings = read_settings({"PORTFOLIO_DATA": str(tmp_path), "PORTFOLIO_GAP_WEIGHTS": str(path)})
    assert settings.read_weights().last_hours == 48
    assert read_settings({"PORTFOLIO_DATA": str(tmp_path)}).read_weights().last_hours == 72


@pytest.mark.parametrize("text", ["rules: {}", "last_hours: -1", None])
def test_weights_that_cannot_be_read_are_refused_by_the_variable(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "weights.yaml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsInvalid, match="PORTFOLIO_GAP_WEIGHTS"):
        read_settings({"PORTFOLIO_DATA": str(tmp_path), "PORTFOLIO_GAP_WEIGHTS": str(path)})
