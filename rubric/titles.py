"""Titles of files: the form in which they are compared, and the noise in them."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

GAP = "…"  # 教师…体检: both parts, in any order

_LONGEST_SUFFIX = 10
_NOISE = re.compile(
    r"(?:19|20)\d\d(?:\s*[-–—~至]\s*(?:19|20)?\d\d)?\s*(?:学年度?|年度?)?"
    r"|第[一二三四五六七八九十\d]+(?:学期|周|期|版|稿)|\d+\s*月份?|\d+\s*日"
    r"|最终版|终稿|定稿|初稿|修订版?|扫描件|复印件|新建文件夹?|微信图片|副本|备份|\bv\d+(?:\.\d+)*"
)
# A school's name at the start: 劳动路小学 is no evidence of 劳动教育. Not what is about another school: 与…结对.
_SCHOOL = re.compile(
    r"^[^\s_与和同到赴对送扶联—-]{2,14}?(?:小学|中学|初中)(?![生教语数英部]|阶段)"
    r"|^(?:[x某×]{2}|西安市?|陕西省?)[^\s_与和同到赴对送扶联—-]{0,12}?(?:小学|中学|学校)"
)


def plain(text: str) -> str:
    """Half width, lower case: the form in which words are compared."""
    return unicodedata.normalize("NFKC", text).lower()


def without_noise(title: str) -> str:
    """A title in the `plain` form, without its extension, dates, signs of a draft, and the school's name."""
    name = plain(title).strip()
    suffix = PurePosixPath(name).suffix
    if 1 < len(suffix) <= _LONGEST_SUFFIX and suffix.isascii():
        name = name.removesuffix(suffix)
    return _NOISE.sub(" ", _SCHOOL.sub(" ", name)).strip()
