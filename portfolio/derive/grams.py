"""The terms of the full-text index, and what a search asks of it: the same on every engine.

A term is a pair of neighbouring ideographs, an ideograph that ends a row of them, or a word of another script. So
every ideograph of a page begins one of its terms, and two characters or one are found by the index alone. Of longer
rows it must know that their pairs follow on each other; where it doesn't, it finds the pages that may hold them, and
their text is then compared. So it is for all that has several scripts or signs in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from portfolio.derive.textnorm import OVERLAP, Chunk, folded, is_han, normalise, runs

LONGEST_TERM = 64  # characters; PostgreSQL takes 2,046 bytes
LONGEST_QUERY = 100  # characters
MOST_WORDS = 6
_MARKS = '"“”„＂「」『』'
_PHRASE_OR_WORD = re.compile(f"[{_MARKS}]([^{_MARKS}]+)[{_MARKS}]|([^\\s{_MARKS}、，；]+)")


@dataclass(frozen=True, slots=True)
class Word:
    """A word or phrase that is looked for, folded.

    `whole` are the terms that a piece of text with it has, `beginnings` those of which it has one that begins so.
    What has them has the word, if it is `vouched`; a `row` of ideographs, if they follow on each other.
    """

    text: str
    whole: tuple[str, ...]
    beginnings: tuple[str, ...]
    vouched: bool
    row: bool


def index_terms(chunk: Chunk, *, school_id: int) -> str:
    """Its school's own term and those of a folded piece of text, in its order, separated by blanks."""
    terms = [school_term(school_id)]
    for run in _uncut_runs(chunk):
        if is_han(run[0]):
            terms += _pairs(run)
            terms.append(run[-1])
        else:
            terms.append(run[:LONGEST_TERM])
    return " ".join(terms)


def school_term(school_id: int) -> str:
    """A term that all pages of a school hold and nobody can type: no search looks at another school's pages."""
    return f"§{school_id}"


def read_query(typed: str) -> tuple[Word, ...]:
    """What was typed as words and quoted phrases: at most MOST_WORDS of them, from LONGEST_QUERY characters.

    What holds no letter, digit or ideograph is no word.
    """
    words = dict.fromkeys(_words(typed[:LONGEST_QUERY]))
    return tuple(_read(word) for word in islice(words, MOST_WORDS))


def _words(typed: str) -> Iterator[str]:
    for phrase, word in _PHRASE_OR_WORD.findall(typed):
        # what two pieces of a page share is the most that is surely found in one of them
        found = folded(normalise(phrase or word))[:OVERLAP].strip()
        if runs(found):
            yield found


def _read(word: str) -> Word:
    parts = runs(word)
    whole: list[str] = []
    beginnings: list[str] = []
    for number, run in enumerate(parts, 1):
        if len(run) == 1 and is_han(run):
            beginnings.append(run)
        elif is_han(run[0]):
            whole += _pairs(run)
        elif number == len(parts) and word.endswith(run):
            beginnings.append(run)
        else:
            whole.append(run)
    row = parts == [word] and len(whole) > 1
    return Word(word, tuple(whole), tuple(beginnings), parts == [word] and not row, row)


def _uncut_runs(chunk: Chunk) -> list[str]:
    """The runs of a piece of text, without the end of a word that the piece before holds whole."""
    found = runs(chunk.text)
    cut = chunk.position > 0 and found and chunk.text.startswith(found[0]) and not is_han(found[0][0])
    return found[1:] if cut else found


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)]
