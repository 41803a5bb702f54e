"""Guidance out of a rubric file: what it must look like, and a problem for each piece that doesn't fit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from rubric import reader
from rubric.formula import Formula, FormulaError
from rubric.guidance import Comparison, MaterialKind
from rubric.reader import Entry, Report, hint
from rubric.units import Dimension, Unit, UnitError, parse_quantity, parse_unit, unit_of

_LABEL = {"zh": reader.text, "en": reader.text}
_THRESHOLDS = tuple(comparison for comparison in Comparison if comparison is not Comparison.NOT_FALLING)

MATERIAL = reader.mapping_of(
    "material",
    {
        "code": reader.slug("-"),
        **_LABEL,
        "kind": reader.one_of("kind", MaterialKind),
        "words": reader.text,
        "clause": reader.text,
    },
    optional={"three_years": reader.flag, "any_age": reader.flag, "only_with": reader.slug("_")},
)
MEASURE = reader.mapping_of(
    "measure",
    {"code": reader.slug("-"), **_LABEL, "formula": reader.text, "clause": reader.text},
    optional={
        **dict.fromkeys(_THRESHOLDS, reader.text),
        Comparison.NOT_FALLING: reader.flag,
        "each_year": reader.flag,
        "only_with": reader.slug("_"),
    },
)
UNIT = reader.mapping_of("unit", {**_LABEL, "one": reader.text})
FIGURE = reader.mapping_of(
    "figure",
    {"code": reader.slug("_"), **_LABEL, "unit": reader.text, "decimals": reader.small_number},
    optional={"at_most": reader.slug("_")},
)


def check_guidance(rubric: Entry, report: Report) -> None:
    """Clauses are official wording, formulas are of known figures, thresholds of the formula's own unit."""
    units = {unit.values.get("zh", "") for unit in rubric.entries("units")}
    figures = _figures(rubric, units, report)
    measures: list[Entry] = []
    for element, wording in _elements(rubric):
        reader.check_unique(element.entries("expected"), "code", report, "material")
        measures += element.entries("measures")
        for entry in [*element.entries("expected"), *element.entries("measures")]:
            _check_clause(entry, element, wording, report)
            _check_condition(entry, figures, report)
    reader.check_unique(measures, "code", report, "measure")
    for measure in measures:
        _check_measure(measure, figures, units, report)


def described_guidance(element: Entry) -> dict[str, Any]:
    """The guidance of an element as plain values, where it has any."""
    return {
        key: [entry.values for entry in element.entries(key)]
        for key in ("expected", "measures")
        if key in element.values
    }


def _elements(rubric: Entry) -> Iterator[tuple[Entry, list[str]]]:
    """Each element with the official wording around it: its own, its B's, the methods of its A."""
    for indicator in rubric.entries("indicators"):
        methods = [method.values.get("text", "") for method in indicator.entries("methods")]
        for child in indicator.entries("children"):
            for element in child.entries("elements"):
                yield element, [element.values.get("text", ""), child.values.get("text", ""), *methods]


def _check_clause(entry: Entry, element: Entry, wording: Iterable[str], report: Report) -> None:
    clause = entry.values.get("clause")
    if clause is not None and not any(clause in official for official in wording):
        code = element.values.get("code", "the element")
        message = (
            f"{clause!r} does not stand in the official wording of {code}, nor of its indicators and methods"
        )
        report.add(entry.lines["clause"], "clause_not_official", message, given=clause)


def _check_condition(entry: Entry, figures: Iterable[str], report: Report) -> None:
    if entry.values.get("only_with") not in (None, *figures):
        _unknown_figure(entry.values["only_with"], figures, entry.lines["only_with"], report)


def _figures(rubric: Entry, units: set[str], report: Report) -> dict[str, Dimension | None]:
    """What each figure counts, by its code; None where that could not be read."""
    entries = rubric.entries("figures")
    reader.check_unique(entries, "code", report, "figure")
    figures: dict[str, Dimension | None] = {
        entry.values["code"]: _figure_dimension(entry, units, report)
        for entry in entries
        if "code" in entry.values
    }
    for entry in entries:
        _check_limit(entry, figures, report)
    return figures


def _figure_dimension(entry: Entry, units: set[str], report: Report) -> Dimension | None:
    unit = _read_unit(entry, "unit", lambda text: parse_unit(text, units), report)
    return unit.dimension if unit else None


def _check_limit(entry: Entry, figures: Mapping[str, Dimension | None], report: Report) -> None:
    """A figure cannot exceed one that counts something else."""
    limit = entry.values.get("at_most")
    if limit is None:
        return
    if limit not in figures:
        _unknown_figure(limit, figures, entry.lines["at_most"], report)
    elif _differ(figures[limit], figures.get(entry.values.get("code", ""))):
        message = f"{limit} counts something else: one cannot be at most the other"
        report.add(entry.lines["at_most"], "wrong_unit", message, given=limit)


def _check_measure(
    entry: Entry, figures: Mapping[str, Dimension | None], units: set[str], report: Report
) -> None:
    comparisons = [each for each in Comparison if each in entry.lines]
    if len(comparisons) != 1:
        known = ", ".join(Comparison)
        message = f"a measure has exactly one of {known}; this one has {len(comparisons)}"
        report.add(entry.line, "wrong_comparison", message)
    dimension = _formula_dimension(entry, figures, report)
    for comparison in comparisons:
        if comparison in _THRESHOLDS:
            _check_threshold(entry, comparison, dimension, units, report)


def _formula_dimension(
    entry: Entry, figures: Mapping[str, Dimension | None], report: Report
) -> Dimension | None:
    if "formula" not in entry.values:
        return None
    line = entry.lines["formula"]
    try:
        formula = Formula(entry.values["formula"])
    except FormulaError as error:
        report.add(line, error.code, f"formula: {error}", given=entry.values["formula"])
        return None
    unknown = [name for name in formula.names if name not in figures]
    for name in unknown:
        _unknown_figure(name, figures, line, report)
    known = {name: dimension for name, dimension in figures.items() if dimension is not None}
    if any(name not in known for name in formula.names):
        return None
    try:
        return formula.dimension(known)
    except FormulaError as error:
        report.add(line, error.code, f"formula: {error}", given=formula.text)
        return None


def _check_threshold(
    entry: Entry, comparison: str, dimension: Dimension | None, units: set[str], report: Report
) -> None:
    unit = _read_unit(entry, comparison, lambda text: parse_quantity(text, units).unit, report)
    if unit and _differ(unit.dimension, dimension):
        assert dimension is not None
        message = f"the threshold is in {unit.text}, the formula comes to {unit_of(dimension).text}"
        report.add(entry.lines[comparison], "wrong_unit", message, given=entry.values[comparison])


def _read_unit(entry: Entry, key: str, parse: Callable[[str], Unit], report: Report) -> Unit | None:
    if key not in entry.values:
        return None
    try:
        return parse(entry.values[key])
    except UnitError as error:
        report.add(entry.lines[key], "bad_unit", str(error), given=entry.values[key])
        return None


def _differ(one: Dimension | None, other: Dimension | None) -> bool:
    """Whether both are known, and not the same."""
    return one is not None and other is not None and one != other


def _unknown_figure(name: str, figures: Iterable[str], line: int, report: Report) -> None:
    report.add(line, "unknown_figure", f"unknown figure {name!r}{hint(name, list(figures))}", given=name)
