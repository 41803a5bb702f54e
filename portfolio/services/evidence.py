"""Evidence: taken in once, described, replaced by newer files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from portfolio import audit
from portfolio.audit import Action
from portfolio.db import insert_into
from portfolio.errors import DomainError, NotFound, Refused, StaleWrite
from portfolio.models import (
    Blob,
    Evidence,
    EvidenceKind,
    EvidenceVersion,
    EvidenceYear,
)
from portfolio.policy import Actor
from portfolio.services import derivations, search_index
from portfolio.titles import LONGEST_TITLE

LONGEST_REMARK = 2000
FIRST_YEAR, LAST_YEAR = 1990, 2100


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file whose bytes are in the store; `storage` names the engine that holds them."""

    filename: str
    sha256: str
    size: int
    media_type: str
    storage: str


@dataclass(frozen=True, slots=True)
class Description:
    """What people say about a piece of evidence."""

    title: str
    kind: EvidenceKind
    years: frozenset[int] = frozenset()
    date: Date | None = None
    remark: str = ""


def check(description: Description) -> Description:
    """The description, tidied. Raises Refused with every field that is wrong."""
    title = " ".join("".join(c if c.isprintable() else " " for c in description.title).split())
    remark = description.remark.strip()
    errors: dict[str, DomainError] = {}
    if not title:
        errors["title"] = DomainError("title_empty", field="title")
    if len(title) > LONGEST_TITLE:
        errors["title"] = DomainError("text_too_long", field="title", longest=LONGEST_TITLE)
    if len(remark) > LONGEST_REMARK:
        errors["remark"] = DomainError("text_too_long", field="remark", longest=LONGEST_REMARK)
    if any(not FIRST_YEAR <= year <= LAST_YEAR for year in description.years):
        errors["years"] = DomainError("year_malformed", field="years")
    if errors:
        raise Refused(errors)
    return Description(title, description.kind, description.years, description.date, remark)


def add_evidence(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    school_id: int,
    file: StoredFile,
    description: Description,
    path: str = "",
) -> Evidence:
    """A new piece of evidence with its first file; `path`: where that stood. Raises Refused by field."""
    said = check(description)
    keep(session, school_id, file, now)
    evidence = Evidence(
        school_id=school_id,
        title=said.title,
        kind=said.kind,
        date=said.date,
        remark=said.remark,
        path=path,
        created_by=actor.user_id,
        created_at=now,
        years=[EvidenceYear(year=year) for year in sorted(said.years)],
    )
    session.add(evidence)
    session.flush()
    _add_version(session, evidence, 1, file, "", actor, now)
    after = described(said) | {"filename": file.filename, "sha256": file.sha256}
    _record(session, Action.EVIDENCE_ADDED, evidence, actor, now, after=after)
    return evidence


def add_version(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    evidence_id: int,
    school_id: int,
    file: StoredFile,
    reason: str,
) -> Evidence:
    """A newer file for the same evidence.

    Raises NotFound, DomainError (version_unchanged, text_too_long, evidence_trashed).
    """
    if len(reason) > LONGEST_REMARK:
        raise DomainError("text_too_long", field="reason", longest=LONGEST_REMARK)
    evidence = locked(session, evidence_id)
    if evidence is None or evidence.school_id != school_id:
        raise NotFound()
    _check_kept(evidence)
    number, digest = session.execute(
        select(EvidenceVersion.number, EvidenceVersion.sha256)
        .where(EvidenceVersion.evidence_id == evidence.id)
        .order_by(EvidenceVersion.number.desc())
        .limit(1)
    ).one()
    if digest == file.sha256:
        raise DomainError("version_unchanged", number=number)
    keep(session, school_id, file, now)
    _add_version(session, evidence, number + 1, file, reason.strip(), actor, now)
    after = {"title": evidence.title, "number": number + 1, "filename": file.filename, "sha256": file.sha256}
    _record(session, Action.EVIDENCE_REPLACED, evidence, actor, now, after=after | {"reason": reason.strip()})
    return evidence


