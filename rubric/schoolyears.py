"""School years, each by the calendar year it starts in, and the three that the rubric calls 近三年."""

from datetime import date

WINDOW_YEARS = 3  # the rubric asks again and again for 近三年
_SCHOOL_YEAR_STARTS = 9  # September


def school_year_of(day: date) -> int:
    """The school year of a day, by the calendar year it starts in: it begins on 1 September."""
    return day.year if day.month >= _SCHOOL_YEAR_STARTS else day.year - 1


def window_start_of(today: date) -> int:
    """The first of the three school years that end with the current one."""
    return school_year_of(today) - (WINDOW_YEARS - 1)


def window_from(window_start: int) -> tuple[int, ...]:
    """The school years of a window, the oldest first."""
    return tuple(range(window_start, window_start + WINDOW_YEARS))
