"""What an office's own template may ask for, by name: the fields of the result notice and of the panel's report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from portfolio.documents.blocks import blocks_of
from portfolio.documents.form import plain_points
from portfolio.documents.judged import UNSCORED, Judged, Result, reason_of
from portfolio.documents.notice import Notice
from portfolio.documents.panel_report import Item, Report
from portfolio.documents.panel_table import Subject, chinese_date, chinese_day
from portfolio.documents.summary import RULES
from portfolio.models import ReportSection, SettlementRule, TemplateKind
from rubric.model import Rubric
from rubric.scoring import ZERO, format_score

Fields = Mapping[str, str | Sequence[Mapping[str, str]]]

_OF_A_RESULT = (
    "学校", "区县", "批次", "轮次", "专家组", "申报包号", "校验值", "评估细则", "满分", "自评总分", "终评总分",
    "失分", "专家组意见",
)  # fmt: skip
_LISTS_OF_A_RESULT = {
    "一级指标": ("代码", "名称", "分值", "自评", "终评", "失分"),
    "失分要素": ("代码", "名称", "原文", "分值", "自评", "终评", "失分", "确定方式", "原因"),
    "不评要素": ("代码", "名称", "分值", "说明"),
}


@dataclass(frozen=True, slots=True)
class Known:
    """The names a template of one kind may use: single ones, and lists with the names of their items' parts."""

    names: tuple[str, ...]
    lists: Mapping[str, tuple[str, ...]]


KNOWN = {
    TemplateKind.NOTICE: Known((*_OF_A_RESULT, "等次", "合格", "公布日期", "答复截止"), _LISTS_OF_A_RESULT),
    TemplateKind.REPORT: Known(
        (*_OF_A_RESULT, "组长", "结束日期", "主要成绩", "存在问题"),
        {
            **_LISTS_OF_A_RESULT,
            "分项评价": ("代码", "名称", "评价"),
            "整改清单": ("序号", "代码", "名称", "问题", "措施", "责任人", "完成时限"),
        },
    ),
}


def of_notice(notice: Notice) -> Fields:
    """What a notice puts into its template; empty where nothing was set."""
    until = notice.answer_by
    return {
        **_of_result(notice.result, notice.district, notice.opinion),
        "等次": notice.band or "",
        "合格": {None: "", True: "合格", False: "不合格"}[notice.passed],
        "公布日期": chinese_day(notice.published_at),
        "答复截止": chinese_day(until - timedelta(microseconds=1)) if until else "",
    }


def of_report(report: Report) -> Fields:
    """What a panel's report puts into its template."""
    texts = report.texts
    return {
        **_of_result(report.result, report.district, texts.get(ReportSection.OPINION, "")),
        "组长": report.chair,
        "结束日期": chinese_day(report.closed_at),
        "主要成绩": _plain(texts.get(ReportSection.STRENGTHS, "")),
        "存在问题": _plain(texts.get(ReportSection.PROBLEMS, "")),
        "分项评价": [
            {"代码": each.code, "名称": each.title, "评价": _plain(texts[each.code])}
            for each in report.result.subject.rubric.indicators
            if texts.get(each.code)
        ],
        "整改清单": [
            {
                "序号": str(item.number),
                "代码": item.element.code,
                "名称": item.element.short_title,
                "问题": item.problem,
                "措施": item.measure,
                "责任人": item.responsible,
                "完成时限": chinese_date(item.due_on),
            }
            for item in report.items
        ],
    }


