"""The official form (评估细则): the published table's columns and wording, whatever it is written as."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

from rubric.model import Element, Indicator, Rubric, SubIndicator
from rubric.scoring import format_score

# the published table's columns; the last is split where both scores are shown
HEADINGS = ("一级指标", "二级指标", "评估要素", "标准分", "评估方法")
SCORE_HEADING = "得分"
SUM_HEADING = "合计"


class Shown(StrEnum):
    """Whose scores the column 得分 holds."""

    SELF = "self"
    PANEL = "panel"
    BOTH = "both"
    EMPTY = "empty"


# Under the title: whose scores these are; and the headings where the column is split.
_WHOSE = {Shown.SELF: "得分：学校自评", Shown.PANEL: "得分：专家组终评"}
_SPLIT = {Shown.BOTH: ("自评", "终评")}


@dataclass(frozen=True, slots=True)
class Scores:
    """One element's scores; None where there is none yet."""

    own: Decimal | None = None
    final: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A form to be: whose, of which cycle, and the scores by element code."""

    rubric: Rubric
    school: str
    cycle: str
    scores: Mapping[str, Scores] = field(default_factory=dict)
    shown: Shown = Shown.SELF
    # below the table: which package this is, and its digest
    footnote: str = ""
    # when what it shows was fixed: the date inside the files
    at: datetime = datetime(2000, 1, 1, tzinfo=UTC)

    @property
    def subtitle(self) -> str:
        """The line under the title: school, cycle, whose scores."""
        return "　".join(part for part in (self.school, self.cycle, _WHOSE.get(self.shown, "")) if part)

    @property
    def total_line(self) -> str:
        """As published under the title."""
        return f"（总分 {plain_points(self.rubric.total_points)} 分）"

    @property
    def split(self) -> tuple[str, ...]:
        """The headings below 得分; none where it is a single column."""
        return _SPLIT.get(self.shown, ())

    def given(self, code: str) -> tuple[Decimal | None, ...]:
        """What the score columns hold for an element."""
        scores = self.scores.get(code, Scores())
        return {
            Shown.SELF: (scores.own,),
            Shown.PANEL: (scores.final,),
            Shown.BOTH: (scores.own, scores.final),
            Shown.EMPTY: (None,),
        }[self.shown]

    @property
    def sums(self) -> tuple[Decimal | None, ...]:
        """The score columns' sums over what is scored; None where nothing is."""
        columns = zip(*(self.given(element.code) for element in self.rubric.elements), strict=True)
        sums = []
        for column in columns:
            scored = [score for score in column if score is not None]
            sums.append(sum(scored, Decimal(0)) if scored else None)
        return tuple(sums)

    @property
    def remark(self) -> str:
        """Beside the sums: how many elements have no score, which is not a score of 0."""
        if self.shown not in (Shown.SELF, Shown.BOTH):
            return ""
        unscored = [e for e in self.rubric.elements if self.scores.get(e.code, Scores()).own is None]
        points = sum((element.points for element in unscored), Decimal(0))
        return f"未自评 {len(unscored)} 项（{plain_points(points)} 分），不计入合计" if unscored else ""


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table; `indicator` and `sub_indicator` only where their cells begin."""

    element: Element
    indicator: Indicator | None
    sub_indicator: SubIndicator | None


def lines(rubric: Rubric) -> Iterator[Line]:
    """The rows in the rubric's order."""
    for indicator in rubric.indicators:
        for child in indicator.children:
            for element in child.elements:
                yield Line(
                    element,
                    indicator if element is indicator.elements[0] else None,
                    child if element is child.elements[0] else None,
                )


def indicator_text(indicator: Indicator) -> str:
    """The cell of an A-indicator."""
    return f"{indicator.code}. {indicator.title}（{plain_points(indicator.points)}分）"


def sub_indicator_text(child: SubIndicator) -> str:
    """The cell of a B-indicator."""
    return f"{child.code}. {child.text}（{plain_points(child.points)}分）"


def element_text(element: Element) -> str:
    """The cell of an element."""
    return f"{element.code}. {element.text}"


def method_lines(indicator: Indicator) -> list[str]:
    """The cell of the assessment methods, a line each."""
    return [f"{number}. {method.text}" for number, method in enumerate(indicator.methods, start=1)]


def plain_points(points: Decimal) -> str:
    """Points as the published table writes them: 3, not 3.0."""
    return str(int(points)) if points == int(points) else format_score(points)


def score_text(score: Decimal | None) -> str:
    """A score as written; nothing where there is none."""
    return "" if score is None else format_score(score)
