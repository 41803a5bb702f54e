"""A school's basic figures: read as people type them, and told from what cannot be."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rubric.guidance import Figure
from rubric.units import UnitName

# What a school counted: the values of a figure by the school year they are of.
Figures = Mapping[str, Mapping[int, Decimal]]

MOST_DIGITS = 12  # before the point: more is no number of a school's
_NUMBER = re.compile(r"(?P<minus>-?)(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.(?P<decimals>[0-9]+))?")
_MINUSES = str.maketrans("−–﹣", "---")


class FigureError(ValueError):
    """A figure that is refused: `code` says why, `context` with which numbers.

    Codes: empty, not_a_number, negative, too_large (digits), decimals (decimals), unit (unit, given).
    """

    def __init__(self, code: str, **context: Any) -> None:
        super().__init__(code)
        self.code = code
        self.context = context


@dataclass(frozen=True, slots=True)
class Implausible:
    """A figure above the one it is a part of: more teachers than pupils."""

    figure: str
    value: Decimal
    limit: str
    most: Decimal


def parse_figure(text: str, figure: Figure, units: Iterable[UnitName] = ()) -> Decimal:
    """The number a person typed, 0 or more; raises FigureError.

    Full-width digits, separators of thousands, and the figure's own unit after the number are read as meant; any
    other unit is refused, for 12 in 万元 is not 12 in 元.
    """
    typed = unicodedata.normalize("NFKC", text).translate(_MINUSES).strip()
    if not typed:
        raise FigureError("empty")
    match = _NUMBER.match(typed)
    if match is None:
        raise FigureError("not_a_number")
    _check_unit(typed[match.end() :].strip(), figure, units)
    if match["minus"]:
        raise FigureError("negative")
    whole = match["whole"].replace(",", "").lstrip("0") or "0"
    decimals = (match["decimals"] or "").rstrip("0")
    if len(whole) > MOST_DIGITS:
        raise FigureError("too_large", digits=MOST_DIGITS)
    if len(decimals) > figure.decimals:
        raise FigureError("decimals", decimals=figure.decimals)
    return Decimal(f"{whole}.{decimals}" if decimals else whole)


def implausible(figures: Iterable[Figure], values: Mapping[str, Decimal]) -> list[Implausible]:
    """What cannot be true of one school year: figures above the figure they are a part of, in declared order."""
    both_known = [
        (figure.code, figure.at_most)
        for figure in figures
        if figure.at_most in values and figure.code in values
    ]
    return [
        Implausible(code, values[code], limit, values[limit])
        for code, limit in both_known
        if limit is not None and values[code] > values[limit]
    ]


def _check_unit(given: str, figure: Figure, units: Iterable[UnitName]) -> None:
    own = {figure.unit.text}
    for unit in units:
        if unit.zh == figure.unit.text:
            own |= {unit.en, unit.one}
    known = {unicodedata.normalize("NFKC", name).lower() for name in own}
    if given and given.lower() not in known:
        code = "unit" if not re.search(r"[0-9.,-]", given) else "not_a_number"
        raise FigureError(code, unit=figure.unit.text, given=given)
