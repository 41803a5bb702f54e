"""What we add to a rubric so that a school knows what to file and what to count. Guidance, never official text.

It stands in the rubric file beside the wording it was drawn from, and is no part of the rubric's digest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from rubric.formula import Formula
from rubric.titles import GAP, plain
from rubric.units import Dimension, Quantity, Unit, UnitName, parse_quantity, parse_unit, unit_of


class MaterialKind(StrEnum):
    """What sort of document a material is: the kinds of evidence that schools choose from."""

    PLAN = "plan"
    RULES = "rules"
    MINUTES = "minutes"
    RECORD = "record"
    REPORT = "report"
    DATA = "data"
    PHOTO = "photo"
    CERTIFICATE = "certificate"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Label:
    """A name in the two languages of the interface."""

    zh: str
    en: str

    def words(self, language: str) -> str:
        """The name in a language: Chinese for any zh, English otherwise."""
        return self.zh if language.startswith("zh") else self.en


@dataclass(frozen=True, slots=True)
class ExpectedMaterial:
    """A document that an element's wording or methods ask for, with the official words that ask for it.

    `words`: any of them in a title tells that it is this one; 教师…体检 asks for both parts. `three_years`: wanted
    for each of the last three school years. `any_age`: valid until revoked, such as a licence or the statutes.
    `only_with`: a figure without which, at 0, it is not wanted, such as boarders.
    """

    code: str
    name: Label
    kind: MaterialKind
    words: tuple[str, ...]
    clause: str
    three_years: bool = False
    any_age: bool = False
    only_with: str | None = None
    _words: tuple[str, ...] = field(init=False, repr=False, compare=False)
    _pairs: tuple[tuple[str, ...], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        words = [plain(word).replace(plain(GAP), GAP) for word in self.words]
        object.__setattr__(self, "_words", tuple(word for word in words if GAP not in word))
        object.__setattr__(self, "_pairs", tuple(tuple(word.split(GAP)) for word in words if GAP in word))

    def is_named_in(self, title: str) -> bool:
        """Whether one of its words stands in a title in the `plain` form."""
        for word in self._words:  # a loop, for this is asked thousands of times for one page
            if word in title:
                return True
        return bool(self._pairs) and any(all(part in title for part in parts) for parts in self._pairs)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number a school enters once, with at most `decimals` decimals; `at_most`: the figure it cannot exceed."""

    code: str
    label: Label
    unit: Unit
    decimals: int
    at_most: str | None = None


class Comparison(StrEnum):
    """How a value is held against the rubric's number."""

    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    EQUALS = "equals"
    NOT_FALLING = "not_falling"


@dataclass(frozen=True, slots=True)
class Measure:
    """A number the rubric sets: a formula over figures and what it is held against; `unit` is what it is shown in.

    `each_year`: it must hold in each of the last three school years. `only_with`: a figure without which, at 0,
    the measure does not apply, such as boarders. NOT_FALLING has no threshold.
    """

    code: str
    name: Label
    formula: Formula
    comparison: Comparison
    threshold: Quantity | None
    unit: Unit
    clause: str
    each_year: bool = False
    only_with: str | None = None


def described_material(material: ExpectedMaterial) -> dict[str, Any]:
    """A material as plain JSON values; what it doesn't have is left out."""
    return {
        "code": material.code,
        **_described_label(material.name),
        "kind": str(material.kind),
        "words": " ".join(material.words),
        **_true(three_years=material.three_years, any_age=material.any_age, only_with=material.only_with),
        "clause": material.clause,
    }


def build_material(data: Mapping[str, Any]) -> ExpectedMaterial:
    """A material from values in the shape of `described_material`; they must have been checked."""
    return ExpectedMaterial(
        code=data["code"],
        name=_label(data),
        kind=MaterialKind(data["kind"]),
        words=tuple(data["words"].split()),
        clause=data["clause"],
        three_years=data.get("three_years", False),
        any_age=data.get("any_age", False),
        only_with=data.get("only_with"),
    )


def described_figure(figure: Figure) -> dict[str, Any]:
    """A figure as plain JSON values."""
    return {
        "code": figure.code,
        **_described_label(figure.label),
        "unit": figure.unit.text,
        "decimals": figure.decimals,
        **_true(at_most=figure.at_most),
    }


def build_figure(data: Mapping[str, Any], units: Iterable[UnitName]) -> Figure:
    """A figure from values in the shape of `described_figure`; they must have been checked."""
    return Figure(
        code=data["code"],
        label=_label(data),
        unit=parse_unit(data["unit"], (unit.zh for unit in units)),
        decimals=data["decimals"],
        at_most=data.get("at_most"),
    )


def described_measure(measure: Measure) -> dict[str, Any]:
    """A measure as plain JSON values: its threshold stands under the name of its comparison."""
    threshold = str(measure.threshold) if measure.threshold else True
    return {
        "code": measure.code,
        **_described_label(measure.name),
        "formula": measure.formula.text,
        str(measure.comparison): threshold,
        **_true(each_year=measure.each_year, only_with=measure.only_with),
        "clause": measure.clause,
    }


def build_measure(data: Mapping[str, Any], units: Iterable[UnitName], figures: Iterable[Figure]) -> Measure:
    """A measure from values in the shape of `described_measure`; they must have been checked."""
    comparison = next(each for each in Comparison if each in data)
    formula = Formula(data["formula"])
    threshold = None
    if comparison is not Comparison.NOT_FALLING:
        threshold = parse_quantity(data[comparison], (unit.zh for unit in units))
    return Measure(
        code=data["code"],
        name=_label(data),
        formula=formula,
        comparison=comparison,
        threshold=threshold,
        unit=threshold.unit if threshold else unit_of(formula.dimension(dimensions(figures))),
        clause=data["clause"],
        each_year=data.get("each_year", comparison is Comparison.NOT_FALLING),
        only_with=data.get("only_with"),
    )


def dimensions(figures: Iterable[Figure]) -> dict[str, Dimension]:
    """What each figure counts, by its code."""
    return {figure.code: figure.unit.dimension for figure in figures}


def _label(data: Mapping[str, Any]) -> Label:
    return Label(data["zh"], data["en"])


def _described_label(label: Label) -> dict[str, str]:
    return {"zh": label.zh, "en": label.en}


def _true(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value}
