"""The heat grid: the rubric as rows of cells, each as wide as its points."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from rubric.model import Element, Rubric
from rubric.scoring import Totals


@dataclass(frozen=True, slots=True)
class Cell:
    """One element: its state (a `data-s` value), where it leads, and what it says on hover and focus."""

    code: str
    number: int
    state: str
    href: str
    label: str
    wide: bool


@dataclass(frozen=True, slots=True)
class CellGroup:
    """The elements of one B-indicator."""

    code: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class GridRow:
    """One A-indicator; `totals` where the grid shows sums."""

    code: str
    title: str
    points: Decimal
    groups: tuple[CellGroup, ...]
    totals: Totals | None


def grid(
    rubric: Rubric,
    *,
    state: Callable[[Element], str],
    href: Callable[[Element], str],
    label: Callable[[Element], str],
    totals: Mapping[str, Totals] | None = None,
) -> list[GridRow]:
    """The whole rubric as rows, its cells described by three functions of an element."""

    def cell(element: Element) -> Cell:
        return Cell(
            element.code, element.number, state(element), href(element), label(element), element.points >= 2
        )

    return [
        GridRow(
            code=indicator.code,
            title=indicator.title,
            points=indicator.points,
            groups=tuple(CellGroup(b.code, tuple(map(cell, b.elements))) for b in indicator.children),
            totals=totals[indicator.code] if totals else None,
        )
        for indicator in rubric.indicators
    ]
