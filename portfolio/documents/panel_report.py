"""The panel's report (评审报告): result, opinion, strengths, problems, and the rectification list (整改清单)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime

from portfolio.documents.judged import Result, name_of
from portfolio.documents.panel_table import chinese_date
from portfolio.documents.paper import Column, Grid, Heading, Lines, Paper, Part, Prose, Signatures
from portfolio.models import ReportSection
from rubric.model import Element

TITLE = "评审报告"
SIGNATURES = ("专家组长（签字）：", "专家（签字）：", "日期：")
SECTIONS = {
    ReportSection.OPINION: "专家组意见",
    ReportSection.STRENGTHS: "主要成绩",
    ReportSection.PROBLEMS: "存在问题",
}
BY_INDICATOR = "分项评价"
RECTIFICATION = "整改清单"
NOTHING_TO_RECTIFY = "没有列入整改清单的事项。"
ITEMS = (
    Column("序号", 12, centred=True),
    Column("评估要素", 30),
    Column("问题", 36),
    Column("整改措施", 41),
    Column("责任人", 16, centred=True),
    Column("完成时限", 27, centred=True),
)


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the rectification list; `responsible` is somebody of the school, by name."""

    number: int
    element: Element
    problem: str
    measure: str
    responsible: str
    due_on: Date


@dataclass(frozen=True, slots=True)
class Report:
    """A report to be; `texts` is Markdown by section, or by the code of the A-indicator it speaks of."""

    result: Result
    district: str
    texts: Mapping[str, str]
    items: Sequence[Item]
    chair: str
    closed_at: datetime

    @property
    def result_line(self) -> str:
        """The result in a sentence."""
        return f"{self.result.total_line}，失分要素 {len(self.result.lost)} 项。"


def paper(report: Report) -> Paper:
    """The report as the panel signs it where the office has no template of its own."""
    subject = report.result.subject
    return Paper(
        title=TITLE,
        lines=(subject.rubric.title, subject.line, f"{subject.panel}　组长：{report.chair}"),
        parts=tuple(_parts(report)),
        footnote=subject.footnote,
        at=report.closed_at,
    )


def _parts(report: Report) -> Iterator[Part]:
    yield Heading("评估结果")
    yield Lines((report.result_line,))
    yield report.result.by_indicator_table
    for section, heading in SECTIONS.items():
        if text := report.texts.get(section):
            yield Heading(heading)
            yield Prose(text)
    yield from _by_indicator(report)
    yield Heading(RECTIFICATION)
    if report.items:
        yield Grid(ITEMS, [_item_row(item) for item in report.items])
    else:
        yield Lines((NOTHING_TO_RECTIFY,))
    yield Signatures(SIGNATURES)


def _by_indicator(report: Report) -> Iterator[Part]:
    written = [each for each in report.result.subject.rubric.indicators if report.texts.get(each.code)]
    if written:
        yield Heading(BY_INDICATOR)
    for indicator in written:
        yield Heading(f"{indicator.code} {indicator.title}", 2)
        yield Prose(report.texts[indicator.code])


def _item_row(item: Item) -> tuple[str, ...]:
    return (
        str(item.number),
        name_of(item.element),
        item.problem,
        item.measure,
        item.responsible,
        chinese_date(item.due_on),
    )
