"""Two texts side by side: sentence by sentence, and within a changed sentence sign by sign. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Literal

MOST_SENTENCES = 2000  # of each text: comparing takes time with the square of it
MOST_SIGNS = 200  # of a sentence that is compared within; longer ones are shown whole
ALIKE = 0.5  # from this share of common signs on, two sentences are one that was changed
CONTEXT = 2  # sentences shown around a change
FOLDED_FROM = 4  # so many are folded away, fewer are shown

_HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
_SENTENCE = re.compile(r"[^。！？；!?;]*[。！？；!?;]+[”’」』）)]*|[^。！？；!?;]+")
_SIGNS = re.compile(f"[{_HAN}]|[^\\W{_HAN}]+|\\s+|.", re.DOTALL)
_ENDS = re.compile(r"[。！？；：:.!?;”’」』）)]$")
_BETWEEN_HAN = re.compile(f"(?<=[{_HAN}，、])\n(?=[{_HAN}])")

Kind = Literal["same", "changed", "added", "removed"]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence and the page it begins on."""

    page: int
    text: str


@dataclass(frozen=True, slots=True)
class Part:
    """Some signs of a sentence; `changed` where the other text has others."""

    text: str
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Side:
    """A sentence as one of the two columns shows it."""

    page: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """A line of both columns; None on the side that has nothing there."""

    kind: Kind
    old: Side | None
    new: Side | None


@dataclass(frozen=True, slots=True)
class Fold:
    """Sentences that are the same in both and far from any change."""

    count: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both texts line by line. `cut`: only the first MOST_SENTENCES of a text were compared."""

    lines: tuple[Pair | Fold, ...]
    cut: bool = False
    counts: dict[Kind, int] = field(default_factory=dict, hash=False)

    @property
    def equal(self) -> bool:
        """Whether nothing differs in what was compared."""
        return not any(self.counts.get(kind) for kind in ("changed", "added", "removed"))


def compare(old: Iterable[tuple[int, str]], new: Iterable[tuple[int, str]]) -> Comparison:
    """Two texts, each given as (page number, text) in the order of its pages."""
    before, after = list(sentences(old)), list(sentences(new))
    cut = max(len(before), len(after)) > MOST_SENTENCES
    pairs = list(_pairs(before[:MOST_SENTENCES], after[:MOST_SENTENCES]))
    counts: dict[Kind, int] = {}
    for pair in pairs:
        counts[pair.kind] = counts.get(pair.kind, 0) + 1
    return Comparison(tuple(_folded(pairs)), cut, counts)


def sentences(pages: Iterable[tuple[int, str]]) -> Iterator[Sentence]:
    """The sentences of a text; a heading or a cell of its own line is one too."""
    for page, text in pages:
        for paragraph in _paragraphs(text):
            for found in _SENTENCE.findall(paragraph):
                if tidy := " ".join(found.split()):
                    yield Sentence(page, tidy)


def _paragraphs(text: str) -> Iterator[str]:
    """Lines, joined again where a full line was only broken by the page's width."""
    lines = [line.strip() for line in text.splitlines()]
    full = max(map(len, lines), default=0) * 3 / 4
    held = ""
    for line in lines:
        held = f"{held}\n{line}" if held else line
        if not line or len(line) < full or _ENDS.search(line):
            yield _BETWEEN_HAN.sub("", held)
            held = ""
    yield _BETWEEN_HAN.sub("", held)


def _pairs(before: Sequence[Sentence], after: Sequence[Sentence]) -> Iterator[Pair]:
    matcher = SequenceMatcher(None, [each.text for each in before], [each.text for each in after])
    for what, i1, i2, j1, j2 in matcher.get_opcodes():
        if what == "equal":
            for old, new in zip(before[i1:i2], after[j1:j2], strict=True):
                yield Pair("same", _whole(old, changed=False), _whole(new, changed=False))
        else:
            yield from _replaced(before[i1:i2], after[j1:j2])


def _replaced(before: Sequence[Sentence], after: Sequence[Sentence]) -> Iterator[Pair]:
    """Sentences that gave way to others: those alike stand beside each other."""
    for old, new in zip_longest(before, after):
        if old is not None and new is not None and (beside := _beside(old, new)):
            yield beside
            continue
        if old is not None:
            yield Pair("removed", _whole(old, changed=True), None)
        if new is not None:
            yield Pair("added", None, _whole(new, changed=True))


def _beside(old: Sentence, new: Sentence) -> Pair | None:
    """Both on one line: the same, or one sentence that was changed; None if they are too different."""
    if old.text == new.text:
        return Pair("same", _whole(old, changed=False), _whole(new, changed=False))
    if max(len(old.text), len(new.text)) > MOST_SIGNS:
        return None
    a, b = _SIGNS.findall(old.text), _SIGNS.findall(new.text)
    matcher = SequenceMatcher(None, a, b, autojunk=False)
    if matcher.quick_ratio() < ALIKE or matcher.ratio() < ALIKE:
        return None
    left: list[Part] = []
    right: list[Part] = []
    for what, i1, i2, j1, j2 in matcher.get_opcodes():
        if i2 > i1:
            left.append(Part("".join(a[i1:i2]), changed=what != "equal"))
        if j2 > j1:
            right.append(Part("".join(b[j1:j2]), changed=what != "equal"))
    return Pair("changed", Side(old.page, tuple(left)), Side(new.page, tuple(right)))


def _whole(sentence: Sentence, *, changed: bool) -> Side:
    return Side(sentence.page, (Part(sentence.text, changed),))


def _folded(pairs: Sequence[Pair]) -> Iterator[Pair | Fold]:
    """The pairs, long runs without a change folded to a number."""
    changes = [at for at, pair in enumerate(pairs) if pair.kind != "same"]
    near = {at + by for at in changes for by in range(-CONTEXT, CONTEXT + 1)}
    run: list[Pair] = []
    for at, pair in enumerate(pairs):
        if at not in near:
            run.append(pair)
            continue
        yield from _run(run)
        run = []
        yield pair
    yield from _run(run)


def _run(run: Sequence[Pair]) -> Iterator[Pair | Fold]:
    if len(run) >= FOLDED_FROM:
        yield Fold(len(run))
    else:
        yield from run
