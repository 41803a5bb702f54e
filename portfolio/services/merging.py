"""Two pieces of evidence with the same bytes made one: the older stays, the newer goes into the trash."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from portfolio import audit
from portfolio.audit import Action
from portfolio.errors import DomainError, NotFound
from portfolio.models import Blob, Citation, Evidence, EvidenceVersion, FigureValue
from portfolio.policy import Actor
from portfolio.services import citations, evidence, trash
from portfolio.services.citations import Passage
from portfolio.services.evidence import StoredFile


def cite_instead(
    session: Session, *, actor: Actor, now: datetime, spare: Evidence, kept_id: int
) -> tuple[str, ...]:
    """What cited the spare piece cites the kept one; returns these elements.

    A kept piece that was in the trash comes out of it. Raises NotFound, DomainError (not_the_same_file,
    awaiting_signature, evidence_in_package, evidence_trashed).
    """
    kept = _twin(session, spare, kept_id)
    if kept.trashed_at is not None:
        trash.restore_evidence(session, actor=actor, now=now, evidence_id=kept.id)
    moved = _move_citations(session, actor=actor, now=now, spare=spare, kept=kept)
    _move_proofs(session, spare=spare, kept=kept)
    _put_away(session, actor=actor, now=now, spare=spare, kept=kept)
    return moved


def make_version(
    session: Session, *, actor: Actor, now: datetime, spare: Evidence, kept_id: int
) -> tuple[str, ...]:
    """The spare piece's file becomes the kept one's newest version, else as `cite_instead`.

    Raises version_unchanged too, where it is that already.
    """
    kept = _twin(session, spare, kept_id)
    if kept.trashed_at is not None:
        trash.restore_evidence(session, actor=actor, now=now, evidence_id=kept.id)
    evidence.add_version(
        session,
        actor=actor,
        now=now,
        evidence_id=kept.id,
        school_id=kept.school_id,
        file=_newest_file(session, spare.id),
        reason="",
    )
    moved = _move_citations(session, actor=actor, now=now, spare=spare, kept=kept)
    _move_proofs(session, spare=spare, kept=kept)
    _put_away(session, actor=actor, now=now, spare=spare, kept=kept)
    return moved


def _twin(session: Session, spare: Evidence, kept_id: int) -> Evidence:
    """The other piece, locked. Raises NotFound, DomainError("not_the_same_file")."""
    kept = evidence.locked(session, kept_id)
    if kept is None or kept.school_id != spare.school_id or kept.id == spare.id:
        raise NotFound()
    digest = _newest_file(session, spare.id).sha256
    shared = select(EvidenceVersion.id).where(
        EvidenceVersion.evidence_id == kept.id, EvidenceVersion.sha256 == digest
    )
    if session.scalar(shared.limit(1)) is None:
        raise DomainError("not_the_same_file")
    return kept


def _newest_file(session: Session, evidence_id: int) -> StoredFile:
    version, blob = session.execute(
        select(EvidenceVersion, Blob)
        .join(EvidenceVersion.blob)
        .where(EvidenceVersion.evidence_id == evidence_id)
        .order_by(EvidenceVersion.number.desc())
        .limit(1)
    ).one()
    return StoredFile(version.filename, blob.sha256, blob.size, blob.media_type, blob.storage)


def _move_citations(
    session: Session, *, actor: Actor, now: datetime, spare: Evidence, kept: Evidence
) -> tuple[str, ...]:
    """Elements that cite both lose one of the two citations and nothing else."""
    citing = session.scalars(
        select(Citation)
        .where(Citation.evidence_id == spare.id)
        .order_by(Citation.dossier_id, func.length(Citation.element), Citation.element)
    ).all()
    kept_for = session.execute(
        select(Citation.dossier_id, Citation.element).where(Citation.evidence_id == kept.id)
    )
    cite_both = {(dossier_id, element) for dossier_id, element in kept_for}
    for citation in citing:
        dossier_id, element = citation.dossier_id, citation.element
        passage = Passage(citation.page_from, citation.page_to, citation.remark)
        citations.uncite(session, actor=actor, now=now, citation=citation)
        if (dossier_id, element) not in cite_both:
            citations.cite(
                session,
                actor=actor,
                now=now,
                dossier_id=dossier_id,
                element=element,
                evidence_id=kept.id,
                passage=passage,
            )
    return tuple(citation.element for citation in citing)


def _move_proofs(session: Session, *, spare: Evidence, kept: Evidence) -> None:
    """What a figure rests on stays out of the trash."""
    session.execute(
        update(FigureValue).where(FigureValue.proof_id == spare.id).values(proof_id=kept.id),
        execution_options={"synchronize_session": False},
    )


def _put_away(session: Session, *, actor: Actor, now: datetime, spare: Evidence, kept: Evidence) -> None:
    trash.trash_evidence(session, actor=actor, now=now, evidence_id=spare.id)
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=Action.EVIDENCE_MERGED,
        subject=("evidence", spare.id),
        school_id=spare.school_id,
        after={"title": spare.title, "kept": kept.id, "kept_title": kept.title},
    )
