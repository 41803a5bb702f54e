"""From a rubric file to a `Rubric`: every mistake of the file is named with its line, in one run."""

import re
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from rubric import reader
from rubric.guidance_reader import FIGURE, MATERIAL, MEASURE, UNIT, check_guidance, described_guidance
from rubric.model import Channel, Rubric, build
from rubric.reader import Entry, Problem, Report, RubricInvalid

__all__ = ["DATA", "DEFAULT", "Problem", "RubricInvalid", "available", "find", "load"]

DATA = Path(__file__).parent / "data"
DEFAULT = "xian-new-quality-school"
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

_METHOD = reader.mapping_of(
    "method", {"text": reader.text, "channels": reader.list_of(reader.one_of("channel", Channel))}
)
_ELEMENT = reader.mapping_of(
    "element",
    {
        "code": reader.code("C"),
        "short_title": reader.short_title,
        "text": reader.text,
        "points": reader.points,
    },
    optional={"expected": reader.list_of(MATERIAL), "measures": reader.list_of(MEASURE)},
)
_SUB_INDICATOR = reader.mapping_of(
    "sub-indicator",
    {
        "code": reader.code("B"),
        "text": reader.text,
        "points": reader.points,
        "elements": reader.list_of(_ELEMENT),
    },
)
_INDICATOR = reader.mapping_of(
    "indicator",
    {
        "code": reader.code("A"),
        "title": reader.text,
        "points": reader.points,
        "methods": reader.list_of(_METHOD),
        "children": reader.list_of(_SUB_INDICATOR),
    },
)
_RUBRIC = reader.mapping_of(
    "rubric",
    {
        "title": reader.text,
        "total_points": reader.points,
        "indicators": reader.list_of(_INDICATOR),
    },
    optional={"units": reader.list_of(UNIT), "figures": reader.list_of(FIGURE)},
)


def load(path: Path) -> Rubric:
    """The rubric of a file; raises RubricInvalid with every mistake in it."""
    report = Report(path)
    node = reader.compose(path, report)
    entry: Entry | None = _RUBRIC(node, report) if node is not None else None
    if entry is not None:
        _check_sums(entry, report)
        _check_distinct(entry, report)
        check_guidance(entry, report)
    if entry is None or report.problems:
        raise RubricInvalid(report.in_line_order())
    return build({"name": path.stem, **_described(entry)})


def available(extra: Path | None = None) -> list[str]:
    """The names `find` knows, sorted; `extra` is a further folder of rubric files."""
    return sorted({path.stem for folder in _folders(extra) for path in folder.glob("*.yaml")})


def find(name: str, extra: Path | None = None) -> Rubric:
    """The rubric of this name, from `rubric/data/` or the extra folder; read once.

    Raises LookupError for an unknown name, RubricInvalid for a file with mistakes.
    """
    if _NAME.fullmatch(name):
        for folder in _folders(extra):
            if (path := folder / f"{name}.yaml").is_file():
                return _load_once(path)
    raise LookupError(f"no rubric named {name!r}; there are {', '.join(available(extra))}")


_load_once = lru_cache(maxsize=16)(load)


def _folders(extra: Path | None) -> list[Path]:
    return [DATA] if extra is None else [DATA, extra]


def _check_sums(rubric: Entry, report: Report) -> None:
    indicators = rubric.entries("indicators")
    _check_sum(rubric, "total_points", "indicators", report)
    for indicator in indicators:
        _check_sum(indicator, "points", "children", report)
        for child in indicator.entries("children"):
            _check_sum(child, "points", "elements", report)


def _check_sum(parent: Entry, points: str, parts: str, report: Report) -> None:
    """The parent's points are those of its parts; not asked while one of them could not be read."""
    declared = parent.values.get(points)
    addends = [_points_of(part) for part in parent.values.get(parts) or [None]]
    if declared is None or None in addends:
        return
    actual = sum((addend for addend in addends if addend is not None), Decimal(0))
    if declared != actual:
        name = parent.values.get("code", "the rubric")
        what = {"indicators": "indicators", "children": "sub-indicators", "elements": "elements"}[parts]
        report.add(
            parent.lines[points],
            "wrong_sum",
            f"{name} has {declared} points, its {what} add up to {actual}",
            declared=declared,
            actual=actual,
        )


def _points_of(part: Entry | None) -> Decimal | None:
    return part.values.get("points") if part is not None else None


def _check_distinct(rubric: Entry, report: Report) -> None:
    indicators = rubric.entries("indicators")
    children = [child for indicator in indicators for child in indicator.entries("children")]
    elements = [element for child in children for element in child.entries("elements")]
    reader.check_unique([*indicators, *children, *elements], "code", report)
    reader.check_unique(elements, "short_title", report)


def _described(rubric: Entry) -> dict[str, Any]:
    indicators = [_described_indicator(indicator) for indicator in rubric.values["indicators"]]
    counted = {key: [entry.values for entry in rubric.entries(key)] for key in ("units", "figures")}
    return {**rubric.values, **counted, "indicators": indicators}


def _described_indicator(indicator: Entry) -> dict[str, Any]:
    methods = [method.values for method in indicator.values["methods"]]
    children = [
        {**child.values, "elements": [_described_element(element) for element in child.values["elements"]]}
        for child in indicator.values["children"]
    ]
    return {
        **indicator.values,
        "methods": [method["text"] for method in methods],
        "channels": [method["channels"] for method in methods],
        "children": children,
    }


def _described_element(element: Entry) -> dict[str, Any]:
    return {**element.values, **described_guidance(element)}
