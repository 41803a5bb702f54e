"""What a gap of each kind weighs: the share of points it puts at risk, and the work it takes to close it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from yaml.nodes import Node, ScalarNode

from rubric import reader
from rubric.gaps.rules import Rule
from rubric.loader import DATA
from rubric.reader import Entry, Report, RubricInvalid

DEFAULT = DATA / "gaps" / "weights.yaml"

# They doubt the whole claim, whatever else is wrong; a claim without evidence is never partly supported.
_WHOLE = (Rule.UNSCORED, Rule.NO_EVIDENCE, Rule.NO_JUSTIFICATION, Rule.FULL_ON_ONE_OLD_FILE)
# One more file turns a gap of the first kind into one of the second: the risk must not rise by it.
_NOT_LESS = (
    (Rule.MISSING_MATERIAL, Rule.MISSING_YEAR),
    (Rule.FULL_ON_ONE_WEAK_FILE, Rule.ONLY_PHOTOS),
)
_NUMBER = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,4})?")


@dataclass(frozen=True, slots=True)
class Weights:
    """Shares of a claim (0 to 1) and hours of work by rule, and the limits that rules hold files and words against.

    `shortest_justification` in characters of the school's own words, `last_hours` before submitting.
    """

    shares: Mapping[Rule, Decimal]
    hours: Mapping[Rule, Decimal]
    shortest_justification: int
    most_elements_a_file: int
    last_hours: int


def load_weights(path: Path) -> Weights:
    """The weights of a file; raises RubricInvalid with every mistake in it."""
    report = Report(path)
    node = reader.compose(path, report)
    entry: Entry | None = _WEIGHTS(node, report) if node is not None else None
    if entry is not None and not report.problems:
        _check_shares(entry.values["rules"], report)
    if entry is None or report.problems:
        raise RubricInvalid(report.in_line_order())
    rules = entry.values["rules"].values
    limits = entry.values["limits"].values
    return Weights(
        shares={rule: rules[rule].values["share"] for rule in Rule},
        hours={rule: rules[rule].values["hours"] for rule in Rule},
        **{name: int(limit) for name, limit in limits.items()},
    )


@lru_cache(maxsize=1)
def default_weights() -> Weights:
    """The weights that come with the rubric."""
    return load_weights(DEFAULT)


def _check_shares(rules: Entry, report: Report) -> None:
    shares = {rule: rules.values[rule].values["share"] for rule in Rule}
    for rule in _WHOLE:
        if shares[rule] != 1:
            report.add(rules.lines[rule], "wrong_share", f"{rule} doubts the whole claim: its share is 1")
    for larger, smaller in _NOT_LESS:
        if shares[larger] < shares[smaller]:
            report.add(
                rules.lines[larger], "wrong_share", f"the share of {larger} is less than that of {smaller}"
            )


def _share(node: Node, report: Report) -> Decimal | None:
    share = _number(node, report)
    if share is None or share <= 1:
        return share
    report.add(reader.line_of(node), "wrong_share", f"a share is from 0 to 1, not {share}")
    return None


def _positive(node: Node, report: Report) -> Decimal | None:
    number = _number(node, report)
    if number is None or number > 0:
        return number
    report.add(reader.line_of(node), "not_positive", f"expected a number above 0, found {number}")
    return None


def _whole(node: Node, report: Report) -> Decimal | None:
    number = _positive(node, report)
    if number is None or number == int(number):
        return number
    report.add(reader.line_of(node), "not_whole", f"expected a whole number, found {number}")
    return None


def _number(node: Node, report: Report) -> Decimal | None:
    if isinstance(node, ScalarNode) and _NUMBER.fullmatch(node.value):
        return Decimal(node.value)
    found = repr(node.value) if isinstance(node, ScalarNode) else "something else"
    report.add(reader.line_of(node), "not_a_number", f"expected a number of 0 or more, found {found}")
    return None


_RULE = reader.mapping_of("rule", {"share": _share, "hours": _positive})
_WEIGHTS = reader.mapping_of(
    "weights",
    {
        "rules": reader.mapping_of("rules", dict.fromkeys(Rule, _RULE)),
        "limits": reader.mapping_of(
            "limits",
            {"shortest_justification": _whole, "most_elements_a_file": _whole, "last_hours": _whole},
        ),
    },
)
