"""Taking in a sheet of who scores what: planned first, with every refused cell, then done in whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from portfolio.documents.assignment_sheet import Line
from portfolio.documents.cells import Cell
from portfolio.errors import DomainError
from portfolio.manifest import canonical
from portfolio.models import Assignment, Package
from portfolio.policy import Actor
from portfolio.queries.assigning import Bench, Seat, Ties, Waiting
from portfolio.services.allotting import too_few
from portfolio.services.assigning import Wish, assign_all
from portfolio.services.worksheets import Refusal
from rubric.model import Rubric
from rubric.spans import UnknownCode, shorten, spell_out

_SHORTEST_DIGEST = 8


@dataclass(frozen=True, slots=True)
class Planned:
    """A package with the panel it would go to, and who would score what; `address`: where it is first named."""

    address: str
    package: Waiting
    bench: Bench
    allotment: dict[int, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a sheet would do."""

    packages: tuple[Planned, ...]
    refusals: tuple[Refusal, ...]

    @property
    def digest(self) -> str:
        """Names exactly this plan: what was previewed is what is done."""
        said = [
            [
                each.package.package_id,
                each.bench.panel.id,
                [[expert, sorted(codes)] for expert, codes in sorted(each.allotment.items())],
            ]
            for each in self.packages
        ]
        return hashlib.sha256(canonical(said).encode()).hexdigest()


@dataclass(slots=True)
class _Gathered:
    """What the rows of one package say together."""

    address: str
    package: Waiting
    bench: Bench
    allotment: dict[int, frozenset[str]] = field(default_factory=dict)


class _Refused(Exception):
    """A cell that can't be taken."""

    def __init__(self, cell: Cell, code: str, **context: str) -> None:
        super().__init__(code)
        self.refusal = Refusal(cell.address, DomainError(code, field=None, **context))


@dataclass(frozen=True, slots=True)
class Ground:
    """What a sheet is read against: the round's waiting packages and panels, who is tied where, what is needed."""

    rubric: Rubric
    waiting: Sequence[Waiting]
    benches: Sequence[Bench]
    ties: Ties
    needed: int


def plan(lines: Iterable[Line], ground: Ground) -> Plan:
    """What the sheet would assign, and every cell that can't be taken."""
    gathered: dict[int, _Gathered] = {}
    refusals: list[Refusal] = []
    for line in lines:
        try:
            _take(line, ground, gathered)
        except _Refused as refused:
            refusals.append(refused.refusal)
    if not refusals:
        refusals.extend(_short(gathered.values(), ground))
    packages = (Planned(each.address, each.package, each.bench, each.allotment) for each in gathered.values())
    return Plan(tuple(packages), tuple(refusals))


def apply(
    session: Session, *, actor: Actor, now: datetime, planned: Plan, previewed: str
) -> list[Assignment]:
    """Do what was previewed. Raises DomainError (sheet_refused, allotment_outdated) and what assign_all does."""
    if planned.refusals:
        raise DomainError("sheet_refused", field="sheet", count=len(planned.refusals))
    if planned.digest != previewed:
        raise DomainError("allotment_outdated", field="sheet")
    wishes = [
        Wish(each.bench.panel, session.get_one(Package, each.package.package_id), each.allotment)
        for each in planned.packages
    ]
    return assign_all(session, actor=actor, now=now, wishes=wishes)


def _take(line: Line, ground: Ground, gathered: dict[int, _Gathered]) -> None:
    """Enter a row. Raises _Refused."""
    for cell in (line.school, line.panel, line.expert, line.elements):
        if cell.computed:
            raise _Refused(cell, "cell_formula")
    package = _package(line.school, ground)
    bench = _bench(line, ground)
    experts = _experts(line, bench, package, ground)
    codes = _elements(line.elements, ground.rubric)
    known = gathered.setdefault(package.package_id, _Gathered(line.school.address, package, bench))
    if known.bench is not bench:
        raise _Refused(line.panel, "cell_other_panel", panel=known.bench.panel.name)
    for expert in experts:
        if twice := known.allotment.get(expert.user_id, frozenset()) & codes:
            raise _Refused(
                line.elements,
                "cell_expert_twice",
                name=expert.name,
                elements=shorten(twice, ground.rubric),
            )
    for expert in experts:
        known.allotment[expert.user_id] = known.allotment.get(expert.user_id, frozenset()) | codes


def _package(cell: Cell, ground: Ground) -> Waiting:
    said = cell.text.strip()
    found = [
        each
        for each in ground.waiting
        if said in (each.school, f"{each.district}{each.school}")
        or (len(said) >= _SHORTEST_DIGEST and each.digest.startswith(said.lower()))
    ]
    if not found:
        raise _Refused(cell, "cell_unknown_school", school=said[:60])
    if len(found) > 1:
        raise _Refused(cell, "cell_ambiguous_school", school=said[:60])
    return found[0]


def _bench(line: Line, ground: Ground) -> Bench:
    """The panel named; where none is, the only one that the expert sits on."""
    said, who = line.panel.text.strip(), line.expert.text.strip()
    if said:
        found = [each for each in ground.benches if each.panel.name == said]
    else:
        found = [each for each in ground.benches if any(who == seat.username for seat in each.experts)]
    if len(found) != 1:
        raise _Refused(line.panel, "cell_unknown_panel", panel=said[:60])
    return found[0]


def _experts(line: Line, bench: Bench, package: Waiting, ground: Ground) -> list[Seat]:
    """The expert named, or everybody on the panel who may."""
    for chair, name in bench.chairs.items():
        if (chair, package.school_id) in ground.ties:
            raise _Refused(line.panel, "conflict_of_interest", names=name)
    said = line.expert.text.strip()
    if not said:
        return [each for each in bench.experts if (each.user_id, package.school_id) not in ground.ties]
    found = [each for each in bench.experts if each.username == said] or [
        each for each in bench.experts if each.name == said
    ]
    if len(found) != 1:
        raise _Refused(line.expert, "cell_unknown_expert", expert=said[:60], panel=bench.panel.name)
    if (found[0].user_id, package.school_id) in ground.ties:
        raise _Refused(line.expert, "conflict_of_interest", names=found[0].name)
    return found


def _elements(cell: Cell, rubric: Rubric) -> frozenset[str]:
    try:
        codes = frozenset(spell_out(cell.text, rubric))
    except UnknownCode as unknown:
        raise _Refused(cell, "cell_unknown_code", element=unknown.text[:20]) from None
    if not codes:
        raise _Refused(cell, "cell_without_elements")
    return codes


def _short(gathered: Iterable[_Gathered], ground: Ground) -> Iterable[Refusal]:
    """The packages in which an element has too few experts, at the row that first names them."""
    for each in gathered:
        if short := too_few(ground.rubric, each.allotment, needed=ground.needed):
            yield Refusal(
                each.address,
                DomainError(
                    "elements_short",
                    count=len(short),
                    elements=shorten(short, ground.rubric),
                    needed=ground.needed,
                ),
            )
