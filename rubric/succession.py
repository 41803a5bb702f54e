"""From one rubric to the next: which element goes on as which, and what has changed about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache

from rubric.likeness import pairs
from rubric.model import Element, Rubric
from rubric.schoolyears import school_year_of

# Shares of common character pairs from which on two wordings are one element reworded: an element that kept its
# code needs less to be known again.
_ALIKE_UNDER_ITS_CODE = 0.35
_ALIKE = 0.6


class Touch(StrEnum):
    """What a new rubric did to an element."""

    MOVED = "moved"  # the same wording under another code
    REWORDED = "reworded"
    REWEIGHTED = "reweighted"  # the same wording, worth other points
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Successor:
    """An element of the new rubric, and the old one that it goes on from; `touch` is None where nothing changed."""

    element: Element
    predecessor: Element | None
    touch: Touch | None


@dataclass(frozen=True, slots=True)
class Succession:
    """Every element of the new rubric by its code, and those of the old one that nothing goes on from."""

    successors: Mapping[str, Successor]
    gone: tuple[Element, ...]

    @property
    def touched(self) -> tuple[Successor, ...]:
        """The elements that somebody has to look at, in rubric order."""
        return tuple(each for each in self.successors.values() if each.touch is not None)

    def by_predecessor(self) -> dict[str, Element]:
        """Old code → the new element."""
        return {
            each.predecessor.code: each.element
            for each in self.successors.values()
            if each.predecessor is not None
        }


@lru_cache(maxsize=32)
def _succession(old: Rubric, new: Rubric) -> Succession:
    matched = _matched(old.elements, new.elements)
    successors = {
        element.code: Successor(
            element, matched.get(element.code), _touch(matched.get(element.code), element)
        )
        for element in new.elements
    }
    taken = {predecessor.code for predecessor in matched.values()}
    return Succession(successors, tuple(each for each in old.elements if each.code not in taken))


def succession(old: Rubric, new: Rubric) -> Succession:
    """How the old rubric's elements go on in the new one: by wording first, then by code and a like wording."""
    return _succession(old, new)


def is_inside(years: Iterable[int], day: date | None, *, window_start: int) -> bool:
    """Whether evidence of these school years, or of this day, still counts from `window_start` on.

    Its day tells where it names no year; evidence that names neither isn't called old.
    """
    spoken_for = set(years) or ({school_year_of(day)} if day is not None else set())
    return not spoken_for or max(spoken_for) >= window_start


def _matched(old: tuple[Element, ...], new: tuple[Element, ...]) -> dict[str, Element]:
    """New code → old element, each old one at most once."""
    found: dict[str, Element] = {}
    left = {element.code: element for element in old}
    _take(found, left, _same_wording(left, new))
    rest = [element for element in new if element.code not in found]
    _take(found, left, _same_code(left, rest))
    rest = [element for element in rest if element.code not in found]
    _take(found, left, _like_wording(left, rest))
    return found


def _take(found: dict[str, Element], left: dict[str, Element], offers: Iterable[tuple[str, str]]) -> None:
    """Take each offer (new code, old code) whose two sides are both still free."""
    for new_code, old_code in offers:
        if new_code not in found and old_code in left:
            found[new_code] = left.pop(old_code)


def _same_wording(left: Mapping[str, Element], new: Iterable[Element]) -> list[tuple[str, str]]:
    # Where two elements share a wording, the one that kept its code comes first.
    offers = [
        (each.code != old.code, each.code, old.code)
        for each in new
        for old in left.values()
        if each.text == old.text
    ]
    return [(code, old_code) for _moved, code, old_code in sorted(offers, key=lambda offer: offer[0])]


def _same_code(left: Mapping[str, Element], new: Iterable[Element]) -> list[tuple[str, str]]:
    return [
        (each.code, each.code)
        for each in new
        if each.code in left and likeness(each.text, left[each.code].text) >= _ALIKE_UNDER_ITS_CODE
    ]


def _like_wording(left: Mapping[str, Element], new: Iterable[Element]) -> list[tuple[str, str]]:
    offers = [(likeness(each.text, old.text), each.code, old.code) for each in new for old in left.values()]
    best_first = sorted((offer for offer in offers if offer[0] >= _ALIKE), key=lambda offer: -offer[0])
    return [(code, old_code) for _share, code, old_code in best_first]


def likeness(one: str, other: str) -> float:
    """How much of two wordings is common, from 0 to 1: Dice's share of their character pairs."""
    first, second = Counter(pairs(one)), Counter(pairs(other))
    whole = first.total() + second.total()
    return 2 * (first & second).total() / whole if whole else 0.0


def _touch(old: Element | None, new: Element) -> Touch | None:
    if old is None:
        return Touch.NEW
    if old.text != new.text:
        return Touch.REWORDED
    if old.code != new.code:
        return Touch.MOVED
    return Touch.REWEIGHTED if old.points != new.points else None
