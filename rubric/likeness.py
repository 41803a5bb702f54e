"""How like two pieces of Chinese are, by the pairs of characters they share."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import pairwise

from rubric.lexicon import VAGUE, wording_of
from rubric.model import Rubric
from rubric.titles import GAP, plain

_K1, _B = 1.2, 0.5  # BM25's saturation and length normalisation, as usual for short documents
_ALIKE = 0.4  # cosine from which on one title says something about another
_PASTED_RUN = 8  # letters in a row that nobody writes twice by chance
_BETWEEN_LETTERS = re.compile(r"[\W_]+")
_RUN = re.compile(r"[㐀-鿿]+|[a-z][a-z0-9]+")


def pairs(text: str) -> Iterator[str]:
    """Neighbouring Chinese characters, and whole Latin words."""
    for run in _RUN.findall(text):
        if run.isascii():
            yield run
        else:
            yield from map("".join, pairwise(run))


class Wordings:
    """The wording of each element, the sub-indicator's around it, and its listed words, weighed by BM25."""

    def __init__(self, rubric: Rubric, listed: Mapping[str, Iterable[str]]) -> None:
        documents = {
            element.code: _document(
                [wording_of(element), *map(_spelled, listed.get(element.code, ()))],
                around=plain(rubric.sub_indicator_of(element.code).text),
            )
            for element in rubric.elements
        }
        self._weights = _bm25(documents)

    def score(self, name: str) -> dict[str, float]:
        """The BM25 score of each element that shares a pair with a name in the `plain` form."""
        scores: dict[str, float] = defaultdict(float)
        for pair in set(pairs(name)):
            for code, weight in self._weights.get(pair, {}).items():
                scores[code] += weight
        return dict(scores)

    def shared(self, name: str, code: str) -> tuple[str, ...]:
        """The stretches of a name whose pairs stand in an element's wording, the longest first."""
        stretches = [""]
        for pair in pairs(name):
            if code not in self._weights.get(pair, {}):
                stretches.append("")
            elif stretches[-1].endswith(pair[0]):
                stretches[-1] += pair[1:]
            else:
                stretches.append(pair)
        return tuple(sorted(dict.fromkeys(filter(None, stretches)), key=len, reverse=True))


class LikeTitles:
    """Titles with the codes they were cited for, found again by a like title."""

    def __init__(self, cited: Iterable[tuple[str, frozenset[str]]]) -> None:
        self._cited = [(title, codes) for title, codes in cited if codes]
        sets = [frozenset(pairs(title)) for title, _ in self._cited]
        holders = Counter(pair for held in sets for pair in held)
        self._rarity = {pair: math.log(1 + len(sets) / number) for pair, number in holders.items()}
        self._lengths = [self._length(held) for held in sets]
        self._places: dict[str, list[int]] = defaultdict(list)
        for at, held in enumerate(sets):
            for pair in held:
                self._places[pair].append(at)

    def codes(self, name: str) -> dict[str, tuple[float, str]]:
        """For each code: the cosine of the most like title that was cited for it, and that title."""
        asked = frozenset(pairs(name))
        common: dict[int, float] = defaultdict(float)
        for pair in asked & self._rarity.keys():
            for at in self._places[pair]:
                common[at] += self._rarity[pair] ** 2
        best: dict[str, tuple[float, str]] = {}
        for at, product in common.items():
            cosine = product / (self._lengths[at] * self._length(asked))
            title, codes = self._cited[at]
            for code in codes if cosine >= _ALIKE else ():
                best[code] = max(best.get(code, (0.0, "")), (cosine, title))
        return best

    def _length(self, held: Iterable[str]) -> float:
        unknown = math.log(1 + len(self._cited))  # as rare as a pair of one title
        return math.sqrt(sum(self._rarity.get(pair, unknown) ** 2 for pair in held))


@lru_cache(maxsize=2048)
def words_of_its_own(text: str, official: str, *, enough: int) -> int:
    """How many letters and digits of a text are not pasted from the official one; counted up to `enough`.

    Pasted: whatever stands in a run of eight or more that both have, whatever punctuation is between.
    """
    letters, pasted_from = _letters(text), _official_letters(official)
    own, pasted_up_to = 0, 0
    for at in range(len(letters)):
        run = letters[at : at + _PASTED_RUN]
        if len(run) == _PASTED_RUN and run in pasted_from:
            pasted_up_to = at + _PASTED_RUN
        own += at >= pasted_up_to
        if own >= enough:
            break
    return own


@lru_cache(maxsize=512)
def _official_letters(official: str) -> str:
    return _letters(official)


def _letters(text: str) -> str:
    return _BETWEEN_LETTERS.sub("", plain(text))


def _spelled(word: str) -> str:
    return plain(word.removeprefix(VAGUE).replace(GAP, " "))


def _document(own: Iterable[str], around: str) -> Counter[str]:
    document = Counter(pair for piece in own for pair in pairs(piece))
    return document + Counter(set(pairs(around)) - document.keys())


def _bm25(documents: Mapping[str, Counter[str]]) -> dict[str, dict[str, float]]:
    """The weight of each pair for each element that holds it."""
    usual = sum(document.total() for document in documents.values()) / len(documents)
    holders = Counter(pair for document in documents.values() for pair in document)
    weights: dict[str, dict[str, float]] = defaultdict(dict)
    for code, document in documents.items():
        length = _K1 * (1 - _B + _B * document.total() / usual)
        for pair, times in document.items():
            rarity = math.log(1 + (len(documents) - holders[pair] + 0.5) / (holders[pair] + 0.5))
            weights[pair][code] = rarity * times * (_K1 + 1) / (times + length)
    return dict(weights)
