"""Which words of a list stand in a title or a text, and what each tells of an element."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from rubric.model import Element, Rubric
from rubric.titles import GAP, plain

VAGUE = "~"  # ~花名册: a kind of document more than a subject

_LISTED, _LISTED_VAGUE, _OFFICIAL = 1.0, 0.5, 0.7  # what a word is worth by where it comes from
_LONGEST_COUNTED = 6  # characters from which on a longer word tells no more
_PHRASE = range(2, 9)  # characters of a phrase cut out of the official wording
_COMMON = 6  # elements: a pair of characters in more of them, such as 学生, tells nothing
_BETWEEN_PHRASES = re.compile(r"[^\w%]+|以及|[和与及等的]")
_LATIN = re.compile(r"[a-z0-9]")


def wording_of(element: Element) -> str:
    """An element's short title and official text, in the `plain` form."""
    return plain(f"{element.short_title}。{element.text}")


@dataclass(frozen=True, slots=True)
class Found:
    """A word, the positions of its characters, and whether a longer word of the lexicon holds all of them."""

    word: str
    at: frozenset[int]
    nested: bool

    @property
    def parts(self) -> tuple[str, ...]:
        """The word, or both parts of a split one."""
        return tuple(self.word.split(GAP))


class Lexicon:
    """The words of all elements: those listed for each, and phrases cut out of the official wording.

    A word is worth the more the longer it is, and the fewer elements share it.
    """

    def __init__(self, rubric: Rubric, listed: Mapping[str, Iterable[str]]) -> None:
        self._worth = _worths(rubric, listed)
        self._split = [(word, tuple(word.split(GAP))) for word in self._worth if GAP in word]
        whole = {word for word in self._worth if GAP not in word}
        parts = {part for _, pieces in self._split for part in pieces}
        self._starts = _by_start(word for word in whole | parts if len(word) > 1)
        self._single = frozenset(part for part in parts if len(part) == 1)

    def worth(self, word: str) -> Mapping[str, float]:
        """What a word is worth for each element that has it; nothing for a mere part of a split word."""
        return self._worth.get(word, {})

    def find(self, title: str) -> list[Found]:
        """The words of a title in the `plain` form: split ones too, the longest first."""
        single = [(letter, at, at + 1) for at, letter in enumerate(title) if letter in self._single]
        spans = [*self._spans(title), *single]
        found = [
            Found(word, frozenset(range(start, end)), _is_within(start, end, spans))
            for word, start, end in spans
            if word in self._worth
        ]
        return sorted([*self._joined(spans), *found], key=lambda one: len(one.at), reverse=True)

    def count(self, text: str) -> Counter[str]:
        """How often each word, split ones aside, stands in a text in the `plain` form."""
        return Counter(word for word, _, _ in self._spans(text) if word in self._worth)

    def _spans(self, text: str) -> Iterator[tuple[str, int, int]]:
        for at in range(len(text)):
            for word in self._starts.get(text[at : at + 2], ()):
                if text.startswith(word, at) and _stands_alone(text, at, at + len(word)):
                    yield word, at, at + len(word)

    def _joined(self, spans: Iterable[tuple[str, int, int]]) -> Iterator[Found]:
        places: dict[str, list[int]] = defaultdict(list)
        for word, start, end in spans:
            places[word].extend(range(start, end))
        for word, parts in self._split:
            if all(part in places for part in parts):
                yield Found(word, frozenset(at for part in parts for at in places[part]), nested=False)


def _worths(rubric: Rubric, listed: Mapping[str, Iterable[str]]) -> dict[str, dict[str, float]]:
    sources: dict[str, dict[str, float]] = defaultdict(dict)
    for code, phrases in _telling_phrases(rubric).items():
        for phrase in phrases:
            sources[phrase][code] = _OFFICIAL
        for entry in listed.get(code, ()):
            word = plain(entry).replace(plain(GAP), GAP)
            source = _LISTED_VAGUE if word.startswith(VAGUE) else _LISTED
            sources[word.removeprefix(VAGUE)][code] = source
    return {word: _shared_out(word, by_code, rubric) for word, by_code in sources.items()}


def _telling_phrases(rubric: Rubric) -> dict[str, set[str]]:
    """The short phrases of each element's wording, without those that many elements use."""
    wordings = {element.code: wording_of(element) for element in rubric.elements}
    phrases = {
        code: {phrase for phrase in _BETWEEN_PHRASES.split(wording) if len(phrase) in _PHRASE}
        for code, wording in wordings.items()
    }
    common = {
        phrase
        for phrase in set().union(*phrases.values())
        if len(phrase) == 2 and sum(phrase in wording for wording in wordings.values()) > _COMMON
    }
    return {code: own - common for code, own in phrases.items()}


def _shared_out(word: str, sources: Mapping[str, float], rubric: Rubric) -> dict[str, float]:
    rarity = math.log(1 + len(rubric.elements) / len(sources))
    length = math.sqrt(min(len(word.replace(GAP, "")), _LONGEST_COUNTED))
    return {code: source * rarity * length for code, source in sources.items()}


def _by_start(words: Iterable[str]) -> dict[str, list[str]]:
    """Words, of two characters or more, by their first two."""
    starts: dict[str, list[str]] = defaultdict(list)
    for word in sorted(words):
        starts[word[:2]].append(word)
    return dict(starts)


def _is_within(start: int, end: int, spans: Iterable[tuple[str, int, int]]) -> bool:
    return any(left <= start and end <= right and right - left > end - start for _, left, right in spans)


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Latin words have edges: `oa` doesn't stand in `board`."""
    inside_before = start > 0 and _LATIN.match(text[start]) and _LATIN.match(text[start - 1])
    inside_after = end < len(text) and _LATIN.match(text[end - 1]) and _LATIN.match(text[end])
    return not (inside_before or inside_after)
