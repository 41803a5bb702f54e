"""Words of the documents' pages: kinds of templates, and what each of their placeholders stands for."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from portfolio.documents.archive import stamp
from portfolio.models import TemplateKind
from portfolio.services.timestamps import STRANGE, UNREACHABLE

TEMPLATE_KINDS = {TemplateKind.NOTICE: _l("Result notice"), TemplateKind.REPORT: _l("Report of the panel")}

# Why a package has no time stamp yet.
STAMP_FAILURES = {
    stamp.UNREADABLE: _l("its answer could not be read"),
    stamp.REFUSED: _l("it refused to give one"),
    stamp.OTHER_DIGEST: _l("it stamped something else"),
    stamp.OTHER_REQUEST: _l("it answered another request"),
    stamp.SIGNATURE: _l("its signature does not lead to the certificates of this installation"),
    UNREACHABLE: _l("it did not answer"),
    STRANGE: _l("its answer was no time stamp"),
}

PLACEHOLDERS = {
    "学校": _l("the school's name"),
    "区县": _l("its district"),
    "批次": _l("the cycle"),
    "轮次": _l("the round of review"),
    "专家组": _l("the panel's name"),
    "申报包号": _l("the number of the package"),
    "校验值": _l("the package's digest (SHA-256)"),
    "评估细则": _l("the rubric's title"),
    "满分": _l("all points of the rubric"),
    "自评总分": _l("the sum of the self-scores"),
    "终评总分": _l("the sum of the final scores"),
    "失分": _l("the points lost"),
    "专家组意见": _l("the panel's opinion"),
    "等次": _l("the band; empty where the bureau set none"),
    "合格": _l("合格 or 不合格; empty where no pass mark is set"),
    "公布日期": _l("the day of publishing"),
    "答复截止": _l("the last day to answer factual errors; empty without a window"),
    "组长": _l("the chair's name"),
    "结束日期": _l("the day the review was closed"),
    "主要成绩": _l("the strengths in the panel's report"),
    "存在问题": _l("the problems in the panel's report"),
    "一级指标": _l("the A-indicators"),
    "失分要素": _l("the elements that lost points"),
    "不评要素": _l("the elements that were not assessed"),
    "分项评价": _l("what the report says of single A-indicators"),
    "整改清单": _l("the rectification list"),
}
