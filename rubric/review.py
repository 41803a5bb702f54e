"""What several experts' scores for one element say together, in exact decimals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


def deviation(scores: Sequence[Decimal]) -> Decimal:
    """The standard deviation to the hundredth of a point: of the whole panel, not of a sample; 0 without scores."""
    if not scores:
        return ZERO
    middle = sum(scores, ZERO) / len(scores)
    variance = sum(((score - middle) ** 2 for score in scores), ZERO) / len(scores)
    return _rounded(variance.sqrt(), _HUNDREDTH)


def disagreement(scores: Sequence[Decimal], self_score: Decimal | None) -> Decimal:
    """The widest distance between any two of the experts and the school: what a panel must talk about first.

    0 where no expert has scored; an unscored school takes no part.
    """
    if not scores or self_score is None:
        return spread(scores)
    return spread([*scores, self_score])


@dataclass(frozen=True, slots=True)
class Standing:
    """How one expert stands to the rest over a whole package, in points an element.

    `offset` is signed: below 0 the expert is stricter than the rest. `distance` takes every difference as
    positive; `rest` is the distance that the rest have among themselves.
    """

    offset: Decimal
    distance: Decimal
    rest: Decimal
    elements: int


_APART = 2  # so many times as far from the rest as the rest are among themselves


def standings(by_expert: Sequence[Mapping[str, Decimal]]) -> list[Standing | None]:
    """Each expert's standing, from their scores by element; None where there is no rest to stand apart from.

    The rest are at least two others who scored the same element, and their middle is the mean of the median
    pair, not rounded to a step.
    """
    return [_standing(by_expert, number) for number in range(len(by_expert))]


def stands_apart(standing: Standing | None, tolerance: Decimal) -> bool:
    """Whether an expert is far off: by half the round's tolerance an element, and twice as far as the rest."""
    if standing is None:
        return False
    return standing.distance * 2 >= max(tolerance, _HUNDREDTH) and standing.distance >= standing.rest * _APART


def _standing(by_expert: Sequence[Mapping[str, Decimal]], number: int) -> Standing | None:
    offsets: list[Decimal] = []
    among_rest: list[Decimal] = []
    others = [scores for other, scores in enumerate(by_expert) if other != number]
    for code, own in by_expert[number].items():
        rest = [scores[code] for scores in others if code in scores]
        if len(rest) < 2:
            continue
        middle = _middle(rest)
        offsets.append(own - middle)
        among_rest.extend(abs(score - middle) for score in rest)
    if not offsets:
        return None
    return Standing(
        offset=mean(offsets),
        distance=mean([abs(offset) for offset in offsets]),
        rest=mean(among_rest),
        elements=len(offsets),
    )


def _middle(scores: Sequence[Decimal]) -> Decimal:
    ordered = sorted(scores)
    lower, upper = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return (lower + upper) / 2


def _rounded(value: Decimal, step: Decimal) -> Decimal:
    """The nearest multiple of the step, half up."""
    return (value / step).quantize(Decimal(1), rounding=ROUND_HALF_UP) * step
