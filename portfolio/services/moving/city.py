"""What a school shares with the whole city: found again at another installation, or added to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from portfolio import editions
from portfolio.days import day_of
from portfolio.db import Base
from portfolio.errors import DomainError
from portfolio.models import Cycle, Panel, RecordedDay, Round, RubricEdition
from rubric.model import Rubric, from_described

Row = Mapping[str, Any]


def known(session: Session, model: type[Base], row: Row) -> Any:
    """The key under which the row is here already, by what people know it by; None if it isn't.

    Raises DomainError (rubric_forged, cycle_other).
    """
    if model is RubricEdition:
        return session.scalar(select(RubricEdition.digest).where(RubricEdition.digest == _rubric(row).digest))
    if model is RecordedDay:
        return session.scalar(select(RecordedDay.day).where(RecordedDay.day == row["day"]))
    if model is Cycle:
        return _cycle(session, row)
    if model is Round:
        return session.scalar(select(Round.id).filter_by(cycle_id=row["cycle_id"], position=row["position"]))
    return session.scalar(select(Panel.id).filter_by(round_id=row["round_id"], name=row["name"]))


def may_be_added(model: type[Base], row: Row, now: datetime) -> bool:
    """Whether a row that isn't here may come: today is still to be recorded, for every school at once."""
    return model is not RecordedDay or row["day"] < day_of(now)


def add(session: Session, model: type[Base], row: Row) -> None:
    """Write a row that isn't here."""
    if model is RubricEdition:
        editions.enter(session, _rubric(row), name=row["name"], body=row["body"], now=row["created_at"])
        return
    session.execute(insert(model).values(**row))


def _cycle(session: Session, row: Row) -> int | None:
    """The cycle of this name; it must rest on the same rubric and school year."""
    found = session.scalar(select(Cycle).where(Cycle.name == row["name"]))
    if found is None:
        return None
    same = (found.rubric_digest, found.school_year, found.score_step) == (
        row["rubric_digest"],
        row["school_year"],
        row["score_step"],
    )
    if not same:
        raise DomainError("cycle_other", cycle=row["name"])
    return found.id


def _rubric(row: Row) -> Rubric:
    """The rubric an edition holds. Raises DomainError("rubric_forged") unless it has the digest it is under."""
    try:
        rubric = from_described(json.loads(row["body"]))
        whole = rubric.digest == row["digest"]
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise DomainError("rubric_forged", rubric=row["name"]) from error
    if not whole:
        raise DomainError("rubric_forged", rubric=row["name"])
    return rubric
