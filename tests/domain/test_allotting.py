"""The rule by which elements are shared out among experts."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portfolio.models import Split
from portfolio.services.allotting import (
    Bundle,
    bundles,
    held_by,
    merged,
    propose,
    share_out,
    split_of,
    too_few,
)
from rubric.loader import DEFAULT, find

RUBRIC = find(DEFAULT)
SPLITS = st.sampled_from(list(Split))
NARROW = st.sampled_from([Split.INDICATOR, Split.SUB_INDICATOR])


def _loads(allotment: Mapping[int, frozenset[str]], on_hand: Mapping[int, int]) -> list[int]:
    return [on_hand[expert] + len(codes) for expert, codes in allotment.items()]


def _largest(split: Split) -> int:
    return max(len(bundle.elements) for bundle in bundles(RUBRIC, split, {}))


@st.composite
def _benches(draw: st.DrawFn) -> tuple[dict[int, int], int]:
    """Experts with what they have on hand, and how many of them each element needs."""
    on_hand = {number: draw(st.integers(0, 200)) for number in range(draw(st.integers(1, 9)))}
    return on_hand, draw(st.integers(1, len(on_hand)))


@given(_benches(), SPLITS)
def test_every_element_goes_to_as_many_experts_as_it_needs(bench, split: Split) -> None:
    on_hand, needed = bench
    allotment = propose(RUBRIC, split, on_hand, needed=needed)
    assert too_few(RUBRIC, allotment, needed=needed) == ()
    counts = {len(those) for those in held_by(allotment).values()}
    assert counts == {len(on_hand) if split is Split.EVERYONE else needed}


@given(_benches(), NARROW)
def test_nobody_gets_anything_who_may_not_take_it(bench, split: Split) -> None:
    """Who is in conflict is not among those who can take some, and stays without."""
    on_hand, needed = bench
    assert set(propose(RUBRIC, split, on_hand, needed=needed)) == set(on_hand)


@given(_benches(), NARROW)
def test_loads_differ_by_no_more_than_the_largest_group_or_as_much_as_before(bench, split: Split) -> None:
    on_hand, needed = bench
    after = _loads(propose(RUBRIC, split, on_hand, needed=needed), on_hand)
    before = max(on_hand.values()) - min(on_hand.values())
    assert max(after) - min(after) <= max(before, _largest(split))


@given(st.integers(1, 9), st.data(), NARROW)
def test_experts_with_empty_hands_differ_by_one_group_at_most(experts: int, data, split: Split) -> None:
    needed = data.draw(st.integers(1, experts))
    on_hand = dict.fromkeys(range(experts), 0)
    after = _loads(propose(RUBRIC, split, on_hand, needed=needed), on_hand)
    assert max(after) - min(after) <= _largest(split)


@given(_benches(), SPLITS)
def test_the_same_question_has_the_same_answer(bench, split: Split) -> None:
    on_hand, needed = bench
    assert propose(RUBRIC, split, on_hand, needed=needed) == propose(
        RUBRIC, split, dict(on_hand), needed=needed
    )


@given(_benches(), NARROW, st.data())
def test_what_somebody_leaves_goes_to_the_rest_and_to_nobody_twice(bench, split: Split, data) -> None:
    on_hand, needed = bench
    standing = propose(RUBRIC, split, on_hand, needed=needed)
    leaves = data.draw(st.sampled_from(sorted(on_hand)))
    rest = {expert: codes for expert, codes in standing.items() if expert != leaves}
    left = {expert: on_hand[expert] + len(codes) for expert, codes in rest.items()}
    more = share_out(bundles(RUBRIC, split, rest), left, needed=needed)
    assert all(not codes & rest[expert] for expert, codes in more.items())
    after = merged(rest, more)
    missing = too_few(RUBRIC, after, needed=needed)
    if len(rest) >= needed:
        assert missing == ()
        taken = sorted(code for codes in more.values() for code in codes)
        assert taken == sorted(standing[leaves])
    else:
        assert set(missing) >= standing[leaves]


def test_the_largest_bundle_goes_to_whoever_has_least() -> None:
    two, three = Bundle("B1", ("C1", "C2")), Bundle("B2", ("C3", "C4", "C5"))
    assert share_out([two, three], {7: 1, 8: 0}, needed=1) == {
        7: frozenset(two.elements),
        8: frozenset(three.elements),
    }


def test_between_equals_the_first_named_takes_it() -> None:
    assert share_out([Bundle("B1", ("C1",))], {9: 0, 3: 0}, needed=1) == {9: {"C1"}, 3: set()}


@pytest.mark.parametrize("split", list(Split))
def test_how_it_was_split_is_read_off_what_everybody_has(split: Split) -> None:
    assert split_of(RUBRIC, propose(RUBRIC, split, {1: 0, 2: 0, 3: 0}, needed=2)) is split


def test_a_group_whose_elements_are_with_different_people_falls_apart() -> None:
    b1 = [element.code for element in RUBRIC.indicators[0].children[0].elements]
    parts = bundles(RUBRIC, Split.SUB_INDICATOR, {1: b1[:1], 2: b1})
    here = [part for part in parts if part.group == "B1"]
    assert [(part.elements, part.holders) for part in here] == [
        ((b1[0],), frozenset({1, 2})),
        (tuple(b1[1:]), frozenset({2})),
    ]