def describe(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    evidence: Evidence,
    description: Description,
    version: int,
) -> None:
    """Save a description over the row version it was based on.

    Raises Refused, StaleWrite, NotFound, DomainError("evidence_trashed").
    """
    said = check(description)
    current = locked(session, evidence.id)
    if current is None:
        raise NotFound()
    _check_kept(current)
    before = description_of(session, current)
    if current.version != version:
        raise StaleWrite(before)
    current.title, current.kind, current.date, current.remark = said.title, said.kind, said.date, said.remark
    _set_years(session, current, said.years)
    flag_modified(current, "title")  # years are rows of their own: the version counts for them too
    session.flush()
    search_index.index_words(session, current)
    _record(
        session,
        Action.EVIDENCE_DESCRIBED,
        current,
        actor,
        now,
        before=described(before),
        after=described(said),
    )


def duplicate_of(session: Session, *, evidence_id: int, school_id: int, sha256: str) -> int | None:
    """Other evidence of the school that has the same bytes: the oldest, if any."""
    return session.scalar(
        select(EvidenceVersion.evidence_id)
        .where(
            EvidenceVersion.school_id == school_id,
            EvidenceVersion.sha256 == sha256,
            EvidenceVersion.evidence_id != evidence_id,
        )
        .order_by(EvidenceVersion.uploaded_at, EvidenceVersion.id)
        .limit(1)
    )


def description_of(session: Session, evidence: Evidence) -> Description:
    """What is said about it now."""
    years = session.scalars(select(EvidenceYear.year).where(EvidenceYear.evidence_id == evidence.id))
    return Description(evidence.title, evidence.kind, frozenset(years), evidence.date, evidence.remark)


def locked(session: Session, evidence_id: int) -> Evidence | None:
    """The evidence as it stands now, its row held until this write is through."""
    return session.scalars(
        select(Evidence)
        .where(Evidence.id == evidence_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()


def _check_kept(evidence: Evidence) -> None:
    if evidence.trashed_at is not None:
        raise DomainError("evidence_trashed")


def keep(session: Session, school_id: int, file: StoredFile, now: datetime) -> None:
    """The row of stored bytes, once a school: many may arrive with the same ones at the same moment."""
    session.execute(
        insert_into(session, Blob)
        .values(
            school_id=school_id,
            sha256=file.sha256,
            size=file.size,
            media_type=file.media_type,
            storage=file.storage,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=[Blob.school_id, Blob.sha256])
    )
    derivations.request(session, school_id=school_id, sha256=file.sha256, now=now)


def _add_version(
    session: Session,
    evidence: Evidence,
    number: int,
    file: StoredFile,
    reason: str,
    actor: Actor,
    now: datetime,
) -> None:
    session.add(
        EvidenceVersion(
            evidence_id=evidence.id,
            number=number,
            school_id=evidence.school_id,
            sha256=file.sha256,
            filename=file.filename,
            reason=reason,
            uploaded_by=actor.user_id,
            uploaded_at=now,
        )
    )
    session.flush()
    search_index.index_words(session, evidence)


def _set_years(session: Session, evidence: Evidence, years: Iterable[int]) -> None:
    session.execute(delete(EvidenceYear).where(EvidenceYear.evidence_id == evidence.id))
    session.add_all(EvidenceYear(evidence_id=evidence.id, year=year) for year in sorted(years))


def described(said: Description) -> dict[str, Any]:
    """A description as the audit trail keeps it."""
    return {
        "title": said.title,
        "kind": said.kind.value,
        "years": said.years,
        "date": said.date,
        "remark": said.remark,
    }


def _record(
    session: Session,
    action: Action,
    evidence: Evidence,
    actor: Actor,
    now: datetime,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=action,
        subject=("evidence", evidence.id),
        school_id=evidence.school_id,
        before=before,
        after=after,
    )
