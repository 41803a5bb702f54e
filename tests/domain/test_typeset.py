"""Setting a document: in a process of its own, which is gone with all it needed, or says what was wrong."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portfolio.documents import fonts, typeset

AT = datetime(2026, 11, 20, 9, tzinfo=UTC)
PLAIN = '#import sys: inputs\n#json(bytes(inputs.document)).at("text")'

ASKING = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from portfolio.documents import typeset

typeset._TEMPLATES = Path(sys.argv[1])
made = typeset.pdf("plain", document={"text": "新优质学校"}, at=datetime(2026, 11, 20, tzinfo=UTC))
print(made[:4].decode(), "typst" in sys.modules)
"""


@pytest.fixture
def template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A template named "plain", which sets one text."""
    typeset._source.cache_clear()
    monkeypatch.setattr(typeset, "_TEMPLATES", tmp_path)
    (tmp_path / "common.typ").write_text('#set text(font: "Noto Serif SC")\n', encoding="utf-8")
    path = tmp_path / "plain.typ"
    path.write_text(PLAIN, encoding="utf-8")
    yield path
    typeset._source.cache_clear()


def test_nothing_of_it_stays_in_the_process_that_asked(template: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASKING, str(template.parent)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["%PDF", "False"]


def test_several_are_set_at_once_and_the_same_text_is_the_same_bytes(template: Path) -> None:
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda _: typeset.pdf("plain", document={"text": "申报书"}, at=AT), range(4)))
    assert len(set(made)) == 1
    assert typeset.picture("plain", document={"text": "申报书"}).startswith(b"\x89PNG")


def test_what_can_not_be_set_is_told_in_the_setters_own_words(template: Path) -> None:
    template.write_text("#nothing-of-this-name", encoding="utf-8")
    with pytest.raises(typeset.TypesettingFailed, match="nothing-of-this-name"):
        typeset.pdf("plain", document={}, at=AT)


def test_the_text_of_a_document_is_no_part_of_its_template(template: Path) -> None:
    text = '"#panic(1) \\ ' + fonts.MISSING
    assert typeset.pdf("plain", document={"text": text}, at=AT).startswith(b"%PDF")
