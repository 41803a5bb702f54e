"""A line over time as an SVG draws it: places in percent of its width and of 100 points' height."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from portfolio.queries.trend import Point

WIDTH, HEIGHT = 1000, 100  # units of the drawing
_MOST_ROWS = 12  # of the table that says the same


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment on the line: where it is, from 0 to 100 percent, and on which side of it words have room."""

    percent: str
    anchor: str
    at: datetime
    package: int | None = None


@dataclass(frozen=True, slots=True)
class Trendline:
    """Two lines and what lies between them: `claimed`, `supported` are points of a polyline, `risk` a polygon."""

    claimed: str
    supported: str
    risk: str
    deadline: Mark
    today: Mark
    submissions: tuple[Mark, ...]
    rows: tuple[Point, ...]
    first: Point
    last: Point


def trendline(
    points: Sequence[Point], *, opens_at: datetime, deadline: datetime, full: Decimal
) -> Trendline | None:
    """The drawing, from the opening to the deadline or the last point; None for less than two points."""
    if len(points) < 2:
        return None
    start = min(opens_at, points[0].at)
    end = max(deadline, points[-1].at)
    span = (end - start).total_seconds()

    def along(at: datetime) -> float:
        return (at - start).total_seconds() / span

    def place(at: datetime, value: Decimal) -> str:
        return f"{along(at) * WIDTH:.0f},{HEIGHT - float(value / full) * HEIGHT:.1f}"

    def mark(at: datetime, package: int | None = None) -> Mark:
        share = along(at)
        anchor = "start" if share < 0.15 else "end" if share > 0.75 else "middle"
        return Mark(f"{share * 100:.1f}%", anchor, at, package)

    turns = _turns(points)
    claimed = [place(point.at, point.claimed) for point in turns]
    supported = [place(point.at, point.supported) for point in turns]
    return Trendline(
        claimed=" ".join(claimed),
        supported=" ".join(supported),
        risk=" ".join([*claimed, *reversed(supported)]),
        deadline=mark(deadline),
        today=mark(points[-1].at),
        submissions=tuple(mark(point.at, point.package) for point in points if point.package),
        rows=_sampled(points),
        first=points[0],
        last=points[-1],
    )


def _turns(points: Sequence[Point]) -> list[Point]:
    """Without those that lie on a level stretch: they draw nothing."""

    def same(one: Point, other: Point) -> bool:
        return (one.claimed, one.supported) == (other.claimed, other.supported)

    inner = range(1, len(points) - 1)
    kept = [n for n in inner if not (same(points[n - 1], points[n]) and same(points[n], points[n + 1]))]
    return [points[0], *(points[n] for n in kept), points[-1]]


def _sampled(points: Sequence[Point]) -> tuple[Point, ...]:
    """A dozen of them, evenly; the last and every submission among them."""
    step = -(-len(points) // _MOST_ROWS)
    last = len(points) - 1
    return tuple(
        point for n, point in enumerate(points) if (last - n) % step == 0 or point.package is not None
    )
