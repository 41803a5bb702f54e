"""A package as its readers see it: what was submitted, and what its manifest says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.documents.archive.contents import Contents, read, status_of
from portfolio.editions import rubric_of
from portfolio.models import Package, PackageCitation, PackageElement, PackageFile, PackageWaiver, User
from portfolio.queries.timestamps import stamp_response
from rubric.gaps import ElementStatus
from rubric.model import Rubric
from rubric.scoring import ElementClaim, Totals, totals, totals_by_indicator


@dataclass(frozen=True, slots=True)
class CitedFile:
    """A citation with its file, as frozen."""

    file: PackageFile
    page_from: int | None
    page_to: int | None
    remark: str


@dataclass(frozen=True, slots=True)
class PackageView:
    """A package, read whole."""

    rubric: Rubric
    elements: dict[str, PackageElement]
    citations: dict[str, list[CitedFile]]
    waivers: list[PackageWaiver]
    people: dict[int, str]
    totals: Totals
    by_indicator: Mapping[str, Totals]
    statuses: dict[str, ElementStatus]
    files: int
    size: int


def package_view(session: Session, package: Package) -> PackageView:
    """Everything in a package, in four statements."""
    rubric = rubric_of(session, package.rubric_digest)
    elements = {
        row.element: row
        for row in session.scalars(select(PackageElement).where(PackageElement.package_id == package.id))
    }
    citations = cited_files(session, package.id)
    waivers = list(session.scalars(select(PackageWaiver).where(PackageWaiver.package_id == package.id)))
    names = session.execute(
        select(User.id, User.name).where(User.id.in_([package.submitted_by, package.signed_by]))
    )
    files = {cited.file.evidence_version_id: cited.file for group in citations.values() for cited in group}
    claims = {
        code: ElementClaim(code, row.points, row.score, cited=code in citations)
        for code, row in elements.items()
    }
    waived = {waiver.element for waiver in waivers if waiver.element}
    return PackageView(
        rubric=rubric,
        elements=elements,
        citations=citations,
        waivers=waivers,
        people={row.id: row.name for row in names},
        totals=totals(claims.values()),
        by_indicator=totals_by_indicator(rubric, claims),
        statuses={code: status_of(claim, waived=code in waived) for code, claim in claims.items()},
        files=len(files),
        size=sum(file.size for file in files.values()),
    )


def cited_files(session: Session, package_id: int) -> dict[str, list[CitedFile]]:
    """Each element's citations in the order they were made, one statement."""
    rows = session.execute(
        select(PackageCitation, PackageFile)
        .join(
            PackageFile,
            (PackageFile.package_id == PackageCitation.package_id)
            & (PackageFile.evidence_version_id == PackageCitation.evidence_version_id),
        )
        .where(PackageCitation.package_id == package_id)
        .order_by(PackageCitation.position)
    )
    found: dict[str, list[CitedFile]] = defaultdict(list)
    for citation, file in rows:
        found[citation.element].append(CitedFile(file, citation.page_from, citation.page_to, citation.remark))
    return dict(found)


def contents(session: Session, package: Package, *, originals: bool) -> Contents:
    """What the package's manifest says; `originals`: with the bytes as uploaded, for the school itself."""
    said = read(
        manifest_text(session, package.id),
        digest=package.digest,
        rubric=rubric_of(session, package.rubric_digest),
        originals=originals,
    )
    return replace(said, timestamp=stamp_response(session, package.id))


def manifest_text(session: Session, package_id: int) -> str:
    """The stored manifest, to the byte."""
    return session.scalars(select(Package.manifest).where(Package.id == package_id)).one()
