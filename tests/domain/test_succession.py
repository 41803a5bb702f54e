"""From one rubric to the next: the same element is known again, and whatever changed about it is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from rubric.loader import DEFAULT, find
from rubric.model import Element, Rubric
from rubric.succession import Touch, is_inside, likeness, succession

OLD = find(DEFAULT)


def changed(**changes: Element) -> Rubric:
    """The city's rubric with other elements in the places of these codes."""
    indicators = tuple(
        replace(
            indicator,
            children=tuple(
                replace(child, elements=tuple(changes.get(e.code, e) for e in child.elements))
                for child in indicator.children
            ),
        )
        for indicator in OLD.indicators
    )
    return replace(OLD, name="next", indicators=indicators)


def without(code: str) -> Rubric:
    indicators = tuple(
        replace(
            indicator,
            children=tuple(
                replace(child, elements=tuple(e for e in child.elements if e.code != code))
                for child in indicator.children
            ),
        )
        for indicator in OLD.indicators
    )
    return replace(OLD, name="next", indicators=indicators)


def test_the_same_rubric_goes_on_untouched() -> None:
    going_on = succession(OLD, OLD)
    assert (going_on.touched, going_on.gone) == ((), ())
    assert {old: new.code for old, new in going_on.by_predecessor().items()} == {
        e.code: e.code for e in OLD.elements
    }


def test_elements_that_changed_places_keep_what_is_theirs_by_their_wording() -> None:
    one, other = OLD.element("C1"), OLD.element("C2")
    going_on = succession(OLD, changed(C1=replace(one, text=other.text), C2=replace(other, text=one.text)))
    assert [(e.element.code, e.predecessor.code, e.touch) for e in going_on.touched if e.predecessor] == [
        ("C1", "C2", Touch.MOVED),
        ("C2", "C1", Touch.MOVED),
    ]


def test_a_reworded_element_is_known_by_its_code_and_flagged() -> None:
    element = OLD.element("C38")
    wording = element.text.replace("10%以上", "12%以上，并逐年增长")
    (touched,) = succession(OLD, changed(C38=replace(element, text=wording))).touched
    assert (touched.element.code, touched.predecessor, touched.touch) == ("C38", element, Touch.REWORDED)


def test_an_element_reworded_under_another_code_is_known_by_its_wording() -> None:
    first, second = OLD.element("C1"), OLD.element("C2")
    going_on = succession(
        OLD,
        changed(
            C1=replace(first, text=second.text.replace("重视", "高度重视")),
            C2=replace(second, text="建设零碳校园，光伏发电量逐年上升。"),
        ),
    )
    assert [(e.element.code, e.predecessor, e.touch) for e in going_on.touched] == [
        ("C1", second, Touch.REWORDED),
        ("C2", None, Touch.NEW),
    ]
    assert going_on.gone == (first,)


def test_an_element_that_was_dropped_is_gone_and_touches_no_other() -> None:
    going_on = succession(OLD, without("C2"))
    assert ([element.code for element in going_on.gone], going_on.touched) == (["C2"], ())


def test_other_points_are_flagged_too() -> None:
    heavier = replace(OLD.element("C1"), points=Decimal(2))
    (touched,) = succession(OLD, changed(C1=heavier)).touched
    assert (touched.element.code, touched.touch) == ("C1", Touch.REWEIGHTED)


def test_an_element_like_no_other_is_new_and_the_one_it_replaced_is_gone() -> None:
    other = replace(OLD.element("C84"), text="建设零碳校园，光伏发电量逐年上升。")
    going_on = succession(OLD, changed(C84=other))
    assert [(e.element.code, e.predecessor, e.touch) for e in going_on.touched] == [("C84", None, Touch.NEW)]
    assert [element.code for element in going_on.gone] == ["C84"]


def test_likeness_is_0_to_1_and_the_same_both_ways() -> None:
    texts = [element.text for element in OLD.elements[:12]]
    for one in texts:
        assert likeness(one, one) == 1
        for other in texts:
            assert 0 <= likeness(one, other) == likeness(other, one) <= 1
    assert likeness("", "") == 0


@pytest.mark.parametrize(
    ("years", "day", "inside"),
    [
        ((2024,), None, True),
        ((2023,), None, False),
        ((2019, 2026), None, True),
        ((2021,), date(2025, 3, 1), False),  # scanned later, but of an old year
        ((), date(2024, 9, 1), True),
        ((), date(2024, 8, 31), False),
        ((), None, True),
    ],
)
def test_evidence_counts_while_a_year_of_it_lies_in_the_window(
    years: tuple[int, ...], day: date | None, inside: bool
) -> None:
    assert is_inside(years, day, window_start=2024) is inside
