"""The self-assessment report (自评报告): what a school says of itself, as Word and as PDF."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from rubric.model import Element, Rubric
from rubric.scoring import Totals, format_score

TITLE = "自评报告"
SCORES, GAPS, SIGNATURES = "自评得分", "缺口说明", "签署"
SUM_HEADINGS = ("一级指标", "分值", "自评", "有据", "待补", "未评")
NO_GAPS = "没有缺口。"
NO_JUSTIFICATION = "没有自评说明。"
SIGNATURE_LINES = ("负责人（签字）：", "校长（签字）：", "学校（盖章）：", "日期：")


@dataclass(frozen=True, slots=True)
class Cited:
    """A citation: its number in the catalogue (A1-B2-C5-1), the title, where in it, a remark."""

    number: str
    title: str
    pages: str
    remark: str

    @property
    def line(self) -> str:
        """As it is printed."""
        return "　".join(words for words in (self.number, self.title, self.pages, self.remark) if words)


@dataclass(frozen=True, slots=True)
class Assessed:
    """An element as the school sees itself."""

    element: Element
    score: Decimal | None
    justification: str
    citations: tuple[Cited, ...]

    @property
    def heading(self) -> str:
        """Its code, title and score."""
        given = "未评" if self.score is None else format_score(self.score)
        points = (
            int(self.element.points)
            if self.element.points == int(self.element.points)
            else self.element.points
        )
        return f"{self.element.code} {self.element.short_title}　{given} / {points} 分"


@dataclass(frozen=True, slots=True)
class Declared:
    """A gap that the school names itself; `reason` is empty where it says nothing of it."""

    element: str
    matter: str
    points: Decimal
    reason: str

    @property
    def line(self) -> str:
        """As it is printed."""
        said = f"：{self.reason}" if self.reason else ""
        return f"{self.element}　{self.matter}（{format_score(self.points)} 分）{said}"


@dataclass(frozen=True, slots=True)
class Report:
    """A report to be."""

    rubric: Rubric
    school: str
    cycle: str
    introductions: Mapping[str, str]  # Markdown, by the code of the A-indicator
    elements: Mapping[str, Assessed]
    totals: Totals
    by_indicator: Mapping[str, Totals]
    gaps: Sequence[Declared]
    at: datetime

    @property
    def title(self) -> str:
        """School and kind of document."""
        return f"{self.school}{TITLE}"

    @property
    def subtitle(self) -> str:
        """The rubric and the cycle."""
        return f"{self.rubric.title}　{self.cycle}"

    @property
    def sums(self) -> list[tuple[str, ...]]:
        """The table of scores by A-indicator, all of them last."""
        rows = [
            _sums(f"{indicator.code} {indicator.title}", self.by_indicator[indicator.code])
            for indicator in self.rubric.indicators
        ]
        return [*rows, _sums("合计", self.totals)]

    @property
    def shares(self) -> list[dict[str, str | float]]:
        """What the charts draw: each A-indicator's shares of its points, from 0 to 1."""
        return [
            {
                "code": indicator.code,
                "title": indicator.title,
                "claimed": _share(sums.claimed, sums.points),
                "supported": _share(sums.supported, sums.points),
            }
            for indicator in self.rubric.indicators
            for sums in (self.by_indicator[indicator.code],)
        ]


def _sums(name: str, sums: Totals) -> tuple[str, ...]:
    scores = (sums.claimed, sums.supported, sums.at_risk)
    return (name, f"{sums.points.normalize():f}", *map(format_score, scores), str(sums.unscored))


def _share(part: Decimal, whole: Decimal) -> float:
    return round(float(part / whole), 4) if whole else 0.0
