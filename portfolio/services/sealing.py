"""Freezing a dossier as it stands, and sealing what is frozen as a package."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Table, func, insert, select
from sqlalchemy.orm import Session

from portfolio.contents import Contents
from portfolio.db import new_id
from portfolio.errors import DomainError
from portfolio.manifest import Frozen, manifest_of
from portfolio.manifest import digest_of as manifest_digest
from portfolio.models import (
    Dossier,
    Package,
    PackageCitation,
    PackageElement,
    PackageFile,
    PackageWaiver,
    User,
)
from portfolio.policy import Actor
from portfolio.queries.as_it_stands import as_it_stands
from portfolio.queries.submission import CheckList
from portfolio.storage import Storage


@dataclass(frozen=True, slots=True)
class HandedOver:
    """Who handed the dossier over for the signature, and when, UTC."""

    by: int
    at: datetime


def freeze(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    dossier: Dossier,
    listed: CheckList,
    handed_over: HandedOver,
) -> Frozen:
    """The dossier as it stands."""
    rubric = listed.standing.rubric
    names = dict(
        session.execute(select(User.id, User.name).where(User.id.in_([handed_over.by, actor.user_id]))).all()
    )
    return Frozen(
        school_name=dossier.school.name,
        district=dossier.school.district,
        cycle_name=dossier.cycle.name,
        number=1
        + (session.scalar(select(func.max(Package.number)).where(Package.dossier_id == dossier.id)) or 0),
        rubric=rubric,
        submitted_by=names[handed_over.by],
        submitted_at=handed_over.at,
        signed_by=names[actor.user_id],
        signed_by_id=actor.user_id,
        signed_at=now,
        contents=as_it_stands(session, dossier, listed),
    )


def check_bytes(storage: Storage, frozen: Frozen) -> None:
    """What is about to be promised for ever must be there. Raises DomainError("bytes_missing")."""
    for file in frozen.contents.files:
        if storage.size(file.school_id, file.sha256) != file.size:
            raise DomainError("bytes_missing", title=file.title)
        if file.public_sha256 and not storage.exists(file.school_id, file.public_sha256):
            raise DomainError("bytes_missing", title=file.title)


@dataclass(frozen=True, slots=True)
class _Sums:
    """What a package claims, what of it evidence supports, in points, and how many elements have no score."""

    claimed: Decimal
    supported: Decimal
    unscored: int


def _sums_of(held: Contents) -> _Sums:
    """The sums of what is frozen."""
    cited = {citation.element for citation in held.citations}
    scores = {element.code: element.score for element in held.elements}
    return _Sums(
        claimed=sum((score for score in scores.values() if score is not None), Decimal(0)),
        supported=sum((s for code, s in scores.items() if s is not None and code in cited), Decimal(0)),
        unscored=sum(score is None for score in scores.values()),
    )


def seal(session: Session, dossier: Dossier, frozen: Frozen, handed_over: HandedOver) -> Package:
    """Write the parts, then the package's own row, which seals them."""
    manifest = manifest_of(frozen)
    package_id = new_id()
    held = frozen.contents
    citations = [{**c.row(), "position": n} for n, c in enumerate(held.citations)]
    _write_parts(session, package_id, PackageElement, [e.row() for e in held.elements])
    _write_parts(session, package_id, PackageFile, [f.row() for f in held.files])
    _write_parts(session, package_id, PackageCitation, citations)
    _write_parts(session, package_id, PackageWaiver, [w.row() for w in held.waivers])
    totals = _sums_of(held)
    package = Package(
        id=package_id,
        dossier_id=dossier.id,
        school_id=dossier.school_id,
        cycle_id=dossier.cycle_id,
        number=frozen.number,
        rubric_digest=frozen.rubric.digest,
        digest=manifest_digest(manifest),
        manifest=manifest,
        claimed=totals.claimed,
        supported=totals.supported,
        unscored=totals.unscored,
        submitted_by=handed_over.by,
        submitted_at=handed_over.at,
        signed_by=frozen.signed_by_id,
        signed_at=frozen.signed_at,
    )
    session.add(package)
    session.flush()
    return package


def _write_parts(session: Session, package_id: int, part: type, rows: list[dict[str, object]]) -> None:
    table: Table = part.__table__  # type: ignore[attr-defined]
    if rows:
        session.execute(insert(table), [{**row, "package_id": package_id} for row in rows])
