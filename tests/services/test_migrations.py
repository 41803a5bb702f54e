"""The schema comes and goes, revision by revision, with and without data, the same on both engines."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Engine, func, inspect, select, text
from sqlalchemy.orm import Session

from portfolio import migrate as migrations
from portfolio.db import Base, begin_write, make_engine
from portfolio.migrate import FOLDER, differences, is_current, migrate, migrate_back, newest
from portfolio.models import School
from portfolio.queries import fulltext
from portfolio.services import search_index
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


def test_an_empty_database_is_not_current(tmp_path: Path) -> None:
    assert not is_current(make_engine(f"sqlite:///{tmp_path}/empty.sqlite3"))


def test_the_files_of_the_revisions_stand_in_their_order() -> None:
    """By which a server knows the newest without loading one."""
    files = [Path(revision.path).name for revision in REVISIONS]
    assert files == sorted(files, reverse=True)
    assert all(name.startswith(f"{each.revision}_") for name, each in zip(files, REVISIONS, strict=True))
    assert newest() == REVISIONS[0].revision


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
def test_a_step_back_and_forth_loses_no_row_of_what_stays_and_the_index_is_made_again(
    engine: Engine, filled: dict[str, int], session: Session, revision: Script
) -> None:
    """What a revision itself brings in goes with it; everything that was there before stays."""
    migrate_back(engine, to=below(revision))
    kept = {*inspect(engine).get_table_names(), "search_chunks"} & filled.keys()
    session.close()
    migrate(engine)
    begin_write(session)
    search_index.enter_missing(session)
    after = rows(session)
    if "page_texts" not in kept:
        filled["search_chunks"] -= filled["page_texts"]
    assert {table: after[table] for table in kept} == {table: filled[table] for table in kept}


def test_what_is_found_stays_found_over_a_step_back_and_forth(
    engine: Engine, filled: dict[str, int], session: Session
) -> None:
    school_id = session.scalars(select(School.id)).one()
    session.close()
    migrate_back(engine, to="0003")
    migrate(engine)
    begin_write(session)
    assert search_index.enter_missing(session) == (1, 1)
    for q in ("党", "学习", "每月学习一次", "会议记录"):
        assert len(session.execute(select(fulltext.found(school_id, q))).all()) == 1, q


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


@pytest.mark.usefixtures("filled")
def test_a_panels_opinion_goes_into_its_report_and_back(engine: Engine) -> None:
    """Whoever stepped back before the report came in (0013) finds the opinion where it stood then."""
    migrate_back(engine, to="0009")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT opinion FROM assignments")).scalars().all() == ["同意推荐。"]
    migrate(engine)
    with engine.connect() as connection:
        parts = connection.execute(text("SELECT part, text, version FROM report_parts")).all()
    assert [tuple(row) for row in parts] == [("opinion", "同意推荐。", 1)]
