"""Several experts, one element: median, mean, spread, disagreement."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubric.review import disagreement, mean, median, spread

D = Decimal
TENTH = D("0.1")


def scores(words: str) -> list[Decimal]:
    return [D(word) for word in words.split()]


@pytest.mark.parametrize(
    ("given_scores", "step", "expected"),
    [
        ("1.8", "0.1", "1.8"),
        ("2 1.5 1.8", "0.1", "1.8"),
        ("0.8 0.9", "0.1", "0.9"),
        ("0.7 0.9", "0.1", "0.8"),
        ("0 2 1.9 1", "0.1", "1.5"),
        ("1 1.5", "0.5", "1.5"),
        ("0 1", "1", "1"),
        ("0.25 0.5", "0.25", "0.5"),
        ("0 0", "0.1", "0"),
    ],
)
def test_the_median_is_the_middle_or_the_mean_of_both_rounded_half_up(
    given_scores: str, step: str, expected: str
) -> None:
    assert median(scores(given_scores), D(step)) == D(expected)


@pytest.mark.parametrize(
    ("given_scores", "expected"), [("1 2", "1.5"), ("1 1 2", "1.33"), ("0.01 0.02", "0.02")]
)
def test_the_mean_is_given_to_the_hundredth(given_scores: str, expected: str) -> None:
    assert mean(scores(given_scores)) == D(expected)


@pytest.mark.parametrize(("given_scores", "expected"), [("", "0"), ("1.8", "0"), ("1.8 0.9 1", "0.9")])
def test_the_spread_is_from_the_lowest_to_the_highest(given_scores: str, expected: str) -> None:
    assert spread(scores(given_scores)) == D(expected)


@pytest.mark.parametrize(
    ("given_scores", "self_score", "expected"),
    [
        ("1 1 1", "2", "1"),
        ("1 2", "1.5", "1"),
        ("1 1.2", None, "0.2"),
        ("", "2", "0"),
        ("2 2", "2", "0"),
    ],
)
def test_disagreement_is_the_widest_distance_among_experts_and_school(
    given_scores: str, self_score: str | None, expected: str
) -> None:
    own = None if self_score is None else D(self_score)
    assert disagreement(scores(given_scores), own) == D(expected)


def test_without_scores_there_is_neither_median_nor_mean() -> None:
    with pytest.raises(ValueError, match="median"):
        median([], TENTH)
    with pytest.raises(ValueError, match="mean"):
        mean([])


@given(st.lists(st.integers(0, 20).map(lambda n: n * TENTH), min_size=1, max_size=7))
def test_the_median_is_on_the_step_within_the_scores_and_blind_to_order(given_scores: list[Decimal]) -> None:
    middle = median(given_scores, TENTH)
    assert min(given_scores) <= middle <= max(given_scores)
    assert middle % TENTH == 0
    assert median(given_scores[::-1], TENTH) == middle
