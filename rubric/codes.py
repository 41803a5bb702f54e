"""Codes of the rubric in the names of files and folders: `C12`, `c12_党建.docx`, `B3/`, `A2 学校管理/`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import PurePosixPath

from rubric.model import Element, Rubric

# Not in ABC123, C1234, C3PO, Type-C1, USB C1; nor what is a building or a licence: C1楼, C1驾照.
# `C-12`, `C 12` and `C012` are C12 too.
_CODE = (
    r"(?<![A-Z0-9])(?<![A-Z]-)(?<!TYPE[ _])(?<!USB[ _])"
    r"C[-_ ]?0?([1-9]\d?)(?![A-Z0-9]|\s*号?[楼栋座幢层]|\s*驾)"
)
_ELEMENT = re.compile(_CODE)
_RANGE = re.compile(_CODE + r"\s*[-–—~至到]\s*" + _CODE)
# Only where a name begins, for A4 is also paper and B1 also a storey.
_GROUP = re.compile(
    r"[\[(【]?\s*([AB])[-_ ]?0?([1-9]\d?)"
    r"(?![A-Z0-9]|\s*号?[楼栋座幢层区]|\s*(?:纸|打印|复印|彩打|横|竖|双面|单面|幅面|大小|尺寸|教室))"
)
_LONGEST_SUFFIX = 10


def codes_in_path(path: str, rubric: Rubric) -> tuple[str, ...]:
    """The elements whose own codes stand in a path, in the order they stand there.

    The file's name decides, then its folder, then the folder's folder: the first that names any. Half and full
    width, upper and lower case are alike; what the rubric doesn't have is no code.
    """
    known = {element.code for element in rubric.elements}
    for name in _innermost_first(path):
        codes = (f"C{match[1]}" for match in _ELEMENT.finditer(_RANGE.sub(" ", name)))
        if found := tuple(dict.fromkeys(code for code in codes if code in known)):
            return found
    return ()


def candidates_in_path(path: str, rubric: Rubric) -> tuple[str, ...]:
    """The elements among which a path narrows the choice: beneath its A or B code, or in its range C12-C15.

    The innermost name that has one decides; empty if none has.
    """
    for name in _innermost_first(path):
        if found := tuple(element.code for element in rubric.elements if _is_meant(element, name)):
            return found
    return ()


def _is_meant(element: Element, name: str) -> bool:
    group = _GROUP.match(name)
    if group and group[1] + group[2] in (element.indicator, element.sub_indicator):
        return True
    return any(int(span[1]) <= element.number <= int(span[2]) for span in _RANGE.finditer(name))


def _innermost_first(path: str) -> Iterable[str]:
    """The names of a path, the last first, upper case and half width, a file's without its extension."""
    names = unicodedata.normalize("NFKC", path).upper().replace("\\", "/").split("/")
    suffix = PurePosixPath(names[-1]).suffix
    if 1 < len(suffix) <= _LONGEST_SUFFIX and suffix.isascii():
        names[-1] = names[-1].removesuffix(suffix)
    return [name.strip() for name in reversed(names)]
