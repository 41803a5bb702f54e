"""The trash: what nothing rests on lies there for 30 days, can be taken back, and then goes for good."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from portfolio import audit
from portfolio.audit import Action
from portfolio.errors import DomainError, NotFound
from portfolio.models import (
    AppealCitation,
    Citation,
    Evidence,
    EvidenceVersion,
    EvidenceYear,
    FigureValue,
    Package,
    PackageFile,
    RectificationCitation,
)
from portfolio.policy import Actor
from portfolio.services.evidence import described, description_of, locked

KEPT = timedelta(days=30)


def trash_evidence(session: Session, *, actor: Actor, now: datetime, evidence_id: int) -> Evidence:
    """Put evidence on which nothing rests into the trash.

    Raises NotFound, DomainError (evidence_trashed, evidence_in_package, evidence_cited, evidence_proves,
    evidence_answers).
    """
    evidence = locked(session, evidence_id)
    if evidence is None:
        raise NotFound()
    if evidence.trashed_at is not None:
        raise DomainError("evidence_trashed")
    _check_unheld(session, evidence)
    _check_uncited(session, evidence)
    _check_proves_nothing(session, evidence)
    _check_answers_nothing(session, evidence)
    evidence.trashed_at = now
    session.flush()
    _record(session, Action.EVIDENCE_TRASHED, evidence, now, actor.user_id)
    return evidence


def restore_evidence(session: Session, *, actor: Actor, now: datetime, evidence_id: int) -> Evidence:
    """Take evidence out of the trash. Raises NotFound, DomainError("evidence_not_trashed")."""
    evidence = locked(session, evidence_id)
    if evidence is None:
        raise NotFound()
    if evidence.trashed_at is None:
        raise DomainError("evidence_not_trashed")
    evidence.trashed_at = None
    session.flush()
    _record(session, Action.EVIDENCE_RESTORED, evidence, now, actor.user_id)
    return evidence


def empty_trash(session: Session, *, now: datetime) -> int:
    """Remove for good what has been in the trash for 30 days; returns how many pieces.

    Bytes that nothing refers to any more go with the sweep of the store.
    """
    expired = session.scalars(
        select(Evidence).where(Evidence.trashed_at <= now - KEPT).order_by(Evidence.id).with_for_update()
    ).all()
    for evidence in expired:
        before = described(description_of(session, evidence)) | {"trashed_at": evidence.trashed_at}
        audit.record(
            session,
            actor_id=None,
            at=now,
            action=Action.EVIDENCE_DELETED,
            subject=("evidence", evidence.id),
            school_id=evidence.school_id,
            before=before,
        )
    ids = [evidence.id for evidence in expired]
    for rows, column in (
        (EvidenceVersion, EvidenceVersion.evidence_id),
        (EvidenceYear, EvidenceYear.evidence_id),
        (Evidence, Evidence.id),
    ):
        session.execute(delete(rows).where(column.in_(ids)), execution_options={"synchronize_session": False})
    session.expire_all()
    return len(ids)


def _check_unheld(session: Session, evidence: Evidence) -> None:
    numbers = session.scalars(
        select(Package.number)
        .join(PackageFile, PackageFile.package_id == Package.id)
        .where(PackageFile.evidence_id == evidence.id)
        .distinct()
        .order_by(Package.number)
    ).all()
    if numbers:
        raise DomainError("evidence_in_package", packages=", ".join(map(str, numbers)))


def _check_uncited(session: Session, evidence: Evidence) -> None:
    elements = session.scalars(
        select(Citation.element)
        .where(Citation.evidence_id == evidence.id)
        .group_by(Citation.element)
        .order_by(func.length(Citation.element), Citation.element)
    ).all()
    if elements:
        raise DomainError("evidence_cited", elements=", ".join(elements))


def _check_proves_nothing(session: Session, evidence: Evidence) -> None:
    proved = select(FigureValue.figure).where(FigureValue.proof_id == evidence.id)
    if session.scalar(proved.limit(1)) is not None:
        raise DomainError("evidence_proves")


def _check_answers_nothing(session: Session, evidence: Evidence) -> None:
    versions = select(EvidenceVersion.id).where(EvidenceVersion.evidence_id == evidence.id)
    for answers in (AppealCitation, RectificationCitation):
        if session.scalar(select(answers.position).where(answers.evidence_version_id.in_(versions)).limit(1)):
            raise DomainError("evidence_answers")


def _record(session: Session, action: Action, evidence: Evidence, now: datetime, actor_id: int) -> None:
    audit.record(
        session,
        actor_id=actor_id,
        at=now,
        action=action,
        subject=("evidence", evidence.id),
        school_id=evidence.school_id,
        after={"title": evidence.title},
    )
