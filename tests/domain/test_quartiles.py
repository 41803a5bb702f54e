"""Quartiles without names: enough schools, the same for all, and nobody shows through the difference of two."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from rubric.quartiles import Quartiles, enough, may_replace, quartiles_of

POINTS = Decimal(15)
SCORES = st.decimals(min_value=0, max_value=15, places=1)


def test_eight_schools_are_too_few_for_one_of_them_is_the_readers_own() -> None:
    assert [quartiles_of([Decimal(9)] * count, points=POINTS) for count in (0, 1, 7, 8)] == [None] * 4
    assert quartiles_of([Decimal(9)] * 9, points=POINTS) is not None
    assert not enough(8)


def test_quartiles_lie_between_neighbours() -> None:
    values = [Decimal(number) for number in range(1, 14)]
    assert quartiles_of(values, points=POINTS) == Quartiles(Decimal("3.9"), Decimal("6.9"), Decimal("9.9"))
    assert quartiles_of(values, points=Decimal(5)) == Quartiles(Decimal(4), Decimal(7), Decimal(10))


@given(st.lists(SCORES, min_size=9, max_size=40))
def test_quartiles_are_in_order_and_on_a_coarse_step(values: list[Decimal]) -> None:
    found = quartiles_of(values, points=POINTS)
    assert found is not None
    assert found.lower <= found.median <= found.upper
    assert all(value % Decimal("0.3") == 0 for value in (found.lower, found.median, found.upper))


def test_a_figure_follows_another_only_when_more_than_eight_schools_have_changed() -> None:
    shown = {school: Decimal(9) for school in range(20)}
    for count in range(9):
        assert not may_replace(shown, shown | {school: Decimal(1) for school in range(count)})
    assert may_replace(shown, shown | {school: Decimal(1) for school in range(9)})


def test_schools_that_come_and_go_count_as_changed() -> None:
    shown: dict[object, object] = dict.fromkeys(range(20), 1)
    come: dict[object, object] = dict.fromkeys(range(25), 1)
    come_and_gone: dict[object, object] = dict.fromkeys(range(4, 25), 1)
    assert not may_replace(shown, come)
    assert may_replace(shown, come_and_gone)
