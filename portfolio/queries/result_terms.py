"""What a total comes to by the terms of its cycle: band and pass mark, where the bureau set them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from portfolio.models import Cycle
from rubric.scoring import Band, band_for


@dataclass(frozen=True, slots=True)
class Awarded:
    """How a total stands; each None where the bureau set nothing to compare it with."""

    pass_mark: Decimal | None
    passed: bool | None
    # also None below the lowest band
    band: Band | None
    award_years: int | None


def bands_of(cycle: Cycle) -> list[Band]:
    """The cycle's bands, the highest first; none unless the bureau set them."""
    return [Band(each["name"], Decimal(each["minimum"])) for each in cycle.bands or []]


def awarded(cycle: Cycle, total: Decimal) -> Awarded | None:
    """How a total stands in its cycle, exactly: a limit is reached by its own points. None: nothing is set."""
    if cycle.pass_mark is None and not cycle.bands:
        return None
    passed = None if cycle.pass_mark is None else total >= cycle.pass_mark
    return Awarded(cycle.pass_mark, passed, band_for(total, bands_of(cycle)), cycle.award_years)
