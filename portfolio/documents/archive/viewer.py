"""The page in an archive that shows the whole package in any browser, from the disk, without a network."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from portfolio.days import SCHOOL_TIME
from portfolio.documents.archive.contents import Cited, Contents
from portfolio.documents.form import plain_points
from portfolio.documents.prose import html_of
from rubric.gaps import ElementStatus
from rubric.scoring import format_score

# Documents leave the house in Chinese: the same package is the same bytes, whoever asks for it.
STATUSES = {
    ElementStatus.OK: ("●", "有据"),
    ElementStatus.BARE: ("◐", "无据"),
    ElementStatus.GAP: ("▲", "缺口"),
    ElementStatus.NONE: ("○", "未评"),
}
KINDS = {
    "plan": "方案与计划",
    "rules": "制度",
    "minutes": "会议记录",
    "record": "过程记录",
    "report": "总结与报告",
    "data": "数据与台账",
    "photo": "照片",
    "certificate": "证书",
    "other": "其他",
}
# The name of every rule, by the word that stands last in a gap's key.
WAIVED = {
    "unscored": "未评",
    "no_evidence": "无据",
    "no_justification": "没有自评说明",
    "full_on_one_old_file": "满分只靠一份旧材料",
    "unmet_measure": "未达到细则规定的数值",
    "full_on_one_weak_file": "满分只凭一份较弱的材料",
    "old_evidence": "材料年份过早",
    "dated_ahead": "日期晚于提交日期",
    "only_photos": "只有照片",
    "thin_justification": "自评说明过于单薄",
    "missing_material": "缺少应有材料",
    "missing_year": "缺少学年材料",
    "overworked_file": "一份材料用于过多要素",
    "last_minute_file": "临近提交才制作",
    "uncited_evidence": "尚未引证",
}


def page(contents: Contents) -> str:
    """The page, whole: styles inside, nothing from elsewhere, no script."""
    return (
        _environment()
        .get_template("viewer.html")
        .render(contents=contents, signed=f"{contents.signed_at.astimezone(SCHOOL_TIME):%Y-%m-%d %H:%M}")
    )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        score=_score,
        points=plain_points,
        prose=lambda text: Markup(html_of(text)),
        address=_address,
        pages=pages_of,
        years=years_of,
        waiver=lambda gap: WAIVED.get(gap.rpartition(":")[2], gap),
    )
    environment.globals.update(STATUSES=STATUSES, KINDS=KINDS)
    return environment


def _score(score: Decimal | None) -> str:
    return "未评" if score is None else format_score(score)


def _address(cited: Cited) -> str:
    """The file beside the page, opened at the cited page where a browser can do that."""
    fragment = f"#page={cited.pages[0]}" if cited.pages and cited.file.path.endswith(".pdf") else ""
    return quote(cited.file.path) + fragment


def pages_of(cited: Cited) -> str:
    """The pages cited."""
    return f"第 {'—'.join(str(page) for page in cited.pages)} 页" if cited.pages else ""


def years_of(years: tuple[int, ...]) -> str:
    """School years as people write them."""
    return "、".join(f"{year}—{year + 1}" for year in years)
