"""Sets of elements as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubric.loader import DEFAULT, find
from rubric.spans import UnknownCode, shorten, spell_out

RUBRIC = find(DEFAULT)
CODES = [element.code for element in RUBRIC.elements]


@given(st.sets(st.sampled_from(CODES)))
def test_what_is_written_short_is_read_back(codes: set[str]) -> None:
    assert set(spell_out(shorten(codes, RUBRIC), RUBRIC)) == codes


@pytest.mark.parametrize(
    ("text", "count", "ends"),
    [
        ("全部", 84, ("C1", "C84")),
        (" All ", 84, ("C1", "C84")),
        ("C12–C20", 9, ("C12", "C20")),
        ("c12 - 20", 9, ("C12", "C20")),
        ("C12至C13，C12", 2, ("C12", "C13")),
        ("Ｃ１２、C014", 2, ("C12", "C14")),
        ("", 0, None),
    ],
)
def test_ways_of_writing(text: str, count: int, ends: tuple[str, str] | None) -> None:
    found = spell_out(text, RUBRIC)
    assert len(found) == count
    assert ends is None or (found[0], found[-1]) == ends


def test_an_a_or_b_code_stands_for_its_elements() -> None:
    first, sub = RUBRIC.indicators[0], RUBRIC.indicators[1].children[0]
    assert spell_out(first.code, RUBRIC) == tuple(element.code for element in first.elements)
    assert spell_out(f"{sub.code} C84", RUBRIC) == (*(element.code for element in sub.elements), "C84")


@pytest.mark.parametrize(
    ("text", "named"),
    [("A8", "A8"), ("C1, C85", "C85"), ("C20-C12", "C20-C12"), ("党建", "党建"), ("A1-C3", "A1-C3")],
)
def test_what_the_rubric_does_not_have_is_named(text: str, named: str) -> None:
    with pytest.raises(UnknownCode) as refused:
        spell_out(text, RUBRIC)
    assert refused.value.text == named


def test_everything_is_written_in_one_word() -> None:
    assert shorten(CODES, RUBRIC) == "all"
    assert shorten(CODES[1:], RUBRIC).startswith("C2")
