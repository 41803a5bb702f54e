"""A panel's results made up, for tests of the documents that say them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from portfolio.documents import score_sheet, summary
from portfolio.documents.judged import Judged, Result
from portfolio.documents.notice import Notice
from portfolio.documents.panel_report import Item, Report
from portfolio.documents.panel_table import PanelTable, Subject
from portfolio.documents.score_sheet import Scored
from portfolio.documents.summary import Settled
from portfolio.documents.visit_record import Answered, Done, Drawn, Found, Record
from portfolio.models import SettlementRule
from rubric.loader import DEFAULT, find
from rubric.model import Channel, Element
from rubric.review import median, spread

RUBRIC = find(DEFAULT)
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
STEP = Decimal("0.1")
DUE = date(2027, 3, 31)
EXPERTS = ("王建国", "李秀英", "张伟", "欧阳文静", "赵敏")
# the self-score is 0.9 of an element's points; C84 is unscored by the school
UNSCORED = "C84"
NOT_ASSESSED = "C83"
SUBJECT = Subject(RUBRIC, "西安市第一学校", "2026 年批次", "市级评估", "第三专家组", 1, "ab" * 32)


def claimed(element: Element) -> Decimal | None:
    return None if element.code == UNSCORED else element.points * Decimal("0.9")


def a_sheet(
    *, handed_in_at: datetime | None = AT, expert: str = "王建国", reason: str = "会议记录缺少五月的。"
) -> PanelTable:
    """C1 has 0.5 with a channel and a reason, C2 no score, C3 isn't this expert's; all others the self-score."""
    scored = {e.code: Scored(claimed(e), claimed(e) or Decimal(0)) for e in RUBRIC.elements}
    scored["C1"] = Scored(Decimal("0.9"), Decimal("0.5"), Channel.DOCUMENTS, reason)
    scored["C2"] = Scored(Decimal("0.9"))
    scored["C3"] = Scored(Decimal("0.9"), mine=False)
    return score_sheet.table(SUBJECT, expert=expert, handed_in_at=handed_in_at, scored=scored, at=AT)


def a_summary(
    experts: Sequence[str] = EXPERTS,
    *,
    below: str | None = None,
    settled: int = 84,
    reason: str = "佐证材料不足，" * 3,
) -> PanelTable:
    """The first expert gives 0.8 of the points, the others 0.9; the median is the final, C83 is not assessed."""
    rows = {}
    for at, element in enumerate(RUBRIC.elements):
        given = tuple(element.points * Decimal("0.8" if n == 0 else "0.9") for n in range(len(experts)))
        done = at < settled
        left_out = element.code == NOT_ASSESSED
        rule = SettlementRule.NOT_ASSESSED if left_out else SettlementRule.MEDIAN
        rows[element.code] = Settled(
            claimed=claimed(element),
            given=given,
            median=median(given, STEP),
            spread=spread(given),
            final=None if left_out or not done else median(given, STEP),
            rule=rule if done else None,
            reason=reason if done else "",
            below=element.points if below else None,
        )
    return summary.table(
        SUBJECT, experts=experts, below=below, settled=rows, standing="组长：周明", step=STEP, at=AT
    )


def a_notice(
    *,
    band: str | None = None,
    passed: bool | None = None,
    answer_by: datetime | None = None,
    lost: bool = True,
) -> Notice:
    """C1 gets 0.5 with a reason, C5 is as claimed without one, C83 is not assessed; all others get their points."""
    finals = {e.code: (e.points, "") for e in RUBRIC.elements}
    if lost:
        finals["C1"] = (Decimal("0.5"), "会议记录缺少五月的。")
        finals["C5"] = (RUBRIC.element("C5").points - Decimal("0.1"), "")
    judged = tuple(
        Judged(
            e, claimed(e), final, SettlementRule.CHAIR if e.code == "C1" else SettlementRule.MEDIAN, reason
        )
        for e in RUBRIC.elements
        for final, reason in (finals[e.code],)
        if e.code != NOT_ASSESSED
    )
    left_out = Judged(
        RUBRIC.element(NOT_ASSESSED), None, None, SettlementRule.NOT_ASSESSED, "问卷回收不足，不作评价。"
    )
    at = next(n for n, one in enumerate(judged) if one.element.number > left_out.element.number)
    return Notice(
        result=Result(SUBJECT, (*judged[:at], left_out, *judged[at:])),
        district="碑林区",
        opinion="## 总体评价\n办学思路**清晰**。\n\n- 党建引领有力\n- 教研扎实",
        band=band,
        passed=passed,
        published_at=AT,
        answer_by=answer_by,
    )


def a_report(*, items: int = 2) -> Report:
    """All three sections, A1 by itself, and so many lines on the rectification list."""
    said = a_notice()
    return Report(
        result=said.result,
        district=said.district,
        texts={
            "opinion": said.opinion,
            "strengths": "党建与教学**融合**。",
            "problems": "1. 会议记录不全\n2. 问卷回收不足",
            "A1": "支部生活正常。",
        },
        items=[
            Item(
                n,
                RUBRIC.element(f"C{n}"),
                "会议记录缺少五月的。",
                "补齐并建立归档制度。",
                "李主任",
                date(2027, 3, 31),
            )
            for n in range(1, items + 1)
        ],
        chair="周明",
        closed_at=AT,
    )


def a_record(*, empty: bool = False) -> Record:
    """Two items of the agenda, one of them done; a finding that contradicts the dossier, a draw, a question."""
    return Record(
        subject=SUBJECT,
        agenda=[
            Done(Channel.INSPECT, "A6", "实地查看功能部室", "王建国", AT),
            Done(Channel.DISCUSS, "A1", "召开党员教师座谈会", "", None),
        ],
        found={
            Channel.LISTEN: [],
            Channel.INSPECT: []
            if empty
            else [Found(Channel.INSPECT, AT, "李秀英", ("C1", "C2"), "图书室每天开放两小时。", True, 2)],
        },
        draws=[]
        if empty
        else [
            Drawn(
                1, "教师业务档案", 86, ("3 王某", "17 李某"), "5" * 64, "d" * 64, "王建国", AT, "首次名单有误"
            )
        ],
        answers=[] if empty else [Answered("家长", "C84", "您对学校满意吗？", (("满意", 203), ("一般", 12)))],
        at=AT,
    )
