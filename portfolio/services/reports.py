"""Writing the self-assessment report: an introduction for each A-indicator."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portfolio import audit
from portfolio.audit import Action
from portfolio.errors import DomainError, StaleWrite
from portfolio.models import Dossier, Introduction
from portfolio.plaintext import plain_text
from portfolio.policy import Actor
from portfolio.services.dossiers import LONGEST_JUSTIFICATION, check_editable
from portfolio.services.rows import add_once


def introduce(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    dossier: Dossier,
    indicator: str,
    text: str,
    version: int,
) -> int:
    """Save an introduction over the version it was based on (0: there was none); returns the new version.

    Raises DomainError (awaiting_signature, text_too_long), StaleWrite with the row as it stands.
    """
    check_editable(session, dossier)
    text = plain_text(text).strip()
    if len(text) > LONGEST_JUSTIFICATION:
        raise DomainError("text_too_long", field=indicator, longest=LONGEST_JUSTIFICATION)
    before = _standing(session, dossier, indicator)
    if before is not None and before.version != version:
        raise StaleWrite(before)
    said = before.text if before else ""
    _save(session, actor, now, dossier, indicator, text, before)
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=Action.INTRODUCTION_WRITTEN,
        subject=("dossier", dossier.id),
        school_id=dossier.school_id,
        before={"indicator": indicator, "text": said},
        after={"indicator": indicator, "text": text},
    )
    return version + 1


def _save(
    session: Session,
    actor: Actor,
    now: datetime,
    dossier: Dossier,
    indicator: str,
    text: str,
    before: Introduction | None,
) -> None:
    """Write the row over the version that was read, whoever else writes at the same moment."""
    if before is None:
        row = Introduction(
            dossier_id=dossier.id,
            indicator=indicator,
            text=text,
            version=1,
            saved_at=now,
            saved_by=actor.user_id,
        )
        add_once(session, row, StaleWrite(None))
        return
    saved = session.execute(
        update(Introduction)
        .where(Introduction.id == before.id, Introduction.version == before.version)
        .values(text=text, version=before.version + 1, saved_at=now, saved_by=actor.user_id)
        .execution_options(synchronize_session=False)
    )
    if saved.rowcount == 0:  # type: ignore[attr-defined]
        raise StaleWrite(_standing(session, dossier, indicator))


def _standing(session: Session, dossier: Dossier, indicator: str) -> Introduction | None:
    return session.scalar(
        select(Introduction)
        .where(Introduction.dossier_id == dossier.id, Introduction.indicator == indicator)
        .execution_options(populate_existing=True)
    )
