"""What a panel asked a school to add: which elements are open, until when, and what came of it."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Exists, ScalarSelect, Select, exists, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from portfolio.models import (
    Assignment,
    Dossier,
    DossierState,
    Package,
    Panel,
    Round,
    SupplementElement,
    SupplementExtension,
    SupplementProposal,
    SupplementRequest,
    User,
)

# In these states what a panel asks binds the school.
UNDER_REVIEW = frozenset({DossierState.SUBMITTED, DossierState.SIGNING})


class Outcome(StrEnum):
    """Where a request stands."""

    OPEN = "open"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, its question for each element, and how its deadline was extended."""

    request: SupplementRequest
    questions: dict[str, str]
    # by id, the oldest first; only where whole requests are read
    extensions: dict[int, SupplementExtension] = field(default_factory=dict)

    def outcome(self, now: datetime) -> Outcome:
        """What came of it; nobody has to record that its deadline passed."""
        if self.request.answered_at is not None:
            return Outcome.ANSWERED
        if self.request.withdrawn_at is not None:
            return Outcome.WITHDRAWN
        return Outcome.LAPSED if self.request.lapsed_at or now > self.request.due_at else Outcome.OPEN

    def is_open(self, now: datetime) -> bool:
        """Whether the school may still answer."""
        return self.outcome(now) is Outcome.OPEN

    def opens(self, element: str, now: datetime) -> bool:
        """Whether this element can be written in."""
        return element in self.questions and self.is_open(now)


@dataclass(frozen=True, slots=True)
class Step:
    """A request with who asked, from which panel and round, about which package, and the answer's number."""

    asked: Asked
    by: str
    panel: str
    round: str
    about: int
    answer_id: int | None
    answer: int | None


@dataclass(frozen=True, slots=True)
class Proposal:
    """What somebody of the panel would ask the school."""

    id: int
    element: str
    question: str
    by_id: int
    by: str
    at: datetime


def newest(dossier_id: int) -> ScalarSelect[int]:
    """The id of the newest request to a school that its panel hasn't withdrawn, to be used in a query."""
    return (
        select(SupplementRequest.id)
        .where(SupplementRequest.dossier_id == dossier_id, SupplementRequest.withdrawn_at.is_(None))
        .order_by(SupplementRequest.number.desc())
        .limit(1)
        .scalar_subquery()
    )


def answer_due(assignment_id: InstrumentedAttribute[int] | int) -> ScalarSelect[datetime]:
    """Until when the school may answer what this panel asked, to be used in a query; it may have passed unrecorded."""
    return (
        select(SupplementRequest.due_at)
        .where(
            SupplementRequest.assignment_id == assignment_id,
            SupplementRequest.answered_at.is_(None),
            SupplementRequest.withdrawn_at.is_(None),
            SupplementRequest.lapsed_at.is_(None),
        )
        .order_by(SupplementRequest.number.desc())
        .limit(1)
        .scalar_subquery()
    )


def may_answer(due_at: datetime | None, now: datetime) -> bool:
    """Whether the school may still answer, by what `answer_due` found; until then its panel's table doesn't open."""
    return due_at is not None and now <= due_at


def latest(session: Session, dossier_id: int) -> Asked | None:
    """The newest request to a school that its panel hasn't withdrawn; one statement."""
    return _asked(session, SupplementRequest.id == newest(dossier_id))


def by_id(session: Session, request_id: int | None) -> Asked | None:
    """A request; one statement, none where there is no request."""
    return None if request_id is None else _asked(session, SupplementRequest.id == request_id)


def _asked(session: Session, which: ColumnElement[bool]) -> Asked | None:
    rows = session.execute(
        select(SupplementRequest, SupplementElement.element, SupplementElement.question, SupplementExtension)
        .join(SupplementElement, SupplementElement.request_id == SupplementRequest.id)
        .outerjoin(SupplementExtension, SupplementExtension.request_id == SupplementRequest.id)
        .where(which)
        .order_by(SupplementExtension.due_at)
        .execution_options(populate_existing=True)
    ).all()
    if not rows:
        return None
    asked = Asked(rows[0].SupplementRequest, {})
    for row in rows:
        _gather(asked, row)
    return asked


