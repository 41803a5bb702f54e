"""The result notice to a school (评估结果通知书): total and per A, what was lost and why, how to answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from portfolio.documents.form import plain_points
from portfolio.documents.panel_table import Subject, chinese_day
from portfolio.documents.paper import Column, Grid, Heading, Lines, Paper, Part, Prose, Signatures
from portfolio.documents.summary import RULES
from portfolio.models import SettlementRule
from rubric.model import Element, Indicator
from rubric.scoring import ZERO, format_score

TITLE = "评估结果通知书"
SIGNATURES = ("评定单位（盖章）：", "日期：")
NOTHING_LOST = "各评估要素均获满分。"
AS_CLAIMED = "与学校自评一致。"
UNSCORED = "未评"
BY_INDICATOR = (
    Column("一级指标", 74),
    Column("分值", 22, centred=True),
    Column("自评", 22, centred=True),
    Column("终评", 22, centred=True),
    Column("失分", 22, centred=True),
)
LOST = (
    Column("评估要素", 40),
    Column("分值", 12, centred=True),
    Column("自评", 12, centred=True),
    Column("终评", 12, centred=True),
    Column("失分", 12, centred=True),
    Column("确定方式", 17, centred=True),
    Column("失分原因", 57),
)
NOT_ASSESSED = (Column("评估要素", 60), Column("分值", 14, centred=True), Column("说明", 88))


@dataclass(frozen=True, slots=True)
class Judged:
    """An element's result; no final: not assessed."""

    element: Element
    claimed: Decimal | None
    final: Decimal | None
    rule: SettlementRule
    reason: str

    @property
    def lost(self) -> Decimal:
        """The points it did not get; what was not assessed lost none."""
        return ZERO if self.final is None else self.element.points - self.final


@dataclass(frozen=True, slots=True)
class Sums:
    """An A-indicator's points: those of its assessed elements, claimed, final."""

    indicator: Indicator
    claimed: Decimal
    final: Decimal
    lost: Decimal


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice to be; `band` and `passed` only where the bureau set bands or a pass mark."""

    subject: Subject
    district: str
    judged: tuple[Judged, ...]
    opinion: str
    band: str | None
    passed: bool | None
    published_at: datetime
    # until when the school may answer factual errors; None where no window was set
    answer_by: datetime | None

    @property
    def final(self) -> Decimal:
        """The total."""
        return sum((one.final for one in self.judged if one.final is not None), ZERO)

    @property
    def claimed(self) -> Decimal:
        """What the school had claimed."""
        return sum((one.claimed for one in self.judged if one.claimed is not None), ZERO)

    @property
    def by_indicator(self) -> tuple[Sums, ...]:
        """Each A-indicator's sums."""
        found = []
        for indicator in self.subject.rubric.indicators:
            ours = [one for one in self.judged if one.element.indicator == indicator.code]
            found.append(
                Sums(
                    indicator,
                    sum((one.claimed for one in ours if one.claimed is not None), ZERO),
                    sum((one.final for one in ours if one.final is not None), ZERO),
                    sum((one.lost for one in ours), ZERO),
                )
            )
        return tuple(found)

    @property
    def lost(self) -> tuple[Judged, ...]:
        """Where points were lost, in the rubric's order."""
        return tuple(one for one in self.judged if one.lost)

    @property
    def not_assessed(self) -> tuple[Judged, ...]:
        """What the panel said it did not assess."""
        return tuple(one for one in self.judged if one.final is None)

    @property
    def result_line(self) -> str:
        """The result in a sentence; a band or a pass only where they were set."""
        total = plain_points(self.subject.rubric.total_points)
        said = f"终评总分 {format_score(self.final)} 分（满分 {total} 分，学校自评 {format_score(self.claimed)} 分）"
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
        day = chinese_day(self.answer_by)
        return (
            f"如认为某项评估要素的结果有事实性错误，请于{day}前在系统的“结果”页逐项提出，并引用相关佐证材料。"
        )


def paper(notice: Notice) -> Paper:
    """The notice as the office sends it where it has no template of its own."""
    subject = notice.subject
    return Paper(
        title=TITLE,
        lines=(f"{subject.rubric.title}　{subject.cycle}",),
        parts=tuple(_parts(notice)),
        footnote=subject.footnote,
        at=notice.published_at,
    )


def _parts(notice: Notice) -> Iterator[Part]:
    subject = notice.subject
    yield Lines((f"{subject.school}：",), indented=False)
    yield Lines(
        (
            f"{subject.panel}已完成对你校第 {subject.package_number} 号申报包的{subject.round}，"
            f"结果于{chinese_day(notice.published_at)}公布。{notice.result_line}",
        )
    )
    yield Heading("各一级指标得分")
    yield Grid(BY_INDICATOR, [_indicator_row(sums) for sums in notice.by_indicator], _total_row(notice))
    if notice.opinion:
        yield Heading("专家组意见")
        yield Prose(notice.opinion)
    yield Heading("失分要素及原因")
    if notice.lost:
        yield Grid(LOST, [_lost_row(one) for one in notice.lost])
    else:
        yield Lines((NOTHING_LOST,))
    if notice.not_assessed:
        yield Heading("不评的要素")
        yield Lines(("下列要素不计入总分。",))
        yield Grid(
            NOT_ASSESSED,
            [
                (name_of(one.element), plain_points(one.element.points), one.reason)
                for one in notice.not_assessed
            ],
        )
    yield Heading("事实性错误的答复")
    yield Lines((notice.answer_line,), together=True)
    yield Signatures(SIGNATURES)


def name_of(element: Element) -> str:
    """An element by its code and short title."""
    return f"{element.code} {element.short_title}"


def reason_of(one: Judged) -> str:
    """Why points were lost; where the panel followed the school it may have said no more."""
    return one.reason or AS_CLAIMED


def _indicator_row(sums: Sums) -> tuple[str, ...]:
    indicator = sums.indicator
    scores = (format_score(sums.claimed), format_score(sums.final), format_score(sums.lost))
    return (f"{indicator.code} {indicator.title}", plain_points(indicator.points), *scores)


def _total_row(notice: Notice) -> tuple[str, ...]:
    lost = sum((one.lost for one in notice.judged), ZERO)
    scores = (format_score(notice.claimed), format_score(notice.final), format_score(lost))
    return ("合计", plain_points(notice.subject.rubric.total_points), *scores)


def _lost_row(one: Judged) -> tuple[str, ...]:
    claimed = UNSCORED if one.claimed is None else format_score(one.claimed)
    final = "" if one.final is None else format_score(one.final)
    points = plain_points(one.element.points)
    return (
        name_of(one.element),
        points,
        claimed,
        final,
        format_score(one.lost),
        RULES[one.rule],
        reason_of(one),
    )
