"""The summary of a panel's scores (评分汇总表): the school, each expert, median and spread, the final and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from portfolio.documents.form import plain_points
from portfolio.documents.panel_table import POINTS_WIDTH, WIDTH, Column, PanelTable, Subject, Value, added
from portfolio.models import SettlementRule
from rubric.model import Rubric
from rubric.review import median, spread
from rubric.scoring import ZERO

TITLE = "评分汇总表"
SIGNATURES = ("专家组长（签字）：", "专家（签字）：", "日期：")
EXPERTS = "专家复评"
RULES = {
    SettlementRule.MEDIAN: "中位",
    SettlementRule.AGREED: "合议商定",
    SettlementRule.CHAIR: "组长裁定",
    SettlementRule.NOT_ASSESSED: "不评",
}
_LEFT = (22.0, 32.0, 36.0)
_SCORE, _RULE, _LEAST_REASON = 11.0, 15.0, 26.0
_MOST_A_NAME, _LEAST_A_NAME = 12.5, 8.0


@dataclass(frozen=True, slots=True)
class Settled:
    """An element: scores in the experts' order; no rule: not settled yet; `below`: the earlier round's final."""

    claimed: Decimal | None
    given: Sequence[Decimal | None]
    median: Decimal | None
    spread: Decimal
    final: Decimal | None
    rule: SettlementRule | None
    reason: str
    below: Decimal | None = None


def table(
    subject: Subject,
    *,
    experts: Sequence[str],
    below: str | None,
    settled: Mapping[str, Settled],
    standing: str,
    step: Decimal,
    at: datetime,
) -> PanelTable:
    """The summary; `below` names the earlier round if there is one, `standing` says how far the settling is."""
    rubric = subject.rubric
    return PanelTable(
        title=TITLE,
        lines=(rubric.title, subject.line, f"{subject.panel}　{standing}"),
        rubric=rubric,
        widths=_LEFT,
        whole_wording=False,
        columns=_columns(experts, below),
        rows={code: _row(one, below) for code, one in settled.items()},
        sums={a.code: _sums([settled[e.code] for e in a.elements], below, step) for a in rubric.indicators},
        total=_sums(list(settled.values()), below, step),
        notes=tuple(_notes(rubric, settled)),
        signatures=SIGNATURES,
        footnote=subject.footnote,
        at=at,
    )


def _columns(experts: Sequence[str], below: str | None) -> tuple[Column, ...]:
    """The experts share what the other columns leave, so that the reason keeps a readable width."""
    others = 4 + bool(below)  # self, median, spread, final, the round below
    left = WIDTH - sum(_LEFT) - POINTS_WIDTH - others * _SCORE - _RULE
    name = min(_MOST_A_NAME, max(_LEAST_A_NAME, (left - _LEAST_REASON) / max(1, len(experts))))
    reason = max(_LEAST_REASON, left - name * len(experts))
    return (
        Column("自评", _SCORE),
        *([Column(below, _SCORE)] if below else []),
        *(Column(expert, name, EXPERTS) for expert in experts),
        Column("中位", _SCORE),
        Column("极差", _SCORE),
        Column("终评", _SCORE),
        Column("确定方式", _RULE),
        Column("理由", reason, centred=False),
    )


def _row(one: Settled, below: str | None) -> tuple[Value, ...]:
    return (
        one.claimed,
        *([one.below] if below else []),
        *one.given,
        one.median,
        one.spread if any(score is not None for score in one.given) else None,
        one.final,
        RULES[one.rule] if one.rule else "",
        one.reason,
    )


def _sums(elements: Sequence[Settled], below: str | None, step: Decimal) -> tuple[Value, ...]:
    """Sums of what is scored; an expert's only where they scored all of it, else they could not be compared."""
    by_expert = [_whole(column) for column in zip(*(one.given for one in elements), strict=True)]
    whole = [total for total in by_expert if total is not None]
    return (
        added(one.claimed for one in elements),
        *([added(one.below for one in elements)] if below else []),
        *by_expert,
        median(whole, step) if whole else None,
        spread(whole) if whole else None,
        added(one.final for one in elements),
        "",
        "",
    )


def _whole(column: Sequence[Decimal | None]) -> Decimal | None:
    return None if None in column else added(column)


def _notes(rubric: Rubric, settled: Mapping[str, Settled]) -> Iterable[str]:
    for words, left_out in (
        ("学校未自评", [code for code, one in settled.items() if one.claimed is None]),
        ("不评", [code for code, one in settled.items() if one.rule is SettlementRule.NOT_ASSESSED]),
        ("尚未确定终评", [code for code, one in settled.items() if one.rule is None]),
    ):
        if left_out:
            points = sum((rubric.element(code).points for code in left_out), ZERO)
            yield f"{words} {len(left_out)} 项（{plain_points(points)} 分），不计入合计。"
    yield "小计与合计行的中位、极差，按各位专家该部分的总分计算。"
