"""A letter or a report of a panel, whatever it is written as: headings, prose, lines, tables, a place to sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

WIDTH = 162.0  # mm between the margins of A4 upright


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of level 1 or 2."""

    text: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class Prose:
    """What somebody wrote in Markdown."""

    markdown: str


@dataclass(frozen=True, slots=True)
class Lines:
    """Paragraphs of our own words; `together`: on the page of what follows; `indented` as a letter's are."""

    lines: tuple[str, ...]
    together: bool = False
    indented: bool = True


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table, `width` mm wide."""

    heading: str
    width: float
    centred: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A table; `total` is its last row, or empty."""

    columns: tuple[Column, ...]
    rows: Sequence[Sequence[str]]
    total: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Signatures:
    """Where people sign, one below the other."""

    lines: tuple[str, ...]


Part = Heading | Prose | Lines | Grid | Signatures


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper to be; `lines` stand under its title, `at` is the date inside the files."""

    title: str
    lines: tuple[str, ...]
    parts: tuple[Part, ...]
    footnote: str
    at: datetime
