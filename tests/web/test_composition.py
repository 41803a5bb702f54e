"""What the process of the server carries when its workers are forked from it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from portfolio import create_app
from tests.conftest import settings_in

ROOT = Path(__file__).parents[2]
# as `portfolio serve` does it, up to the point where it would listen
PROGRAM = """
import gc, json, sys
from portfolio import cli
from portfolio.commands.installation import opened
from portfolio.serve import Server

with opened() as place:
    place.require_schema()
    Server(place.settings, host="127.0.0.1", port=0, with_jobs=False).load()
print(json.dumps({"loaded": list(sys.modules), "collected": len(gc.get_objects()), "kept": gc.get_freeze_count()}))
"""
LATER = {
    "Word": ["docx", "docxtpl", "lxml"],
    "workbooks": ["openpyxl", "xlsxwriter"],
    "PDF and codes": ["segno", "typst"],
    "pictures": ["PIL", "pypdfium2"],
    "migrations": ["alembic", "mako", "pygments"],
    "the demonstration": ["portfolio.demo"],
    "the queue of jobs, and another database": ["huey", "psycopg"],
    "storage elsewhere": ["boto3", "botocore"],
}


@pytest.fixture(scope="module")
def process(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a fresh interpreter consists of that is about to serve an installation on SQLite."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PORTFOLIO_")}
    chosen = {
        "PORTFOLIO_DATA": str(tmp_path_factory.mktemp("data")),
        "DATABASE_URL": f"sqlite:///{sqlite_template}",
        "STORAGE_URL": "",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={**kept, **chosen},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("used_for", LATER)
def test_a_worker_carries_nothing_that_no_page_needs_before_it_is_asked_for(
    process: dict[str, Any], used_for: str
) -> None:
    assert [name for name in LATER[used_for] if name in process["loaded"]] == []


def test_every_page_is_there_all_the_same(process: dict[str, Any]) -> None:
    pages = {"portfolio.blueprints.documents", "portfolio.blueprints.office", "portfolio.blueprints.lists"}
    assert pages <= set(process["loaded"])


def test_the_collector_leaves_alone_what_the_workers_share(process: dict[str, Any]) -> None:
    assert process["kept"] > 100 * process["collected"]


def test_templates_are_compiled_once_and_not_again_by_the_next_server(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_in(tmp_path, sqlite_url)
    shown = _log_in_page(create_app(settings))
    assert list(settings.templates_folder.iterdir())

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a template is compiled again")

    monkeypatch.setattr("jinja2.Environment.compile", refuse)
    assert _log_in_page(create_app(settings)).count("<form") == shown.count("<form") > 0


def test_pages_are_shown_where_nothing_can_be_kept(tmp_path: Path, sqlite_url: str) -> None:
    settings = settings_in(tmp_path, sqlite_url)
    application = create_app(settings)
    shutil.rmtree(settings.templates_folder)
    assert "<form" in _log_in_page(application)


def _log_in_page(application: Flask) -> str:
    with application.test_client().get("/login") as answer:
        assert answer.status_code == 200
        return answer.get_data(as_text=True)
