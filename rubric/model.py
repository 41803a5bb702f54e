"""What the rule book is made of: indicators (A), sub-indicators (B), elements (C), assessment methods."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from rubric.guidance import (
    ExpectedMaterial,
    Figure,
    Measure,
    build_figure,
    build_material,
    build_measure,
    described_figure,
    described_material,
    described_measure,
)
from rubric.units import UnitName


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
    """评估要素: official text and points; `indicator` "A4", `sub_indicator` "B11".

    `short_title`, the materials it is `expected` to be backed by, and its `measures` are ours.
    """

    code: str
    text: str
    points: Decimal
    short_title: str
    indicator: str
    sub_indicator: str
    expected: tuple[ExpectedMaterial, ...] = field(default=(), hash=False)
    measures: tuple[Measure, ...] = field(default=(), hash=False)

    @property
    def number(self) -> int:
        """The digits of the code: 38 of C38."""
        return int(self.code[1:])

    def numbered(self, running: int) -> str:
        """The catalogue's number of the element's citation: A1-B2-C5-1 for the first."""
        return f"{self.indicator}-{self.sub_indicator}-{self.code}-{running}"


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
    has the published wording can recompute it; what we add (short titles, channels, guidance) is not part of it.
    `guidance_digest` is that of what we add, so that one can tell which guidance a page or a document showed.
    """

    name: str
    title: str
    total_points: Decimal
    indicators: tuple[Indicator, ...]
    units: tuple[UnitName, ...] = ()
    figures: tuple[Figure, ...] = ()
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

    @property
    def guidance_digest(self) -> str:
        """The SHA-256 (hex) of the canonical JSON of `described()`."""
        return _sha256(self.described())

    def guided_by(self, installed: "Rubric") -> "Rubric":
        """This rubric with the guidance of another copy of it, such as the one installed today.

        The same wording may be kept with older guidance, or none. Raises ValueError if the wording differs.
        """
        if installed.digest != self.digest:
            raise ValueError(f"{installed.name} is worded otherwise: it cannot guide {self.name}")
        return replace(installed, name=self.name)

    def official(self) -> dict[str, Any]:
        """What the city published and nothing else, as plain JSON values; points are JSON numbers."""
        return {
            "title": self.title,
            "total_points": _number(self.total_points),
            "indicators": [_official_indicator(indicator) for indicator in self.indicators],
        }

    def described(self) -> dict[str, Any]:
        """`official()` with what we add: name, digest, short titles, channels beside the methods, guidance."""
        data = self.official()
        for indicator, entry in zip(self.indicators, data["indicators"], strict=True):
            entry["channels"] = [
                [str(channel) for channel in method.channels] for method in indicator.methods
            ]
            for child, child_entry in zip(indicator.children, entry["children"], strict=True):
                for element, element_entry in zip(child.elements, child_entry["elements"], strict=True):
                    element_entry |= _added(element)
        if self.figures:
            data["units"] = [{"zh": unit.zh, "en": unit.en, "one": unit.one} for unit in self.units]
            data["figures"] = [described_figure(figure) for figure in self.figures]
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
    units = tuple(UnitName(**unit) for unit in data.get("units", ()))
    figures = tuple(build_figure(figure, units) for figure in data.get("figures", ()))
    counted = _Counted(units, figures)
    return Rubric(
        name=data["name"],
        title=data["title"],
        total_points=_points(data["total_points"]),
        indicators=tuple(_indicator(entry, counted) for entry in data["indicators"]),
        units=units,
        figures=figures,
    )


@dataclass(frozen=True, slots=True)
class _Counted:
    """What measures are made of."""

    units: tuple[UnitName, ...]
    figures: tuple[Figure, ...]


def _indicator(entry: Mapping[str, Any], counted: _Counted) -> Indicator:
    methods = zip(entry["methods"], entry["channels"], strict=True)
    return Indicator(
        code=entry["code"],
        title=entry["title"],
        points=_points(entry["points"]),
        methods=tuple(
            Method(text, tuple(Channel(value) for value in channels)) for text, channels in methods
        ),
        children=tuple(_sub_indicator(child, entry["code"], counted) for child in entry["children"]),
    )


def _sub_indicator(entry: Mapping[str, Any], indicator: str, counted: _Counted) -> SubIndicator:
    return SubIndicator(
        code=entry["code"],
        text=entry["text"],
        points=_points(entry["points"]),
        elements=tuple(_element(element, indicator, entry["code"], counted) for element in entry["elements"]),
    )


def _element(entry: Mapping[str, Any], indicator: str, sub_indicator: str, counted: _Counted) -> Element:
    measures = entry.get("measures", ())
    return Element(
        code=entry["code"],
        text=entry["text"],
        points=_points(entry["points"]),
        short_title=entry["short_title"],
        indicator=indicator,
        sub_indicator=sub_indicator,
        expected=tuple(build_material(material) for material in entry.get("expected", ())),
        measures=tuple(build_measure(each, counted.units, counted.figures) for each in measures),
    )


def _added(element: Element) -> dict[str, Any]:
    """What we add to an element; guidance only where it has any."""
    added: dict[str, Any] = {"short_title": element.short_title}
    if element.expected:
        added["expected"] = [described_material(material) for material in element.expected]
    if element.measures:
        added["measures"] = [described_measure(measure) for measure in element.measures]
    return added


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
