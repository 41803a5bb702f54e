"""Writing the panel's report (评审报告): its parts, and the rectification list (整改清单) that belongs to it.

The chair writes while the table is open; a proposal to close holds everything still, and closing keeps it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from portfolio.audit import Action
from portfolio.days import day_of
from portfolio.errors import DomainError, NotFound, Refused, StaleWrite
from portfolio.models import Assignment, PackageElement, RectificationItem, ReportPart
from portfolio.plaintext import plain_text
from portfolio.policy import Actor
from portfolio.services.reviews import check_length
from portfolio.services.rows import add_once, clean_name
from portfolio.services.terms import check_open, lock, terms_of, trail

LONGEST_PART = 8000


@dataclass(frozen=True, slots=True)
class Plan:
    """A line of the rectification list as written; `responsible` is somebody of the school, by name."""

    element: str
    problem: str
    measure: str
    responsible: str
    due_on: Date | None


def write_part(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    assignment: Assignment,
    part: str,
    text: str,
    version: int,
) -> int:
    """Save a part of the report over the version it was based on (0: there was none); returns the new version.

    `part` is one of ReportSection, or an A-indicator's code. Raises DomainError (assignment_closed,
    settlement_not_open, closing_proposed, text_too_long), StaleWrite with the row as it stands.
    """
    _hold(session, assignment)
    words = plain_text(text).strip()
    if len(words) > LONGEST_PART:
        raise DomainError("text_too_long", field=part, longest=LONGEST_PART)
    stands = part_of(session, assignment, part)
    if version != (stands.version if stands else 0):
        raise StaleWrite(stands)
    said = stands.text if stands else ""
    row = stands or ReportPart(assignment_id=assignment.id, part=part)
    row.text, row.version, row.saved_at, row.saved_by = words, version + 1, now, actor.user_id
    if stands is None:
        add_once(session, row, StaleWrite(None))
    session.flush()
    terms = terms_of(session, assignment)
    before, after = {"part": part, "text": said}, {"part": part, "text": words}
    trail(session, actor, now, Action.PANEL_REPORT_WRITTEN, assignment, terms, before=before, after=after)
    return row.version


def part_of(session: Session, assignment: Assignment, part: str) -> ReportPart | None:
    """A part of the report as it stands."""
    return session.scalar(
        select(ReportPart)
        .where(ReportPart.assignment_id == assignment.id, ReportPart.part == part)
        .execution_options(populate_existing=True)
    )


def list_item(
    session: Session, *, actor: Actor, now: datetime, assignment: Assignment, plan: Plan
) -> RectificationItem:
    """Put a line on the rectification list.

    Raises Refused by field, DomainError (assignment_closed, settlement_not_open, closing_proposed).
    """
    _hold(session, assignment)
    values = _checked(session, assignment, plan, now)
    last = session.scalar(
        select(func.max(RectificationItem.number)).where(RectificationItem.assignment_id == assignment.id)
    )
    item = RectificationItem(
        assignment_id=assignment.id, number=(last or 0) + 1, saved_at=now, saved_by=actor.user_id, **values
    )
    session.add(item)
    session.flush()
    _record(session, actor, now, Action.RECTIFICATION_LISTED, assignment, after=described(item))
    return item


def change_item(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    assignment: Assignment,
    number: int,
    plan: Plan,
    version: int,
) -> RectificationItem:
    """Write a line anew over the version it was based on.

    Raises NotFound, StaleWrite with the line as it stands, Refused by field, DomainError (assignment_closed,
    settlement_not_open, closing_proposed).
    """
    _hold(session, assignment)
    item = _item(session, assignment, number, version)
    values = _checked(session, assignment, plan, now)
    before = described(item)
    session.execute(
        update(RectificationItem)
        .where(RectificationItem.id == item.id)
        .values(version=version + 1, saved_at=now, saved_by=actor.user_id, **values)
    )
    session.refresh(item)
    _record(
        session, actor, now, Action.RECTIFICATION_CHANGED, assignment, before=before, after=described(item)
    )
    return item


def drop_item(
    session: Session, *, actor: Actor, now: datetime, assignment: Assignment, number: int, version: int
) -> None:
    """Take a line off the list; the trail keeps it.

    Raises NotFound, StaleWrite, DomainError (assignment_closed, settlement_not_open, closing_proposed).
    """
    _hold(session, assignment)
    item = _item(session, assignment, number, version)
    before = described(item)
    session.delete(item)
    session.flush()
    _record(session, actor, now, Action.RECTIFICATION_DROPPED, assignment, before=before)


def items_of(session: Session, assignment: Assignment) -> list[RectificationItem]:
    """The rectification list in its order."""
    return list(
        session.scalars(
            select(RectificationItem)
            .where(RectificationItem.assignment_id == assignment.id)
            .order_by(RectificationItem.number)
            .execution_options(populate_existing=True)
        )
    )


def described(item: RectificationItem) -> dict[str, Any]:
    """A line in plain values, as the trail and a closing keep it."""
    names = ("number", "element", "problem", "measure", "responsible")
    return {name: getattr(item, name) for name in names} | {"due_on": item.due_on.isoformat()}


def whole(session: Session, assignment: Assignment) -> dict[str, Any]:
    """The report as it stands: {"parts": {part: Markdown}, "items": [line, …]}; what a closing is proposed with."""
    parts = session.scalars(
        select(ReportPart)
        .where(ReportPart.assignment_id == assignment.id, ReportPart.text != "")
        .order_by(ReportPart.part)
        .execution_options(populate_existing=True)
    )
    return {
        "parts": {row.part: row.text for row in parts},
        "items": [described(item) for item in items_of(session, assignment)],
    }


def _hold(session: Session, assignment: Assignment) -> None:
    """One writer at a time, and only while finals may be set."""
    lock(session, assignment)
    check_open(session, assignment)


def _item(session: Session, assignment: Assignment, number: int, version: int) -> RectificationItem:
    item = session.scalar(
        select(RectificationItem)
        .where(RectificationItem.assignment_id == assignment.id, RectificationItem.number == number)
        .execution_options(populate_existing=True)
    )
    if item is None:
        raise NotFound()
    if item.version != version:
        raise StaleWrite(item)
    return item


def _checked(session: Session, assignment: Assignment, plan: Plan, now: datetime) -> dict[str, Any]:
    """The line's values. Raises Refused with every field that is wrong."""
    errors: dict[str, DomainError] = {}
    if session.get(PackageElement, (assignment.package_id, plan.element)) is None:
        errors["element"] = DomainError("element_unknown", field="element")
    texts = {"problem": plan.problem, "measure": plan.measure}
    for field, typed in texts.items():
        texts[field] = plain_text(typed).strip()
        if not texts[field]:
            errors[field] = DomainError(f"{field}_missing", field=field)
        check_length(field, texts[field], errors)
    responsible = ""
    try:
        responsible = clean_name(plan.responsible, field="responsible", empty="responsible_missing")
    except DomainError as error:
        errors["responsible"] = error
    if plan.due_on is None:
        errors["due_on"] = DomainError("due_missing", field="due_on")
    elif plan.due_on <= day_of(now):
        errors["due_on"] = DomainError("due_past", field="due_on")
    if errors:
        raise Refused(errors)
    return {"element": plan.element, **texts, "responsible": responsible, "due_on": plan.due_on}


def _record(
    session: Session, actor: Actor, now: datetime, action: Action, assignment: Assignment, **values: Any
) -> None:
    trail(session, actor, now, action, assignment, terms_of(session, assignment), **values)
