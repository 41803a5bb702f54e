"""What a worker of the web server carries before anybody has asked it for anything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from pathlib import Path
from config import Settings
from portfolio import create_app

folder = Path(sys.argv[1])
create_app(
    Settings(data_folder=folder, secret_key="not so secret a key", database_url=f"sqlite:///{folder}/portfolio.sqlite3")
)
print(*sys.modules)
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The modules of a fresh interpreter that has put the application together over SQLite."""
    command = [sys.executable, "-c", PROGRAM, str(tmp_path_factory.mktemp("data"))]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("library", ["docx", "docxtpl", "lxml", "openpyxl", "PIL", "typst", "xlsxwriter"])
def test_what_makes_or_reads_documents_is_loaded_with_the_first_of_them(
    loaded: set[str], library: str
) -> None:
    assert library not in loaded


def test_every_page_is_there_all_the_same(loaded: set[str]) -> None:
    assert {
        "portfolio.blueprints.documents",
        "portfolio.blueprints.office",
        "portfolio.blueprints.lists",
    } <= loaded
