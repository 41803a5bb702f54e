"""Who does what by when, and what is still missing in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy.orm import Session

from portfolio.days import day_of
from portfolio.models import Dossier, DossierState
from portfolio.queries import people
from portfolio.queries.standing import Standing, standing
from rubric.gaps import ElementStatus, Gap, points_at_risk
from rubric.model import Element, Rubric, SubIndicator
from rubric.succession import Touch

# How many days ahead a day to be done by is called near.
NEAR = 7


@dataclass(frozen=True, slots=True)
class Task:
    """An element somebody owns: its day, and what it lacks. `days_left` is negative once the day has passed."""

    element: Element
    owner_id: int
    due_on: Date | None
    days_left: int | None
    status: ElementStatus
    score: Decimal | None
    gaps: tuple[Gap, ...]
    touch: Touch | None = None
    problem: str = ""

    @property
    def done(self) -> bool:
        """Nothing is missing and nothing waits to be looked at."""
        return self.status is ElementStatus.OK and self.touch is None and not self.problem

    @property
    def at_risk(self) -> Decimal:
        """The points that hang on it."""
        return points_at_risk(self.gaps)

    @property
    def overdue(self) -> bool:
        """Its day has passed and it isn't done."""
        return not self.done and self.days_left is not None and self.days_left < 0

    @property
    def near(self) -> bool:
        """Its day comes within a week and it isn't done."""
        return not self.done and self.days_left is not None and 0 <= self.days_left <= NEAR

    @property
    def urgency(self) -> tuple[bool, bool, Date, Decimal, int]:
        """Sorts: what is to be done before what is done, the nearest day first, then most points at risk."""
        return (
            self.done,
            self.due_on is None,
            self.due_on or Date.max,
            -self.at_risk,
            self.element.number,
        )


@dataclass(frozen=True, slots=True)
class OwnerOverdue:
    """What one person is late with, the longest overdue first."""

    name: str
    tasks: tuple[Task, ...]


def tasks(stands: Standing, *, today: Date) -> list[Task]:
    """Every element that somebody owns, the most urgent first."""
    gaps: dict[str | None, list[Gap]] = defaultdict(list)
    for gap in stands.readiness.gaps:
        gaps[gap.element].append(gap)
    found = []
    for element in stands.rubric.elements:
        row = stands.assessments.get(element.code)
        if row is None or row.assignee_id is None:
            continue
        left = stands.left
        touched, problem = left.touched.get(element.code), left.problems.get(element.code)
        found.append(
            Task(
                element=element,
                owner_id=row.assignee_id,
                due_on=row.due_on,
                days_left=(row.due_on - today).days if row.due_on else None,
                status=stands.readiness.statuses[element.code],
                score=row.score,
                gaps=tuple(gaps[element.code]),
                touch=touched.touch if touched else None,
                problem=problem.problem if problem else "",
            )
        )
    return sorted(found, key=lambda task: task.urgency)


def my_work(session: Session, dossier: Dossier, *, user_id: int, now: datetime) -> list[Task]:
    """A person's elements, the most urgent first; two statements."""
    stands = standing(session, dossier, now=now, with_uncited=False)
    return [task for task in tasks(stands, today=day_of(now)) if task.owner_id == user_id]


class Urgency(StrEnum):
    """Where a task stands among one's own."""

    OVERDUE = "overdue"
    NEAR = "near"
    LATER = "later"
    UNDATED = "undated"
    DONE = "done"


def by_urgency(found: Iterable[Task]) -> dict[Urgency, list[Task]]:
    """Tasks under their headings, the most urgent heading first; without empty ones."""
    grouped: dict[Urgency, list[Task]] = {urgency: [] for urgency in Urgency}
    for task in found:
        grouped[_urgency(task)].append(task)
    return {urgency: theirs for urgency, theirs in grouped.items() if theirs}


def _urgency(task: Task) -> Urgency:
    if task.done:
        return Urgency.DONE
    if task.due_on is None:
        return Urgency.UNDATED
    if task.overdue:
        return Urgency.OVERDUE
    return Urgency.NEAR if task.near else Urgency.LATER


def overdue(session: Session, dossier: Dossier, found: Iterable[Task]) -> list[OwnerOverdue]:
    """What of these is overdue, by person, the longest overdue first; at most one statement."""
    if dossier.state is not DossierState.DRAFTING:
        return []
    late: dict[int, list[Task]] = defaultdict(list)
    for task in found:
        if task.overdue:
            late[task.owner_id].append(task)
    if not late:
        return []
    names = people.names_of(session, late)
    return [OwnerOverdue(names[owner_id], tuple(theirs)) for owner_id, theirs in late.items()]


@dataclass(frozen=True, slots=True)
class ShareRow:
    """One element in the division of work."""

    element: Element
    status: ElementStatus
    owner_id: int | None
    due_on: Date | None
    overdue: bool


@dataclass(frozen=True, slots=True)
class Share:
    """The elements of one B-indicator in the division of work."""

    code: str
    text: str
    rows: tuple[ShareRow, ...]
    # what all of its elements have in common, for the form that assigns them together
    owner_id: int | None
    due_on: Date | None


def division(stands: Standing, *, today: Date) -> dict[str, list[Share]]:
    """Who has which element by when: the B-indicators by their A-indicator's code."""
    return {
        indicator.code: [_share(stands, child, today) for child in indicator.children]
        for indicator in stands.rubric.indicators
    }


def _share(stands: Standing, child: SubIndicator, today: Date) -> Share:
    rows = tuple(_share_row(stands, element, today) for element in child.elements)
    owners = {row.owner_id for row in rows}
    days = {row.due_on for row in rows}
    return Share(
        code=child.code,
        text=child.text,
        rows=rows,
        owner_id=owners.pop() if len(owners) == 1 else None,
        due_on=days.pop() if len(days) == 1 else None,
    )


def _share_row(stands: Standing, element: Element, today: Date) -> ShareRow:
    row = stands.assessments[element.code]
    status = stands.readiness.statuses[element.code]
    late = row.due_on is not None and row.due_on < today and status is not ElementStatus.OK
    return ShareRow(element, status, row.assignee_id, row.due_on, late)


def codes_of(rubric: Rubric, sub_indicator: str) -> list[str]:
    """The codes of a B-indicator's elements; none for an unknown one."""
    return [element.code for element in rubric.elements if element.sub_indicator == sub_indicator]
