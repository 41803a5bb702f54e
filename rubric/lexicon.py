"""Which words of a list stand in a title or a text, and what each tells of an element."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from rubric.model import Rubric

GAP = "…"  # 教师…体检: both parts, in any order
_OFFICIAL = 0.7  # what a phrase cut out of the official wording is worth beside a word of the list
_PHRASE = range(2, 9)  # characters of such a phrase
_BETWEEN_PHRASES = re.compile(r"[^\w%]+|以及|[和与及等的]")
_LATIN = re.compile(r"[a-z0-9]")


def plain(text: str) -> str:
    """Half width, lower case: the form in which words are compared."""
    return unicodedata.normalize("NFKC", text).lower()


@dataclass(frozen=True, slots=True)
class Found:
    """A word, the positions of its characters, and whether a longer word of the list holds all of them."""

    word: str
    at: frozenset[int]
    nested: bool


class Lexicon:
    """The words of all elements, with what each is worth for each of them.

    A word is worth the more the fewer elements share it and the longer it is.
    """

    def __init__(self, rubric: Rubric, words: Mapping[str, Iterable[str]]) -> None:
        shares: dict[str, dict[str, float]] = defaultdict(dict)
        for element in rubric.elements:
            for phrase in _phrases(f"{element.short_title}。{element.text}"):
                shares[phrase][element.code] = _OFFICIAL
            for word in words.get(element.code, ()):
                shares[plain(word).replace("...", GAP)][element.code] = 1.0
        self._worth = {
            word: {code: share * _worth(word, len(sharers), len(rubric.elements)) for code, share in sharers.items()}
            for word, sharers in shares.items()
        }
        self._split = [(word, tuple(word.split(GAP))) for word in self._worth if GAP in word]
        parts = {part for _, parts in self._split for part in parts}
        self._starts = _by_start({word for word in self._worth if GAP not in word} | parts)

    def worth(self, word: str) -> Mapping[str, float]:
        """What a word is worth for each element that has it; nothing for a mere part of a split word."""
        return self._worth.get(word, {})

    def find(self, title: str) -> list[Found]:
        """The words of a title (in `plain` form), the longest first."""
        spans = list(self._spans(title))
        found = [
            Found(word, frozenset(range(start, end)), _is_within(start, end, spans)) for word, start, end in spans
        ]
        return sorted([*self._joined(spans), *found], key=lambda one: len(one.at), reverse=True)

    def count(self, text: str) -> Counter[str]:
        """How often each unsplit word stands in a text (in `plain` form)."""
        return Counter(word for word, _, _ in self._spans(text) if word in self._worth)

    def _spans(self, text: str) -> Iterator[tuple[str, int, int]]:
        starts = self._starts
        for at in range(len(text)):
            for word in starts.get(text[at : at + 2], ()):
                if text.startswith(word, at) and _stands_alone(text, at, at + len(word)):
                    yield word, at, at + len(word)

    def _joined(self, spans: list[tuple[str, int, int]]) -> Iterator[Found]:
        places: dict[str, list[int]] = defaultdict(list)
        for word, start, end in spans:
            places[word].extend(range(start, end))
        for word, parts in self._split:
            if all(part in places for part in parts):
                yield Found(word, frozenset(at for part in parts for at in places[part]), nested=False)


def _phrases(wording: str) -> set[str]:
    pieces = _BETWEEN_PHRASES.split(plain(wording))
    return {piece for piece in pieces if len(piece) in _PHRASE}


def _worth(word: str, sharers: int, elements: int) -> float:
    length = len(word.replace(GAP, ""))
    return math.log(1 + elements / sharers) * math.sqrt(min(length, 6))


def _by_start(words: set[str]) -> dict[str, list[str]]:
    starts: dict[str, list[str]] = defaultdict(list)
    for word in sorted(words):
        starts[word[:2]].append(word)
    return dict(starts)


def _is_within(start: int, end: int, spans: list[tuple[str, int, int]]) -> bool:
    return any(
        left <= start and end <= right and right - left > end - start for _, left, right in spans
    )


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Latin words have edges: `oa` doesn't stand in `board`."""
    return not (
        (start > 0 and _LATIN.match(text[start]) and _LATIN.match(text[start - 1]))
        or (end < len(text) and _LATIN.match(text[end - 1]) and _LATIN.match(text[end]))
    )
