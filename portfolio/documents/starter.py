"""Templates to begin with: the built-in layout as a Word document with its placeholders, to be changed in Word."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from portfolio.documents import notice, panel_report, word
from portfolio.documents.judged import BY_INDICATOR, LOST
from portfolio.documents.panel_report import ITEMS
from portfolio.documents.paper import Column
from portfolio.documents.word import Cell, Row
from portfolio.models import TemplateKind

if TYPE_CHECKING:
    from portfolio.documents.word_writer import Writer

_AT = datetime(2026, 1, 1, tzinfo=UTC)
_BLANK = "＿" * 12


def starter(kind: TemplateKind) -> bytes:
    """The template to begin with, as DOCX."""
    return _notice() if kind is TemplateKind.NOTICE else _report()


def _notice() -> bytes:
    made = _begun(notice.TITLE, "{{ 评估细则 }}　{{ 批次 }}")
    made.add_line("{{ 学校 }}：")
    made.add_line(
        "{{ 专家组 }}已完成对你校第 {{ 申报包号 }} 号申报包的{{ 轮次 }}，结果于{{ 公布日期 }}公布。"
        "终评总分 {{ 终评总分 }} 分（满分 {{ 满分 }} 分，学校自评 {{ 自评总分 }} 分）"
        "{% if 等次 %}，等次：{{ 等次 }}{% endif %}{% if 合格 %}，{{ 合格 }}{% endif %}。",
        indented=True,
    )
    _add_areas(made)
    made.add_heading("专家组意见", 1)
    made.add_line("{{ 专家组意见 }}")
    made.add_heading("失分要素及原因", 1)
    lost = ("代码", "分值", "自评", "终评", "失分", "确定方式", "原因")
    _add_list(made, LOST, "失分要素", [f"{{{{ 项.{part} }}}}" for part in lost], named="项.名称")
    made.add_heading("事实性错误的答复", 1)
    made.add_line(
        "{% if 答复截止 %}如认为某项评估要素的结果有事实性错误，请于{{ 答复截止 }}（含当日）前在系统中逐项提出。"
        "{% else %}如认为上述结果有事实性错误，请与评定单位联系。{% endif %}",
        indented=True,
    )
    return _signed(made, notice.SIGNATURES)


def _report() -> bytes:
    made = _begun(panel_report.TITLE, "{{ 学校 }}　{{ 批次 }}　{{ 轮次 }}　申报包 {{ 申报包号 }} 号")
    made.add_line("{{ 专家组 }}　组长：{{ 组长 }}", centred=True)
    made.add_line(
        "终评总分 {{ 终评总分 }} 分（满分 {{ 满分 }} 分，学校自评 {{ 自评总分 }} 分），共失 {{ 失分 }} 分。",
        indented=True,
    )
    _add_areas(made)
    for heading, name in (("专家组意见", "专家组意见"), ("主要成绩", "主要成绩"), ("存在问题", "存在问题")):
        made.add_heading(heading, 1)
        made.add_line(f"{{{{ {name} }}}}")
    made.add_heading("整改清单", 1)
    parts = ("序号", "代码", "问题", "措施", "责任人", "完成时限")
    _add_list(made, ITEMS, "整改清单", [f"{{{{ 项.{part} }}}}" for part in parts], named="项.名称")
    return _signed(made, panel_report.SIGNATURES)


def _begun(title: str, line: str) -> Writer:
    made = word.begin(title=title, at=_AT, margin=24)
    made.add_line(title, size=20, sans=True, centred=True)
    made.add_line(line, centred=True)
    return made


def _signed(made: Writer, signatures: Sequence[str]) -> bytes:
    made.add_line("", size=6, together=True)
    for words in signatures:
        made.add_line(f"{words}{_BLANK}", size=12, together=True)
    made.add_line("申报包 {{ 申报包号 }} 号　SHA-256 {{ 校验值 }}", size=8)
    return made.finished()


def _add_areas(made: Writer) -> None:
    made.add_heading("各一级指标得分", 1)
    parts = ("代码", "分值", "自评", "终评", "失分")
    _add_list(made, BY_INDICATOR, "一级指标", [f"{{{{ 项.{part} }}}}" for part in parts], named="项.名称")


def _add_list(
    made: Writer, columns: Sequence[Column], name: str, cells: Sequence[str], *, named: str
) -> None:
    """A table with a row for each item; the code's cell holds the name as well."""
    whole = len(columns)
    words = [f"{cell} {{{{ {named} }}}}" if "代码" in cell else cell for cell in cells]
    rows = [
        Row(tuple(Cell(column.heading, centred=True, heading=True) for column in columns), heading=True),
        Row((Cell(f"{{%tr for 项 in {name} %}}", span=whole),)),
        Row(tuple(Cell(each, centred=c.centred) for each, c in zip(words, columns, strict=True))),
        Row((Cell("{%tr endfor %}", span=whole),)),
    ]
    made.add_table([column.width for column in columns], rows)
    made.add_line("", size=4)
