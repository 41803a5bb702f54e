"""Several experts: median, mean, spread, deviation and disagreement of an element; who stands apart over a package."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubric.review import deviation, disagreement, mean, median, spread, standings, stands_apart

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


@pytest.mark.parametrize(
    ("given_scores", "expected"),
    [("", "0"), ("1.8", "0"), ("1 2", "0.5"), ("0.4 0.8 0.9", "0.22"), ("1 1 1 1", "0")],
)
def test_the_standard_deviation_is_that_of_the_whole_panel(given_scores: str, expected: str) -> None:
    assert deviation(scores(given_scores)) == D(expected)


def panel(*columns: str) -> list[dict[str, Decimal]]:
    """Each expert's scores for C1, C2, …"""
    return [{f"C{n}": score for n, score in enumerate(scores(column), start=1)} for column in columns]


def test_an_expert_stands_to_the_middle_of_the_others() -> None:
    strict, fair, kind = standings(panel("0.5 0.5", "0.8 0.9", "0.9 0.9"))
    assert strict is not None and fair is not None and kind is not None
    assert (strict.offset, strict.distance, strict.rest) == (D("-0.38"), D("0.38"), D("0.03"))
    assert (fair.offset, fair.distance, fair.elements) == (D("0.15"), D("0.15"), 2)


def test_who_is_far_from_a_panel_that_agrees_stands_apart_and_nobody_else_does() -> None:
    found = standings(panel("0.5 0.5 0.4", "0.8 0.9 0.8", "0.9 0.9 0.8", "0.9 0.8 0.8"))
    assert [stands_apart(each, D("0.2")) for each in found] == [True, False, False, False]


def test_in_a_panel_that_is_scattered_nobody_stands_apart() -> None:
    found = standings(panel("0.1 0.9 0.5", "0.5 0.1 0.9", "0.9 0.5 0.1"))
    assert not any(stands_apart(each, D("0.2")) for each in found)


def test_small_differences_set_nobody_apart() -> None:
    found = standings(panel("0.8 0.9", "0.9 0.9", "0.9 0.9"))
    assert not any(stands_apart(each, D("0.2")) for each in found)


def test_of_two_experts_neither_stands_apart() -> None:
    assert standings(panel("0 0", "1 1")) == [None, None]
    assert not stands_apart(None, D("0.2"))


def test_only_elements_that_two_others_scored_count() -> None:
    first, second, third = panel("0.5 0.1", "0.9", "0.9 0.9")
    found = standings([first, second, third])
    assert [each.elements if each else 0 for each in found] == [1, 1, 1]


@given(st.lists(st.integers(0, 20).map(lambda n: n * TENTH), min_size=1, max_size=9), st.integers(3, 7))
def test_who_gives_what_everybody_gives_never_stands_apart(column: list[Decimal], experts: int) -> None:
    alike = {f"C{n}": score for n, score in enumerate(column)}
    found = standings([alike] * experts)
    assert all(each is not None and each.offset == each.distance == 0 for each in found)
    assert not any(stands_apart(each, D("0")) for each in found)


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
