"""From a rubric file to a `Rubric`: every mistake of the file is named with its line, in one run."""

import re
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import Node

from rubric import reader
from rubric.model import Rubric, build
from rubric.reader import Entry, Problem, Report, RubricInvalid

__all__ = ["DATA", "DEFAULT", "Problem", "RubricInvalid", "available", "find", "load"]

DATA = Path(__file__).parent / "data"
DEFAULT = "xian-new-quality-school"
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

_METHOD = reader.mapping_of("method", {"text": reader.text, "channels": reader.list_of(reader.channel)})
_ELEMENT = reader.mapping_of(
    "element",
    {
        "code": reader.code("C"),
        "short_title": reader.short_title,
        "text": reader.text,
        "points": reader.points,
    },
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
)


def load(path: Path) -> Rubric:
    """The rubric of a file; raises RubricInvalid with every mistake in it."""
    report = Report(path)
    node = _compose(path, report)
    entry: Entry | None = _RUBRIC(node, report) if node is not None else None
    if entry is not None:
        _check_sums(entry, report)
        _check_distinct(entry, report)
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


def _compose(path: Path, report: Report) -> Node | None:
    try:
        text = path.read_bytes().decode("utf-8-sig")
        node: Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is None:
            report.add(1, "empty_file", "the file holds nothing")
        return node
    except OSError as error:
        report.add(1, "unreadable", f"the file cannot be read: {error.strerror}")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        report.add(line, "not_utf8", "the file is not UTF-8 text")
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        report.add(line, "syntax", f"not YAML: {error.reason}")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        report.add(mark.line + 1 if mark else 1, "syntax", f"not YAML: {error.problem}")
    except RecursionError:
        report.add(1, "syntax", "not YAML that can be read: nested too deeply")
    return None


def _check_sums(rubric: Entry, report: Report) -> None:
    indicators = _entries(rubric, "indicators")
    _check_sum(rubric, "total_points", "indicators", report)
    for indicator in indicators:
        _check_sum(indicator, "points", "children", report)
        for child in _entries(indicator, "children"):
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
    indicators = _entries(rubric, "indicators")
    children = [child for indicator in indicators for child in _entries(indicator, "children")]
    elements = [element for child in children for element in _entries(child, "elements")]
    _check_unique([*indicators, *children, *elements], "code", report)
    _check_unique(elements, "short_title", report)


def _check_unique(entries: Iterable[Entry], key: str, report: Report) -> None:
    first_lines: dict[str, int] = {}
    for entry in entries:
        value = entry.values.get(key)
        if value is None:
            continue
        line = entry.lines[key]
        if value not in first_lines:
            first_lines[value] = line
            continue
        first = first_lines[value]
        message = f"the {key.replace('_', ' ')} {value} stands twice, first on line {first}"
        report.add(line, f"duplicate_{key}", message, given=value, first_line=first)


def _entries(parent: Entry, key: str) -> list[Entry]:
    return [entry for entry in parent.values.get(key, []) if entry is not None]


def _described(rubric: Entry) -> dict[str, Any]:
    indicators = [_described_indicator(indicator) for indicator in rubric.values["indicators"]]
    return {**rubric.values, "indicators": indicators}


def _described_indicator(indicator: Entry) -> dict[str, Any]:
    methods = [method.values for method in indicator.values["methods"]]
    children = [
        {**child.values, "elements": [element.values for element in child.values["elements"]]}
        for child in indicator.values["children"]
    ]
    return {
        **indicator.values,
        "methods": [method["text"] for method in methods],
        "channels": [method["channels"] for method in methods],
        "children": children,
    }
