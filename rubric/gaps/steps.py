"""What to do next: the gaps by the points that an hour of work on them makes safe."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from rubric.gaps.model import Gap
from rubric.gaps.rules import Rule
from rubric.gaps.weights import Weights

THIS_WEEK = 3
_RANK = {rule: rank for rank, rule in enumerate(Rule)}


@dataclass(frozen=True, slots=True)
class Step:
    """A gap to close next, and the hours it takes, as a rule."""

    gap: Gap
    hours: Decimal

    @property
    def points_an_hour(self) -> Fraction:
        """What an hour of work on it makes safe, in points."""
        return Fraction(self.gap.points_at_risk) / Fraction(self.hours)


def next_steps(gaps: Iterable[Gap], weights: Weights, *, limit: int | None = THIS_WEEK) -> tuple[Step, ...]:
    """The best steps first, at most `limit`, all of them for None; the same whatever the order of the gaps.

    Where an hour gains the same: more points first, then what stands in the way of submitting, then rubric order,
    then the order of the rules.
    """
    steps = sorted((Step(gap, weights.hours[gap.rule]) for gap in gaps), key=_rank)
    return tuple(steps[:limit])


def _rank(step: Step) -> tuple[Fraction, Decimal, bool, int, int, str]:
    gap = step.gap
    element = int(gap.element[1:]) if gap.element else 0
    return (
        -step.points_an_hour,
        -gap.points_at_risk,
        not gap.blocks,
        element,
        _RANK[gap.rule],
        gap.key,
    )
