"""Forms as people fill them in: read field by field, refused in whole with everything that can't be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from datetime import date as Date
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from flask import Response, jsonify
from flask_babel import to_user_timezone, to_utc

from portfolio import web, wording
from portfolio.errors import DomainError, Refused, StaleWrite
from rubric.scoring import ScoreError, parse_score

Choice = TypeVar("Choice", bound=StrEnum)
Value = TypeVar("Value")
MOST_POINTS = Decimal(100)
LONGEST_KEY = 16  # digits of the largest id (db.new_id)


class Typed:
    """What somebody typed: each reading gives a value or notes a refusal; `check` raises them all."""

    def __init__(self, form: Mapping[str, str]) -> None:
        self.form = form
        self.errors: dict[str, DomainError] = {}

    def text(self, name: str) -> str:
        """As typed, without blanks around."""
        return self.form.get(name, "").strip()

    def moment(self, name: str) -> datetime | None:
        """A local day and time, as its moment; None where nothing was typed."""
        return self._read(name, "moment_malformed", _moment) if self.text(name) else None

    def needed_moment(self, name: str) -> datetime:
        """A local day and time, which must be given."""
        return self._read(name, "moment_malformed", _moment) or web.now()

    def day(self, name: str) -> Date | None:
        """A day; None where nothing was typed."""
        return self._read(name, "date_malformed", Date.fromisoformat) if self.text(name) else None

    def points(self, name: str) -> Decimal:
        """Points: a plain decimal from 0 to 100."""
        return self._read(name, "number_malformed", _points) or Decimal(0)

    def whole(self, name: str) -> int:
        """A whole number from 0."""
        return self._read(name, "number_malformed", _whole) or 0

    def one_of(self, name: str, choices: type[Choice], refusal: str) -> Choice | None:
        """One of an enumeration's values."""
        return self._read(name, refusal, choices)

    def key(self, name: str) -> int | None:
        """The id of something chosen from a list; None where nothing is."""
        return next(iter(keys([self.text(name)])), None)

    def _read(self, name: str, refusal: str, read: Callable[[str], Value]) -> Value | None:
        try:
            return read(self.text(name))
        except ValueError:
            self.errors[name] = DomainError(refusal, field=name)
            return None

    def check(self) -> None:
        """Raises Refused if something could not be read."""
        if self.errors:
            raise Refused(self.errors)


def keys(typed: Iterable[str]) -> set[int]:
    """The ids among what was ticked."""
    return {int(each) for each in typed if each.isascii() and each.isdigit() and len(each) <= LONGEST_KEY}


def refused(error: DomainError) -> dict[str, str]:
    """Undo the request, and give the words for each field; those of no field stand under the empty name."""
    web.refuse()
    if isinstance(error, Refused):
        return wording.errors_by_field(error)
    return {error.field or "": wording.explain(error)}


def unsaved(
    error: Refused | StaleWrite, as_json: Callable[[Any], Mapping[str, Any] | None]
) -> tuple[Response, int]:
    """Undo a save by script, and say why: 422 {errors}, or 409 {current, error} where somebody else saved first.

    `as_json` tells what stands now.
    """
    if isinstance(error, StaleWrite):
        current = as_json(error.current)
        web.refuse()
        return jsonify(current=current, error=wording.explain(error)), 409
    return jsonify(errors=refused(error)), 422


def local_input(moment: datetime) -> str:
    """A moment as a date and time input holds it, in the reader's zone."""
    return to_user_timezone(moment.astimezone(UTC)).strftime("%Y-%m-%dT%H:%M")


def _moment(typed: str) -> datetime:
    local = datetime.fromisoformat(typed)
    if local.tzinfo is not None:
        raise ValueError("a local time names no zone")
    return to_utc(local).replace(tzinfo=UTC)


def _points(typed: str) -> Decimal:
    # ScoreError is a ValueError
    return parse_score(typed, points=MOST_POINTS, step=Decimal("0.01"))


def _whole(typed: str) -> int:
    number = _points(typed)
    if number % 1:
        raise ScoreError("not_a_number")
    return int(number)
