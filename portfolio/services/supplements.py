"""What the panel asks the school to add (补充材料): the chair sends it, the school answers or doesn't."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from portfolio import audit
from portfolio.audit import Action
from portfolio.days import day_of
from portfolio.errors import DomainError, NotFound, Refused
from portfolio.models import (
    Assignment,
    Dossier,
    DossierState,
    Package,
    PackageElement,
    SelfAssessment,
    SupplementElement,
    SupplementProposal,
    SupplementRequest,
)
from portfolio.plaintext import plain_text
from portfolio.policy import Actor
from portfolio.queries.supplements import Asked, latest
from portfolio.services.rows import add_once
from portfolio.services.terms import lock

LONGEST_QUESTION = 1000  # characters


def ask(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    assignment: Assignment,
    questions: Mapping[str, str],
    due_at: datetime | None,
) -> SupplementRequest:
    """Reopen these elements for the school until a moment, each with its question; proposals for them are taken up.

    Raises Refused by field (an element's own code: text_too_long; questions: supplement_empty; due_at:
    supplement_due_missing, supplement_due_passed), NotFound for an element the package doesn't have, DomainError
    (assignment_closed, supplement_late, supplement_standing, supplement_unavailable).
    """
    dossier = locked_dossier(session, assignment)
    check_before_the_table(session, assignment)
    asked = _checked(session, assignment, questions)
    due = _checked_due(due_at, now)
    lapse(session, now=now, dossier=dossier)
    if dossier.state is not DossierState.SUBMITTED:
        signing = dossier.state is DossierState.SIGNING
        raise DomainError("supplement_standing" if signing else "supplement_unavailable")
    request = SupplementRequest(
        dossier_id=dossier.id,
        assignment_id=assignment.id,
        number=_next_number(session, dossier),
        package_id=_newest_package(session, dossier),
        asked_by=actor.user_id,
        asked_at=now,
        due_at=due,
    )
    add_once(session, request, DomainError("supplement_standing"))
    session.add_all(
        SupplementElement(request_id=request.id, element=code, question=words)
        for code, words in asked.items()
    )
    _take_up(session, assignment, request, asked)
    set_due(session, dossier, request, asked)
    session.flush()
    after = {"number": request.number, "due_at": due, "questions": asked}
    record(session, actor.user_id, now, Action.SUPPLEMENT_ASKED, request, dossier, after)
    return request


def withdraw(session: Session, *, actor: Actor, now: datetime, assignment: Assignment) -> None:
    """Take a request back before it is answered: nothing is open any more.

    Raises DomainError (assignment_closed, no_supplement).
    """
    dossier = locked_dossier(session, assignment)
    asked = standing(session, assignment, dossier, now)
    asked.request.withdrawn_at, asked.request.withdrawn_by = now, actor.user_id
    _put_back(dossier)
    session.flush()
    after = {"number": asked.request.number}
    record(session, actor.user_id, now, Action.SUPPLEMENT_WITHDRAWN, asked.request, dossier, after)


def answer(
    session: Session,
    *,
    now: datetime,
    dossier: Dossier,
    request: SupplementRequest,
    package: Package,
    changed: set[str],
) -> None:
    """The school has signed: panels that still judge go on with this package, and what differs in it is marked.

    A table that is open or closed keeps the package it was opened on. Raises DomainError("supplement_over") where the
    panel that asked has opened its table meanwhile.
    """
    judging = session.scalars(
        select(Assignment)
        .join(Package, Package.id == Assignment.package_id)
        .where(Package.dossier_id == dossier.id, Assignment.closed_at.is_(None))
        .with_for_update(of=Assignment)
    ).all()
    for each in judging:
        session.refresh(each, ["settling_since", "closed_at"])
    waiting = [each for each in judging if each.settling_since is None and each.closed_at is None]
    if request.assignment_id not in {each.id for each in waiting}:
        raise DomainError("supplement_over")
    for each in waiting:
        each.package_id = package.id
    request.answered_at, request.answer_id = now, package.id
    elements = session.scalars(select(SupplementElement).where(SupplementElement.request_id == request.id))
    for element in elements:
        element.changed = element.element in changed
    session.flush()


def lapse(session: Session, *, now: datetime, dossier: Dossier) -> bool:
    """Put on record that nobody answered in time, where that is so; what waits for a signature goes back."""
    asked = latest(session, dossier.id)
    if asked is None or asked.request.answered_at or asked.request.lapsed_at or now <= asked.request.due_at:
        return False
    asked.request.lapsed_at = now
    _put_back(dossier)
    session.flush()
    after = {"number": asked.request.number, "due_at": asked.request.due_at}
    record(session, None, now, Action.SUPPLEMENT_LAPSED, asked.request, dossier, after)
    return True


def lapse_due(session: Session, *, now: datetime) -> int:
    """The same for every dossier; how many requests lapsed."""
    overdue = select(SupplementRequest.dossier_id).where(
        SupplementRequest.due_at < now,
        SupplementRequest.answered_at.is_(None),
        SupplementRequest.withdrawn_at.is_(None),
        SupplementRequest.lapsed_at.is_(None),
    )
    dossiers = session.scalars(
        select(Dossier).where(Dossier.id.in_(overdue)).order_by(Dossier.id).with_for_update()
    ).all()
    return sum(lapse(session, now=now, dossier=dossier) for dossier in dossiers)


def standing(session: Session, assignment: Assignment, dossier: Dossier, now: datetime) -> Asked:
    """What this panel asked and the school may still answer, held until the commit.

    Raises DomainError (assignment_closed, no_supplement).
    """
    lock(session, assignment)
    lapse(session, now=now, dossier=dossier)
    asked = latest(session, dossier.id)
    if asked is None or not asked.is_open(now) or asked.request.assignment_id != assignment.id:
        raise DomainError("no_supplement")
    return asked


def locked_dossier(session: Session, assignment: Assignment) -> Dossier:
    """The dossier first, the assignment after it: so does whoever signs an answer."""
    dossier = session.scalars(
        select(Dossier)
        .join(Package, Package.dossier_id == Dossier.id)
        .where(Package.id == assignment.package_id)
    ).one()
    session.refresh(dossier, ["state", "handed_over_at", "handed_over_by"], with_for_update=True)
    return dossier


def check_before_the_table(session: Session, assignment: Assignment) -> None:
    """Once all scores are on the table nobody scores anew, so nothing new comes in.

    Raises DomainError (assignment_closed, supplement_late).
    """
    lock(session, assignment)
    if assignment.settling_since is not None:
        raise DomainError("supplement_late")


def _checked(session: Session, assignment: Assignment, questions: Mapping[str, str]) -> dict[str, str]:
    asked = {code: words for code, typed in questions.items() if (words := plain_text(typed).strip())}
    check_elements(session, assignment, set(asked))
    errors = {
        code: DomainError("text_too_long", field=code, longest=LONGEST_QUESTION)
        for code, words in asked.items()
        if len(words) > LONGEST_QUESTION
    }
    if not asked:
        errors["questions"] = DomainError("supplement_empty", field="questions")
    if errors:
        raise Refused(errors)
    return asked


def check_elements(session: Session, assignment: Assignment, codes: set[str]) -> None:
    """Raises NotFound unless the package has all of these elements."""
    known = session.scalars(
        select(PackageElement.element).where(
            PackageElement.package_id == assignment.package_id, PackageElement.element.in_(codes)
        )
    ).all()
    if codes - set(known):
        raise NotFound()


def _checked_due(due_at: datetime | None, now: datetime) -> datetime:
    if due_at is None:
        raise Refused({"due_at": DomainError("supplement_due_missing", field="due_at")})
    if due_at <= now:
        raise Refused({"due_at": DomainError("supplement_due_passed", field="due_at")})
    return due_at


def _next_number(session: Session, dossier: Dossier) -> int:
    last = select(func.max(SupplementRequest.number)).where(SupplementRequest.dossier_id == dossier.id)
    return (session.scalar(last) or 0) + 1


def _newest_package(session: Session, dossier: Dossier) -> int:
    return session.scalars(
        select(Package.id).where(Package.dossier_id == dossier.id).order_by(Package.number.desc()).limit(1)
    ).one()


def _take_up(
    session: Session, assignment: Assignment, request: SupplementRequest, asked: Mapping[str, str]
) -> None:
    session.execute(
        update(SupplementProposal)
        .where(
            SupplementProposal.assignment_id == assignment.id,
            SupplementProposal.request_id.is_(None),
            SupplementProposal.element.in_(asked),
        )
        .values(request_id=request.id)
    )


def set_due(session: Session, dossier: Dossier, request: SupplementRequest, asked: Collection[str]) -> None:
    """Whoever owns an element finds it among what falls due, and is reminded of it."""
    session.execute(
        update(SelfAssessment)
        .where(
            SelfAssessment.dossier_id == dossier.id,
            SelfAssessment.element.in_(asked),
            SelfAssessment.assignee_id.is_not(None),
        )
        .values(due_on=day_of(request.due_at))
        .execution_options(synchronize_session="fetch")
    )


def _put_back(dossier: Dossier) -> None:
    """What was handed over for a signature that can't come any more."""
    if dossier.state is DossierState.SIGNING:
        dossier.state = DossierState.SUBMITTED
        dossier.handed_over_at = dossier.handed_over_by = None


def record(
    session: Session,
    actor_id: int | None,
    now: datetime,
    action: Action,
    request: SupplementRequest,
    dossier: Dossier,
    after: dict[str, Any],
) -> None:
    """Put what became of a request on record, under its school."""
    audit.record(
        session,
        actor_id=actor_id,
        at=now,
        action=action,
        subject=("assignment", request.assignment_id),
        school_id=dossier.school_id,
        after=after,
    )
