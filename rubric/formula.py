"""Formulas over a school's figures: read once into a tree, evaluated in exact fractions. Nothing is ever executed.

sum     = product {("+" | "-") product}
product = part {("*" | "/") part}
part    = number | figure | "(" sum ")" | "min(" sum {"," sum} ")"
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from rubric.units import RATIO, Dimension, times

LONGEST = 200  # characters
_DEEPEST = 20  # parentheses
_TOKEN = re.compile(r"\s*(?:(?P<number>[0-9]+(?:\.[0-9]+)?)|(?P<name>[a-z][a-z0-9_]*)|(?P<sign>\S))")
_MINIMUM = "min"


class FormulaError(ValueError):
    """A formula that cannot be used: `code` says why, `name` which figure, the message where."""

    def __init__(self, code: str, message: str, name: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.name = name


@dataclass(frozen=True, slots=True)
class Number:
    """A constant."""

    value: Fraction


@dataclass(frozen=True, slots=True)
class Name:
    """A figure."""

    name: str


@dataclass(frozen=True, slots=True)
class Operation:
    """Two parts and the sign between them."""

    sign: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Least:
    """The smallest of its parts."""

    parts: tuple[Node, ...]


Node = Number | Name | Operation | Least


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula and the tree it was read into; `names` are its figures, in the order they stand."""

    text: str
    root: Node = field(init=False, repr=False, compare=False)
    names: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        root = _Reader(self.text).read()
        object.__setattr__(self, "root", root)
        object.__setattr__(self, "names", tuple(dict.fromkeys(_names(root))))

    def value(self, figures: Mapping[str, Fraction]) -> Fraction:
        """What it comes to. Raises KeyError for a figure that is missing, ZeroDivisionError."""
        return _value(self.root, figures)

    def dimension(self, units: Mapping[str, Dimension]) -> Dimension:
        """What it counts, given what its figures count. Raises FormulaError (unknown_figure, mixed_units)."""
        return _dimension(self.root, units)


class _Token(NamedTuple):
    kind: str
    text: str
    column: int


class _Reader:
    """Reads a formula from left to right, one token ahead."""

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise FormulaError("bad_formula", f"a formula has at most {LONGEST} characters, not {len(text)}")
        self._tokens = _tokens(text)
        self._next = next(self._tokens)
        self._depth = 0

    def read(self) -> Node:
        """The whole formula. Raises FormulaError."""
        root = self._sum()
        if self._next.kind != "end":
            raise self._unexpected("an operator")
        return root

    def _sum(self) -> Node:
        left = self._product()
        while self._next.text in ("+", "-"):
            left = Operation(self._take().text, left, self._product())
        return left

    def _product(self) -> Node:
        left = self._part()
        while self._next.text in ("*", "/"):
            left = Operation(self._take().text, left, self._part())
        return left

    def _part(self) -> Node:
        if self._next.kind == "number":
            return Number(Fraction(self._take().text))
        if self._next.kind == "name":
            name = self._take().text
            return self._least() if self._next.text == "(" and name == _MINIMUM else Name(name)
        if self._next.text == "(":
            return self._in_parentheses()[0]
        raise self._unexpected("a number, a figure or a parenthesis")

    def _least(self) -> Node:
        return Least(self._in_parentheses(several=True))

    def _in_parentheses(self, several: bool = False) -> tuple[Node, ...]:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise FormulaError("bad_formula", f"more than {_DEEPEST} parentheses within each other")
        self._take()
        parts = [self._sum()]
        while several and self._next.text == ",":
            self._take()
            parts.append(self._sum())
        if self._next.text != ")":
            raise self._unexpected("a closing parenthesis")
        self._take()
        self._depth -= 1
        return tuple(parts)

    def _take(self) -> _Token:
        taken, self._next = self._next, next(self._tokens)
        return taken

    def _unexpected(self, wanted: str) -> FormulaError:
        found = repr(self._next.text) if self._next.text else "the end"
        return FormulaError("bad_formula", f"character {self._next.column}: expected {wanted}, found {found}")


def _tokens(text: str) -> Iterator[_Token]:
    bare = text.rstrip()
    at = 0
    while at < len(bare):
        match = _TOKEN.match(bare, at)
        assert match is not None and match.lastgroup is not None
        yield _Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup) + 1)
        at = match.end()
    while True:
        yield _Token("end", "", len(bare) + 1)


def _names(node: Node) -> Iterator[str]:
    match node:
        case Name(name):
            yield name
        case Operation(_, left, right):
            yield from _names(left)
            yield from _names(right)
        case Least(parts):
            for part in parts:
                yield from _names(part)


def _value(node: Node, figures: Mapping[str, Fraction]) -> Fraction:
    match node:
        case Number(value):
            return value
        case Name(name):
            return figures[name]
        case Least(parts):
            return min(_value(part, figures) for part in parts)
        case Operation(sign, left, right):
            return _result(sign, _value(left, figures), _value(right, figures))


def _result(sign: str, left: Fraction, right: Fraction) -> Fraction:
    match sign:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
    return left / right


def _dimension(node: Node, units: Mapping[str, Dimension]) -> Dimension:
    match node:
        case Number():
            return RATIO
        case Name(name):
            if name not in units:
                raise FormulaError("unknown_figure", f"unknown figure {name!r}", name)
            return units[name]
        case Least(parts):
            return _same([_dimension(part, units) for part in parts])
        case Operation(sign, left, right):
            one, other = _dimension(left, units), _dimension(right, units)
            return _same([one, other]) if sign in "+-" else times(one, other, power=1 if sign == "*" else -1)


def _same(dimensions: list[Dimension]) -> Dimension:
    if len(set(dimensions)) > 1:
        raise FormulaError("mixed_units", "it adds or compares figures of different units")
    return dimensions[0]
