"""A sealed package for tests of what comes after submission."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.db import new_id
from portfolio.manifest import digest_of, manifest_of
from portfolio.models import (
    Blob,
    Citation,
    Cycle,
    Dossier,
    DossierState,
    Evidence,
    EvidenceVersion,
    Package,
    PackageCitation,
    PackageElement,
    PackageFile,
    School,
    SelfAssessment,
)
from portfolio.queries import sealed
from rubric.loader import DEFAULT, find
from tests.factories import NOW, make_user


def make_package(session: Session, dossier: Dossier, *, number: int = 1) -> Package:
    """The dossier as it stands, sealed: its parts first, its own row last."""
    package_id = new_id()
    claimed = _add_elements(session, package_id, dossier)
    cited = _add_citations(session, package_id, dossier)
    session.flush()
    cycle = session.get_one(Cycle, dossier.cycle_id)
    signer = make_user(session)
    package = Package(
        id=package_id,
        dossier_id=dossier.id,
        school_id=dossier.school_id,
        cycle_id=dossier.cycle_id,
        number=number,
        rubric_digest=cycle.rubric_digest,
        digest="",
        manifest="",
        claimed=sum((score for score in claimed.values() if score is not None), Decimal(0)),
        supported=sum(
            (score for code, score in claimed.items() if score is not None and code in cited), Decimal(0)
        ),
        unscored=sum(score is None for score in claimed.values()),
        submitted_by=signer.id,
        submitted_at=NOW,
        signed_by=signer.id,
        signed_at=NOW,
    )
    package.manifest = _manifest(session, package, cycle)
    package.digest = digest_of(package.manifest)
    session.add(package)
    dossier.state = DossierState.SUBMITTED
    session.flush()
    return package


def _manifest(session: Session, package: Package, cycle: Cycle) -> str:
    school = session.get_one(School, package.school_id)
    names = sealed._Names(school.name, school.district, cycle.name, "王某", "李校长")
    return manifest_of(sealed._frozen(session, package, find(DEFAULT), names))


def _add_elements(session: Session, package_id: int, dossier: Dossier) -> dict[str, Decimal | None]:
    rubric = find(DEFAULT)
    rows = session.scalars(select(SelfAssessment).where(SelfAssessment.dossier_id == dossier.id)).all()
    session.add_all(
        PackageElement(
            package_id=package_id,
            element=row.element,
            points=rubric.element(row.element).points,
            score=row.score,
            justification=row.justification,
        )
        for row in rows
    )
    return {row.element: row.score for row in rows}


def _add_citations(session: Session, package_id: int, dossier: Dossier) -> set[str]:
    """The newest version of everything cited; the codes of the elements it backs."""
    rows = session.execute(
        select(Citation, Evidence, EvidenceVersion, Blob)
        .join(Evidence, Evidence.id == Citation.evidence_id)
        .join(EvidenceVersion, EvidenceVersion.evidence_id == Evidence.id)
        .join(EvidenceVersion.blob)
        .where(Citation.dossier_id == dossier.id)
        .order_by(Citation.cited_at, Citation.id, EvidenceVersion.number)
    ).all()
    newest = {row.Citation.id: row for row in rows}
    held: dict[int, PackageFile] = {}
    for position, row in enumerate(newest.values(), start=1):
        version: EvidenceVersion = row.EvidenceVersion
        if version.id not in held:
            held[version.id] = _file(package_id, row.Evidence, version, row.Blob)
        session.add(
            PackageCitation(
                package_id=package_id,
                element=row.Citation.element,
                evidence_version_id=version.id,
                position=position,
                page_from=row.Citation.page_from,
                page_to=row.Citation.page_to,
                remark=row.Citation.remark,
            )
        )
    session.add_all(held.values())
    return {row.Citation.element for row in newest.values()}


def _file(package_id: int, evidence: Evidence, version: EvidenceVersion, blob: Blob) -> PackageFile:
    return PackageFile(
        package_id=package_id,
        evidence_version_id=version.id,
        evidence_id=evidence.id,
        number=version.number,
        school_id=version.school_id,
        sha256=version.sha256,
        size=blob.size,
        media_type=blob.media_type,
        filename=version.filename,
        title=evidence.title,
        kind=evidence.kind.value,
        years=[2025],
        date=evidence.date,
        remark=evidence.remark,
    )