def _of_result(result: Result, district: str, opinion: str) -> Fields:
    subject = result.subject
    return {
        "学校": subject.school,
        "区县": district,
        "批次": subject.cycle,
        "轮次": subject.round,
        "专家组": subject.panel,
        "申报包号": str(subject.package_number),
        "校验值": subject.digest,
        "评估细则": subject.rubric.title,
        "满分": plain_points(subject.rubric.total_points),
        "自评总分": format_score(result.claimed),
        "终评总分": format_score(result.final),
        "失分": format_score(sum((one.lost for one in result.judged), ZERO)),
        "专家组意见": _plain(opinion),
        "一级指标": [
            {
                "代码": sums.indicator.code,
                "名称": sums.indicator.title,
                "分值": plain_points(sums.indicator.points),
                "自评": format_score(sums.claimed),
                "终评": format_score(sums.final),
                "失分": format_score(sums.lost),
            }
            for sums in result.by_indicator
        ],
        "失分要素": [_lost(one) for one in result.lost],
        "不评要素": [
            {
                "代码": one.element.code,
                "名称": one.element.short_title,
                "分值": plain_points(one.element.points),
                "说明": one.reason,
            }
            for one in result.not_assessed
        ],
    }


def _lost(one: Judged) -> Mapping[str, str]:
    return {
        "代码": one.element.code,
        "名称": one.element.short_title,
        "原文": one.element.text,
        "分值": plain_points(one.element.points),
        "自评": UNSCORED if one.claimed is None else format_score(one.claimed),
        "终评": "" if one.final is None else format_score(one.final),
        "失分": format_score(one.lost),
        "确定方式": RULES[one.rule],
        "原因": reason_of(one),
    }


def _plain(markdown: str) -> str:
    """Prose without its marks, a line a paragraph."""
    return "\n".join(f"{block.mark} {block.text}".strip() for block in blocks_of(markdown))


# ---- Example data, to see a template with ----

_REASON = "佐证材料只有一个学年的记录，未见考核与反馈。"
_AT = datetime(2026, 11, 20, 1, 30, tzinfo=UTC)


def example(kind: TemplateKind, rubric: Rubric) -> Fields:
    """A made-up school's result, with something in every field and every list."""
    return of_notice(_notice(rubric)) if kind is TemplateKind.NOTICE else of_report(_report(rubric))


def _result(rubric: Rubric) -> Result:
    """One element in twelve lost points; the last one is not assessed."""
    judged = []
    for at, element in enumerate(rubric.elements):
        own = element.points * Decimal("0.9")
        final, rule, reason = element.points, SettlementRule.MEDIAN, ""
        if at % 12 == 0:
            final, rule, reason = own - Decimal("0.4"), SettlementRule.AGREED, _REASON
        judged.append(Judged(element, own, final, rule, reason))
    last = rubric.elements[-1]
    judged[-1] = Judged(last, None, None, SettlementRule.NOT_ASSESSED, "问卷回收不足，本轮不评。")
    subject = Subject(rubric, "示例学校", "示例批次", "市级评估", "第一专家组", 1, "0" * 64)
    return Result(subject, tuple(judged))


_OPINION = "办学思路清晰，自评客观。\n\n- 党建与教学结合紧密\n- 部分制度缺少考核与反馈记录"


def _notice(rubric: Rubric) -> Notice:
    return Notice(
        result=_result(rubric),
        district="示例区",
        opinion=_OPINION,
        band="示例等次",
        passed=True,
        published_at=_AT,
        answer_by=_AT + timedelta(days=7),
    )


def _report(rubric: Rubric) -> Report:
    result = _result(rubric)
    due = date(2027, 3, 31)
    return Report(
        result=result,
        district="示例区",
        texts={
            ReportSection.OPINION: _OPINION,
            ReportSection.STRENGTHS: "课程建设有特色，学生活动记录完整。",
            ReportSection.PROBLEMS: "1. 教学反思落实不均衡\n2. 功能部室使用效益有待提高",
            **{each.code: f"{each.title}总体良好。" for each in rubric.indicators[:2]},
        },
        items=[
            Item(number, one.element, one.reason, "补齐记录，建立考核与反馈制度。", "张主任", due)
            for number, one in enumerate(result.lost[:3], start=1)
        ],
        chair="周某",
        closed_at=_AT,
    )
