"""Quartiles that give no school away: enough of them behind a figure, the same figure for everybody, rounded, and
replaced only when so many have changed that the difference of two figures tells of none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

FEWEST = 8  # schools behind a figure, the reader's own not counted
_COARSENESS = Decimal("0.02")  # of the points: what a figure is rounded to
_FINEST = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Quartiles:
    """A quarter, half and three quarters of the schools have no more than this, in points."""

    lower: Decimal
    median: Decimal
    upper: Decimal


def enough(schools: int) -> bool:
    """Whether so many schools may stand behind a figure: eight, and the reader's own, whichever it is."""
    return schools > FEWEST


def may_replace(shown: Mapping[Any, object], now: Mapping[Any, object]) -> bool:
    """Whether figures of `now` may follow those of `shown` (school → value): enough schools have changed.

    Who came, went or has another value has changed; the difference of the two figures speaks of them together.
    """
    changed = sum(1 for school in shown.keys() | now.keys() if shown.get(school) != now.get(school))
    return enough(changed)


def quartiles_of(values: Sequence[Decimal], *, points: Decimal) -> Quartiles | None:
    """The quartiles of what schools have of these points, rounded; None for too few schools."""
    if not enough(len(values)):
        return None
    ordered = sorted(values)
    return Quartiles(*(_rounded(_at(ordered, share), points) for share in (1, 2, 3)))


def _at(ordered: Sequence[Decimal], quarter: int) -> Decimal:
    """The value so many quarters of the way, between two neighbours in proportion."""
    place = Decimal(quarter * (len(ordered) - 1)) / 4
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def _rounded(value: Decimal, points: Decimal) -> Decimal:
    unit = max(_FINEST, (points * _COARSENESS).quantize(_FINEST, ROUND_HALF_EVEN))
    return ((value / unit).quantize(Decimal(1), ROUND_HALF_EVEN) * unit).quantize(_FINEST)
