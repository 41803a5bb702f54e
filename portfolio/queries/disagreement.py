"""Where a panel disagrees: by A-indicator, and which expert is far from the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from rubric.model import Indicator, Rubric
from rubric.review import Standing, deviation, mean, median, spread, standings, stands_apart
from rubric.scoring import ZERO

# An element's scores in the order of the experts; None where an expert gave none.
Given = Mapping[str, Sequence[Decimal | None]]


@dataclass(frozen=True, slots=True)
class Area:
    """An A-indicator: each expert's points in it (None: not all its elements scored), and how far they differ."""

    indicator: Indicator
    sums: tuple[Decimal | None, ...]
    median: Decimal | None
    mean: Decimal | None
    deviation: Decimal
    spread: Decimal
    # elements whose spread reaches the round's tolerance
    flagged: int


@dataclass(frozen=True, slots=True)
class Apart:
    """An expert far off from the rest across the package; for the chair's eyes only."""

    name: str
    standing: Standing


def is_flagged(scores: Sequence[Decimal], tolerance: Decimal) -> bool:
    """Whether an element must be talked about: its scores differ, and by the round's tolerance or more."""
    width = spread(scores)
    return width > 0 and width >= tolerance


def areas(rubric: Rubric, given: Given, *, step: Decimal, tolerance: Decimal) -> tuple[Area, ...]:
    """Every A-indicator in the rubric's order."""
    return tuple(_area(indicator, given, step, tolerance) for indicator in rubric.indicators)


def apart(names: Sequence[str], given: Given, tolerance: Decimal) -> tuple[Apart, ...]:
    """The experts who are far off, in the order of the names."""
    by_expert = [
        {code: score for code, scores in given.items() if (score := scores[at]) is not None}
        for at in range(len(names))
    ]
    found = zip(names, standings(by_expert), strict=True)
    return tuple(
        Apart(name, standing)
        for name, standing in found
        if standing is not None and stands_apart(standing, tolerance)
    )


def _area(indicator: Indicator, given: Given, step: Decimal, tolerance: Decimal) -> Area:
    columns = [given[element.code] for element in indicator.elements]
    sums = tuple(_sum(column) for column in zip(*columns, strict=True))
    whole = [total for total in sums if total is not None]
    flagged = sum(
        is_flagged([score for score in column if score is not None], tolerance) for column in columns
    )
    return Area(
        indicator=indicator,
        sums=sums,
        median=median(whole, step) if whole else None,
        mean=mean(whole) if whole else None,
        deviation=deviation(whole),
        spread=spread(whole),
        flagged=flagged,
    )


def _sum(scores: Sequence[Decimal | None]) -> Decimal | None:
    known = [score for score in scores if score is not None]
    return sum(known, ZERO) if len(known) == len(scores) else None
