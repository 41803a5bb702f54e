"""A dossier as a package would hold it if it were frozen now."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.contents import Contents, FrozenCitation, FrozenElement, FrozenFile, FrozenWaiver
from portfolio.models import Blob, Citation, Derivation, Dossier, Evidence, EvidenceVersion, EvidenceYear
from portfolio.queries.copies import newest_cited
from portfolio.queries.frozen import contents_of
from portfolio.queries.submission import CheckList
from portfolio.queries.supplements import Asked


def as_it_stands(session: Session, dossier: Dossier, listed: CheckList) -> Contents:
    """Its elements, with the newest version of each file they cite; two statements."""
    newest = newest_cited(dossier.id)
    rows = session.execute(
        select(Citation, Evidence, EvidenceVersion, Blob, Derivation.public_sha256)
        .join(Evidence, Evidence.id == Citation.evidence_id)
        .join(newest, newest.c.evidence_id == Evidence.id)
        .join(
            EvidenceVersion,
            (EvidenceVersion.evidence_id == Evidence.id) & (EvidenceVersion.number == newest.c.number),
        )
        .join(EvidenceVersion.blob)
        .outerjoin(Derivation, (Derivation.school_id == Blob.school_id) & (Derivation.sha256 == Blob.sha256))
        .where(Citation.dossier_id == dossier.id)
        .order_by(Citation.cited_at, Citation.id)
    ).all()
    years = _years(session, dossier.id)
    files = {
        row.EvidenceVersion.id: FrozenFile.of(
            row.Evidence, row.EvidenceVersion, row.Blob, years.get(row.Evidence.id, []), row.public_sha256
        )
        for row in rows
    }
    return Contents(
        elements=[
            FrozenElement(
                e.code,
                e.points,
                listed.standing.assessments[e.code].score,
                listed.standing.assessments[e.code].justification,
            )
            for e in listed.standing.rubric.elements
        ],
        files=list(files.values()),
        citations=[FrozenCitation.of(row.Citation, row.EvidenceVersion.id) for row in rows],
        waivers=[
            FrozenWaiver(gap.key, gap.element, gap.points_at_risk, listed.waived[gap.key].reason)
            for gap in listed.gaps
            if gap.key in listed.waived
        ],
    )


def unchanged(session: Session, dossier: Dossier, listed: CheckList, asked: Asked) -> tuple[str, ...]:
    """The elements a panel asks about that are still as in the package it saw; six statements."""
    rubric = listed.standing.rubric
    base = contents_of(session, asked.request.package_id, rubric)
    changed = as_it_stands(session, dossier, listed).changed_since(base)
    return tuple(e.code for e in rubric.elements if e.code in asked.questions and e.code not in changed)


def _years(session: Session, dossier_id: int) -> dict[int, list[int]]:
    rows = session.execute(
        select(EvidenceYear.evidence_id, EvidenceYear.year)
        .where(
            EvidenceYear.evidence_id.in_(
                select(Citation.evidence_id).where(Citation.dossier_id == dossier_id)
            )
        )
        .order_by(EvidenceYear.year)
    )
    found: dict[int, list[int]] = {}
    for evidence_id, year in rows:
        found.setdefault(evidence_id, []).append(year)
    return found
