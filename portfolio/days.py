"""Days by the schools' calendar."""

from __future__ import annotations

from datetime import date as Date
from datetime import datetime, timedelta, timezone

# The whole country keeps UTC+8, all year round.
SCHOOL_TIME = timezone(timedelta(hours=8))


def day_of(moment: datetime) -> Date:
    """The day on which a moment falls in a school."""
    return moment.astimezone(SCHOOL_TIME).date()
