"""The passage of a text that a search found, with the words marked: as segments, never as HTML."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import islice

from portfolio.derive.textnorm import is_han, joined
from portfolio.derive.traditional import SIMPLIFIED

# (text, whether it is one of the words)
Segment = tuple[str, bool]
WIDTH = 84  # characters
BEFORE = 36  # of them before the first word, at most
LOOKED_AT = 60  # places of a page, to find the one where most words stand together
_SENTENCE_END = re.compile(r"[。！？；!?;]\s*")
_TO_FULL_WIDTH = 0xFEE0  # from ! to ！


def _spellings() -> Mapping[str, str]:
    """Each simplified character, and the traditional ones that are folded into it."""
    found: dict[str, str] = defaultdict(str)
    for traditional, simplified in SIMPLIFIED.items():
        found[simplified] += traditional
    return found


_TRADITIONAL = _spellings()


def pattern_of(words: Sequence[str]) -> re.Pattern[str]:
    """What finds folded words in text as people wrote it: other widths, cases and characters, and line breaks."""
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile("|".join(map(_spelt, longest_first)), re.IGNORECASE)


def _spelt(word: str) -> str:
    spelt = ""
    for place, sign in enumerate(word):
        spelt += r"\s+" if sign == " " else _any_of(sign)
        if sign != " " and not _inside_word(word[place : place + 2]):
            spelt += r"\s*"
    return spelt.removesuffix(r"\s*")


def _inside_word(pair: str) -> bool:
    """Whether two neighbours stand in a word whose letters no line break parts."""
    return all(sign.isascii() or not is_han(sign) for sign in pair) and pair.isalnum()


def _any_of(sign: str) -> str:
    others = _TRADITIONAL.get(sign, "")
    if "!" <= sign <= "~":
        others += chr(ord(sign) + _TO_FULL_WIDTH)
    return f"[{re.escape(sign + others)}]"


def marked(text: str, pattern: re.Pattern[str]) -> tuple[Segment, ...]:
    """The whole text, each word in a segment of its own."""
    segments: list[Segment] = []
    done = 0
    for found in pattern.finditer(text):
        segments += [(text[done : found.start()], False), (found[0], True)]
        done = found.end()
    segments.append((text[done:], False))
    return tuple(segment for segment in segments if segment[0])


def passage(text: str, pattern: re.Pattern[str]) -> tuple[Segment, ...]:
    """About WIDTH characters around the place where most of the words stand together; empty without any."""
    places = [found.span() for found in islice(pattern.finditer(text), LOOKED_AT)]
    if not places:
        return ()
    first = max(places, key=lambda place: _together(text, places, place[0]))
    start = _beginning(text, first[0])
    return _between(text, start, max(start + WIDTH, first[1]), pattern)


def opening(text: str, pattern: re.Pattern[str]) -> tuple[Segment, ...]:
    """The first WIDTH characters: for words that are searched in another spelling than they are written in."""
    return _between(text, 0, WIDTH, pattern)


def _between(text: str, start: int, end: int, pattern: re.Pattern[str]) -> tuple[Segment, ...]:
    cut = joined(text[start:end])
    before, after = "…" if start else "", "…" if text[end:].strip() else ""
    return tuple(
        segment for segment in ((before, False), *marked(cut, pattern), (after, False)) if segment[0]
    )


def _together(text: str, places: list[tuple[int, int]], start: int) -> int:
    """How many different words begin within a passage from here on."""
    near = (place for place in places if start <= place[0] < start + WIDTH - BEFORE)
    return len({joined(text[begin:end]).lower() for begin, end in near})


def _beginning(text: str, found: int) -> int:
    """Where the passage begins: with the sentence, if that began not long before the word."""
    earliest = max(0, found - BEFORE)
    ends = [end.end() for end in _SENTENCE_END.finditer(text, earliest, found)]
    return ends[0] if ends else earliest
