"""Days by the schools' calendar."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, timezone
from datetime import date as Date

# The whole country keeps UTC+8, all year round.
SCHOOL_TIME = timezone(timedelta(hours=8))


def day_of(moment: datetime) -> Date:
    """The day on which a moment falls in a school."""
    return moment.astimezone(SCHOOL_TIME).date()


def end_of(day: Date) -> datetime:
    """The moment at which a day is over in a school, in UTC: the first one that isn't part of it."""
    return datetime.combine(day + timedelta(days=1), time(), SCHOOL_TIME).astimezone(UTC)


def last_day(until: datetime) -> Date:
    """The last whole day before a moment at which a day is over."""
    return day_of(until - timedelta(microseconds=1))
