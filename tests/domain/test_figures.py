"""Figures as people type them, and figures that cannot be."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubric.figures import FigureError, Implausible, implausible, parse_figure
from rubric.guidance import Figure
from rubric.loader import DEFAULT, find

XIAN = find(DEFAULT)
FIGURES = {figure.code: figure for figure in XIAN.figures}
D = Decimal


def read(text: str, code: str = "pupils") -> Decimal:
    return parse_figure(text, FIGURES[code], XIAN.units)


@pytest.mark.parametrize(
    ("text", "code", "value"),
    [
        ("1200", "pupils", "1200"),
        (" １２００ ", "pupils", "1200"),
        ("1,200", "pupils", "1200"),
        ("１，２００人", "pupils", "1200"),
        ("1200 people", "pupils", "1200"),
        ("007", "pupils", "7"),
        ("0", "boarders", "0"),
        ("12.0", "pupils", "12"),
        ("7140.5 m²", "sports_area", "7140.5"),
        ("7140.5㎡", "sports_area", "7140.5"),
        ("６．２５ＴＢ", "digital_resources", "6.25"),
        ("4.85", "eyesight", "4.85"),
    ],
)
def test_a_figure_is_read_as_people_type_it(text: str, code: str, value: str) -> None:
    assert read(text, code) == D(value)


@pytest.mark.parametrize(
    ("text", "code", "refusal"),
    [
        ("", "pupils", "empty"),
        ("　", "pupils", "empty"),
        ("-3", "pupils", "negative"),
        ("－３", "pupils", "negative"),
        ("about 3", "pupils", "not_a_number"),
        ("一千二百", "pupils", "not_a_number"),
        ("1 200", "pupils", "not_a_number"),
        ("1200.", "pupils", "not_a_number"),
        ("12,00", "pupils", "not_a_number"),
        ("1e9", "pupils", "not_a_number"),
        ("NaN", "pupils", "not_a_number"),
        ("12.5", "pupils", "decimals"),
        ("4.855", "eyesight", "decimals"),
        ("12万元", "public_funds", "unit"),
        ("1200台", "pupils", "unit"),
        ("50%", "pupils", "unit"),
        ("1" * 13, "pupils", "too_large"),
    ],
)
def test_what_is_no_such_figure_is_refused_with_a_reason(text: str, code: str, refusal: str) -> None:
    with pytest.raises(FigureError) as refused:
        read(text, code)
    assert refused.value.code == refusal


def test_a_refused_unit_is_named_beside_the_right_one() -> None:
    with pytest.raises(FigureError) as refused:
        read("12万元", "public_funds")
    assert refused.value.context == {"unit": "元", "given": "万元"}


def test_more_teachers_than_pupils_cannot_be() -> None:
    values = {"pupils": D(80), "teachers": D(82), "cycle_teachers": D(82), "boarders": D(80)}
    assert implausible(XIAN.figures, values) == [Implausible("teachers", D(82), "pupils", D(80))]


def test_a_figure_is_not_held_against_one_that_is_not_known() -> None:
    assert implausible(XIAN.figures, {"teachers": D(82)}) == []


@pytest.mark.parametrize("figure", XIAN.figures, ids=lambda figure: figure.code)
def test_a_limit_counts_the_same_thing(figure: Figure) -> None:
    if figure.at_most is not None:
        assert FIGURES[figure.at_most].unit == figure.unit


@given(st.text(max_size=20))
def test_any_text_is_a_number_of_nought_or_more_or_is_refused(text: str) -> None:
    try:
        value = read(text, "sports_area")
    except FigureError:
        return
    assert value >= 0
    assert value == round(value, 2)
