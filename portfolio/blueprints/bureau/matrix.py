"""Experts × indicators as a table to tick: who gets what of a package, and how much that is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from portfolio.blueprints.forms import keys
from portfolio.models import Split
from portfolio.queries.assigning import Seat, Ties
from portfolio.services.allotting import Allotment, bundles, held_by, merged
from rubric.model import Rubric
from rubric.spans import UnknownCode, shorten, spell_out

NOBODY: Mapping[int, int] = {}


@dataclass(frozen=True, slots=True)
class Column:
    """Elements that go together, under their indicator's name or the shortest one, and how many experts get them."""

    name: str
    elements: tuple[str, ...]
    points: Decimal
    scorers: int


@dataclass(frozen=True, slots=True)
class Line:
    """An expert: the columns ticked for them, those they have begun, and what that makes together."""

    seat: Seat
    # None: free; else whether they declared the conflict, or work at the school
    tie: bool | None
    ticked: frozenset[str]
    begun: frozenset[str]
    elements: int
    points: Decimal

    @property
    def total(self) -> int:
        """Everything they would have on their hands."""
        return self.seat.on_hand + self.elements


@dataclass(frozen=True, slots=True)
class Matrix:
    """The table of one package; `key` tells its ticks from those of others."""

    key: int
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    needed: int

    @property
    def short(self) -> tuple[str, ...]:
        """The columns with too few experts."""
        return tuple(column.name for column in self.columns if column.scorers < self.needed)


def matrix(
    rubric: Rubric,
    split: Split,
    allotment: Allotment,
    seats: Iterable[Seat],
    *,
    key: int,
    school_id: int,
    ties: Ties,
    needed: int,
    on_hand: Mapping[int, int] = NOBODY,
) -> Matrix:
    """The table of an allotment; a column falls apart where its elements are with different people."""
    points = {element.code: element.points for element in rubric.elements}
    people = list(seats)
    # what is begun is a column of its own too: it can't be taken away
    whose = merged(allotment, {-seat.user_id: seat.begun for seat in people})
    holders = held_by(allotment)
    parts = bundles(rubric, split, whose)
    whole = {group for group, count in Counter(part.group for part in parts).items() if count == 1}
    columns = tuple(
        Column(
            part.group if part.group in whole and part.group else shorten(part.elements, rubric),
            part.elements,
            sum((points[code] for code in part.elements), Decimal(0)),
            len(holders.get(part.elements[0], ())),
        )
        for part in parts
    )
    lines = tuple(
        _line(seat, columns, allotment.get(seat.user_id, ()), points, ties.get((seat.user_id, school_id)))
        for seat in (_loaded(seat, on_hand) for seat in people)
        if seat.counts
    )
    return Matrix(key, columns, lines, needed)


def ticked(values: Iterable[str], rubric: Rubric) -> dict[int, dict[int, frozenset[str]]]:
    """By package and expert: the elements of what was ticked, each value `package:expert:elements`.

    What can't be read is left out: then the element has too few experts, and that is said.
    """
    found: dict[int, dict[int, set[str]]] = {}
    for value in values:
        key, _colon, rest = value.partition(":")
        expert, _colon, elements = rest.partition(":")
        if keys([key]) and keys([expert]):
            found.setdefault(int(key), {}).setdefault(int(expert), set()).update(_read(elements, rubric))
    return {
        key: {expert: frozenset(codes) for expert, codes in experts.items()} for key, experts in found.items()
    }


def _read(elements: str, rubric: Rubric) -> tuple[str, ...]:
    try:
        return spell_out(elements, rubric)
    except UnknownCode:
        return ()


def _loaded(seat: Seat, on_hand: Mapping[int, int]) -> Seat:
    return replace(seat, on_hand=on_hand.get(seat.user_id, seat.on_hand))


def _line(
    seat: Seat,
    columns: Iterable[Column],
    codes: Iterable[str],
    points: Mapping[str, Decimal],
    tie: bool | None,
) -> Line:
    own = frozenset(codes)
    return Line(
        seat=seat,
        tie=tie,
        ticked=frozenset(column.name for column in columns if own.issuperset(column.elements)),
        begun=frozenset(column.name for column in columns if seat.begun.issuperset(column.elements)),
        elements=len(own),
        points=sum((points[code] for code in own), Decimal(0)),
    )
