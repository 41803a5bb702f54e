"""A sample is drawn by its seed alone, and anybody can draw it again."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubric.sampling import counted, draw, list_digest

SEED = "5f" * 32


def test_the_lines_with_the_smallest_digests_are_drawn() -> None:
    """As the page says it, with nothing but a SHA-256 at hand."""
    lots = {n: hashlib.sha256(f"{SEED}:{n}".encode()).hexdigest() for n in range(1, 87)}
    smallest = sorted(lots, key=lots.__getitem__)[:5]
    assert draw(SEED, 86, 5) == tuple(sorted(smallest))


@given(st.text("0123456789abcdef", min_size=64, max_size=64), st.integers(1, 300), st.data())
def test_as_many_are_drawn_as_asked_each_once_the_same_again(seed: str, of: int, data: st.DataObject) -> None:
    size = data.draw(st.integers(1, of))
    drawn = draw(seed, of, size)
    assert len(set(drawn)) == size and set(drawn) <= set(range(1, of + 1))
    assert drawn == draw(seed, of, size)


def test_every_line_is_drawn_about_as_often_as_any_other() -> None:
    seeds = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(3000)]
    often = [sum(number in draw(seed, 10, 3) for seed in seeds) for number in range(1, 11)]
    assert all(800 < count < 1000 for count in often)


@pytest.mark.parametrize(("population", "size"), [(0, 0), (5, 0), (5, 6), (5, -1)])
def test_what_cannot_be_drawn_is_refused(population: int, size: int) -> None:
    with pytest.raises(ValueError, match="can't be drawn"):
        draw(SEED, population, size)


def test_a_counted_list_is_the_list_of_its_numbers() -> None:
    assert list_digest(counted(3)) == hashlib.sha256(b"1\n2\n3\n").hexdigest()
    assert list_digest(["张某", "李某"]) != list_digest(["李某", "张某"])
