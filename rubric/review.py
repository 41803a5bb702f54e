"""What several experts' scores for one element say together, in exact decimals."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from rubric.scoring import ZERO

_HUNDREDTH = Decimal("0.01")


def median(scores: Sequence[Decimal], step: Decimal) -> Decimal:
    """The middle score; of an even number the mean of the two middles, a half step rounded up (0.8, 0.9 → 0.9).

    Raises ValueError when there are no scores.
    """
    if not scores:
        raise ValueError("no scores, no median")
    ordered = sorted(scores)
    upper = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[upper]
    return _rounded((ordered[upper - 1] + ordered[upper]) / 2, step)


def mean(scores: Sequence[Decimal]) -> Decimal:
    """The average to the hundredth of a point, half up. Raises ValueError when there are no scores."""
    if not scores:
        raise ValueError("no scores, no mean")
    return _rounded(sum(scores, ZERO) / len(scores), _HUNDREDTH)


def spread(scores: Sequence[Decimal]) -> Decimal:
    """The distance between the highest and the lowest score; 0 where there are fewer than two."""
    return max(scores) - min(scores) if scores else ZERO


def disagreement(scores: Sequence[Decimal], self_score: Decimal | None) -> Decimal:
    """The widest distance between any two of the experts and the school: what a panel must talk about first.

    0 where no expert has scored; an unscored school takes no part.
    """
    if not scores or self_score is None:
        return spread(scores)
    return spread([*scores, self_score])


def _rounded(value: Decimal, step: Decimal) -> Decimal:
    """The nearest multiple of the step, half up."""
    return (value / step).quantize(Decimal(1), rounding=ROUND_HALF_UP) * step
