"""Values out of a YAML file, each with its line, and a problem for each that is not what it should be."""

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from rubric.model import Channel

SHORT_TITLE_LENGTH = range(4, 11)
_POINTS = re.compile(r"(0|[1-9][0-9]{0,5})(\.[0-9]{1,2})?")
_KIND = {MappingNode: "a mapping", SequenceNode: "a list", ScalarNode: "a single value"}
_NULL, _STRING = "tag:yaml.org,2002:null", "tag:yaml.org,2002:str"


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake of a file: where it stands (lines count from 1), a stable code, and words for a person."""

    path: Path
    line: int
    code: str
    message: str
    context: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


class RubricInvalid(ValueError):
    """A rubric file that cannot be used; `problems` holds every mistake found in it, in line order."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Report:
    """The problems of one file, as they are found."""

    path: Path
    problems: list[Problem] = field(default_factory=list)

    def add(self, line: int, code: str, message: str, **context: Any) -> None:
        """Note one problem."""
        self.problems.append(Problem(self.path, line, code, message, context))

    def in_line_order(self) -> list[Problem]:
        """The problems from the top of the file to its end."""
        return sorted(self.problems, key=lambda problem: problem.line)


@dataclass(frozen=True, slots=True)
class Entry:
    """One mapping of the file: what could be read of it, and the line of each value."""

    line: int
    values: dict[str, Any]
    lines: dict[str, int]


Read = Callable[[Node, Report], Any]  # None stands for a value that could not be read and has been reported


def line_of(node: Node) -> int:
    """The line a node starts on, from 1."""
    return int(node.start_mark.line) + 1


def text(node: Node, report: Report) -> str | None:
    """Words; not blank."""
    if _is_blank(node):
        report.add(line_of(node), "blank_text", "the text is missing")
        return None
    if not isinstance(node, ScalarNode) or node.tag != _STRING:
        _wrong_type(node, report, "text")
        return None
    return str(node.value)


def points(node: Node, report: Report) -> Decimal | None:
    """A positive number with at most two decimals."""
    plain = isinstance(node, ScalarNode) and node.tag != _STRING and _POINTS.fullmatch(node.value)
    if not plain or not Decimal(node.value):
        given = node.value if isinstance(node, ScalarNode) else _KIND[type(node)]
        message = f"points must be a positive number with at most 2 decimals, not {given!r}"
        report.add(line_of(node), "bad_points", message, given=given)
        return None
    return Decimal(node.value)


def code(letter: str) -> Read:
    """Reads a code such as A4, B11, C38: the letter and a number without leading zeros."""

    def read(node: Node, report: Report) -> str | None:
        value = text(node, report)
        if value is None or re.fullmatch(rf"{letter}[1-9][0-9]*", value):
            return value
        message = f"{value!r} is not a code such as {letter}1"
        report.add(line_of(node), "bad_code", message, given=value, letter=letter)
        return None

    return read


def short_title(node: Node, report: Report) -> str | None:
    """A title of 4 to 10 characters; letters, digits and Chinese characters count, punctuation doesn't."""
    value = text(node, report)
    if value is None:
        return None
    length = sum(character.isalnum() for character in value)
    if length in SHORT_TITLE_LENGTH:
        return value
    message = f"the short title {value!r} has {length} characters; it must have 4 to 10"
    report.add(line_of(node), "short_title_length", message, given=value, length=length)
    return None


def channel(node: Node, report: Report) -> Channel | None:
    """One of the channels."""
    value = text(node, report)
    if value is None:
        return None
    if value in set(Channel):
        return Channel(value)
    known = [str(each) for each in Channel]
    hint = _hint(value, known) or f"; known are {', '.join(known)}"
    report.add(line_of(node), "unknown_channel", f"unknown channel {value!r}{hint}", given=value)
    return None


def list_of(read: Read) -> Read:
    """Reads a list with at least one item; an unreadable item is None in the result."""

    def read_list(node: Node, report: Report) -> list[Any] | None:
        if not isinstance(node, SequenceNode):
            _wrong_type(node, report, "a list")
            return None
        if not node.value:
            report.add(line_of(node), "empty_list", "the list is empty")
            return None
        return [read(item, report) for item in node.value]

    return read_list


def mapping_of(what: str, fields: Mapping[str, Read]) -> Read:
    """Reads a mapping with exactly these keys, all of them required, into an Entry."""

    def read(node: Node, report: Report) -> Entry | None:
        if not isinstance(node, MappingNode):
            _wrong_type(node, report, f"{what}: a mapping")
            return None
        nodes = _known_nodes(node, report, what, list(fields))
        read_values = {key: fields[key](value, report) for key, value in nodes.items()}
        return Entry(
            line=line_of(node),
            values={key: value for key, value in read_values.items() if value is not None},
            lines={key: line_of(value) for key, value in nodes.items()},
        )

    return read


def _known_nodes(node: MappingNode, report: Report, what: str, known: list[str]) -> dict[str, Node]:
    """The value nodes of the known keys; duplicate, unknown and missing keys are reported."""
    nodes: dict[str, Node] = {}
    meant: set[str] = set()
    for key_node, value in node.value:
        key = key_node.value if isinstance(key_node, ScalarNode) else None
        if key is None:
            _wrong_type(key_node, report, "a key")
        elif key in nodes:
            first = line_of(nodes[key])
            message = f"{key} stands twice in one {what}, first on line {first}"
            report.add(line_of(key_node), "duplicate_key", message, key=key, first_line=first)
        elif key in known:
            nodes[key] = value
        else:
            meant.update(difflib.get_close_matches(key, known, n=1))
            message = f"unknown key {key!r} in {what}{_hint(key, known)}"
            report.add(line_of(key_node), "unknown_key", message, key=key)
    for key in known:
        # A key that was only misspelt has been named already.
        if key not in nodes and key not in meant:
            report.add(line_of(node), "missing_key", f"{what} has no {key}", key=key)
    return nodes


def _hint(given: str, known: list[str]) -> str:
    close = difflib.get_close_matches(given, known, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _is_blank(node: Node) -> bool:
    return isinstance(node, ScalarNode) and (node.tag == _NULL or not node.value.strip())


def _wrong_type(node: Node, report: Report, wanted: str) -> None:
    found = _KIND[type(node)]
    if isinstance(node, ScalarNode):
        found = "nothing" if _is_blank(node) else f"{node.value!r}"
    report.add(line_of(node), "wrong_type", f"expected {wanted}, found {found}", wanted=wanted)
