"""The rule by which a package's elements are shared out among experts. Pure: no store, no clock, no chance.

Bundle by bundle, the largest first, to those who have the least on their hands: at least so many different experts
for each element. A bundle is what goes to the same people: the elements of an A- or B-indicator, or all of them.
A load is a number of elements, for each asks for the same work, whether it is worth one point or two; what somebody
still has to score elsewhere counts too. Where loads are equal, whoever is named first takes the bundle.

So no two loads differ by more than the largest bundle, unless they did so before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from portfolio.models import Split
from rubric.model import Rubric

# What each expert has, by their id.
Allotment = Mapping[int, Collection[str]]


@dataclass(frozen=True, slots=True)
class Bundle:
    """Elements that go to the same people, in the rubric's order, and those who have them already."""

    group: str  # "A1", "B3", or "" for all
    elements: tuple[str, ...]
    holders: frozenset[int] = frozenset()


def share_out(
    bundles: Iterable[Bundle], on_hand: Mapping[int, int], *, needed: int
) -> dict[int, frozenset[str]]:
    """What each expert gets in addition to what they have, so that `needed` of them have each element.

    `on_hand`: everyone who can take some, in the order that decides between equals, with the elements they have to
    score already. Where too few can take a bundle, those who can do, and `too_few` tells what lacks.
    """
    load = dict(on_hand)
    given: dict[int, set[str]] = {expert: set() for expert in load}
    for bundle in sorted(bundles, key=lambda bundle: -len(bundle.elements)):
        missing = max(needed - len(bundle.holders), 0)
        free = (expert for expert in load if expert not in bundle.holders)
        for expert in sorted(free, key=load.__getitem__)[:missing]:
            given[expert].update(bundle.elements)
            load[expert] += len(bundle.elements)
    return {expert: frozenset(elements) for expert, elements in given.items()}


def propose(
    rubric: Rubric, split: Split, on_hand: Mapping[int, int], *, needed: int
) -> dict[int, frozenset[str]]:
    """A package's elements shared out for the first time: each to `needed` experts, or all to everyone."""
    everyone = split is Split.EVERYONE
    return share_out(bundles(rubric, split, {}), on_hand, needed=len(on_hand) if everyone else needed)


def bundles(rubric: Rubric, split: Split, allotment: Allotment) -> tuple[Bundle, ...]:
    """The rubric's elements as they are shared out: a group whose elements differ in who has them falls apart."""
    holders = held_by(allotment)
    found: dict[tuple[str, frozenset[int]], list[str]] = defaultdict(list)
    for element in rubric.elements:
        group = {
            Split.EVERYONE: "",
            Split.INDICATOR: element.indicator,
            Split.SUB_INDICATOR: element.sub_indicator,
        }[split]
        found[group, holders.get(element.code, frozenset())].append(element.code)
    return tuple(Bundle(group, tuple(elements), those) for (group, those), elements in found.items())


def held_by(allotment: Allotment) -> dict[str, frozenset[int]]:
    """By element: who has it."""
    holders: dict[str, set[int]] = defaultdict(set)
    for expert, elements in allotment.items():
        for code in elements:
            holders[code].add(expert)
    return {code: frozenset(those) for code, those in holders.items()}


def too_few(rubric: Rubric, allotment: Allotment, *, needed: int) -> tuple[str, ...]:
    """The elements that fewer experts have than are needed, in the rubric's order."""
    holders = held_by(allotment)
    return tuple(e.code for e in rubric.elements if len(holders.get(e.code, ())) < needed)


def split_of(rubric: Rubric, allotment: Allotment) -> Split:
    """The widest way of sharing out that says it: by B-indicator where nothing wider does."""
    for split in (Split.EVERYONE, Split.INDICATOR):
        parts = bundles(rubric, split, allotment)
        if len(parts) == len({part.group for part in parts}):
            return split
    return Split.SUB_INDICATOR


def merged(*allotments: Allotment, order: Sequence[int] = ()) -> dict[int, frozenset[str]]:
    """Several allotments as one; experts in the order given, then as they come."""
    experts = dict.fromkeys([*order, *(expert for each in allotments for expert in each)])
    return {
        expert: frozenset(code for each in allotments for code in each.get(expert, ())) for expert in experts
    }
