"""What a panel's review came to: each element's final beside the self-score, and the tables that say it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from portfolio.documents.form import plain_points
from portfolio.documents.panel_table import Subject
from portfolio.documents.paper import Column, Grid
from portfolio.documents.summary import RULES
from portfolio.models import SettlementRule
from rubric.model import Element, Indicator
from rubric.scoring import ZERO, format_score

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
class Result:
    """A panel's result: every element in the rubric's order."""

    subject: Subject
    judged: tuple[Judged, ...]

    @property
    def final(self) -> Decimal:
        """The total."""
        return sum((one.final for one in self.judged if one.final is not None), ZERO)

    @property
    def claimed(self) -> Decimal:
        """What the school had claimed."""
        return sum((one.claimed for one in self.judged if one.claimed is not None), ZERO)

    @property
    def total_line(self) -> str:
        """The total beside what there was to get, and beside the school's own."""
        points = plain_points(self.subject.rubric.total_points)
        own = format_score(self.claimed)
        return f"终评总分 {format_score(self.final)} 分（满分 {points} 分，学校自评 {own} 分）"

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
    def by_indicator_table(self) -> Grid:
        """The A-indicators' sums."""
        return Grid(BY_INDICATOR, [_indicator_row(sums) for sums in self.by_indicator], _total_row(self))

    @property
    def lost_table(self) -> Grid:
        """What was lost and why."""
        return Grid(LOST, [_lost_row(one) for one in self.lost])

    @property
    def not_assessed_table(self) -> Grid:
        """What was not assessed and why."""
        rows = [
            (name_of(one.element), plain_points(one.element.points), one.reason) for one in self.not_assessed
        ]
        return Grid(NOT_ASSESSED, rows)


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


def _total_row(result: Result) -> tuple[str, ...]:
    lost = sum((one.lost for one in result.judged), ZERO)
    scores = (format_score(result.claimed), format_score(result.final), format_score(lost))
    return ("合计", plain_points(result.subject.rubric.total_points), *scores)


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
