"""The template check finds what the Content-Security-Policy or a reader would."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.templates import main, mistakes_of


@pytest.mark.parametrize(
    "source",
    [
        "<p>{{ _('Evidence') }}: {{ count }}</p>",
        "{# 说明 #}<p title=\"{{ _('Open') }}\">{{ name }} · {{ size }} / 100</p>",
        '<script type="module" src="{{ asset(\'js/x.js\') }}"></script>',
        '<button lang="zh-CN" title="中文">中文</button>',
        "<td>SHA-256</td>",
        '<a{% if here %} aria-current="page"{% endif %} href="{{ url_for(\'x\') }}">{{ words }}</a>',
    ],
)
def test_a_good_template_has_no_mistakes(source: str) -> None:
    assert mistakes_of(source) == []


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("<p>\n佐证材料</p>", 2, "text without translation"),
        ("<p>{{ count }} files</p>", 1, "text without translation"),
        ('<img\nalt="logo of the school">', 1, "alt without translation"),
        ('<input placeholder="姓名">', 1, "placeholder without translation"),
        ("\n<script>go()</script>", 2, "inline <script>"),
        ("<style>p { color: red }</style>", 1, "inline <style>"),
        ('<p style="width: {{ share }}%"></p>', 1, "style attribute on <p>"),
        ('<a onclick="go()"></a>', 1, "onclick on <a>"),
        ("<p>\n{% endif %}</p>", 2, "not a template"),
    ],
)
def test_a_mistake_is_named_with_its_line(source: str, line: int, words: str) -> None:
    (mistake,) = mistakes_of(source)
    assert mistake[0] == line
    assert words in mistake[1]


def test_the_command_names_file_and_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "wrong.html").write_text("<p>\n错</p>", encoding="utf-8")
    assert main([str(tmp_path)]) == 1
    assert capsys.readouterr().out.startswith(f"{tmp_path}/wrong.html:2: ")
