"""An expert's score sheet (专家评分表): every element with the school's score, the expert's own, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from portfolio.documents.form import plain_points
from portfolio.documents.panel_table import (
    CHANNELS,
    POINTS_WIDTH,
    WIDTH,
    Column,
    PanelTable,
    Subject,
    Value,
    added,
    beijing,
)
from rubric.model import Channel, Rubric
from rubric.scoring import ZERO

TITLE = "专家评分表"
SIGNATURES = ("专家（签字）：", "日期：")
NOT_IN = "尚未提交"
_LEFT = (25.0, 38.0, 74.0)
_COLUMNS = (Column("自评", 13), Column("评分", 13), Column("依据渠道", 20))
_REASON = Column(
    "评分理由", WIDTH - sum(_LEFT) - POINTS_WIDTH - sum(column.width for column in _COLUMNS), centred=False
)


@dataclass(frozen=True, slots=True)
class Scored:
    """An element as the expert sees it; `claimed` is the school's score. `mine`: it was given to this expert."""

    claimed: Decimal | None
    score: Decimal | None = None
    channel: Channel | None = None
    reason: str = ""
    mine: bool = True


def table(
    subject: Subject,
    *,
    expert: str,
    handed_in_at: datetime | None,
    scored: Mapping[str, Scored],
    at: datetime,
) -> PanelTable:
    """The sheet of an expert, in or not yet."""
    state = f"提交于 {beijing(handed_in_at)}" if handed_in_at else NOT_IN
    rubric = subject.rubric
    return PanelTable(
        title=TITLE,
        lines=(rubric.title, subject.line, f"{subject.panel}　专家：{expert}　{state}"),
        rubric=rubric,
        widths=_LEFT,
        whole_wording=True,
        columns=(*_COLUMNS, _REASON),
        rows={code: _row(one) for code, one in scored.items()},
        sums={a.code: _sums(scored[e.code] for e in a.elements) for a in rubric.indicators},
        total=_sums(scored.values()),
        notes=tuple(_notes(rubric, scored)),
        signatures=SIGNATURES,
        footnote=subject.footnote,
        at=at,
    )


def _row(one: Scored) -> tuple[Value, ...]:
    return (one.claimed, one.score, CHANNELS[one.channel] if one.channel else "", one.reason)


def _sums(scored: Iterable[Scored]) -> tuple[Value, ...]:
    listed = list(scored)
    return (added(one.claimed for one in listed), added(one.score for one in listed), "", "")


def _notes(rubric: Rubric, scored: Mapping[str, Scored]) -> Iterable[str]:
    """What has no score is counted beside the sum: it is not a score of 0."""
    for words, missing in (
        ("学校未自评", [code for code, one in scored.items() if one.claimed is None]),
        ("专家未评分", [code for code, one in scored.items() if one.mine and one.score is None]),
        ("不由该专家评分", [code for code, one in scored.items() if not one.mine]),
    ):
        if missing:
            points = sum((rubric.element(code).points for code in missing), ZERO)
            yield f"{words} {len(missing)} 项（{plain_points(points)} 分），不计入合计。"
