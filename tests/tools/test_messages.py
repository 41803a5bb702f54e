"""The translation check finds whatever a reader of Chinese would stumble over; the update is stable."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from tools.messages import ROOT, messages_of, mistakes_of, read, written


def wanted(*ids: str | tuple[str, str]) -> Catalog:
    catalogue = Catalog()
    for message in ids:
        catalogue.add(message, locations=[("x.py", 1)])
    return catalogue


def translated(**texts: str) -> Catalog:
    catalogue = Catalog(locale="zh")
    for message, text in texts.items():
        catalogue.add(message, text)
    return catalogue


def test_a_complete_catalogue_has_no_mistakes() -> None:
    catalogue = Catalog(locale="zh")
    catalogue.add("Save", "保存")
    catalogue.add("%(n)s of 100 %%", "100 %% 中的 %(n)s")
    catalogue.add(("%(num)s file", "%(num)s files"), ("%(num)s 个文件",))
    assert (
        list(mistakes_of(wanted("Save", "%(n)s of 100 %%", ("%(num)s file", "%(num)s files")), catalogue))
        == []
    )


def test_a_missing_and_an_empty_translation_are_named_with_their_place() -> None:
    assert list(mistakes_of(wanted("Save", "Open"), translated(Open=""))) == [
        "missing: 'Save' (x.py:1)",
        "empty: 'Open' (x.py:1)",
    ]


def test_an_uncertain_translation_is_named() -> None:
    catalogue = Catalog(locale="zh")
    catalogue.add("Save", "保存", flags=["fuzzy"])
    assert list(mistakes_of(wanted("Save"), catalogue)) == ["uncertain (fuzzy): 'Save' (x.py:1)"]


def test_a_message_gone_from_the_code_is_named() -> None:
    assert list(mistakes_of(wanted(), translated(Save="保存"))) == ["left over: 'Save'"]


@pytest.mark.parametrize("text", ["%(name)s 保存", "保存", "%(n)s 100%", "%(n)d %(n)s %(m)s"])
def test_other_placeholders_than_the_message_are_named(text: str) -> None:
    catalogue = Catalog(locale="zh")
    catalogue.add("%(n)s saved", text)
    assert list(mistakes_of(wanted("%(n)s saved"), catalogue)) == [
        "other placeholders than the message: '%(n)s saved' (x.py:1)"
    ]


def test_the_written_catalogue_is_sorted_and_the_same_every_time(tmp_path: Path) -> None:
    catalogue = translated(Save="保存", Open="打开")
    path = tmp_path / "messages.po"
    path.write_bytes(written(catalogue))
    again = read(path)
    again.update(wanted("Open", "Save"), no_fuzzy_matching=True)
    assert written(again) == path.read_bytes()
    text = path.read_text(encoding="utf-8")
    assert text.index('msgid "Open"') < text.index('msgid "Save"')
    assert "Date" not in text


def test_messages_are_found_in_code_and_in_templates(tmp_path: Path) -> None:
    shutil.copy(ROOT / "babel.cfg", tmp_path)
    (tmp_path / "portfolio").mkdir()
    (tmp_path / "templates").mkdir()
    (tmp_path / "portfolio/words.py").write_text('A = _l("Lazy")\nB = _("Eager")\n', encoding="utf-8")
    (tmp_path / "templates/page.html").write_text("{{ _('Shown') }}", encoding="utf-8")
    assert {message.id for message in messages_of(tmp_path) if message.id} == {"Lazy", "Eager", "Shown"}
