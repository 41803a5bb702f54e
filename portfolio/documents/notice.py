"""The result notice to a school (评估结果通知书): total and per A, what was lost and why, how to answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from portfolio.documents.judged import Result
from portfolio.documents.panel_table import chinese_day
from portfolio.documents.paper import Heading, Lines, Paper, Part, Prose, Signatures

TITLE = "评估结果通知书"
SIGNATURES = ("评定单位（盖章）：", "日期：")
NOTHING_LOST = "各评估要素均获满分。"


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice to be; `band` and `passed` only where the bureau set bands or a pass mark."""

    result: Result
    district: str
    opinion: str
    band: str | None
    passed: bool | None
    published_at: datetime
    # the first moment at which the school may answer factual errors no more; None where no window was set
    answer_by: datetime | None

    @property
    def result_line(self) -> str:
        """The result in a sentence; a band or a pass only where they were set."""
        said = self.result.total_line
        if self.band is not None:
            said += f"，等次：{self.band}"
        if self.passed is not None:
            said += "，达到合格线" if self.passed else "，未达到合格线"
        return f"{said}。"

    @property
    def answer_line(self) -> str:
        """How to answer."""
        if self.answer_by is None:
            return "如认为上述结果有事实性错误，请与评定单位联系。"
        day = chinese_day(self.answer_by - timedelta(microseconds=1))
        how = "在系统的“结果”页逐项提出，并引用相关佐证材料。"
        return f"如认为某项评估要素的结果有事实性错误，请于{day}（含当日）前{how}"


def paper(notice: Notice) -> Paper:
    """The notice as the office sends it where it has no template of its own."""
    subject = notice.result.subject
    return Paper(
        title=TITLE,
        lines=(f"{subject.rubric.title}　{subject.cycle}",),
        parts=tuple(_parts(notice)),
        footnote=subject.footnote,
        at=notice.published_at,
    )


def _parts(notice: Notice) -> Iterator[Part]:
    subject = notice.result.subject
    yield Lines((f"{subject.school}：",), indented=False)
    yield Lines(
        (
            f"{subject.panel}已完成对你校第 {subject.package_number} 号申报包的{subject.round}，"
            f"结果于{chinese_day(notice.published_at)}公布。{notice.result_line}",
        )
    )
    yield Heading("各一级指标得分")
    yield notice.result.by_indicator_table
    if notice.opinion:
        yield Heading("专家组意见")
        yield Prose(notice.opinion)
    yield Heading("失分要素及原因")
    if notice.result.lost:
        yield notice.result.lost_table
    else:
        yield Lines((NOTHING_LOST,))
    if notice.result.not_assessed:
        yield Heading("不评的要素")
        yield Lines(("下列要素不计入总分。",))
        yield notice.result.not_assessed_table
    yield Heading("事实性错误的答复")
    yield Lines((notice.answer_line,), together=True)
    yield Signatures(SIGNATURES)
