"""What is known of a package's time stamp."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.models import PackageTimestamp


def stamp_of(session: Session, package_id: int) -> PackageTimestamp | None:
    """The package's stamp, or how asking for it went; None where nobody was asked. One statement."""
    return session.get(PackageTimestamp, package_id)


def stamp_response(session: Session, package_id: int) -> bytes | None:
    """The authority's response, to the byte; None without one. One statement."""
    return session.scalar(select(PackageTimestamp.response).where(PackageTimestamp.package_id == package_id))
