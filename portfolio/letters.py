"""Letters in the reader's language: the one place outside the pages that puts words to the domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime
from functools import cache
from gettext import NullTranslations
from pathlib import Path

from babel.dates import format_date
from babel.support import Translations

from portfolio.days import day_of
from portfolio.models import Call
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


@dataclass(frozen=True, slots=True)
class Called:
    """A package in a reminder around a panel's review: what is asked for, and the round's deadline, if it has one."""

    call: Call
    school: str
    round: str
    review_by: datetime | None


def call(*, locale: str, name: str, calls: Sequence[Called], address: str) -> tuple[str, str]:
    """Subject and text of a reminder around panels' reviews; `address` is where to go on."""
    words = words_in(locale)
    subject = words.ngettext("%(num)s package waits for you", "%(num)s packages wait for you", len(calls)) % {
        "num": len(calls)
    }
    lines = [
        words.gettext("Hello %(name)s,") % {"name": name},
        "",
        words.gettext("these packages wait for you:"),
        "",
        *(_call_line(each, locale) for each in calls),
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


def _call_line(called: Called, locale: str) -> str:
    words = words_in(locale)
    asked = {
        Call.REVIEW_DUE: words.gettext("- %(school)s, %(round)s: hand in your review by %(day)s"),
        Call.REVIEW_LATE: words.gettext("- %(school)s, %(round)s: your review was due by %(day)s"),
        Call.SETTLE: words.gettext("- %(school)s, %(round)s: all reviews are in; please settle the scores"),
        Call.SIGN: words.gettext("- %(school)s, %(round)s: closing waits for an expert's signature"),
        Call.PUBLISH: words.gettext(
            "- %(school)s, %(round)s: the review is closed; the result can be published"
        ),
    }
    undated = words.gettext("- %(school)s, %(round)s: hand in your review")
    due = called.call in (Call.REVIEW_DUE, Call.REVIEW_LATE)
    wanted = undated if due and called.review_by is None else asked[called.call]
    day = _day(day_of(called.review_by), locale) if called.review_by else ""
    return wanted % {"school": called.school, "round": called.round, "day": day}


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
