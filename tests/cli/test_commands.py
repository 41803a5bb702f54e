"""The other commands: migrate, invite, rubric, sweep."""

from __future__ import annotations

import json
import os
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from portfolio.models import AuditEvent, Blob, Invitation, Role, SearchChunk, Upload
from portfolio.queries import fulltext
from portfolio.services import invitations
from portfolio.storage.local import LocalStorage
from portfolio.tokens import new_token
from tests.cli.conftest import Run
from tests.factories import make_evidence, make_school
from tests.filled_store import FilledStore
from tests.servers.postgres import PostgresServer

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "tests/data/reference.json"


def test_migrating_twice_is_harmless(portfolio: Run, data: Path) -> None:
    for _ in range(2):
        done = portfolio("migrate")
        assert done.returncode == 0
        assert "up to date" in done.stdout
    assert (data / "portfolio.sqlite3").is_file()


def test_a_postgresql_is_migrated_and_checked_without_its_password_being_shown(
    portfolio: Run, postgres_server: PostgresServer
) -> None:
    url = f"postgresql://postgres:hunter2@127.0.0.1:{postgres_server.port}/postgres"
    done = portfolio("migrate", DATABASE_URL=url)
    assert (done.returncode, "hunter2" in done.stdout) == (0, False)
    assert portfolio("check", DATABASE_URL=url).returncode == 0


@pytest.mark.usefixtures("migrated")
def test_the_first_account_of_the_bureau_is_invited(portfolio: Run, database: Session) -> None:
    database.rollback()
    done = portfolio(
        "invite", "--role", "bureau", "--name", "王科长", "--base-url", "https://schools.example/"
    )
    assert done.returncode == 0
    found = re.match(r"https://schools\.example/invitations/(\S{43})\n", done.stdout)
    assert found
    invitation = invitations.open_invitation(database, token=found[1], now=datetime.now(UTC))
    assert (invitation.name, invitation.role) == ("王科长", Role.BUREAU)
    assert database.scalar(select(func.count()).select_from(AuditEvent)) == 1


def test_a_school_is_found_by_name_and_by_number(portfolio: Run, database: Session) -> None:
    school = make_school(database, "高新第一小学")
    database.commit()
    for named in ("高新第一小学", str(school.id)):
        assert portfolio("invite", "--role", "lead", "--name", "李某", "--school", named).returncode == 0
    invited = database.scalars(select(Invitation.school_id)).all()
    assert invited == [school.id, school.id]


