"""Columns and constraints that several tables share."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from sqlalchemy import CheckConstraint, Enum, ForeignKey, String, Text
from sqlalchemy.orm import mapped_column

from portfolio.db import Id, Moment

At = Annotated[datetime, mapped_column(Moment)]
MaybeAt = Annotated[datetime | None, mapped_column(Moment)]
Name = Annotated[str, mapped_column(String(200))]
Code = Annotated[str, mapped_column(String(16))]
Digest = Annotated[str, mapped_column(String(64))]
Words = Annotated[str, mapped_column(Text, default="", server_default="")]
UserId = Annotated[int, mapped_column(Id, ForeignKey("users.id"))]
MaybeUserId = Annotated[int | None, mapped_column(Id, ForeignKey("users.id"))]
SchoolId = Annotated[int, mapped_column(Id, ForeignKey("schools.id"), index=True)]


def one_of(enum: type[StrEnum], name: str) -> Enum:
    """A column type that holds an enum's values as text, with a named CHECK."""
    return Enum(
        enum,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=24,
        values_callable=lambda members: [member.value for member in members],
    )


def sha256_check(column: str) -> CheckConstraint:
    """A digest is 64 characters long."""
    return CheckConstraint(f"length({column}) = 64", name=f"{column}_length")
