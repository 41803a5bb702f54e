"""Whose package a digest belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from portfolio.models import Cycle, Package, School, User


@dataclass(frozen=True, slots=True)
class Proof:
    """The package of a digest; `newest` is the number of the school's last package in that cycle."""

    package_id: int
    number: int
    newest: int
    school: str
    district: str
    cycle: str
    signed_by: str
    signed_at: datetime
    digest: str


def proof_of(session: Session, digest: str) -> Proof | None:
    """The package with this digest, None if no school ever signed one; one statement."""
    later = aliased(Package)
    newest = select(func.max(later.number)).where(later.dossier_id == Package.dossier_id).scalar_subquery()
    row = session.execute(
        select(
            Package.id, Package.number, newest.label("newest"), School.name, School.district,
            Cycle.name.label("cycle"), User.name.label("signer"), Package.signed_at, Package.digest,
        )
        .join(School, School.id == Package.school_id)
        .join(Cycle, Cycle.id == Package.cycle_id)
        .join(User, User.id == Package.signed_by)
        .where(Package.digest == digest)
    ).one_or_none()  # fmt: skip
    return None if row is None else Proof(*row)
