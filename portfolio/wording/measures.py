"""What a school's figures say of the numbers the rubric sets."""

from __future__ import annotations

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from portfolio.wording.phrasing import _language, label
from rubric.guidance import Comparison
from rubric.measures import MeasureResult, Verdict, target_words, value_words
from rubric.model import Rubric
from rubric.units import Unit

# What a school's figures say of a number the rubric sets.
VERDICTS = {
    Verdict.MET: _l("Met"),
    Verdict.UNMET: _l("Not met"),
    Verdict.NOT_ENOUGH_DATA: _l("Not enough data"),
    Verdict.NOT_APPLICABLE: _l("Does not apply"),
}

VERDICT_STATES = {
    Verdict.MET: "ok",
    Verdict.UNMET: "gap",
    Verdict.NOT_ENOUGH_DATA: "none",
    Verdict.NOT_APPLICABLE: "wait",
}

COMPARISONS = {
    Comparison.AT_LEAST: _l("at least %(number)s"),
    Comparison.AT_MOST: _l("at most %(number)s"),
    Comparison.EQUALS: _l("exactly %(number)s"),
    Comparison.NOT_FALLING: _l("not falling from year to year"),
}

# A result as the remark of the citation that proves it.
STATED = {
    Verdict.MET: _l("%(measure)s %(value)s, reaches %(target)s"),
    Verdict.UNMET: _l("%(measure)s %(value)s, does not reach %(target)s"),
}

STATED_TREND = {
    Verdict.MET: _l("%(measure)s %(value)s, not falling"),
    Verdict.UNMET: _l("%(measure)s %(value)s, falling"),
}


def quantity(result: MeasureResult, rubric: Rubric) -> str:
    """What a measure asks for: "at least 10 %"."""
    threshold, unit = result.measure.threshold, result.measure.unit
    number = f"{threshold.amount:f} {unit.words(_language(), rubric.units)}" if threshold else ""
    return str(COMPARISONS[result.measure.comparison]) % {"number": number}


def stated(result: MeasureResult, rubric: Rubric) -> str:
    """A measure's result as a remark: "Training's share 10.8 %, reaches ≥ 10 %"; every year where each counts."""
    said = {year: value_words(result, year, rubric.units) for year in result.values}
    values = [
        f"{year}–{year + 1} {label(words)}" if result.measure.each_year else label(words)
        for year, words in said.items()
        if words is not None
    ]
    falling = result.measure.comparison is Comparison.NOT_FALLING
    return str((STATED_TREND if falling else STATED)[result.verdict]) % {
        "measure": label(result.measure.name),
        "value": gettext(", ").join(values),
        "target": label(target_words(result.measure, rubric.units)),
    }


def unit_words(unit: Unit, rubric: Rubric) -> str:
    """A unit in the reader's language."""
    return unit.words(_language(), rubric.units)


def figure_name(rubric: Rubric, code: str) -> str:
    """A figure's name in the reader's language."""
    return next(label(figure.label) for figure in rubric.figures if figure.code == code)
