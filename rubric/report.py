"""What `portfolio rubric validate` and `portfolio rubric show` print."""

import json
from collections.abc import Iterator
from pathlib import Path

from rubric.loader import RubricInvalid, load
from rubric.measures import target_words
from rubric.model import Element, Rubric
from rubric.scoring import format_score


def validate(path: Path) -> tuple[int, str]:
    """Exit code and text: 0 and one line of counts, or 1 and one "file:line: message" line a mistake."""
    try:
        rubric = load(path)
    except RubricInvalid as invalid:
        return 1, str(invalid)
    children = sum(len(indicator.children) for indicator in rubric.indicators)
    return 0, (
        f"OK: {len(rubric.indicators)} indicators, {children} sub-indicators, {len(rubric.elements)} elements, "
        f"{rubric.total_points} points, digest {rubric.digest}"
    )


def show(rubric: Rubric, as_json: bool) -> str:
    """The whole rubric, as the JSON of `described()` or as a tree for people."""
    if as_json:
        return json.dumps(rubric.described(), ensure_ascii=False, indent=1)
    return "\n".join(_tree(rubric))


def _tree(rubric: Rubric) -> Iterator[str]:
    yield f"{rubric.title} · {rubric.total_points}"
    for indicator in rubric.indicators:
        yield ""
        yield f"{indicator.code} {indicator.title} · {indicator.points}"
        for method in indicator.methods:
            yield f"   {method.text} [{', '.join(method.channels)}]"
        for child in indicator.children:
            yield f"   {child.code} {child.text} · {child.points}"
            for element in child.elements:
                yield f"      {element.code} {element.short_title} · {format_score(element.points)}"
                yield f"          {element.text}"
                yield from _guidance(element, rubric)


def _guidance(element: Element, rubric: Rubric) -> Iterator[str]:
    """What we add to an element, marked so that nobody takes it for official text."""
    for material in element.expected:
        wanted = ", three school years" if material.three_years else ""
        yield f"          + {material.name.zh} ({material.kind}{wanted})"
    for measure in element.measures:
        yield f"          = {measure.name.zh}: {measure.formula.text} {target_words(measure, rubric.units).zh}"
