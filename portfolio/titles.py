"""What a file's name tells: a title, a kind, school years. Guesses that people can change."""

from __future__ import annotations

import re
from datetime import date
from pathlib import PurePosixPath

from portfolio.filenames import clean_display_name
from portfolio.filetypes import Family
from portfolio.models import EvidenceKind
from rubric.gaps import school_year_of

LONGEST_TITLE = 200  # characters
LONGEST_PATH = 400
_MOST_YEARS = 6  # a longer span in a name is more likely a number than years
_EARLIEST, _LATEST = 1990, 2100
_LONGEST_EXTENSION = 16

# The last word that fits decides, as Chinese names end in what the document is: 工作计划总结 is a summary.
_WORDS: tuple[tuple[EvidenceKind, tuple[str, ...]], ...] = (
    (EvidenceKind.PLAN, ("计划", "方案", "规划", "预案", "课程表", "课表", "plan")),
    (EvidenceKind.RULES, ("制度", "办法", "章程", "细则", "规定", "规则", "条例", "rules")),
    (EvidenceKind.MINUTES, ("会议记录", "纪要", "会议", "minutes")),
    (EvidenceKind.REPORT, ("总结", "报告", "report")),
    (EvidenceKind.DATA, ("台账", "统计表", "汇总表", "汇总", "统计", "数据", "一览表", "data")),
    (EvidenceKind.RECORD, ("记录", "日志", "登记表", "签到", "record")),
    (EvidenceKind.CERTIFICATE, ("证书", "奖状", "荣誉", "聘书", "certificate")),
    (EvidenceKind.PHOTO, ("照片", "合影", "现场图", "photo")),
)
_FAMILIES = {"picture": EvidenceKind.PHOTO, "sheet": EvidenceKind.DATA}

_YEAR = r"(?<!\d)((?:19|20)\d\d)"
_DASH = r"\s*[-–—~～至到]\s*"
_SPAN = re.compile(rf"{_YEAR}{_DASH}((?:19|20)\d\d)(?!\d)\s*(学年)?")
_TERM = re.compile(rf"{_YEAR}\s*年?\s*(学年|春|秋)")
_DAY = re.compile(
    rf"{_YEAR}\s*[-年._/]?\s*(0[1-9]|1[0-2]|[1-9](?=\s*[-月._/]))(?:\s*[-月._/日]|[0-3]\d(?!\d))"
)
_PLAIN = re.compile(rf"{_YEAR}\s*年")


def default_title(filename: str) -> str:
    """The file's name without its extension."""
    suffix = PurePosixPath(filename).suffix
    stem = filename.removesuffix(suffix) if 1 < len(suffix) <= _LONGEST_EXTENSION else filename
    return stem.strip()[:LONGEST_TITLE].strip() or filename[:LONGEST_TITLE]


def clean_path(raw: str) -> str:
    """Folders and name as a person may read them: for display and for codes in it, never for a disk."""
    parts = [part for part in re.split(r"[/\\]", raw) if part.strip(" .")]
    return "/".join(clean_display_name(part) for part in parts)[-LONGEST_PATH:]


def guess_kind(filename: str, family: Family) -> EvidenceKind:
    """The kind that the name's words tell, else the one most files of this family are."""
    name = default_title(filename).lower()
    found = [
        (name.rfind(word) + len(word), len(word), kind)
        for kind, words in _WORDS
        for word in words
        if word in name
    ]
    if found:
        return max(found, key=lambda match: match[:2])[2]
    return _FAMILIES.get(family, EvidenceKind.OTHER)


def guess_years(filename: str) -> frozenset[int]:
    """School years named in a file's name, by the calendar year each starts in; empty if none is.

    2022-2023学年 → 2022; 2023春 → 2022; 2023秋 → 2023; 2023年3月 → 2022; 2023年 → 2022 and 2023.
    """
    years: set[int] = set()
    rest = filename
    for pattern, read in ((_SPAN, _span), (_TERM, _term), (_DAY, _day), (_PLAIN, _plain)):
        for match in pattern.finditer(rest):
            years |= read(match)
        rest = pattern.sub(" ", rest)
    plausible = frozenset(year for year in years if _EARLIEST <= year <= _LATEST)
    return plausible if len(plausible) <= _MOST_YEARS else frozenset()


def _span(match: re.Match[str]) -> set[int]:
    first, last = int(match[1]), int(match[2])
    return set(range(first, last)) if match[3] else set(range(first, last + 1))


def _term(match: re.Match[str]) -> set[int]:
    return {int(match[1]) - 1} if match[2] == "春" else {int(match[1])}


def _day(match: re.Match[str]) -> set[int]:
    return {school_year_of(date(int(match[1]), int(match[2]), 1))}


def _plain(match: re.Match[str]) -> set[int]:
    """A calendar year has parts of two school years."""
    return {int(match[1]) - 1, int(match[1])}
