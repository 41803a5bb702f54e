"""What the rule book is made of: indicators (A), sub-indicators (B), elements (C), assessment methods."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any


class Channel(StrEnum):
    """The ways a panel learns something: 听取汇报, 查阅资料, 实地查看, 座谈, 访谈, 听课, 问卷."""

    LISTEN = "listen"
    DOCUMENTS = "documents"
    INSPECT = "inspect"
    DISCUSS = "discuss"
    INTERVIEW = "interview"
    OBSERVE = "observe"
    SURVEY = "survey"


@dataclass(frozen=True, slots=True)
class Method:
    """One official line of 评估方法 and the channels it uses; 听课、现场查看 uses two."""

    text: str
    channels: tuple[Channel, ...]


@dataclass(frozen=True, slots=True)
class Element:
    """评估要素: official text and points; `short_title` is ours; `indicator` "A4", `sub_indicator` "B11"."""

    code: str
    text: str
    points: Decimal
    short_title: str
    indicator: str
    sub_indicator: str

    @property
    def number(self) -> int:
        """The digits of the code: 38 of C38."""
        return int(self.code[1:])


@dataclass(frozen=True, slots=True)
class SubIndicator:
    """二级指标."""

    code: str
    text: str
    points: Decimal
    elements: tuple[Element, ...]


@dataclass(frozen=True, slots=True)
class Indicator:
    """一级指标, with the methods by which it is assessed."""

    code: str
    title: str
    points: Decimal
    methods: tuple[Method, ...]
    children: tuple[SubIndicator, ...]

    @property
    def elements(self) -> tuple[Element, ...]:
        """Its elements, in order."""
        return tuple(element for child in self.children for element in child.elements)


@dataclass(frozen=True, slots=True)
class Rubric:
    """A whole rubric; `name` is the slug of its file, `elements` all elements in order.

    `digest` is the SHA-256 (hex) of the canonical JSON of `official()`: keys sorted, UTF-8, no spaces. Whoever
    has the published wording can recompute it; what we add (short titles, channels) is not part of it.
    """

    name: str
    title: str
    total_points: Decimal
    indicators: tuple[Indicator, ...]
    elements: tuple[Element, ...] = field(init=False, repr=False, compare=False)
    digest: str = field(init=False, repr=False, compare=False)
    _position: Mapping[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        elements = tuple(element for indicator in self.indicators for element in indicator.elements)
        object.__setattr__(self, "elements", elements)
        object.__setattr__(self, "_position", {element.code: at for at, element in enumerate(elements)})
        object.__setattr__(self, "digest", _sha256(self.official()))

    def element(self, code: str) -> Element:
        """The element of this code; raises KeyError."""
        return self.elements[self._position[code]]

    def indicator_of(self, code: str) -> Indicator:
        """The A-indicator an element belongs to; raises KeyError."""
        wanted = self.element(code).indicator
        return next(indicator for indicator in self.indicators if indicator.code == wanted)

    def sub_indicator_of(self, code: str) -> SubIndicator:
        """The B-indicator an element belongs to; raises KeyError."""
        wanted = self.element(code).sub_indicator
        return next(child for child in self.indicator_of(code).children if child.code == wanted)

    def previous(self, code: str) -> Element | None:
        """The element before this one, None at the first; raises KeyError."""
        at = self._position[code]
        return self.elements[at - 1] if at > 0 else None

    def next(self, code: str) -> Element | None:
        """The element after this one, None at the last; raises KeyError."""
        at = self._position[code] + 1
        return self.elements[at] if at < len(self.elements) else None

    def official(self) -> dict[str, Any]:
        """What the city published and nothing else, as plain JSON values; points are JSON numbers."""
        return {
            "title": self.title,
            "total_points": _number(self.total_points),
            "indicators": [_official_indicator(indicator) for indicator in self.indicators],
        }

    def described(self) -> dict[str, Any]:
        """`official()` with what we add: name, digest, short titles, and channels beside the methods."""
        data = self.official()
        for indicator, entry in zip(self.indicators, data["indicators"], strict=True):
            entry["channels"] = [
                [str(channel) for channel in method.channels] for method in indicator.methods
            ]
            for child, child_entry in zip(indicator.children, entry["children"], strict=True):
                for element, element_entry in zip(child.elements, child_entry["elements"], strict=True):
                    element_entry["short_title"] = element.short_title
        return {"name": self.name, "digest": self.digest, **data}


def from_described(data: Mapping[str, Any]) -> Rubric:
    """The rubric of a stored `described()`; raises ValueError when its wording is not that of its digest."""
    rubric = build(data)
    if rubric.digest != data["digest"]:
        raise ValueError(
            f"rubric {rubric.name}: its wording has digest {rubric.digest}, not {data['digest']}"
        )
    return rubric


def build(data: Mapping[str, Any]) -> Rubric:
    """A rubric from values in the shape of `described()`, a digest aside; they must have been checked."""
    return Rubric(
        name=data["name"],
        title=data["title"],
        total_points=_points(data["total_points"]),
        indicators=tuple(_indicator(entry) for entry in data["indicators"]),
    )


def _indicator(entry: Mapping[str, Any]) -> Indicator:
    methods = zip(entry["methods"], entry["channels"], strict=True)
    return Indicator(
        code=entry["code"],
        title=entry["title"],
        points=_points(entry["points"]),
        methods=tuple(
            Method(text, tuple(Channel(value) for value in channels)) for text, channels in methods
        ),
        children=tuple(_sub_indicator(child, entry["code"]) for child in entry["children"]),
    )


def _sub_indicator(entry: Mapping[str, Any], indicator: str) -> SubIndicator:
    return SubIndicator(
        code=entry["code"],
        text=entry["text"],
        points=_points(entry["points"]),
        elements=tuple(_element(element, indicator, entry["code"]) for element in entry["elements"]),
    )


def _element(entry: Mapping[str, Any], indicator: str, sub_indicator: str) -> Element:
    return Element(
        code=entry["code"],
        text=entry["text"],
        points=_points(entry["points"]),
        short_title=entry["short_title"],
        indicator=indicator,
        sub_indicator=sub_indicator,
    )


def _official_indicator(indicator: Indicator) -> dict[str, Any]:
    return {
        "code": indicator.code,
        "title": indicator.title,
        "points": _number(indicator.points),
        "methods": [method.text for method in indicator.methods],
        "children": [_official_sub_indicator(child) for child in indicator.children],
    }


def _official_sub_indicator(child: SubIndicator) -> dict[str, Any]:
    return {
        "code": child.code,
        "text": child.text,
        "points": _number(child.points),
        "elements": [
            {"code": element.code, "text": element.text, "points": _number(element.points)}
            for element in child.elements
        ],
    }


def _number(points: Decimal) -> int | float:
    # A JSON number; two decimals at most come back from it unchanged (see _points), so nothing is lost.
    return int(points) if points == points.to_integral_value() else float(points)


def _points(value: Decimal | float) -> Decimal:
    return Decimal(str(value))


def _sha256(value: object) -> str:
    canonical = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