def _gather(asked: Asked, row: Any) -> None:
    """Take up what a row says of a request; an element and an extension come in every combination."""
    asked.questions[row.element] = row.question
    if (extension := row.SupplementExtension) is not None:
        asked.extensions[extension.id] = extension


def with_newest(statement: Select[Any], dossier_id: int, element: str) -> Select[Any]:
    """The statement with the newest request too, and what it asks about the element: columns for `read`."""
    about_it = (SupplementElement.request_id == SupplementRequest.id) & (SupplementElement.element == element)
    return (
        statement.add_columns(SupplementRequest, SupplementElement.question)
        .outerjoin(SupplementRequest, SupplementRequest.id == newest(dossier_id))
        .outerjoin(SupplementElement, about_it)
        .execution_options(populate_existing=True)
    )


def read(row: Any, *, state: DossierState, element: str) -> Asked | None:
    """What a row of `with_newest` says, as far as one element goes; None where nothing asked binds the school."""
    if row.SupplementRequest is None or state not in UNDER_REVIEW:
        return None
    return Asked(row.SupplementRequest, {} if row.question is None else {element: row.question})


def asked_of(session: Session, dossier: Dossier) -> Asked | None:
    """What the panel asked of a dossier under review, in at most one statement; in other states it binds nobody."""
    return latest(session, dossier.id) if dossier.state in UNDER_REVIEW else None


def history(session: Session, dossier_id: int, *, panels: Set[int] | None = None) -> tuple[Step, ...]:
    """Every request to a school, or those of these panels, the newest first; one statement."""
    about, answer = aliased(Package), aliased(Package)
    asked = (
        select(
            SupplementRequest,
            SupplementElement.element,
            SupplementElement.question,
            SupplementExtension,
            User.name,
            Panel.name,
            Round.name,
            about.number,
            answer.id,
            answer.number,
        )
        .join(SupplementElement, SupplementElement.request_id == SupplementRequest.id)
        .outerjoin(SupplementExtension, SupplementExtension.request_id == SupplementRequest.id)
        .join(User, User.id == SupplementRequest.asked_by)
        .join(Assignment, Assignment.id == SupplementRequest.assignment_id)
        .join(Panel, Panel.id == Assignment.panel_id)
        .join(Round, Round.id == Assignment.round_id)
        .join(about, about.id == SupplementRequest.package_id)
        .outerjoin(answer, answer.id == SupplementRequest.answer_id)
        .where(SupplementRequest.dossier_id == dossier_id)
        .order_by(SupplementRequest.number.desc(), SupplementExtension.due_at)
        .execution_options(populate_existing=True)
    )
    if panels is not None:
        asked = asked.where(Assignment.panel_id.in_(panels))
    rows = session.execute(asked).all()
    steps: dict[int, Step] = {}
    for row in rows:
        request = row.SupplementRequest
        about_it: Any = row[4:]
        step = steps.setdefault(request.id, Step(Asked(request, {}), *about_it))
        _gather(step.asked, row)
    return tuple(steps.values())


def proposals(session: Session, assignment: Assignment, *, of: int | None = None) -> tuple[Proposal, ...]:
    """What experts propose to ask and no request took up, by element; `of` one of them only. One statement."""
    asked = (
        select(
            SupplementProposal.id,
            SupplementProposal.element,
            SupplementProposal.question,
            SupplementProposal.proposed_by,
            User.name,
            SupplementProposal.proposed_at,
        )
        .join(User, User.id == SupplementProposal.proposed_by)
        .where(
            SupplementProposal.assignment_id == assignment.id,
            SupplementProposal.request_id.is_(None),
        )
        .order_by(SupplementProposal.element, SupplementProposal.proposed_at)
    )
    if of is not None:
        asked = asked.where(SupplementProposal.proposed_by == of)
    return tuple(Proposal(*row) for row in session.execute(asked))


Number = InstrumentedAttribute[int | None]


def changed_since(
    dossier_id: InstrumentedAttribute[int] | int, element: InstrumentedAttribute[str], number: Number
) -> Exists:
    """Whether a package after this number has the element otherwise, as a condition over rows that hold both."""
    answer = aliased(Package)
    return exists().where(
        SupplementRequest.dossier_id == dossier_id,
        SupplementElement.request_id == SupplementRequest.id,
        SupplementElement.element == element,
        SupplementElement.changed.is_(True),
        answer.id == SupplementRequest.answer_id,
        answer.number > number,
    )
