"""A panel's table of all elements, whatever it is written as: A and B over their elements, a sum below each A."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime
from decimal import Decimal
from itertools import groupby

from portfolio.days import SCHOOL_TIME, day_of
from portfolio.documents.form import Line, lines
from rubric.model import Channel, Indicator, Rubric
from rubric.scoring import ZERO, format_score

HEADINGS = ("一级指标", "二级指标", "评估要素", "标准分")
TOTAL = "合计"
# mm: between the margins of A4 landscape, and of the column of points
WIDTH = 267.0
POINTS_WIDTH = 11.0

CHANNELS = {
    Channel.LISTEN: "听取汇报",
    Channel.DOCUMENTS: "查阅资料",
    Channel.INSPECT: "实地查看",
    Channel.DISCUSS: "座谈",
    Channel.INTERVIEW: "访谈",
    Channel.OBSERVE: "听课",
    Channel.SURVEY: "问卷",
}

Value = str | Decimal | None


@dataclass(frozen=True, slots=True)
class Subject:
    """What a panel's document is about: which package of which school, in which round, before which panel."""

    rubric: Rubric
    school: str
    cycle: str
    round: str
    panel: str
    package_number: int
    digest: str

    @property
    def line(self) -> str:
        """As it stands under a title."""
        return f"{self.school}　{self.cycle}　{self.round}　申报包 {self.package_number} 号"

    @property
    def footnote(self) -> str:
        """Which package this is, to be checked."""
        return f"申报包 {self.package_number} 号　SHA-256 {self.digest}"


@dataclass(frozen=True, slots=True)
class Column:
    """A column right of the points, `width` mm wide; neighbours of the same `group` share a heading above theirs."""

    heading: str
    width: float
    group: str = ""
    centred: bool = True


@dataclass(frozen=True, slots=True)
class PanelTable:
    """A table to be: each element's cells by its code, each A-indicator's sums by its own, and those of all."""

    title: str
    lines: tuple[str, ...]
    rubric: Rubric
    # mm of the A, the B and the element's column; with the official wording of the element, or its code and short title
    widths: tuple[float, float, float]
    whole_wording: bool
    columns: tuple[Column, ...]
    rows: Mapping[str, Sequence[Value]]
    sums: Mapping[str, Sequence[Value]]
    total: Sequence[Value]
    notes: tuple[str, ...]
    signatures: tuple[str, ...]
    footnote: str
    # the date inside the files
    at: datetime

    @property
    def grouped(self) -> bool:
        """Whether the headings take two rows."""
        return any(column.group for column in self.columns)

    def parts(self) -> Iterator[tuple[Indicator, list[Line]]]:
        """Each A-indicator with its rows."""
        by_code = {indicator.code: indicator for indicator in self.rubric.indicators}
        for code, group in groupby(lines(self.rubric), key=lambda line: line.element.indicator):
            yield by_code[code], list(group)

    def element_words(self, line: Line) -> str:
        """The cell of an element."""
        element = line.element
        return (
            f"{element.code} {element.short_title}"
            if not self.whole_wording
            else f"{element.code}. {element.text}"
        )


def sum_heading(indicator: Indicator) -> str:
    """Before an A-indicator's sums."""
    return f"{indicator.code} 小计"


def text_of(value: Value) -> str:
    """A cell as written; a score with its decimal, nothing where there is none."""
    if value is None:
        return ""
    return format_score(value) if isinstance(value, Decimal) else value


def added(scores: Iterable[Decimal | None]) -> Decimal | None:
    """The sum of those that are there; None where there is none."""
    known = [score for score in scores if score is not None]
    return sum(known, ZERO) if known else None


def beijing(moment: datetime) -> str:
    """A moment as documents here write it, whoever asks for them."""
    return f"{moment.astimezone(SCHOOL_TIME):%Y-%m-%d %H:%M}"


def chinese_day(moment: datetime) -> str:
    """The day of a moment as letters here write it: 2026年9月30日."""
    return chinese_date(day_of(moment))


def chinese_date(day: Date) -> str:
    """A day as letters here write it."""
    return f"{day.year}年{day.month}月{day.day}日"
