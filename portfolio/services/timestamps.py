"""Time stamps of packages: asked for in the background, and again until the authority has answered.

No signature waits for one, and none fails for want of one.
"""

from __future__ import annotations

import logging
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, sessionmaker

from config import Settings
from portfolio.db import writing
from portfolio.documents.archive import stamp
from portfolio.documents.archive.stamp import StampInvalid
from portfolio.models import Package, PackageTimestamp

JOB = "timestamp"
# beside the codes of documents.archive.stamp: nobody answered, or not with a time stamp at all
UNREACHABLE, STRANGE = "unreachable", "strange_answer"
_SECONDS = 30
_LONGEST_WAIT = timedelta(hours=24)
_AT_ONCE = 50  # asked for in one run of the sweep
_MEDIA_TYPE = "application/timestamp-query"
log = logging.getLogger(__name__)


def run(
    settings: Settings, sessions: sessionmaker[Session], clock: Callable[[], datetime], *, package_id: int
) -> None:
    """Ask the authority to stamp a package; what comes of it stands in the package's row."""
    if not settings.tsa_url:
        return
    with sessions() as session:
        package = session.get(Package, package_id)
        if package is None or not _is_due(session, package_id, clock()):
            return
        manifest = session.scalars(select(Package.manifest).where(Package.id == package_id)).one()
    response: bytes | None = None
    failure: str | None = None
    try:
        response = obtain(settings, manifest, package.digest)
    except StampInvalid as error:
        failure = error.code
        log.warning("package %s has no time stamp yet: %s", package.digest, failure)
    with writing(sessions) as session:
        note(
            session,
            now=clock(),
            package=package,
            authority=settings.tsa_url,
            response=response,
            failure=failure,
        )


def obtain(settings: Settings, manifest: str, digest: str) -> bytes:
    """The authority's response over a manifest, looked at. Raises StampInvalid."""
    asked = stamp.query(manifest)
    response = _sent(settings.tsa_url, asked.as_bytes())
    stamp.read(response, digest, nonce=asked.nonce)
    if settings.tsa_ca is not None:
        stamp.check_signature(response, digest, settings.tsa_ca)
    return response


def note(
    session: Session,
    *,
    now: datetime,
    package: Package,
    authority: str,
    response: bytes | None,
    failure: str | None,
) -> PackageTimestamp:
    """Keep a response, or why there is none and when to ask again; a stamp that is there stays."""
    row = session.get(PackageTimestamp, package.id, with_for_update=True)
    if row is None:
        row = PackageTimestamp(package_id=package.id, attempts=0)
        session.add(row)
    elif row.stamped_at is not None:
        return row
    row.attempts += 1
    row.authority, row.tried_at = authority[:300], now
    row.next_try_at = now + min(_LONGEST_WAIT, timedelta(minutes=2 ** min(row.attempts, 11)))
    row.response, row.failure = response, failure
    row.stamped_at = stamp.read(response, package.digest).at if response is not None else None
    session.flush()
    return row


def due(session: Session, now: datetime) -> list[int]:
    """Packages that have no stamp and may be asked for now, the oldest first; one statement."""
    return list(
        session.scalars(
            select(Package.id)
            .outerjoin(PackageTimestamp, PackageTimestamp.package_id == Package.id)
            .where(
                PackageTimestamp.stamped_at.is_(None),
                or_(PackageTimestamp.package_id.is_(None), PackageTimestamp.next_try_at <= now),
            )
            .order_by(Package.signed_at, Package.id)
            .limit(_AT_ONCE)
        )
    )


def _is_due(session: Session, package_id: int, now: datetime) -> bool:
    """Whether a package lacks a stamp and may be asked for: messages may come twice."""
    row = session.get(PackageTimestamp, package_id)
    return row is None or (row.stamped_at is None and row.next_try_at <= now)


def _sent(url: str, body: bytes) -> bytes:
    """What the authority answers over HTTP (RFC 3161, 3.4). Raises StampInvalid."""
    request = urllib.request.Request(url, data=body, headers={"Content-Type": _MEDIA_TYPE}, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
            response: bytes = answer.read(stamp.LARGEST + 1)
    except urllib.error.HTTPError as error:
        error.close()
        raise StampInvalid(STRANGE) from error
    except (OSError, ValueError) as error:
        raise StampInvalid(UNREACHABLE) from error
    if len(response) > stamp.LARGEST:
        raise StampInvalid(STRANGE)
    return response
