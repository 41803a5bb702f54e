"""Derivatives of a school's files: asked for, made in the background, kept beside the original."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypedDict

from sqlalchemy import ColumnElement, and_, delete, exists, insert, literal, or_, select, union, update
from sqlalchemy.orm import Session, sessionmaker

from portfolio import jobs
from portfolio.db import begin_write, insert_into
from portfolio.derive.prints import text_print
from portfolio.errors import DomainError, NotFound
from portfolio.models import Blob, Derivation, DerivationState, PackageFile, PageImage, PageText, TextSource
from portfolio.services import deriving, search_index
from portfolio.services.deriving import Kept
from portfolio.storage import Storage

JOB, DRAW = "derive", "draw"
# A file that nobody finished by then was dropped by a worker that was killed.
GIVEN_UP_AFTER = timedelta(seconds=2 * deriving.LIMITS.seconds)
MOST_ATTEMPTS = 5
_LONGEST_MS = 2**31 - 1
_AT_ONCE = 2
_DRAWN_TOGETHER = 20  # pages


class _Key(TypedDict):
    school_id: int
    sha256: str


# ---- Asking ----


def request(session: Session, *, school_id: int, sha256: str, now: datetime) -> None:
    """Have the derivatives of these bytes made, unless somebody asked before."""
    asked = session.execute(
        insert_into(session, Derivation)
        .values(
            school_id=school_id,
            sha256=sha256,
            state=DerivationState.WAITING,
            attempts=0,
            requested_at=now,
            notes=[],
        )
        .on_conflict_do_nothing(index_elements=[Derivation.school_id, Derivation.sha256])
        .returning(Derivation.sha256)
    )
    if asked.first() is not None:
        jobs.ask(session, JOB, school_id=school_id, sha256=sha256)


def retry(session: Session, *, school_id: int, sha256: str, now: datetime) -> None:
    """Try once more what failed. Raises NotFound, DomainError("derivation_under_way")."""
    row = session.get(Derivation, (school_id, sha256), with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound()
    if row.state is not DerivationState.FAILED:
        raise DomainError("derivation_under_way")
    row.state, row.failure, row.attempts, row.requested_at = DerivationState.WAITING, None, 0, now
    row.started_at = row.finished_at = None
    session.flush()
    jobs.ask(session, JOB, school_id=school_id, sha256=sha256)


def stale(session: Session, now: datetime) -> list[tuple[int, str]]:
    """What waits, and what was begun so long ago that its worker must be gone: (school, digest), oldest first."""
    rows = session.execute(
        select(Derivation.school_id, Derivation.sha256)
        .where(or_(Derivation.state == DerivationState.WAITING, _abandoned(now)))
        .order_by(Derivation.requested_at, Derivation.sha256)
    )
    return [(row.school_id, row.sha256) for row in rows]


def request_missing(session: Session, *, now: datetime) -> None:
    """Ask for the derivatives of stored bytes that nobody asked for: those of an earlier version of the product."""
    unasked = ~exists().where(Derivation.school_id == Blob.school_id, Derivation.sha256 == Blob.sha256)
    columns = (
        Derivation.school_id,
        Derivation.sha256,
        Derivation.state,
        Derivation.attempts,
        Derivation.requested_at,
        Derivation.notes,
    )
    session.execute(
        insert(Derivation).from_select(
            [column.key for column in columns],
            select(
                Blob.school_id,
                Blob.sha256,
                literal(DerivationState.WAITING, columns[2].type),
                literal(0),
                literal(now, columns[4].type),
                literal([], columns[5].type),
            ).where(unasked),
        )
    )


def give_up(session: Session, *, now: datetime) -> None:
    """Mark as failed what took its worker along every time."""
    session.execute(
        update(Derivation)
        .where(_abandoned(now), Derivation.attempts >= MOST_ATTEMPTS)
        .values(state=DerivationState.FAILED, failure="crashed", finished_at=now)
    )


def _abandoned(now: datetime) -> ColumnElement[bool]:
    return and_(Derivation.state == DerivationState.RUNNING, Derivation.started_at <= now - GIVEN_UP_AFTER)


def forget(session: Session, unused: ColumnElement[bool]) -> None:
    """Remove what was made of bytes that are about to go, all that hangs on it included: pages, images, index.

    `unused` is a condition on Blob.
    """
    of_unused = exists().where(
        Blob.school_id == Derivation.school_id, Blob.sha256 == Derivation.sha256, unused
    )
    session.execute(delete(Derivation).where(of_unused).execution_options(synchronize_session=False))


def digests_kept(session: Session, *, school_id: int) -> set[str]:
    """The digests of everything that was made for a school and is still referred to."""
    rows = session.scalars(
        union(
            select(PageImage.image_sha256).where(PageImage.school_id == school_id),
            select(Derivation.public_sha256).where(Derivation.school_id == school_id),
            select(PackageFile.public_sha256).where(PackageFile.school_id == school_id),
        )
    )
    return {digest for digest in rows if digest is not None}


# ---- Making ----


def run(
    sessions: sessionmaker[Session],
    storage: Storage,
    *,
    school_id: int,
    sha256: str,
    clock: Callable[[], datetime],
) -> None:
    """Make the derivatives of these bytes if they are still wanted; the file is read outside any transaction.

    Raises StorageError where the store fails: the sweep has it tried again.
    """
    with sessions() as session:
        begin_write(session)
        attempt = _begin(session, school_id, sha256, clock())
        media_type = session.scalar(
            select(Blob.media_type).where(Blob.school_id == school_id, Blob.sha256 == sha256)
        )
        session.commit()
    if attempt is None or media_type is None:
        return
    made = deriving.make(storage, school_id, sha256, media_type)
    with sessions() as session:
        begin_write(session)
        _conclude(session, storage, school_id, sha256, attempt, made, clock())
        session.commit()


def run_within(
    session: Session, storage: Storage, *, school_id: int, digests: Sequence[str], now: datetime
) -> None:
    """The same for several files inside the caller's transaction, which waits for them: for loading, where nobody
    else writes. What is done or in other hands is left as it is.
    """
    blobs = {digest: session.get_one(Blob, (school_id, digest)) for digest in digests}
    attempts = {digest: _begin(session, school_id, digest, now) for digest in blobs}
    begun = {digest: attempt for digest, attempt in attempts.items() if attempt is not None}

    def make(digest: str) -> Kept | str:
        return deriving.make(storage, school_id, digest, blobs[digest].media_type)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for (digest, attempt), made in zip(begun.items(), pool.map(make, begun), strict=True):
            _conclude(session, storage, school_id, digest, attempt, made, now)


def draw(
    sessions: sessionmaker[Session], storage: Storage, *, school_id: int, sha256: str, page: int
) -> None:
    """Draw a page beyond those that are drawn unasked, and its neighbours; nothing where it has an image already."""
    with sessions() as session:
        row = session.get(Derivation, (school_id, sha256))
        drawn = session.scalar(
            select(PageImage.page).filter_by(school_id=school_id, sha256=sha256, page=page).limit(1)
        )
        if row is None or row.state is not DerivationState.DONE or drawn or page > (row.page_count or 0):
            return
        first = page - (page - 1) % _DRAWN_TOGETHER
        pages = range(first, min(first + _DRAWN_TOGETHER, (row.page_count or 0) + 1))
        media_type = session.get_one(Blob, (school_id, sha256)).media_type
    made = deriving.make(storage, school_id, sha256, media_type, pages)
    if isinstance(made, str):
        return
    with sessions() as session:
        begin_write(session)
        row = session.get(Derivation, (school_id, sha256), with_for_update=True)
        if row is not None and all(storage.exists(school_id, digest) for digest in made.digests()):
            _add_images(session, row, made)
        session.commit()


def _begin(session: Session, school_id: int, sha256: str, now: datetime) -> int | None:
    """Claim the file; which attempt this is, None if it is done or in other hands."""
    return session.scalar(
        update(Derivation)
        .where(
            Derivation.school_id == school_id,
            Derivation.sha256 == sha256,
            or_(Derivation.state == DerivationState.WAITING, _abandoned(now)),
        )
        .values(state=DerivationState.RUNNING, started_at=now, attempts=Derivation.attempts + 1)
        .returning(Derivation.attempts)
        .execution_options(synchronize_session=False)
    )


# ---- Writing down ----


def _conclude(
    session: Session,
    storage: Storage,
    school_id: int,
    sha256: str,
    attempt: int,
    made: Kept | str,
    now: datetime,
) -> None:
    """Write down what came of this attempt, unless a later one has begun."""
    row = session.get(Derivation, (school_id, sha256), with_for_update=True, populate_existing=True)
    if row is None or row.state is not DerivationState.RUNNING or row.attempts != attempt:
        return
    if isinstance(made, str):
        row.state, row.failure, row.finished_at = DerivationState.FAILED, made, now
    elif all(storage.exists(school_id, digest) for digest in made.digests()):
        _describe(row, made, now)
        _replace_pages(session, row, made)
    else:  # a sweep took the bytes while nothing referred to them yet
        row.state = DerivationState.WAITING
    session.flush()


def _describe(row: Derivation, made: Kept, now: datetime) -> None:
    derived = made.derived
    row.state, row.failure, row.finished_at = DerivationState.DONE, None, now
    row.page_count = derived.page_count
    row.taken_on = derived.taken_at
    row.duration_ms = _milliseconds(derived.duration_seconds)
    row.text_source = TextSource(derived.text_source)
    row.notes = list(derived.notes)
    row.text_print, row.look = text_print(page.text for page in derived.pages), derived.look
    row.public_sha256, row.public_size, row.public_media_type = made.public or (None, None, None)


def _milliseconds(seconds: Decimal | None) -> int | None:
    """A duration as it is kept; none where a header names weeks, which no column holds and nobody recorded."""
    milliseconds = None if seconds is None else int(seconds * 1000)
    return milliseconds if milliseconds is not None and 0 <= milliseconds <= _LONGEST_MS else None


def _replace_pages(session: Session, row: Derivation, made: Kept) -> None:
    key: _Key = {"school_id": row.school_id, "sha256": row.sha256}
    for table in (PageText, PageImage):
        session.execute(delete(table).filter_by(**key))
    texts = [key | {"page": page.number, "text": page.text} for page in made.derived.pages]
    if texts:
        session.execute(insert(PageText), texts)
    _add_images(session, row, made)
    pages = ((page.number, page.text) for page in made.derived.pages)
    search_index.index_file(session, **key, pages=pages)


def _add_images(session: Session, row: Derivation, made: Kept) -> None:
    """Enter the images; two workers may have drawn the same page."""
    rows = [
        {
            "school_id": row.school_id,
            "sha256": row.sha256,
            "page": image.number,
            "size": image.kind,
            "image_sha256": digest,
            "width": image.width,
            "height": image.height,
        }
        for image, digest in made.images
    ]
    if rows:
        session.execute(insert_into(session, PageImage).on_conflict_do_nothing(), rows)
