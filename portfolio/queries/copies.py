"""Pictures that a dossier cites, and the copies of them that others may see."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from sqlalchemy import Subquery, and_, func, or_, select
from sqlalchemy.orm import Session

from portfolio.filetypes import PICTURES
from portfolio.models import Blob, Citation, Derivation, DerivationState, Evidence, EvidenceVersion


@dataclass(frozen=True, slots=True)
class MissingCopy:
    """A cited picture whose copy without place and device isn't there; `failed` says that it won't come."""

    evidence_id: int
    sha256: str
    title: str
    failed: bool


def newest_cited(dossier_id: int, elements: Set[str] | None = None) -> Subquery:
    """The newest version of everything a dossier cites, or cites for these elements: evidence_id, number."""
    found = (
        select(EvidenceVersion.evidence_id, func.max(EvidenceVersion.number).label("number"))
        .join(Citation, Citation.evidence_id == EvidenceVersion.evidence_id)
        .where(Citation.dossier_id == dossier_id)
        .group_by(EvidenceVersion.evidence_id)
    )
    return (found if elements is None else found.where(Citation.element.in_(elements))).subquery()


def missing_copies(
    session: Session, *, dossier_id: int, elements: Set[str] | None = None
) -> tuple[MissingCopy, ...]:
    """The pictures cited, or cited for these elements, that no package can hold yet, by title, in one statement."""
    newest = newest_cited(dossier_id, elements)
    rows = session.execute(
        select(Evidence.id, Blob.sha256, Evidence.title, Derivation.state)
        .join(newest, newest.c.evidence_id == Evidence.id)
        .join(
            EvidenceVersion,
            and_(EvidenceVersion.evidence_id == Evidence.id, EvidenceVersion.number == newest.c.number),
        )
        .join(EvidenceVersion.blob)
        .outerjoin(
            Derivation,
            and_(Derivation.school_id == Blob.school_id, Derivation.sha256 == Blob.sha256),
        )
        .where(
            Blob.media_type.in_(PICTURES),
            or_(Derivation.state.is_(None), Derivation.state != DerivationState.DONE),
        )
        .order_by(Evidence.title, Evidence.id)
    )
    return tuple(
        MissingCopy(row.id, row.sha256, row.title, row.state is DerivationState.FAILED) for row in rows
    )
