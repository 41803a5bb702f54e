"""The rectification list after a result: what the school reported, what re-checks found, what is overdue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from portfolio.days import day_of
from portfolio.errors import NotFound
from portfolio.models import (
    Assignment,
    CheckOutcome,
    Cycle,
    Dossier,
    Package,
    RectificationAnswer,
    RectificationCheck,
    RectificationCitation,
    RectificationItem,
    Round,
    School,
    User,
)
from portfolio.policy import Place
from portfolio.queries import places
from portfolio.queries.appeals import AnswerFile, answer_files


class ItemState(StrEnum):
    """How far an item is: what the last re-check found, unless the school has reported since."""

    OPEN = "open"
    REPORTED = "reported"
    PARTLY = "partly"
    NOT_DONE = "not_done"
    DONE = "done"


_FOUND = {
    CheckOutcome.DONE: ItemState.DONE,
    CheckOutcome.PARTLY: ItemState.PARTLY,
    CheckOutcome.NOT_DONE: ItemState.NOT_DONE,
}


@dataclass(frozen=True, slots=True)
class Step:
    """A report of the school (no outcome) or a re-check, and who made it."""

    who: str
    at: datetime
    text: str
    outcome: CheckOutcome | None
    files: tuple[AnswerFile, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemView:
    """An item with everything that was said of it, oldest first."""

    item: RectificationItem
    steps: tuple[Step, ...]
    days_left: int

    @property
    def state(self) -> ItemState:
        """How far it is."""
        if not self.steps:
            return ItemState.OPEN
        outcome = self.steps[-1].outcome
        return ItemState.REPORTED if outcome is None else _FOUND[outcome]

    @property
    def overdue(self) -> bool:
        """Its day has passed, and it is the school's turn."""
        return self.days_left < 0 and self.state not in (ItemState.DONE, ItemState.REPORTED)

    @property
    def answers(self) -> int:
        """How many reports the school has made."""
        return sum(step.outcome is None for step in self.steps)


@dataclass(frozen=True, slots=True)
class ItemAt:
    """An item, and the assignment whose list it is on."""

    item: RectificationItem
    assignment: Assignment


def item(session: Session, *, round_id: int, package_id: int, number: int) -> tuple[ItemAt, Place]:
    """Locates an item."""
    assignment, place = places.settlement(session, round_id=round_id, package_id=package_id)
    found = session.scalar(
        select(RectificationItem).where(
            RectificationItem.assignment_id == assignment.id, RectificationItem.number == number
        )
    )
    if found is None:
        raise NotFound()
    return ItemAt(found, assignment), place


def items(session: Session, assignment_id: int, *, now: datetime) -> list[ItemView]:
    """The list of an assignment in its order, in at most four statements."""
    of = RectificationItem.assignment_id == assignment_id
    return _views(session, of, today=day_of(now))


def lists(session: Session, assignment_ids: list[int], *, now: datetime) -> dict[int, list[ItemView]]:
    """The lists of several assignments, each in its order; at most four statements."""
    found: dict[int, list[ItemView]] = {each: [] for each in assignment_ids}
    if assignment_ids:
        for view in _views(session, RectificationItem.assignment_id.in_(assignment_ids), today=day_of(now)):
            found[view.item.assignment_id].append(view)
    return found


def _views(session: Session, of: ColumnElement[bool], *, today: Date) -> list[ItemView]:
    rows = list(
        session.scalars(
            select(RectificationItem)
            .where(of)
            .order_by(RectificationItem.assignment_id, RectificationItem.number)
            .execution_options(populate_existing=True)
        )
    )
    steps = _steps(session, [row.id for row in rows])
    return [ItemView(row, tuple(steps.get(row.id, ())), (row.due_on - today).days) for row in rows]


def _steps(session: Session, ids: Iterable[int]) -> dict[int, list[Step]]:
    """Reports and re-checks by item, oldest first."""
    ids = list(ids)
    if not ids:
        return {}
    answers = session.execute(
        select(RectificationAnswer, User.name)
        .join(User, User.id == RectificationAnswer.answered_by)
        .where(RectificationAnswer.item_id.in_(ids))
    ).all()
    checks = session.execute(
        select(RectificationCheck, User.name)
        .join(User, User.id == RectificationCheck.checked_by)
        .where(RectificationCheck.item_id.in_(ids))
    ).all()
    files = answer_files(
        session,
        RectificationCitation,
        RectificationCitation.answer_id,
        [row.RectificationAnswer.id for row in answers],
    )
    found: dict[int, list[tuple[tuple[int, int, int], Step]]] = defaultdict(list)
    numbers = {row.RectificationAnswer.id: row.RectificationAnswer.number for row in answers}
    for answer, name in answers:
        step = Step(name, answer.answered_at, answer.text, None, files.get(answer.id, ()))
        found[answer.item_id].append(((answer.number, 0, 0), step))
    for check, name in checks:
        # a re-check comes after the report it read
        order = (numbers.get(check.answer_id, 0), 1, check.number)
        found[check.item_id].append((order, Step(name, check.checked_at, check.reason, check.outcome)))
    return {
        item_id: [step for _order, step in sorted(each, key=lambda at: at[0])]
        for item_id, each in found.items()
    }


@dataclass(frozen=True, slots=True)
class ListOwner:
    """Whose list it is on."""

    school: str
    district: str
    cycle: str
    round: str
    round_id: int
    package_id: int
    dossier_id: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """An item that somebody waits for, and whose it is."""

    view: ItemView
    at: ListOwner


def city(session: Session, *, now: datetime) -> list[Waiting]:
    """Every published item that isn't done, those to re-check first, then the longest overdue; five statements."""
    waiting = _waiting(session, true(), now=now)
    return sorted(
        (each for each in waiting if each.view.state is not ItemState.DONE),
        key=lambda each: (
            each.view.state is not ItemState.REPORTED,
            each.view.days_left,
            each.at.school,
            each.view.item.number,
        ),
    )


def overdue(session: Session, dossier: Dossier, *, now: datetime) -> list[Waiting]:
    """What a dossier's school is late with in its published results; one statement where there is nothing."""
    late = (Package.school_id == dossier.school_id) & (RectificationItem.due_on < day_of(now))
    return [each for each in _waiting(session, late, now=now) if each.view.overdue]


def _waiting(session: Session, which: ColumnElement[bool], *, now: datetime) -> list[Waiting]:
    """The published items of a kind, with whose they are."""
    rows = session.execute(
        select(
            RectificationItem.id,
            School.name,
            School.district,
            Cycle.name,
            Round.name,
            Round.id,
            Package.id,
            Package.dossier_id,
        )
        .select_from(RectificationItem)
        .join(Assignment, Assignment.id == RectificationItem.assignment_id)
        .join(Package, Package.id == Assignment.package_id)
        .join(School, School.id == Package.school_id)
        .join(Cycle, Cycle.id == Package.cycle_id)
        .join(Round, Round.id == Assignment.round_id)
        .where(Assignment.published_at.is_not(None), which)
    ).all()
    if not rows:
        return []
    whose = {row[0]: ListOwner(*row[1:]) for row in rows}
    views = _views(session, RectificationItem.id.in_(whose), today=day_of(now))
    return [Waiting(view, whose[view.item.id]) for view in views]
