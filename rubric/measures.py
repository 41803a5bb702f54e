"""The numbers the rubric sets, held against a school's figures: exact, and silent where a figure is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise

from rubric.figures import Figures
from rubric.guidance import Comparison, Label, Measure
from rubric.model import Rubric
from rubric.units import Unit, UnitName

_SHOWN_DECIMALS = Decimal("0.01")
_SIGNS = {Comparison.AT_LEAST: "≥", Comparison.AT_MOST: "≤", Comparison.EQUALS: "="}


class Verdict(StrEnum):
    """What can be said of a measure."""

    MET = "met"
    UNMET = "unmet"
    NOT_ENOUGH_DATA = "not_enough_data"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True)
class MeasureResult:
    """A measure with its verdict and the value of each school year asked for; None where there is none.

    `missing`: the figures not yet entered, with their school year. `divided_by_zero`: the school years in which a
    figure that others are divided by is 0.
    """

    measure: Measure
    verdict: Verdict
    values: Mapping[int, Fraction | None]
    missing: tuple[tuple[str, int], ...] = ()
    divided_by_zero: tuple[int, ...] = ()

    def shown(self, year: int) -> Decimal | None:
        """A year's value in the measure's unit, to the hundredth, rounded so that it never looks better than it is."""
        value = self.values.get(year)
        if value is None:
            return None
        rounding = ROUND_CEILING if self.measure.comparison is Comparison.AT_MOST else ROUND_FLOOR
        in_unit = value / self.measure.unit.factor
        with localcontext(prec=60, rounding=rounding):
            return (Decimal(in_unit.numerator) / in_unit.denominator).quantize(_SHOWN_DECIMALS)

    @property
    def decisive(self) -> int:
        """The school year that decided: the first that fails, otherwise the last that has a value."""
        if self.verdict is Verdict.UNMET:
            return _failing(self.measure, self.values)[0]
        return max(
            (year for year, value in self.values.items() if value is not None), default=max(self.values)
        )


def value_words(result: MeasureResult, year: int, units: Iterable[UnitName]) -> Label | None:
    """A year's value with its unit: "14.85 台/100人", "14.85 computers/100 people"; None where there is none."""
    shown = result.shown(year)
    return None if shown is None else _with_unit(f"{shown.normalize():f}", result.measure.unit, units)


def target_words(measure: Measure, units: Iterable[UnitName]) -> Label:
    """What the rubric sets: "≥ 15 台/100人", "≥ 15 computers/100 people"."""
    if measure.threshold is None:
        return Label("不低于上一年", "no less than the year before")
    number = f"{_SIGNS[measure.comparison]} {measure.threshold.amount}"
    return _with_unit(number, measure.unit, units)


def evaluate(measure: Measure, figures: Figures, years: Sequence[int]) -> MeasureResult:
    """What a school's figures say of a measure.

    `years` are the school years of the window, the oldest first. A measure held against each of them needs a value
    in all to be met, and one that fails to be unmet; any other is held against the last.
    """
    asked = tuple(years) if measure.each_year else tuple(years[-1:])
    if _is_absent(measure.only_with, figures, asked[-1]):
        return MeasureResult(measure, Verdict.NOT_APPLICABLE, dict.fromkeys(asked))
    names = dict.fromkeys([*measure.formula.names, *filter(None, [measure.only_with])])
    missing = tuple((name, year) for year in asked for name in names if year not in figures.get(name, {}))
    incomplete = {year for _, year in missing}
    values = {year: None if year in incomplete else _value(measure, figures, year) for year in asked}
    return MeasureResult(
        measure=measure,
        verdict=_verdict(measure, values),
        values=values,
        missing=missing,
        divided_by_zero=tuple(
            year for year, value in values.items() if value is None and year not in incomplete
        ),
    )


def evaluate_all(rubric: Rubric, figures: Figures, years: Sequence[int]) -> dict[str, list[MeasureResult]]:
    """The results of all measures, by the code of their element; elements without one are left out."""
    return {
        element.code: [evaluate(measure, figures, years) for measure in element.measures]
        for element in rubric.elements
        if element.measures
    }


def absent(figures: Figures, year: int) -> frozenset[str]:
    """The figures known to be 0 in a school year: what is only wanted with one of them is not wanted."""
    return frozenset(name for name, values in figures.items() if values.get(year) == 0)


def _is_absent(figure: str | None, figures: Figures, year: int) -> bool:
    return figure is not None and figures.get(figure, {}).get(year) == 0


def _value(measure: Measure, figures: Figures, year: int) -> Fraction | None:
    try:
        return measure.formula.value({name: Fraction(figures[name][year]) for name in measure.formula.names})
    except ZeroDivisionError:
        return None


def _verdict(measure: Measure, values: Mapping[int, Fraction | None]) -> Verdict:
    if _failing(measure, values):
        return Verdict.UNMET
    return Verdict.NOT_ENOUGH_DATA if None in values.values() else Verdict.MET


def _failing(measure: Measure, values: Mapping[int, Fraction | None]) -> list[int]:
    """The school years that fail, the oldest first; years without a value don't."""
    known = [(year, value) for year, value in sorted(values.items()) if value is not None]
    if measure.comparison is Comparison.NOT_FALLING:
        return [year for (_, before), (year, value) in pairwise(known) if value < before]
    assert measure.threshold is not None
    return [year for year, value in known if not _holds(measure.comparison, value, measure.threshold.value)]


def _holds(comparison: Comparison, value: Fraction, threshold: Fraction) -> bool:
    if comparison is Comparison.AT_LEAST:
        return value >= threshold
    if comparison is Comparison.AT_MOST:
        return value <= threshold
    return value == threshold


def _with_unit(number: str, unit: Unit, units: Iterable[UnitName]) -> Label:
    names = tuple(units)
    return Label(f"{number} {unit.words('zh', names)}", f"{number} {unit.words('en', names)}")


def unmet(results: Iterable[MeasureResult]) -> list[MeasureResult]:
    """Those that fail."""
    return [result for result in results if result.verdict is Verdict.UNMET]
