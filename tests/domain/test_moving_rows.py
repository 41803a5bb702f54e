"""Rows as lines of JSON: every value comes back exactly, and what can't be one is refused by its column."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import JSON, BigInteger, Boolean, Column, Date, LargeBinary, String, Text

from portfolio.db import Exact, Moment, Score
from portfolio.models import Stage
from portfolio.models.columns import one_of
from portfolio.services.moving.rows import Malformed, line_of, row_of

KINDS: dict[str, Any] = {
    "whole": BigInteger(),
    "flag": Boolean(),
    "points": Score(),
    "figure": Exact(),
    "moment": Moment(),
    "day": Date(),
    "choice": one_of(Stage, "stage"),
    "name": String(8),
    "words": Text(),
    "parts": JSON(),
    "content": LargeBinary(),
}
COLUMNS = [Column(name, kind, nullable=name == "words") for name, kind in KINDS.items()]
ROW = {
    "whole": 2**53 - 1,
    "flag": True,
    "points": Decimal("0.85"),
    "figure": Decimal("1203.500"),
    "moment": datetime(2026, 9, 30, 8, 15, 30, 1, UTC),
    "day": date(2026, 2, 28),
    "choice": Stage.NINE_YEAR,
    "name": "八字以内",
    "words": "第一行\n“第二行”\u2028",
    "parts": {"甲": [1, None, "x"]},
    "content": b"\0\xff\n",
}


def test_a_row_comes_back_as_it_was_on_one_line() -> None:
    line = line_of(ROW)
    assert line.count(b"\n") == 1
    back = row_of(line, COLUMNS)
    assert back == ROW
    assert {name: type(value) for name, value in back.items()} == {n: type(v) for n, v in ROW.items()}
    assert str(back["figure"]) == "1203.500"


def test_nothing_stays_nothing_where_it_may_be() -> None:
    assert row_of(line_of(ROW | {"words": None}), COLUMNS)["words"] is None


def test_a_moment_is_written_in_utc() -> None:
    there = ROW | {"moment": datetime(2026, 1, 1, 8, tzinfo=timezone(timedelta(hours=8)))}
    assert b'"2026-01-01T00:00:00.000000Z"' in line_of(there)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("whole", True),
        ("whole", 1.5),
        ("whole", 2**63),
        ("whole", None),
        ("flag", 1),
        ("points", 0.8),
        ("points", "NaN"),
        ("points", "eight"),
        ("moment", "2026-01-01T00:00:00"),
        ("day", "31.12.2026"),
        ("choice", "university"),
        ("name", "more than eight"),
        ("name", "a\0b"),
        ("words", "\ud800"),
        ("content", "no base64!"),
    ],
)
def test_what_can_not_be_is_refused_by_its_column(column: str, value: object) -> None:
    said = json.loads(line_of(ROW)) | {column: value}
    with pytest.raises(Malformed, match=column):
        row_of(json.dumps(said).encode(), COLUMNS)


@pytest.mark.parametrize("line", [b"", b"[]", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_row_is_refused(line: bytes) -> None:
    with pytest.raises(Malformed):
        row_of(line, COLUMNS)
