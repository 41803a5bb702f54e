"""Units of figures and thresholds: a number of books is never held against a number of square metres."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

# The powers of the units in a product: 册/人 is {册: 1, 人: -1}; a mere ratio has none.
Dimension = frozenset[tuple[str, int]]
RATIO: Dimension = frozenset()

_PERCENT = "%"
_PART = re.compile(r"(?P<number>[1-9][0-9]*)?\s*(?P<name>[^\W\d_]\w*)")
_QUANTITY = re.compile(r"(?P<amount>[0-9]{1,9}(?:\.[0-9]{1,4})?)\s*(?P<unit>\S.*)")


class UnitError(ValueError):
    """A unit or a quantity that cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class UnitName:
    """A unit the rubric counts in: its Chinese sign, which formulas of units use, and English for many and one."""

    zh: str
    en: str
    one: str


@dataclass(frozen=True, slots=True)
class Unit:
    """What a number counts: 人, m²/人, %, 台/100人; `factor` is 1/100 for the last two."""

    text: str
    factor: Fraction
    dimension: Dimension

    def words(self, language: str, names: Iterable[UnitName] = ()) -> str:
        """The unit in a language: "册/人" in zh, "books/person" in en."""
        if language == "zh":
            return self.text
        known = {name.zh: name for name in names}
        above, *below = self.text.split("/")
        return "/".join([_many(above, known), *(_each(part, known) for part in below)])


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit, as the rubric sets it: 10 %, 3 m²/人."""

    amount: Decimal
    unit: Unit

    @property
    def value(self) -> Fraction:
        """The number without factors: 1/10 for 10 %."""
        return Fraction(self.amount) * self.unit.factor

    def __str__(self) -> str:
        return f"{self.amount} {self.unit.text}"


def parse_unit(text: str, known: Iterable[str]) -> Unit:
    """The unit of a text such as 册/人 or 台/100人, of known units only. Raises UnitError."""
    compact = "".join(text.split())
    if compact == _PERCENT:
        return Unit(_PERCENT, Fraction(1, 100), RATIO)
    names = frozenset(known)
    factor, powers = Fraction(1), Counter[str]()
    for position, part in enumerate(compact.split("/")):
        match = _PART.fullmatch(part)
        if match is None:
            raise UnitError(f"{text!r} is not a unit such as 人, m²/人 or %")
        if match["name"] not in names:
            raise UnitError(f"unknown unit {match['name']!r}; known are {', '.join(sorted(names))} and %")
        power = 1 if position == 0 else -1
        factor *= Fraction(int(match["number"] or 1)) ** power
        powers[match["name"]] += power
    return Unit(compact, factor, _dimension(powers))


def parse_quantity(text: str, known: Iterable[str]) -> Quantity:
    """A number and its unit, such as "10.2 m²/人". Raises UnitError."""
    match = _QUANTITY.fullmatch(text.strip())
    if match is None:
        raise UnitError(f"{text!r} is not a number with its unit, such as 10 % or 3 m²/人")
    return Quantity(Decimal(match["amount"]), parse_unit(match["unit"], known))


def unit_of(dimension: Dimension) -> Unit:
    """The plain unit of a dimension; that of a ratio is %."""
    if dimension == RATIO:
        return Unit(_PERCENT, Fraction(1, 100), RATIO)
    above = "·".join(name for name, power in sorted(dimension) for _ in range(power))
    below = [name for name, power in sorted(dimension) for _ in range(-power)]
    return Unit("/".join([above or "1", *below]), Fraction(1), dimension)


def times(left: Dimension, right: Dimension, power: int = 1) -> Dimension:
    """The dimension of a product; of a quotient, where `power` is -1."""
    powers = Counter(dict(left))
    for name, exponent in right:
        powers[name] += power * exponent
    return _dimension(powers)


def _dimension(powers: Mapping[str, int]) -> Dimension:
    return frozenset((name, power) for name, power in powers.items() if power)


def _many(part: str, known: Mapping[str, UnitName]) -> str:
    return known[part].en if part in known else part


def _each(part: str, known: Mapping[str, UnitName]) -> str:
    number = part[: len(part) - len(part.lstrip("0123456789"))]
    name = known.get(part.removeprefix(number))
    if name is None:
        return part
    return f"{number} {name.en}" if number else name.one
