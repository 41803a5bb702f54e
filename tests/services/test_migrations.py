"""The schema comes and goes, revision by revision, with and without data, the same on both engines."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Engine, func, inspect, select
from sqlalchemy.orm import Session

from portfolio import migrate as migrations
from portfolio.db import Base
from portfolio.migrate import FOLDER, differences, is_current, migrate, migrate_back
from portfolio.storage import Storage
from tests.filled_store import fill

REVISIONS = list(ScriptDirectory(str(FOLDER)).walk_revisions())  # newest first
BROKEN = """\
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "9999", "{newest}", None, None

def upgrade():
    op.create_table("half", sa.Column("id", sa.Integer))
    raise RuntimeError("the power went")
"""


def below(revision: Script) -> str:
    """The revision that this one builds on."""
    assert revision.down_revision is None or isinstance(revision.down_revision, str), "one line of revisions"
    return revision.down_revision or "base"


@pytest.fixture
def filled(session: Session, storage: Storage, tmp_path: Path) -> dict[str, int]:
    """Rows in every table, and how many."""
    fill(session, storage, tmp_path)
    session.commit()
    counts = rows(session)
    session.close()
    return counts


def rows(session: Session) -> dict[str, int]:
    return {
        name: session.scalar(select(func.count()).select_from(table)) or 0
        for name, table in Base.metadata.tables.items()
    }


def test_the_migrated_schema_is_what_the_models_say(engine: Engine) -> None:
    assert differences(engine) == []
    assert is_current(engine)


def test_migrating_twice_changes_nothing(engine: Engine, filled: dict[str, int], session: Session) -> None:
    migrate(engine)
    assert rows(session) == filled


def test_every_table_is_filled_for_the_tests_below(filled: dict[str, int]) -> None:
    assert [table for table, count in filled.items() if not count] == []


@pytest.mark.usefixtures("filled")
def test_every_revision_goes_down_and_up_again_with_data(engine: Engine) -> None:
    for revision in REVISIONS:
        migrate_back(engine, to=below(revision))
        assert not is_current(engine)
    assert inspect(engine).get_table_names() == ["alembic_version"]
    for revision in reversed(REVISIONS):
        migrate(engine, to=revision.revision)
    assert is_current(engine)
    assert differences(engine) == []


@pytest.mark.parametrize("revision", REVISIONS[:-1], ids=lambda revision: revision.revision)
def test_a_step_back_and_forth_loses_no_row(
    engine: Engine, filled: dict[str, int], session: Session, revision: Script
) -> None:
    migrate_back(engine, to=below(revision))
    kept = set(inspect(engine).get_table_names()) & set(filled)  # the tables that a step adds go with it
    migrate(engine)
    after = rows(session)
    assert {name: after[name] for name in kept} == {name: filled[name] for name in kept}


def test_a_migration_that_fails_leaves_nothing_behind(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copytree(FOLDER, tmp_path / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "versions/9999_broken.py").write_text(BROKEN.format(newest=REVISIONS[0].revision))
    with monkeypatch.context() as patched:
        patched.setattr(migrations, "FOLDER", copy)
        with pytest.raises(RuntimeError, match="the power went"):
            migrate(engine)
    assert "half" not in inspect(engine).get_table_names()
    assert is_current(engine)
