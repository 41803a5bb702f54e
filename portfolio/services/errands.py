"""Errands: long work that a person asks for, follows, cancels, and fetches the outcome of for some days."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from portfolio import jobs
from portfolio.db import new_id
from portfolio.errors import DomainError
from portfolio.models import Errand, ErrandKind, ErrandState, Package, PackageFile
from portfolio.policy import Actor
from portfolio.services.moving import asking, out
from portfolio.services.rows import add_once

JOB = "errand"
KEPT = timedelta(days=3)
# A worker that hasn't said for so long that it lives is gone.
GIVEN_UP_AFTER = timedelta(minutes=5)
MOST_ATTEMPTS = 3
# A package up to this many bytes is sent at once, read through beforehand; a larger one is an errand.
SENT_AT_ONCE = 64 * 1024 * 1024
INCOMING = 0  # in the store: what comes in and is no school's yet
UNDER_WAY = (ErrandState.WAITING, ErrandState.RUNNING)


# ---- Asking ----


def ask_for_package(
    session: Session, *, actor: Actor, now: datetime, package: Package, originals: bool
) -> Errand:
    """Have a package's archive made; one that is made or in the making already will do."""
    kind = ErrandKind.ORIGINALS if originals else ErrandKind.PACKAGE
    subject = f"{kind}:{package.id}"
    ready = session.scalar(
        select(Errand).where(
            Errand.asked_by == actor.user_id,
            Errand.subject == subject,
            Errand.state == ErrandState.DONE,
            Errand.expires_at > now,
        )
    )
    return ready or _ask(
        session,
        actor,
        now,
        kind=kind,
        subject=subject,
        school_id=package.school_id,
        package_id=package.id,
        total=package_size(session, package.id),
    )


def ask_for_school(session: Session, *, actor: Actor, now: datetime, school_id: int) -> Errand:
    """Have everything of a school packed, as it stands when the work begins."""
    subject = f"{ErrandKind.SCHOOL}:{school_id}"
    if (standing := _standing(session, actor, subject)) is not None:
        return standing
    asking.note_export(session, school_id=school_id, actor_id=actor.user_id, now=now)
    total = out.size_of(session, school_id)
    return _ask(
        session, actor, now, kind=ErrandKind.SCHOOL, subject=subject, school_id=school_id, total=total
    )


def ask_for_import(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    filename: str,
    sha256: str,
    size: int,
    expected: str | None,
) -> Errand:
    """Have a school taken in from an archive that is in the store (under INCOMING)."""
    return _ask(
        session,
        actor,
        now,
        kind=ErrandKind.IMPORT,
        subject=f"{ErrandKind.IMPORT}:{sha256}",
        filename=filename,
        sha256=sha256,
        size=size,
        total=size,
        context={"expected": expected},
    )


def package_size(session: Session, package_id: int) -> int:
    """Bytes of all files of a package."""
    return session.scalar(select(func.sum(PackageFile.size)).where(PackageFile.package_id == package_id)) or 0


def _standing(session: Session, actor: Actor, subject: str) -> Errand | None:
    return session.scalar(
        select(Errand).where(
            Errand.asked_by == actor.user_id, Errand.subject == subject, Errand.state.in_(UNDER_WAY)
        )
    )


def _ask(session: Session, actor: Actor, now: datetime, *, subject: str, **what: Any) -> Errand:
    """The errand, unless it is under way already. Raises DomainError("errand_under_way") if that began just now."""
    if (standing := _standing(session, actor, subject)) is not None:
        return standing
    errand = Errand(
        id=new_id(),
        subject=subject,
        asked_by=actor.user_id,
        asked_at=now,
        state=ErrandState.WAITING,
        attempts=0,
        done=0,
        **what,
    )
    add_once(session, errand, DomainError("errand_under_way"))
    jobs.ask(session, JOB, errand_id=errand.id)
    return errand


# ---- What the person does with it ----


def cancel(session: Session, *, errand: Errand, now: datetime) -> None:
    """End it; its worker notices within seconds. Raises DomainError("errand_over")."""
    ended = session.execute(
        update(Errand)
        .where(Errand.id == errand.id, Errand.state.in_(UNDER_WAY))
        .values(state=ErrandState.CANCELLED, finished_at=now, seen_at=now, sha256=None)
        .execution_options(synchronize_session=False)
    )
    if ended.rowcount == 0:  # type: ignore[attr-defined]
        raise DomainError("errand_over")


def put_away(session: Session, *, errand: Errand) -> None:
    """Take it off the list; what was made goes with the next sweep. Raises DomainError("errand_not_over")."""
    gone = session.execute(delete(Errand).where(Errand.id == errand.id, Errand.state.not_in(UNDER_WAY)))
    if gone.rowcount == 0:  # type: ignore[attr-defined]
        raise DomainError("errand_not_over")


def mark_seen(session: Session, *, errand: Errand, now: datetime) -> None:
    """The person has seen that it is over."""
    session.execute(
        update(Errand)
        .where(Errand.id == errand.id, Errand.finished_at.is_not(None), Errand.seen_at.is_(None))
        .values(seen_at=now)
    )


# ---- What the clock does with it ----


def stale(session: Session, now: datetime) -> list[int]:
    """What waits, and what a worker that is gone began; the oldest first."""
    return list(
        session.scalars(
            select(Errand.id)
            .where(or_(Errand.state == ErrandState.WAITING, abandoned(now)))
            .order_by(Errand.asked_at, Errand.id)
        )
    )


def give_up(session: Session, *, now: datetime) -> None:
    """End what took its worker along every time, and forget what is over for long."""
    session.execute(
        update(Errand)
        .where(abandoned(now), Errand.attempts >= MOST_ATTEMPTS)
        .values(state=ErrandState.FAILED, failure="errand_crashed", finished_at=now)
    )
    session.execute(delete(Errand).where(Errand.finished_at <= now - KEPT))


def abandoned(now: datetime) -> ColumnElement[bool]:
    """Whether its worker is gone."""
    return and_(Errand.state == ErrandState.RUNNING, Errand.beat_at <= now - GIVEN_UP_AFTER)


def shelf_of(errand: Errand) -> int:
    """Under which school the store holds what was made, or what came in."""
    return INCOMING if errand.kind is ErrandKind.IMPORT else errand.school_id or INCOMING


def digests_kept(session: Session, *, school_id: int) -> set[str]:
    """The digests of what the store holds for errands under a school."""
    is_import = Errand.kind == ErrandKind.IMPORT
    ours = is_import if school_id == INCOMING else and_(~is_import, Errand.school_id == school_id)
    return {digest for digest in session.scalars(select(Errand.sha256).where(ours)) if digest is not None}
