"""Placeholders in the demo's text: a school's names, its head counts and shares of them, shifted dates."""

import re
import zlib
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

_SHARE = re.compile(r"(?P<share>\d+(?:\.\d+)?)%(?:~(?P<spread>\d+(?:\.\d+)?))?")


class HeadCount(int):
    """A number of people: `{pupils}` prints it, `{pupils:12%}` a share, `{pupils:98%~2}` one that varies by ±2."""

    def __format__(self, spec: str) -> str:
        if not spec:
            return str(int(self))
        parts = _SHARE.fullmatch(spec)
        if parts is None:
            raise ValueError(f"not a share of a head count: {spec!r}")
        share = Decimal(parts["share"]) + _swing(f"{int(self)}/{spec}", Decimal(parts["spread"] or 0))
        return str((self * share / 100).quantize(Decimal(1), ROUND_HALF_UP))


class Day(date):
    """A date: `{day}` prints it as 2025年9月3日, `{day:-14}` a fortnight earlier."""

    def __format__(self, spec: str) -> str:
        day = date(self.year, self.month, self.day) + timedelta(days=int(spec or 0))
        return f"{day.year}年{day.month}月{day.day}日"


class Wording:
    """Fills the placeholders of one school's texts."""

    def __init__(self, words: Mapping[str, object]) -> None:
        self._words = dict(words)

    def fill(self, text: str) -> str:
        """The text with every placeholder replaced; KeyError names one that is unknown."""
        return text.format_map(self._words)

    def about(self, **words: object) -> "Wording":
        """The same wording with further placeholders."""
        return Wording({**self._words, **words})


def _swing(seed: str, spread: Decimal) -> Decimal:
    """A repeatable number within ±spread, so that rows of a table differ the same way every time."""
    return (Decimal(zlib.crc32(seed.encode()) % 201) / 100 - 1) * spread
