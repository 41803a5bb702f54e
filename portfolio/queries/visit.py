"""What a panel does at a school: the agenda from the rubric's methods for this package, and the samples drawn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import and_, exists, func, select
from sqlalchemy.orm import Session

from portfolio.db import Score
from portfolio.models import (
    AgendaTick,
    Assignment,
    Draw,
    PackageCitation,
    PackageElement,
    PackageWaiver,
    User,
)
from rubric import agenda as rules
from rubric.agenda import Item
from rubric.model import Channel, Element, Rubric


@dataclass(frozen=True, slots=True)
class Lacking:
    """An element of the package that asks to be looked at: not cited at all, or submitted with waived gaps."""

    element: Element
    cited: bool
    waived: int
    at_risk: Decimal

    @property
    def state(self) -> str:
        """A `data-s` value."""
        return "gap" if self.waived and self.cited else "bare"


@dataclass(frozen=True, slots=True)
class Todo:
    """An item of the agenda: where the dossier lacks something there, and whether somebody ticked it off."""

    item: Item
    lacking: tuple[Lacking, ...]
    ticked_by: str | None
    ticked_at: datetime | None

    @property
    def at_risk(self) -> Decimal:
        """The points that hang on what is lacking."""
        return sum((each.at_risk for each in self.lacking), Decimal(0))


@dataclass(frozen=True, slots=True)
class Agenda:
    """The visit: what to do by channel, the most points at risk first; what to look at before all."""

    by_channel: dict[Channel, tuple[Todo, ...]]
    first: tuple[Lacking, ...]

    @property
    def todos(self) -> tuple[Todo, ...]:
        """Every item."""
        return tuple(todo for todos in self.by_channel.values() for todo in todos)

    @property
    def done(self) -> int:
        """How many items are ticked off."""
        return sum(todo.ticked_at is not None for todo in self.todos)


def agenda(session: Session, assignment: Assignment, rubric: Rubric) -> Agenda:
    """The rubric's own methods for this package, in two statements."""
    lacking = _lacking(session, assignment.package_id, rubric)
    ticks = {
        item: (name, at)
        for item, name, at in session.execute(
            select(AgendaTick.item, User.name, AgendaTick.ticked_at)
            .join(User, User.id == AgendaTick.ticked_by)
            .where(AgendaTick.assignment_id == assignment.id)
        )
    }
    by_channel: dict[Channel, list[Todo]] = {}
    for item in rules.agenda(rubric):
        found = tuple(lacking[code] for code in item.elements if code in lacking)
        by_channel.setdefault(item.channel, []).append(Todo(item, found, *ticks.get(item.key, (None, None))))
    return Agenda(
        {
            channel: tuple(sorted(todos, key=lambda todo: -todo.at_risk))
            for channel, todos in by_channel.items()
        },
        tuple(sorted(lacking.values(), key=lambda each: -each.at_risk)),
    )


def _lacking(session: Session, package_id: int, rubric: Rubric) -> dict[str, Lacking]:
    """The package's elements without a citation or with waived gaps, in the rubric's order."""
    cited = exists().where(
        PackageCitation.package_id == package_id, PackageCitation.element == PackageElement.element
    )
    waived = and_(
        PackageWaiver.package_id == PackageElement.package_id,
        PackageWaiver.element == PackageElement.element,
    )
    rows = session.execute(
        select(
            PackageElement.element,
            cited.label("cited"),
            func.count(PackageWaiver.gap).label("waived"),
            func.max(PackageWaiver.points_at_risk, type_=Score()).label("at_risk"),
        )
        .outerjoin(PackageWaiver, waived)
        .where(PackageElement.package_id == package_id)
        .group_by(PackageElement.package_id, PackageElement.element)
    )
    found = {}
    for row in rows:
        if row.cited and not row.waived:
            continue
        element = rubric.element(row.element)
        at_risk = (row.at_risk or Decimal(0)) if row.cited else element.points
        found[row.element] = Lacking(element, row.cited, row.waived, at_risk)
    return {element.code: found[element.code] for element in rubric.elements if element.code in found}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A draw, with the name of who drew."""

    draw: Draw
    by: str


def draws(session: Session, assignment: Assignment) -> tuple[Drawn, ...]:
    """Every draw of the visit, the newest first; one statement."""
    rows = session.execute(
        select(Draw, User.name)
        .join(User, User.id == Draw.drawn_by)
        .where(Draw.assignment_id == assignment.id)
        .order_by(Draw.number.desc())
    )
    return tuple(Drawn(*row) for row in rows)
