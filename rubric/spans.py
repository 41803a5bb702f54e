"""Sets of elements as people write them: `A1, B3, C12–C20`, and back."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping

from rubric.model import Rubric

EVERYTHING = frozenset({"全部", "ALL"})
_SEPARATORS = re.compile(r"[,，、;；/\s]+")
_AROUND_DASH = re.compile(r"\s*[-–—~至到]\s*")
_CODE = re.compile(r"([ABC])0*([1-9]\d{0,2})")


class UnknownCode(ValueError):
    """What stands where a code should: `text`, as written."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def spell_out(text: str, rubric: Rubric) -> tuple[str, ...]:
    """The elements that a text names, in the rubric's order; an A or B code stands for all of its own.

    `全部` or `all` names every element, an empty text none. Half and full width are alike. Raises UnknownCode.
    """
    plain = _AROUND_DASH.sub("-", unicodedata.normalize("NFKC", text).upper()).strip()
    named: set[str] = set()
    for word in filter(None, _SEPARATORS.split(plain)):
        named.update(_meant(word, rubric))
    return tuple(element.code for element in rubric.elements if element.code in named)


def shorten(codes: Collection[str], rubric: Rubric) -> str:
    """The shortest way of writing a set of elements that `spell_out` reads back: `all`, `A1, B8, C30–C32`."""
    if len(set(codes)) == len(rubric.elements):
        return "all"
    return ", ".join(_words(frozenset(codes), rubric))


def _meant(word: str, rubric: Rubric) -> Collection[str]:
    if word in EVERYTHING:
        return [element.code for element in rubric.elements]
    first, dash, last = word.partition("-")
    if not dash:
        return _group(word, rubric)
    begin, end = (_single(each, word, rubric) for each in (first, last))
    order = [element.code for element in rubric.elements]
    if order.index(begin) > order.index(end):
        raise UnknownCode(word)
    return order[order.index(begin) : order.index(end) + 1]


def _group(word: str, rubric: Rubric) -> Collection[str]:
    groups = _groups(rubric)
    code = _code(word)
    if code not in groups:
        raise UnknownCode(word)
    return groups[code]


def _single(word: str, whole: str, rubric: Rubric) -> str:
    """An element's code within a range; `C12-20` leaves out the second letter."""
    code = _code(word if word.startswith("C") else f"C{word}")
    if code not in {element.code for element in rubric.elements}:
        raise UnknownCode(whole)
    return code


def _code(word: str) -> str:
    match = _CODE.fullmatch(word)
    return match[1] + match[2] if match else ""


def _groups(rubric: Rubric) -> Mapping[str, tuple[str, ...]]:
    """Every code of the rubric with the elements it stands for."""
    groups: dict[str, tuple[str, ...]] = {}
    for indicator in rubric.indicators:
        groups[indicator.code] = tuple(element.code for element in indicator.elements)
        for child in indicator.children:
            groups[child.code] = tuple(element.code for element in child.elements)
    return groups | {element.code: (element.code,) for element in rubric.elements}


def _words(codes: frozenset[str], rubric: Rubric) -> Iterator[str]:
    for indicator in rubric.indicators:
        if codes.issuperset(element.code for element in indicator.elements):
            yield indicator.code
            continue
        for child in indicator.children:
            own = [element.code for element in child.elements]
            if codes.issuperset(own):
                yield child.code
            else:
                yield from _runs(own, codes)


def _runs(own: list[str], codes: frozenset[str]) -> Iterator[str]:
    """Neighbours among a B-indicator's elements as ranges."""
    run: list[str] = []
    for code in [*own, ""]:
        if code in codes:
            run.append(code)
        elif run:
            yield run[0] if len(run) == 1 else f"{run[0]}–{run[-1]}"
            run = []
