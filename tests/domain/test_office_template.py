"""An office's own Word template: what it may ask for, what is refused by name, what becomes of the rest."""

from __future__ import annotations

import io
from datetime import timedelta

import docx
import pytest

from portfolio.documents import office_template, word
from portfolio.documents.placeholders import KNOWN, example, of_notice, of_report
from portfolio.documents.starter import starter
from portfolio.errors import DomainError
from portfolio.models import TemplateKind
from tests.paper_factory import AT, RUBRIC, a_notice, a_report

NOTICE = KNOWN[TemplateKind.NOTICE]


def a_template(*lines: str, header: str = "", footer: str = "", title: str = "") -> bytes:
    document = docx.Document()
    for line in lines:
        document.add_paragraph(line)
    section = document.sections[0]
    section.header.paragraphs[0].text = header
    section.footer.paragraphs[0].text = footer
    document.core_properties.title = title
    return word.finished(document)


def words_of(data: bytes) -> str:
    document = docx.Document(io.BytesIO(data))
    section = document.sections[0]
    parts = [*section.header.paragraphs, *document.paragraphs, *section.footer.paragraphs]
    cells = [cell for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join(part.text for part in (*parts, *cells))


def filled(data: bytes) -> bytes:
    return office_template.filled(data, of_notice(a_notice()), NOTICE, title="评估结果通知书", at=AT)


def code_of(data: bytes) -> DomainError:
    with pytest.raises(DomainError) as refused:
        office_template.check(data, NOTICE)
    return refused.value


@pytest.mark.parametrize("kind", TemplateKind)
def test_every_field_that_is_named_is_there_and_no_other(kind: TemplateKind) -> None:
    fields = example(kind, RUBRIC)
    known = KNOWN[kind]
    assert set(fields) == {*known.names, *known.lists}
    for name, parts in known.lists.items():
        items = fields[name]
        assert items, f"{name} is empty in the example"
        assert all(set(item) == set(parts) for item in items if not isinstance(item, str))


def test_real_results_fill_the_same_fields_as_the_example() -> None:
    assert set(of_notice(a_notice(answer_by=AT))) == set(example(TemplateKind.NOTICE, RUBRIC))
    assert set(of_report(a_report())) == set(example(TemplateKind.REPORT, RUBRIC))


@pytest.mark.parametrize("kind", TemplateKind)
def test_the_template_to_begin_with_is_taken_and_filled(kind: TemplateKind) -> None:
    office_template.check(starter(kind), KNOWN[kind])
    fields = of_notice(a_notice(band="优秀")) if kind is TemplateKind.NOTICE else of_report(a_report())
    made = office_template.filled(starter(kind), fields, KNOWN[kind], title="通知书", at=AT)
    words = words_of(made)
    assert "{" not in words
    assert "西安市第一学校" in words
    assert "C1 党的领导机制" in words
    assert "A7 办学绩效与社会认同" in words


def test_the_loop_of_a_table_makes_a_row_for_each_item() -> None:
    made = filled(starter(TemplateKind.NOTICE))
    areas, lost = docx.Document(io.BytesIO(made)).tables
    assert len(areas.rows) == 1 + len(RUBRIC.indicators)
    assert [cell.text for cell in lost.rows[1].cells] == [
        "C1 党的领导机制",
        "1",
        "0.9",
        "0.5",
        "0.5",
        "组长裁定",
        "会议记录缺少五月的。",
    ]


def test_a_condition_leaves_out_what_is_empty() -> None:
    template = a_template("{{ 学校 }}{% if 等次 %}等次：{{ 等次 }}{% endif %}")
    assert words_of(filled(template)).strip() == "西安市第一学校"
    said = of_notice(a_notice(band="优秀", answer_by=AT + timedelta(days=1)))
    made = office_template.filled(template, said, NOTICE, title="x", at=AT)
    assert "等次：优秀" in words_of(made)


def test_headers_and_footers_are_filled_too() -> None:
    words = words_of(filled(a_template("{{ 批次 }}", header="{{ 学校 }}", footer="{{ 校验值 }}")))
    assert "西安市第一学校" in words
    assert "ab" * 32 in words


def test_prose_keeps_its_lines_and_markup_in_a_name_stays_words() -> None:
    fields = dict(of_notice(a_notice())) | {"学校": "<w:p>&第一学校{{ 批次 }}\x07"}
    made = office_template.filled(
        a_template("{{ 学校 }}", "{{ 专家组意见 }}"), fields, NOTICE, title="x", at=AT
    )
    words = words_of(made)
    assert "<w:p>&第一学校{{ 批次 }}" in words
    assert "总体评价\n办学思路清晰。\n• 党建引领有力" in words


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("{{ 校名 }}", "校名"),
        ("{{ 学校 }}{{ school }}{{ 校名 }}", "school、校名"),
        ("{% for 项 in 失分要素 %}{{ 项.备注 }}{% endfor %}", "项.备注"),
        ("{% for 项 in 名单 %}{{ 项.名称 }}{% endfor %}", "名单"),
        ("{{ 项.名称 }}", "项.名称"),
        ("{{ 学校.__class__ }}", "学校.__class__"),
        ("{% for 项 in 失分要素 %}{{ 项.__init__ }}{% endfor %}", "项.__init__"),
    ],
)
def test_a_placeholder_that_is_not_there_is_named(line: str, names: str) -> None:
    refused = code_of(a_template("{{ 批次 }}", line))
    assert refused.code == "template_unknown"
    assert refused.context["names"] == names


@pytest.mark.parametrize("place", ["header", "footer"])
def test_an_unknown_placeholder_is_found_in_headers_and_footers(place: str) -> None:
    refused = code_of(a_template("{{ 批次 }}", **{place: "{{ 校名 }}"}))
    assert refused.context["names"] == "校名"


@pytest.mark.parametrize(
    "line",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ 学校|upper }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ 学校.upper() }}",
        "{{ 学校['x'] }}",
        "{{ range(10) }}",
        "{% set x = 1 %}{{ 批次 }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}",
        "{% macro x() %}{% endmacro %}",
        "{% for 项 in 失分要素 %}{% for 又 in 一级指标 %}{{ 又.名称 }}{% endfor %}{% endfor %}",
        "{% for 项 in range(1000000000) %}{% endfor %}",
        "{{ 1000000 * 学校 }}",
        "{{ 7 ** 99999999 }}",
        "{{ 学校 is defined }}",
    ],
)
def test_nothing_that_computes_or_reaches_out_is_let_through(line: str) -> None:
    assert code_of(a_template("{{ 批次 }}", line)).code in ("template_construct", "template_unknown")
    with pytest.raises(DomainError):
        filled(a_template(line))


def test_what_stands_in_the_files_properties_runs_no_more_than_the_rest() -> None:
    with pytest.raises(DomainError):
        filled(a_template("{{ 学校 }}", title="{{ cycler.__init__.__globals__.os.popen('id').read() }}"))


def test_a_mistake_is_shown_where_it_is() -> None:
    refused = code_of(a_template("第一段", "尊敬的{{ 学校 ：您好"))
    assert refused.code == "template_syntax"
    assert "尊敬的" in str(refused.context["place"])


def test_a_file_without_a_placeholder_is_refused() -> None:
    assert code_of(a_template("各校：")).code == "template_empty"


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"%PDF-1.7"])
def test_what_is_no_word_file_is_refused(data: bytes) -> None:
    assert code_of(data).code == "template_unreadable"


def test_the_same_fields_are_the_same_bytes() -> None:
    assert filled(starter(TemplateKind.NOTICE)) == filled(starter(TemplateKind.NOTICE))
