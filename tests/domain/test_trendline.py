"""A line over time: in place, light, and said in a table as well."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from portfolio.queries.trend import Point
from portfolio.trendline import Trendline, trendline

OPENS = datetime(2026, 9, 7, tzinfo=UTC)
DAY = timedelta(days=1)
FULL = Decimal(100)


def drawn(points: list[Point], *, days: int = 100) -> Trendline:
    found = trendline(points, opens_at=OPENS, deadline=OPENS + days * DAY, full=FULL)
    assert found is not None
    return found


def test_one_point_is_no_line() -> None:
    point = Point(OPENS, FULL, FULL)
    assert trendline([point], opens_at=OPENS, deadline=OPENS + DAY, full=FULL) is None


def test_places_are_shares_of_the_time_to_the_deadline_and_of_the_points() -> None:
    line = drawn([Point(OPENS, Decimal(0), Decimal(0)), Point(OPENS + 50 * DAY, Decimal(80), Decimal(60))])
    assert (line.claimed, line.supported) == ("0,100.0 500,20.0", "0,100.0 500,40.0")
    assert line.risk == "0,100.0 500,20.0 500,40.0 0,100.0"
    assert (line.today.percent, line.today.anchor) == ("50.0%", "middle")
    assert (line.deadline.percent, line.deadline.anchor) == ("100.0%", "end")


def test_after_the_deadline_it_stands_within_the_line() -> None:
    line = drawn([Point(OPENS, FULL, FULL), Point(OPENS + 20 * DAY, FULL, FULL)], days=10)
    assert line.deadline.percent == "50.0%"


def test_a_level_stretch_draws_its_ends_only() -> None:
    level = [Point(OPENS + number * DAY, Decimal(40), Decimal(30)) for number in range(90)]
    assert len(drawn(level).claimed.split()) == 2
    step = [*level[:45], *(Point(point.at, Decimal(50), Decimal(30)) for point in level[45:])]
    assert len(drawn(step).claimed.split()) == 4


def test_the_table_is_short_and_keeps_submissions_and_the_last_point() -> None:
    points = [Point(OPENS + number * DAY, Decimal(number), Decimal(0)) for number in range(90)]
    points[7] = Point(points[7].at, Decimal(7), Decimal(0), package=1)
    line = drawn(points)
    assert len(line.rows) <= 13
    assert points[7] in line.rows and line.rows[-1] == points[-1]
    assert [mark.package for mark in line.submissions] == [1]
