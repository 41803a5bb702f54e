"""From a file's name and text to the elements it may belong to. Suggestions only: a person decides."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from pathlib import PurePosixPath

from rubric.lexicon import Lexicon
from rubric.likeness import LikeTitles, Wordings
from rubric.model import Rubric
from rubric.titles import plain

# What each kind of evidence weighs. A word weighs what it is worth in the lexicon: a listed word of four
# characters that no other element has, 8.9; one of two characters that three elements share, 4.8.
_NESTED = 0.3  # of a word inside a longer one, as 体育 in 体育器材室
_WORDING = 0.35  # of the BM25 of the title's character pairs
_KIND = 0.5  # for a kind of document that the indicator's methods ask for
_LIKE_TITLE = 8.0  # for a file that was cited under the very same title
_TEXT = 6.0  # for the text, at most
_LEAST = 1.0  # less than this is chance
_SATURATION = 2.0  # times a word stands in the text when it weighs half of what it can
_REASONS = 3

_KINDS = re.compile("会议记录|活动记录|计划|规划|总结|制度|档案|教学设计|备课笔记|问卷")
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


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An element a file may belong to; `because`: the words that tell, most telling first.

    Scores are positive, and compare only within one answer.
    """

    code: str
    score: float
    because: tuple[str, ...]


class Suggester:
    """Knows a rubric, the words listed for its elements, and what like titles were cited for.

    `history` holds titles with the codes they were cited for; codes that the rubric doesn't have are passed over.
    Built once, asked often, from any thread.
    """

    def __init__(
        self,
        rubric: Rubric,
        words: Mapping[str, Iterable[str]],
        history: Iterable[tuple[str, frozenset[str]]] = (),
    ) -> None:
        self._order = {element.code: at for at, element in enumerate(rubric.elements)}
        self._lexicon = Lexicon(rubric, words)
        self._wordings = Wordings(rubric, words)
        self._asked_for = _kinds_asked_for(rubric)
        self._cited = self._like_titles(history)

    def knowing(self, history: Iterable[tuple[str, frozenset[str]]]) -> Suggester:
        """The same with another history, which is all that is made anew."""
        other = copy(self)
        other._cited = self._like_titles(history)
        return other

    def _like_titles(self, history: Iterable[tuple[str, frozenset[str]]]) -> LikeTitles:
        return LikeTitles((without_noise(title), codes & self._order.keys()) for title, codes in history)

    def suggest(
        self, title: str, text: str = "", limit: int = 3, among: Collection[str] | None = None
    ) -> list[Suggestion]:
        """The likeliest elements, best first, at most `limit`; none if nothing tells. `among`: only these codes."""
        tally = _Tally()
        name = without_noise(title)
        self._weigh_words(name, tally)
        self._weigh_pairs(name, tally)
        self._weigh_kinds(name, tally)
        self._weigh_text(plain(text), tally)
        self._weigh_history(name, tally)
        wanted = self._order.keys() if among is None else self._order.keys() & set(among)
        likely = [code for code in wanted if tally.scores.get(code, 0.0) >= _LEAST]
        likely.sort(key=lambda code: (-tally.scores[code], self._order[code]))
        return [
            Suggestion(code, tally.scores[code], self._because(code, name, tally)) for code in likely[:limit]
        ]

    def _because(self, code: str, name: str, tally: _Tally) -> tuple[str, ...]:
        return (tally.reasons(code) or self._wordings.shared(name, code))[:_REASONS]

    def _weigh_words(self, name: str, tally: _Tally) -> None:
        """No character of the title counts twice for one element: 社团活动 takes the place of the 社团 in it."""
        counted: dict[str, set[int]] = defaultdict(set)
        for found in self._lexicon.find(name):
            for code, worth in self._lexicon.worth(found.word).items():
                fresh = len(found.at - counted[code]) / len(found.at)
                counted[code] |= found.at
                if fresh:
                    tally.add(code, worth * fresh * (_NESTED if found.nested else 1), *found.parts)

    def _weigh_pairs(self, name: str, tally: _Tally) -> None:
        for code, score in self._wordings.score(name).items():
            tally.add(code, _WORDING * score)

    def _weigh_kinds(self, name: str, tally: _Tally) -> None:
        for kind in set(_KINDS.findall(name)):
            for code in self._asked_for.get(kind, frozenset()) & tally.scores.keys():
                tally.add(code, _KIND, kind)

    def _weigh_text(self, text: str, tally: _Tally) -> None:
        of_text = _Tally()
        for word, times in self._lexicon.count(text).items():
            for code, worth in self._lexicon.worth(word).items():
                of_text.add(code, worth * times / (times + _SATURATION), word)
        most = max(of_text.scores.values(), default=0.0)
        tally.take_over(of_text, scale=min(1.0, _TEXT / most) if most else 0.0)

    def _weigh_history(self, name: str, tally: _Tally) -> None:
        for code, (alike, title) in self._cited.codes(name).items():
            tally.add(code, _LIKE_TITLE * alike, f"《{title}》")


class _Tally:
    """Scores of elements, and the words each was given for."""

    def __init__(self) -> None:
        self.scores: dict[str, float] = defaultdict(float)
        self._given: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))

    def add(self, code: str, score: float, *words: str) -> None:
        self.scores[code] += score
        for word in words:
            self._given[code][word] += score

    def take_over(self, other: _Tally, scale: float) -> None:
        for code, score in other.scores.items():
            self.scores[code] += score * scale
            for word, given in other._given[code].items():
                self._given[code][word] += given * scale

    def reasons(self, code: str) -> tuple[str, ...]:
        """The words, most telling first; none that is only a part of another."""
        given = self._given[code]
        whole = [word for word in given if not any(word in other for other in given if other != word)]
        return tuple(sorted(whole, key=lambda word: -given[word]))


def without_noise(title: str) -> str:
    """A title in the `plain` form, without its extension, dates, signs of a draft, and the school's name."""
    name = plain(title).strip()
    suffix = PurePosixPath(name).suffix
    if 1 < len(suffix) <= _LONGEST_SUFFIX and suffix.isascii():
        name = name.removesuffix(suffix)
    return _NOISE.sub(" ", _SCHOOL.sub(" ", name)).strip()


def _kinds_asked_for(rubric: Rubric) -> dict[str, frozenset[str]]:
    """The elements whose indicator asks for each kind of document in one of its methods."""
    asked: dict[str, set[str]] = defaultdict(set)
    for indicator in rubric.indicators:
        kinds = {kind for method in indicator.methods for kind in _KINDS.findall(method.text)}
        for kind in kinds:
            asked[kind].update(element.code for element in indicator.elements)
    return {kind: frozenset(codes) for kind, codes in asked.items()}