def test_schools_of_one_name_must_be_told_apart(portfolio: Run, database: Session) -> None:
    both = [make_school(database, "第一小学", district=district) for district in ("雁塔区", "未央区")]
    database.commit()
    done = portfolio("invite", "--role", "lead", "--name", "李某", "--school", "第一小学")
    assert done.returncode == 2
    assert all(f"{school.id} ({school.district})" in done.stderr for school in both)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--role", "lead", "--name", "李某"], "the role lead needs a --school"),
        (["--role", "bureau", "--name", "李某", "--school", "x"], "takes no --school"),
        (["--role", "lead", "--name", "李某", "--school", "没有"], "there is no school '没有'"),
        (["--role", "chair", "--name", "李某"], "invalid choice: 'chair'"),
        (["--role", "bureau", "--name", "  "], "portfolio: "),
    ],
)
@pytest.mark.usefixtures("migrated")
def test_an_invitation_that_makes_no_sense_is_refused(
    portfolio: Run, arguments: list[str], words: str
) -> None:
    done = portfolio("invite", *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_the_rubric_is_shown_in_the_shape_of_the_reference(portfolio: Run, data: Path) -> None:
    shown = json.loads(portfolio("rubric", "show", "--json").stdout)
    reference = json.loads(REFERENCE.read_text(encoding="utf-8"))
    assert contains(shown, reference)
    assert not data.exists()


def contains(whole: object, part: object) -> bool:
    """Whether everything of `part` stands in `whole`, which may say more."""
    match part:
        case dict():
            return isinstance(whole, dict) and all(k in whole and contains(whole[k], part[k]) for k in part)
        case list():
            return isinstance(whole, list) and len(whole) == len(part) and all(map(contains, whole, part))
        case _:
            return bool(whole == part)


def test_a_rubric_can_be_read_by_people(portfolio: Run) -> None:
    done = portfolio("rubric", "show", "--name", "xian-new-quality-school")
    assert done.returncode == 0
    assert len(re.findall(r"^ +C\d+ ", done.stdout, re.MULTILINE)) == 84


def test_an_unknown_rubric_is_named_with_those_there_are(portfolio: Run) -> None:
    done = portfolio("rubric", "show", "--name", "other")
    assert done.returncode == 2
    assert "no rubric named 'other'; there are xian-new-quality-school" in done.stderr


def test_a_right_rubric_file_is_validated(portfolio: Run) -> None:
    done = portfolio("rubric", "validate", ROOT / "tests/data/small-rubric.yaml")
    assert done.returncode == 0
    assert done.stdout.startswith("OK: ")


def test_every_mistake_of_a_rubric_file_is_named_with_file_and_line(portfolio: Run, tmp_path: Path) -> None:
    source = (ROOT / "tests/data/small-rubric.yaml").read_text(encoding="utf-8")
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(source.replace("code: C2", "code: C1", 1) + "surprise: 1\n", encoding="utf-8")
    done = portfolio("rubric", "validate", wrong)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert all(re.match(rf"{re.escape(str(wrong))}:\d+: ", line) for line in lines)
    assert any("C1 stands twice" in line for line in lines)
    assert any("surprise" in line for line in lines)


def test_sweeping_removes_what_nobody_needs_and_nothing_else(
    portfolio: Run, filled: FilledStore, database: Session, migrated: Path, tmp_path: Path
) -> None:
    storage = LocalStorage(migrated / "files")
    long_ago = datetime.now(UTC) - timedelta(days=3)
    kept = set(storage.digests(filled.school.id))
    unreferenced = "ab" * 32
    source = tmp_path / "rubbish"
    source.write_bytes(b"nobody's")
    storage.put(filled.school.id, unreferenced, source)
    database.add(
        Blob(
            school_id=filled.school.id,
            sha256=unreferenced,
            size=8,
            media_type="text/plain",
            storage="local",
            created_at=long_ago,
        )
    )
    database.execute(update(Upload).values(expires_at=long_ago))
    thrown = make_evidence(database, filled.school, storage, tmp_path, title="扔掉的")
    thrown.trashed_at = datetime.now(UTC) - timedelta(days=31)
    database.execute(update(Blob).where(Blob.school_id == filled.school.id).values(created_at=long_ago))
    database.commit()
    abandoned = migrated / "uploads" / new_token()
    abandoned.parent.mkdir()
    abandoned.write_bytes(b"half a file")
    os.utime(abandoned, (time.time() - 7200, time.time() - 7200))
    done = portfolio("sweep")
    assert done.stdout == (
        "Removed 2 expired uploads, 1 pieces of evidence from the trash, and 2 files that nothing refers to.\n"
    )
    assert done.returncode == 0
    assert set(storage.digests(filled.school.id)) == kept
    assert not abandoned.exists()
    assert database.scalars(select(Upload)).all() == []
    assert portfolio("check").returncode == 0


def test_the_search_index_is_made_anew(portfolio: Run, filled: FilledStore, database: Session) -> None:
    database.execute(delete(SearchChunk))
    database.commit()
    done = portfolio("reindex")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"1/1 {filled.school.name}: 1 files, 1 descriptions" in done.stdout
    pages = fulltext.found(filled.school.id, "每月学习一次")
    assert [row.evidence_id for row in database.execute(select(pages))] == [filled.evidence.id]
    database.rollback()
    assert portfolio("check").returncode == 0


def test_migrating_enters_what_the_search_index_lacks(
    portfolio: Run, filled: FilledStore, database: Session
) -> None:
    database.execute(delete(SearchChunk))
    database.commit()
    assert portfolio("migrate").returncode == 0
    for q in ("每月学习一次", "会议记录"):
        assert database.execute(select(fulltext.found(filled.school.id, q))).all(), q
