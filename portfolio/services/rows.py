"""What every verb that names or adds a row needs: clean names, and one row where the schema allows one."""

from __future__ import annotations

import unicodedata

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portfolio.db import Base
from portfolio.errors import DomainError

LONGEST_NAME = 200


def clean_name(typed: str, *, field: str = "name", empty: str = "name_empty") -> str:
    """A name on one line, without control characters. Raises DomainError (`empty`, name_long)."""
    name = " ".join("".join(c if c.isprintable() else " " for c in typed).split())
    if not name:
        raise DomainError(empty, field=field)
    if len(name) > LONGEST_NAME:
        raise DomainError("name_long", field=field, longest=LONGEST_NAME)
    return name


def normal_username(typed: str) -> str:
    """One spelling for a user name: half-width, lower case, no blanks around."""
    return unicodedata.normalize("NFKC", typed).strip().lower()


def add_once(session: Session, row: Base, refusal: DomainError) -> None:
    """Add the row, or raise the refusal if somebody else added its like at the same moment."""
    if not is_added(session, row):
        raise refusal


def is_added(session: Session, row: Base) -> bool:
    """Add the row; False, and nothing is written, if its like is there or came at the same moment."""
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return False
    return True
