"""Rows as lines of JSON and back: every value exactly, whatever the database writes it as."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Date, Integer, LargeBinary
from sqlalchemy import Enum as OneOf

from portfolio.db import Exact, Moment, Score
from portfolio.documents.archive.entries import canonical


class Malformed(ValueError):
    """A line that can't be one of this table's; the message names the columns concerned, if it comes to columns."""


def line_of(row: Mapping[str, Any]) -> bytes:
    """A row as a line: canonical JSON, UTF-8."""
    return f"{canonical({name: _plain(value) for name, value in row.items()})}\n".encode()


def _plain(value: Any) -> Any:
    match value:
        case Decimal():
            return f"{value:f}"
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case Enum():
            return value.value
        case bytes():
            return b64encode(value).decode()
        case _:
            return value


def row_of(line: bytes, columns: list[Column[Any]]) -> dict[str, Any]:
    """A line as the row of these columns, each of which it names and no other. Raises Malformed."""
    try:
        said = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Malformed from error
    if not isinstance(said, dict):
        raise Malformed
    if differing := sorted(said.keys() ^ {column.name for column in columns}):
        raise Malformed(", ".join(differing))
    return {column.name: value_of(said[column.name], column) for column in columns}


def value_of(said: Any, column: Column[Any]) -> Any:
    """A value as its column has it. Raises Malformed."""
    if said is None:
        if not column.nullable:
            raise Malformed(column.name)
        return None
    try:
        return _typed(said, column)
    except (ValueError, TypeError, InvalidOperation) as error:
        raise Malformed(column.name) from error


def _typed(said: Any, column: Column[Any]) -> Any:
    kind = column.type
    match kind:
        case JSON():
            return said
        case LargeBinary():
            return b64decode(_of(str, said), validate=True)
        case Boolean():
            return _of(bool, said)
        case Score() | Exact():
            number = Decimal(_of(str, said))
            if not number.is_finite():
                raise ValueError(said)
            return number
        case Moment():
            return _aware(datetime.fromisoformat(_of(str, said)))
        case Date():
            return date.fromisoformat(_of(str, said))
        case OneOf(enum_class=enum) if enum is not None:
            return enum(_of(str, said))
        case Integer():
            number = _of(int, said)
            if not -(2**63) <= number < 2**63:
                raise ValueError(said)
            return number
        case _:
            return _text(_of(str, said), getattr(kind, "length", None))


def _of(kind: type, said: Any) -> Any:
    if type(said) is not kind:  # True is an int too
        raise TypeError(said)
    return said


def _text(said: str, longest: int | None) -> str:
    if "\0" in said or (longest is not None and len(said) > longest):
        raise ValueError(said)
    said.encode()  # half a character is none
    return said


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(moment)
    return moment
