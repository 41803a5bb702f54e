"""Letters in the reader's language: the one place outside the pages that puts words to the domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Date
from functools import cache
from gettext import NullTranslations
from pathlib import Path

from babel.dates import format_date
from babel.support import Translations

from rubric.gaps import ElementStatus

CATALOGUES = Path(__file__).resolve().parent / "translations"
DEFAULT_LOCALE = "zh"


@dataclass(frozen=True, slots=True)
class DueElement:
    """An element in a reminder."""

    code: str
    short_title: str
    due_on: Date
    status: ElementStatus


@cache
def words_in(locale: str) -> NullTranslations:
    """The texts of a language; the English they are written in where there is no catalogue."""
    return Translations.load(CATALOGUES, [locale])


def reminder(
    *, locale: str, name: str, school: str, elements: Sequence[DueElement], address: str
) -> tuple[str, str]:
    """Subject and text of a reminder of elements that fall due; `address` is where to do them."""
    words = words_in(locale)
    count = len(elements)
    subject = words.ngettext(
        "%(num)s element of yours is due by %(day)s",
        "%(num)s elements of yours are due, the first by %(day)s",
        count,
    ) % {"num": count, "day": _day(min(each.due_on for each in elements), locale)}
    lines = [
        words.gettext("Hello %(name)s,") % {"name": name},
        "",
        words.gettext("these elements of %(school)s still lack something:") % {"school": school},
        "",
        *(_line(each, locale) for each in elements),
        "",
        words.gettext("Go on here: %(address)s") % {"address": address},
        "",
        words.gettext("Reminders go where your account says; there you can also turn them off."),
    ]
    return subject, "\n".join(lines) + "\n"


def errand_over(*, locale: str, name: str, file: str, done: bool, address: str) -> tuple[str, str]:
    """Subject and text of the notice that long work is over; `file` may be unknown, `address` is where to look."""
    words = words_in(locale)
    subject = (
        words.gettext("What you asked for is ready")
        if done
        else words.gettext("What you asked for was stopped")
    )
    lines = [
        words.gettext("Hello %(name)s,") % {"name": name},
        "",
        f"{subject}{f': {file}' if file else ''}",
        "",
        words.gettext("See here: %(address)s") % {"address": address},
    ]
    return subject, "\n".join(lines) + "\n"


def _line(element: DueElement, locale: str) -> str:
    words = words_in(locale)
    state = {
        ElementStatus.NONE: words.gettext("Unscored"),
        ElementStatus.BARE: words.gettext("No evidence"),
        ElementStatus.GAP: words.gettext("Gap"),
        ElementStatus.OK: words.gettext("Supported"),
    }[element.status]
    return words.gettext("- %(code)s %(title)s, due by %(day)s: %(state)s") % {
        "code": element.code,
        "title": element.short_title,
        "day": _day(element.due_on, locale),
        "state": state,
    }


def _day(day: Date, locale: str) -> str:
    return format_date(day, "medium", locale=locale)
