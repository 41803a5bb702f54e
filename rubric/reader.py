"""Values out of a YAML file, each with its line, and a problem for each that is not what it should be."""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

SHORT_TITLE_LENGTH = range(4, 11)
LONGEST_SLUG = 32  # characters
_DEEPEST = 50  # levels of lists and mappings; a rubric has 9
_POINTS = re.compile(r"(0|[1-9][0-9]{0,5})(\.[0-9]{1,2})?")
_KIND = {MappingNode: "a mapping", SequenceNode: "a list", ScalarNode: "a single value"}
_NULL, _STRING, _BOOLEAN = "tag:yaml.org,2002:null", "tag:yaml.org,2002:str", "tag:yaml.org,2002:bool"


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

    def entries(self, key: str) -> list["Entry"]:
        """The entries of a list it holds; those that could not be read are left out."""
        return [entry for entry in self.values.get(key, []) if entry is not None]


Read = Callable[[Node, Report], Any]  # None stands for a value that could not be read and has been reported


def compose(path: Path, report: Report) -> Node | None:
    """The tree of a YAML file; None, and reported why, where there is none."""
    try:
        content = path.read_bytes().decode("utf-8-sig")
        node = _tree(content)
        if node is None:
            report.add(1, "empty_file", "the file holds nothing")
        return node
    except OSError as error:
        report.add(1, "unreadable", f"the file cannot be read: {error.strerror}")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        report.add(line, "not_utf8", "the file is not UTF-8 text")
    except yaml.reader.ReaderError as error:
        line = content.count("\n", 0, error.position) + 1
        report.add(line, "syntax", f"not YAML: {error.reason}")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        report.add(mark.line + 1 if mark else 1, "syntax", f"not YAML: {error.problem}")
    except RecursionError:
        report.add(1, "syntax", "not YAML that can be read: nested too deeply")
    return None


def _tree(content: str) -> Node | None:
    """By libyaml, 16 times as fast; what it stumbles over goes to the other reader, whose words say more."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        # its composer ends the process where lists are nested some thousand levels deep
        if _depth(content, loader) > _DEEPEST:
            loader = yaml.SafeLoader
        tree: Node | None = yaml.compose(content, Loader=loader)
    except yaml.YAMLError:
        tree = yaml.compose(content, Loader=yaml.SafeLoader)
    return tree


def _depth(content: str, loader: type) -> int:
    """Levels of lists and mappings."""
    depth = deepest = 0
    for event in yaml.parse(content, Loader=loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        deepest = max(deepest, depth)
    return deepest


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


def one_of(what: str, kinds: type[StrEnum]) -> Read:
    """Reads one of the values of an enumeration."""

    def read(node: Node, report: Report) -> StrEnum | None:
        value = text(node, report)
        if value is None:
            return None
        if value in set(kinds):
            return kinds(value)
        known = [str(each) for each in kinds]
        words = hint(value, known) or f"; known are {', '.join(known)}"
        report.add(line_of(node), f"unknown_{what}", f"unknown {what} {value!r}{words}", given=value)
        return None

    return read


def slug(separator: str) -> Read:
    """Reads a name of ours such as training-plan or test_sets: what keys and formulas know a thing by."""
    pattern = re.compile(rf"[a-z][a-z0-9]*(?:{separator}[a-z0-9]+)*")

    def read(node: Node, report: Report) -> str | None:
        value = text(node, report)
        if value is None or (len(value) <= LONGEST_SLUG and pattern.fullmatch(value)):
            return value
        message = f"{value!r} is not a short name of small letters, digits and {separator}"
        report.add(line_of(node), "bad_name", message, given=value)
        return None

    return read


def flag(node: Node, report: Report) -> bool | None:
    """True; what is false is left out."""
    if isinstance(node, ScalarNode) and node.tag == _BOOLEAN and node.value.lower() == "true":
        return True
    _wrong_type(node, report, "true, or nothing at all")
    return None


def small_number(node: Node, report: Report) -> int | None:
    """A whole number of one digit."""
    if isinstance(node, ScalarNode) and node.tag != _STRING and re.fullmatch("[0-9]", node.value):
        return int(node.value)
    _wrong_type(node, report, "a whole number from 0 to 9")
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


def mapping_of(what: str, fields: Mapping[str, Read], optional: Mapping[str, Read] | None = None) -> Read:
    """Reads a mapping with all of these keys, perhaps the optional ones, and no others, into an Entry."""
    known = {**fields, **(optional or {})}

    def read(node: Node, report: Report) -> Entry | None:
        if not isinstance(node, MappingNode):
            _wrong_type(node, report, f"{what}: a mapping")
            return None
        nodes = _known_nodes(node, report, what, known, required=list(fields))
        read_values = {key: known[key](value, report) for key, value in nodes.items()}
        return Entry(
            line=line_of(node),
            values={key: value for key, value in read_values.items() if value is not None},
            lines={key: line_of(value) for key, value in nodes.items()},
        )

    return read


def _known_nodes(
    node: MappingNode, report: Report, what: str, known: Iterable[str], required: Iterable[str]
) -> dict[str, Node]:
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
            message = f"unknown key {key!r} in {what}{hint(key, known)}"
            report.add(line_of(key_node), "unknown_key", message, key=key)
    for key in required:
        # A key that was only misspelt has been named already.
        if key not in nodes and key not in meant:
            report.add(line_of(node), "missing_key", f"{what} has no {key}", key=key)
    return nodes


def check_unique(entries: Iterable[Entry], key: str, report: Report, what: str = "") -> None:
    """No two entries have the same value; `what` they are, if the key alone doesn't say."""
    first_lines: dict[str, int] = {}
    for entry in entries:
        value = entry.values.get(key)
        if value is None:
            continue
        line = entry.lines[key]
        if value not in first_lines:
            first_lines[value] = line
            continue
        first, name = first_lines[value], what or key
        message = f"the {name.replace('_', ' ')} {value} stands twice, first on line {first}"
        report.add(line, f"duplicate_{name}", message, given=value, first_line=first)


def hint(given: str, known: Iterable[str]) -> str:
    """Words that name the known spelling a misspelt one is closest to, if there is any."""
    close = difflib.get_close_matches(given, known, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _is_blank(node: Node) -> bool:
    return isinstance(node, ScalarNode) and (node.tag == _NULL or not node.value.strip())


def _wrong_type(node: Node, report: Report, wanted: str) -> None:
    found = _KIND[type(node)]
    if isinstance(node, ScalarNode):
        found = "nothing" if _is_blank(node) else f"{node.value!r}"
    report.add(line_of(node), "wrong_type", f"expected {wanted}, found {found}", wanted=wanted)
