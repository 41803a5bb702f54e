"""`portfolio demo`: loaded once, its accounts told again, nobody's own data touched."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portfolio.models import Evidence, School
from tests.cli.conftest import Run, environment_of, runner
from tests.factories import make_school

SCHOOL_ROLES = {"contributor", "lead", "principal"}
SMALL = ("--schools", "2", "--evidence", "3")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a small demonstration, which did not exist before, and what was printed."""
    folder = tmp_path_factory.mktemp("demo") / "data"
    done = runner(environment_of(folder))("demo", "--json", *SMALL)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


@pytest.fixture
def accounts(loaded: tuple[Path, str], data: Path) -> list[dict[str, str | None]]:
    """The accounts of a small demonstration; the data folder is a copy of it."""
    folder, printed = loaded
    shutil.copytree(folder, data)
    made: list[dict[str, str | None]] = json.loads(printed)
    return made


def test_accounts_are_given_with_password_role_and_school(accounts: list[dict[str, str | None]]) -> None:
    assert all(account.keys() == {"username", "password", "role", "school"} for account in accounts)
    roles = {account["role"] for account in accounts}
    assert roles >= {"contributor", "lead", "principal", "expert", "chair", "bureau"}
    assert len({account["password"] for account in accounts}) == len(accounts)
    assert all((account["school"] is not None) == (account["role"] in SCHOOL_ROLES) for account in accounts)


def test_a_second_time_the_same_accounts_are_told_and_nothing_is_loaded(
    portfolio: Run, accounts: list[dict[str, str | None]], data: Path
) -> None:
    before = (data / "portfolio.sqlite3").read_bytes()
    assert json.loads(portfolio("demo", "--json").stdout) == accounts
    people = portfolio("demo", "--if-empty").stdout
    assert all(str(account["password"]) in people for account in accounts)
    assert (data / "portfolio.sqlite3").read_bytes() == before


@pytest.mark.usefixtures("accounts")
def test_the_accounts_are_kept_for_their_owner_only(data: Path) -> None:
    assert stat.S_IMODE((data / "demo-accounts.json").stat().st_mode) == 0o600


@pytest.mark.usefixtures("accounts")
def test_a_set_of_the_size_asked_for_is_loaded_and_whole(portfolio: Run) -> None:
    done = portfolio("check")
    assert done.returncode == 0
    assert done.stdout.startswith("OK: 6 files")


@pytest.mark.usefixtures("accounts")
def test_another_size_does_not_go_into_a_store_in_use(portfolio: Run) -> None:
    done = portfolio("demo", "--schools", "5")
    assert done.returncode == 2
    assert "holds schools already" in done.stderr


def test_a_store_with_schools_of_its_own_is_left_alone(portfolio: Run, database: Session) -> None:
    make_school(database)
    database.commit()
    assert portfolio("demo").returncode == 2
    done = portfolio("demo", "--if-empty")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert database.scalar(select(func.count()).select_from(School)) == 1
    assert database.scalar(select(func.count()).select_from(Evidence)) == 0
