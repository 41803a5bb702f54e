"""Starting a cycle from the last one: what comes along, once, and what must be looked at again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from portfolio import audit
from portfolio.audit import Action
from portfolio.db import new_id
from portfolio.errors import DomainError
from portfolio.models import (
    CarryOver,
    Citation,
    Dossier,
    FigureValue,
    Rectification,
    SelfAssessment,
    TouchedElement,
)
from portfolio.policy import Actor
from portfolio.queries import carry as queries
from portfolio.queries.carry import CarriedOwner, CarryPlan
from portfolio.services.dossiers import check_editable, check_reopened
from portfolio.services.rows import add_once


def carry_over(session: Session, *, actor: Actor, now: datetime, dossier: Dossier) -> CarryPlan:
    """Take over what the preview shows: citations, owners, figures, what to put right; never a score or a day.

    Raises DomainError (awaiting_signature, dossier_not_reopened, supplement_over, nothing_to_carry,
    carried_already).
    """
    check_editable(session, dossier)
    check_reopened(session, dossier, now=now, element=None)
    plan = queries.plan(session, dossier)
    if plan is None:
        raise DomainError("nothing_to_carry")
    mark = CarryOver(
        dossier_id=dossier.id, from_dossier_id=plan.source.id, carried_by=actor.user_id, carried_at=now
    )
    if queries.carried(session, dossier.id) is not None:
        raise DomainError("carried_already")
    add_once(session, mark, DomainError("carried_already"))
    _cite(session, dossier, plan, actor=actor, now=now)
    _give(session, dossier, plan.owners)
    _flag(session, dossier, plan)
    _list_problems(session, dossier, plan)
    _enter(session, dossier, plan, actor=actor, now=now)
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=Action.CARRIED_OVER,
        subject=("dossier", dossier.id),
        school_id=dossier.school_id,
        after=_described(plan),
    )
    return plan


def _cite(session: Session, dossier: Dossier, plan: CarryPlan, *, actor: Actor, now: datetime) -> None:
    _insert(
        session,
        Citation,
        (
            {
                "id": new_id(),
                "dossier_id": dossier.id,
                "element": each.element.code,
                "evidence_id": each.evidence_id,
                "page_from": each.page_from,
                "page_to": each.page_to,
                "remark": each.remark,
                "cited_by": actor.user_id,
                "cited_at": now,
            }
            for each in plan.citations
            if each.element is not None
        ),
    )


def _give(session: Session, dossier: Dossier, owners: Iterable[CarriedOwner]) -> None:
    owner_of = {owner.element.code: owner.user_id for owner in owners}
    rows = session.scalars(
        select(SelfAssessment).where(
            SelfAssessment.dossier_id == dossier.id, SelfAssessment.element.in_(owner_of)
        )
    )
    for row in rows:
        row.assignee_id = owner_of[row.element]


def _flag(session: Session, dossier: Dossier, plan: CarryPlan) -> None:
    _insert(
        session,
        TouchedElement,
        (
            {
                "id": new_id(),
                "dossier_id": dossier.id,
                "element": each.element.code,
                "touch": each.touch,
                "from_element": each.predecessor.code if each.predecessor else None,
            }
            for each in plan.succession.touched
        ),
    )


def _list_problems(session: Session, dossier: Dossier, plan: CarryPlan) -> None:
    _insert(
        session,
        Rectification,
        (
            {
                "id": new_id(),
                "dossier_id": dossier.id,
                "element": problem.element.code,
                "problem": problem.reason,
                "lost": problem.lost,
                "assignment_id": problem.assignment_id,
            }
            for problem in plan.problems
        ),
    )


def _enter(session: Session, dossier: Dossier, plan: CarryPlan, *, actor: Actor, now: datetime) -> None:
    _insert(
        session,
        FigureValue,
        (
            {
                "id": new_id(),
                "dossier_id": dossier.id,
                "figure": entry.figure,
                "year": entry.year,
                "value": entry.value,
                "proof_id": entry.proof.evidence_id if entry.proof else None,
                "proof_page": entry.proof.page if entry.proof else None,
                "version": 1,
                "saved_at": now,
                "saved_by": actor.user_id,
            }
            for entry in plan.figures
        ),
    )


def _insert(session: Session, model: type[Any], rows: Iterable[dict[str, Any]]) -> None:
    listed = list(rows)
    if listed:
        session.execute(insert(model), listed)


def _described(plan: CarryPlan) -> dict[str, Any]:
    return {
        "from": plan.source.id,
        "citations": [
            [each.element.code, each.evidence_id] for each in plan.citations if each.element is not None
        ],
        "owners": {owner.element.code: owner.user_id for owner in plan.owners},
        "to_look_at": [each.element.code for each in plan.succession.touched],
        "figures": {entry.field: str(entry.value) for entry in plan.figures},
        "to_put_right": [problem.element.code for problem in plan.problems],
    }
