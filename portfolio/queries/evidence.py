"""One piece of evidence as its page shows it, and where uploads and citations stand."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portfolio.errors import NotFound
from portfolio.models import (
    Blob,
    Citation,
    Cycle,
    Dossier,
    EvidenceVersion,
    EvidenceYear,
    FigureValue,
    Package,
    PackageFile,
    Upload,
    User,
)
from portfolio.policy import Place
from portfolio.queries.derived import Made, with_made


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One file: who uploaded it when and why, and the numbers of the packages that hold it."""

    evidence_id: int
    number: int
    filename: str
    media_type: str
    size: int
    sha256: str
    reason: str
    uploaded_by: str
    uploaded_at: datetime
    packages: tuple[tuple[int, int], ...]  # (id, number)
    made: Made


@dataclass(frozen=True, slots=True)
class CitationRow:
    """One citation, in which cycle's dossier."""

    id: int
    dossier_id: int
    cycle: str
    element: str
    page_from: int | None
    page_to: int | None
    remark: str


@dataclass(frozen=True, slots=True)
class EvidenceSheet:
    """All there is to say of a piece of evidence; versions newest first."""

    years: frozenset[int]
    versions: tuple[VersionRow, ...]
    citations: tuple[CitationRow, ...]
    # a basic figure rests on it
    proves: bool

    @property
    def newest(self) -> VersionRow:
        """The file that new packages will hold."""
        return self.versions[0]

    @property
    def packages(self) -> tuple[tuple[int, int], ...]:
        """The packages that hold a version of it: (id, number)."""
        return tuple(
            sorted({held for version in self.versions for held in version.packages}, key=lambda held: held[1])
        )


def sheet(session: Session, *, evidence_id: int) -> EvidenceSheet:
    """One piece of evidence in four statements."""
    years = session.scalars(select(EvidenceYear.year).where(EvidenceYear.evidence_id == evidence_id))
    proved = session.scalar(select(FigureValue.figure).where(FigureValue.proof_id == evidence_id).limit(1))
    return EvidenceSheet(
        years=frozenset(years),
        versions=_versions(session, evidence_id),
        citations=_citations(session, evidence_id),
        proves=proved is not None,
    )


def _versions(session: Session, evidence_id: int) -> tuple[VersionRow, ...]:
    statement = (
        select(EvidenceVersion, Blob.media_type, Blob.size, User.name, Package.id, Package.number)
        .join(EvidenceVersion.blob)
        .join(User, User.id == EvidenceVersion.uploaded_by)
        .outerjoin(PackageFile, PackageFile.evidence_version_id == EvidenceVersion.id)
        .outerjoin(Package, Package.id == PackageFile.package_id)
        .where(EvidenceVersion.evidence_id == evidence_id)
        .order_by(EvidenceVersion.number.desc(), Package.number)
    )
    rows = session.execute(with_made(statement, EvidenceVersion.school_id, EvidenceVersion.sha256)).all()
    held: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for version, _type, _size, _name, package_id, number, *_ in rows:
        if package_id is not None:
            held[version.number].append((package_id, number))
    first = {row[0].number: row for row in reversed(rows)}
    return tuple(
        VersionRow(
            evidence_id=evidence_id,
            number=number,
            filename=version.filename,
            media_type=media_type,
            size=size,
            sha256=version.sha256,
            reason=version.reason,
            uploaded_by=name,
            uploaded_at=version.uploaded_at,
            packages=tuple(held[number]),
            made=Made.of(derivation, thumbnail),
        )
        for number, (version, media_type, size, name, _id, _number, derivation, thumbnail) in sorted(
            first.items(), reverse=True
        )
    )


def _citations(session: Session, evidence_id: int) -> tuple[CitationRow, ...]:
    rows = session.execute(
        select(Citation, Cycle.name)
        .join(Dossier, Dossier.id == Citation.dossier_id)
        .join(Cycle, Cycle.id == Dossier.cycle_id)
        .where(Citation.evidence_id == evidence_id)
        .order_by(Cycle.opens_at.desc(), func.length(Citation.element), Citation.element)
    )
    return tuple(
        CitationRow(
            id=citation.id,
            dossier_id=citation.dossier_id,
            cycle=cycle,
            element=citation.element,
            page_from=citation.page_from,
            page_to=citation.page_to,
            remark=citation.remark,
        )
        for citation, cycle in rows
    )


def upload_at(session: Session, *, school_id: int, token: str) -> tuple[Upload, Place]:
    """An upload of this school."""
    found = session.scalar(select(Upload).where(Upload.token == token, Upload.school_id == school_id))
    if found is None:
        raise NotFound("upload_gone")
    return found, Place(school_id=school_id, person_id=found.user_id)


def citation_at(session: Session, *, citation_id: int) -> tuple[Citation, Place]:
    """A citation, where its dossier stands."""
    row = session.execute(
        select(Citation, Dossier.school_id)
        .join(Dossier, Dossier.id == Citation.dossier_id)
        .where(Citation.id == citation_id)
    ).one_or_none()
    if row is None:
        raise NotFound()
    return row.Citation, Place(school_id=row.school_id)
