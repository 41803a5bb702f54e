"""Ticking an expected material by hand: it is there, though no citation shows it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio import audit
from portfolio.audit import Action
from portfolio.errors import DomainError, NotFound
from portfolio.models import Dossier, MaterialTick
from portfolio.plaintext import plain_text
from portfolio.policy import Actor
from portfolio.services.dossiers import check_element_editable
from portfolio.services.rows import add_once
from rubric.model import Element

SHORTEST_REASON = 4
LONGEST_REASON = 400


def tick(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    dossier: Dossier,
    element: Element,
    material: str,
    reason: str,
) -> None:
    """Say that a material is there and why no citation shows it; a second time changes the reason.

    Raises NotFound (no such material), DomainError (awaiting_signature, element_not_reopened, supplement_over,
    reason_missing, text_too_long, ticked_already).
    """
    check_element_editable(session, dossier, now=now, element=element.code)
    if material not in {expected.code for expected in element.expected}:
        raise NotFound()
    words = plain_text(reason).strip()
    if len(words) < SHORTEST_REASON:
        raise DomainError("reason_missing", field="reason")
    if len(words) > LONGEST_REASON:
        raise DomainError("text_too_long", field="reason", longest=LONGEST_REASON)
    row = _tick_of(session, dossier, element, material)
    before = None if row is None else {"reason": row.reason}
    if row is None:
        row = MaterialTick(
            dossier_id=dossier.id,
            element=element.code,
            material=material,
            reason=words,
            ticked_by=actor.user_id,
            ticked_at=now,
        )
        add_once(session, row, DomainError("ticked_already", field="reason"))
    else:
        row.reason, row.ticked_by, row.ticked_at = words, actor.user_id, now
    _record(session, Action.MATERIAL_TICKED, row, dossier, actor=actor, now=now, before=before)


def untick(
    session: Session, *, actor: Actor, now: datetime, dossier: Dossier, element: Element, material: str
) -> None:
    """Take a tick back; twice is once.

    Raises DomainError (awaiting_signature, element_not_reopened, supplement_over).
    """
    check_element_editable(session, dossier, now=now, element=element.code)
    row = _tick_of(session, dossier, element, material)
    if row is not None:
        _record(
            session,
            Action.MATERIAL_UNTICKED,
            row,
            dossier,
            actor=actor,
            now=now,
            before={"reason": row.reason},
        )
        session.delete(row)
        session.flush()


def _tick_of(session: Session, dossier: Dossier, element: Element, material: str) -> MaterialTick | None:
    return session.scalar(
        select(MaterialTick).where(
            MaterialTick.dossier_id == dossier.id,
            MaterialTick.element == element.code,
            MaterialTick.material == material,
        )
    )


def _record(
    session: Session,
    action: Action,
    row: MaterialTick,
    dossier: Dossier,
    *,
    actor: Actor,
    now: datetime,
    before: dict[str, str] | None,
) -> None:
    after = {"element": row.element, "material": row.material}
    if action is Action.MATERIAL_TICKED:
        after["reason"] = row.reason
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=action,
        subject=("dossier", dossier.id),
        school_id=dossier.school_id,
        before=before,
        after=after,
    )
