"""When things happen in the demo: an autumn term in Xi'an, on weekdays, up to the present. All in UTC."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from operator import itemgetter

from portfolio.days import SCHOOL_TIME

OPENS = datetime(2026, 9, 7, 8, 30, tzinfo=SCHOOL_TIME).astimezone(UTC)
SUBMIT_BY = datetime(2026, 12, 11, 18, 0, tzinfo=SCHOOL_TIME).astimezone(UTC)
# The schools' newest documents were written shortly before, so the demo's present is never earlier.
EARLIEST = datetime(2026, 11, 23, 9, 0, tzinfo=SCHOOL_TIME).astimezone(UTC)
LEAST_LEFT = timedelta(days=14)
_MORNING, _EVENING = 8, 18
_WORKING_MINUTES = (_EVENING - _MORNING) * 60
_SATURDAY = 5
# Nobody works evenly: each moment is put off by a share of the gap to the next, never past it.
_GOLDEN, _UNEVEN = 0.618034, 0.7

Step = Callable[[datetime], object]


def present_at(now: datetime | None) -> datetime:
    """The demo's present: now, or the earliest moment it can be set in."""
    return max((now or datetime.now(UTC)).astimezone(UTC), EARLIEST)


def deadline(present: datetime) -> datetime:
    """The end of submission: always far enough ahead for the school that is still drafting."""
    return max(SUBMIT_BY, on(present, days=LEAST_LEFT.days, at="18:00"))


def on(present: datetime, *, days: int, at: str) -> datetime:
    """A clock time in Xi'an ("15:20") so many days from the present, before it where negative; in UTC."""
    hour, minute = map(int, at.split(":"))
    day = present.astimezone(SCHOOL_TIME) + timedelta(days=days)
    return day.replace(hour=hour, minute=minute, second=0, microsecond=0).astimezone(UTC)


def on_workday(present: datetime, *, days: int, at: str) -> datetime:
    """The same, on the Friday before where that day is at a weekend."""
    moment = on(present, days=days, at=at)
    weekend = moment.astimezone(SCHOOL_TIME).weekday() - _SATURDAY + 1
    return moment - timedelta(days=max(weekend, 0))


def evenings(present: datetime) -> list[datetime]:
    """Every evening from the opening to the day before the present."""
    days = (present.astimezone(SCHOOL_TIME).date() - OPENS.astimezone(SCHOOL_TIME).date()).days
    return [on(OPENS, days=day, at="20:00") for day in range(days)]


def spread(start: datetime, end: datetime, count: int) -> list[datetime]:
    """So many moments from start to end, in order, at working hours where there are any."""
    days = _working_days(start, end)
    gap = len(days) * _WORKING_MINUTES / max(count - 1, 1)
    minutes = [(position + _UNEVEN * (position * _GOLDEN % 1)) * gap for position in range(count)]
    return [min(max(_at_work(days, minute), start), end) for minute in minutes]


def _working_days(start: datetime, end: datetime) -> list[datetime]:
    """The mornings of the weekdays from start to end; the first day's where all are weekends."""
    first, last = on(start, days=0, at=f"{_MORNING}:00"), on(end, days=0, at=f"{_MORNING}:00")
    mornings = [first + timedelta(days=days) for days in range((last - first).days + 1)]
    return [
        morning for morning in mornings if morning.astimezone(SCHOOL_TIME).weekday() < _SATURDAY
    ] or mornings[:1]


def _at_work(days: list[datetime], minute: float) -> datetime:
    """The moment of a minute counted through the working days; after the last, its evening."""
    day, rest = divmod(minute, _WORKING_MINUTES)
    if day >= len(days):
        day, rest = len(days) - 1, _WORKING_MINUTES
    return days[int(day)] + timedelta(seconds=round(rest * 60))


class Agenda:
    """What is to happen, each step at its moment; the trail is written in the order of time."""

    def __init__(self) -> None:
        self._steps: list[tuple[datetime, Step]] = []

    def add(self, at: datetime, step: Step) -> None:
        """Have the step called with its moment."""
        self._steps.append((at, step))

    def play(self) -> None:
        """Call every step in the order of time; of the same moment, in the order they were added."""
        for at, step in sorted(self._steps, key=itemgetter(0)):
            step(at)
        self._steps.clear()
