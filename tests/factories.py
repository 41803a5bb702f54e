"""Real rows for tests: each factory makes one thing the way the product does."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.models import (
    Blob,
    Citation,
    Cycle,
    Derivation,
    DerivationState,
    Dossier,
    Evidence,
    EvidenceKind,
    EvidenceVersion,
    EvidenceYear,
    Membership,
    PageText,
    Role,
    School,
    SelfAssessment,
    TextSource,
    User,
)
from portfolio.policy import Actor, Grant
from portfolio.queries.people import actor_of
from portfolio.services import accounts, cycles, passwords, search_index
from portfolio.storage import Storage
from rubric.loader import DEFAULT, find

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
_number = itertools.count(1)


def make_school(session: Session, name: str = "", district: str = "未央区") -> School:
    """A school."""
    school = School(name=name or f"第{next(_number)}学校", district=district, boarding=False, created_at=NOW)
    session.add(school)
    session.flush()
    return school


# Hashing is slow on purpose; people of tests share one hash of PASSWORD.
_password_hash = passwords.HASHER.hash(PASSWORD)


def make_user(
    session: Session,
    role: Role | None = None,
    *,
    school: School | None = None,
    panel_id: int | None = None,
    username: str = "",
    name: str = "",
) -> User:
    """A person who can log in with PASSWORD, holding a role if one is named."""
    number = next(_number)
    user = User(
        username=username or f"user{number}",
        name=name or f"王{number}",
        password_hash=_password_hash,
        created_at=NOW,
    )
    session.add(user)
    session.flush()
    if role is not None:
        accounts.grant(
            session, user=user, role=role, school_id=school.id if school else None, panel_id=panel_id
        )
    return user


def actor_for(session: Session, user: User) -> Actor:
    """The person as the policy sees them now."""
    held = list(session.scalars(select(Membership).where(Membership.user_id == user.id)))
    return actor_of(session, user, held)


def bureau_actor(session: Session) -> Actor:
    """Somebody of the bureau."""
    return actor_for(session, make_user(session, Role.BUREAU))


def make_cycle(session: Session, *, name: str = "", rounds: list[cycles.RoundPlan] | None = None) -> Cycle:
    """An open cycle under the city's rubric, with one round."""
    return cycles.open_cycle(
        session,
        actor=Actor(make_user(session).id, "setup", frozenset({Grant(Role.BUREAU)})),
        now=NOW,
        name=name or f"2026 年第 {next(_number)} 批次",
        rubric=find(DEFAULT),
        opens_at=NOW - timedelta(days=60),
        submit_by=NOW + timedelta(days=18),
        rounds=rounds or [cycles.RoundPlan("市级评估")],
    )


def make_dossier(session: Session, school: School | None = None, cycle: Cycle | None = None) -> Dossier:
    """A dossier with all elements unscored."""
    dossier = cycles.open_dossier(
        session,
        actor=bureau_actor(session),
        now=NOW,
        school=school or make_school(session),
        cycle=cycle or make_cycle(session),
    )
    session.refresh(dossier, ["school", "cycle"])
    return dossier


def make_evidence(
    session: Session,
    school: School,
    storage: Storage,
    folder: Path,
    *,
    title: str = "党支部会议记录",
    content: bytes | None = None,
    years: tuple[int, ...] = (2025,),
    kind: EvidenceKind = EvidenceKind.MINUTES,
    filename: str = "会议记录.txt",
    media_type: str = "text/plain",
    by: User | None = None,
) -> Evidence:
    """A piece of evidence with one stored version."""
    data = content if content is not None else f"{title} {next(_number)}".encode()
    digest = hashlib.sha256(data).hexdigest()
    source = folder / f"upload-{next(_number)}"
    source.write_bytes(data)
    storage.put(school.id, digest, source)
    user = by or make_user(session)
    if session.get(Blob, (school.id, digest)) is None:
        session.add(
            Blob(
                school_id=school.id,
                sha256=digest,
                size=len(data),
                media_type=media_type,
                storage=storage.name,
                created_at=NOW,
            )
        )
        session.flush()
    evidence = Evidence(
        school_id=school.id,
        title=title,
        kind=kind,
        date=date(2025, 3, 21),
        created_by=user.id,
        created_at=NOW,
    )
    session.add(evidence)
    session.flush()
    session.add_all(EvidenceYear(evidence_id=evidence.id, year=year) for year in years)
    session.add(
        EvidenceVersion(
            evidence_id=evidence.id,
            number=1,
            school_id=school.id,
            sha256=digest,
            filename=filename,
            uploaded_by=user.id,
            uploaded_at=NOW,
        )
    )
    session.flush()
    search_index.index_words(session, evidence)
    return evidence


def read_pages(session: Session, evidence: Evidence, *texts: str) -> str:
    """Have the newest file of the evidence read: the texts of its pages, from page 1. Returns its digest."""
    digest = session.scalars(
        select(EvidenceVersion.sha256)
        .where(EvidenceVersion.evidence_id == evidence.id)
        .order_by(EvidenceVersion.number.desc())
    ).first()
    assert digest is not None
    session.merge(
        Derivation(
            school_id=evidence.school_id,
            sha256=digest,
            state=DerivationState.DONE,
            requested_at=NOW,
            page_count=len(texts),
            text_source=TextSource.LAYER,
        )
    )
    pages = list(enumerate(texts, 1))
    session.add_all(
        PageText(school_id=evidence.school_id, sha256=digest, page=page, text=text) for page, text in pages
    )
    session.flush()
    search_index.index_file(session, school_id=evidence.school_id, sha256=digest, pages=pages)
    return digest


def cite(
    session: Session, dossier: Dossier, element: str, evidence: Evidence, *, page: int | None = None
) -> Citation:
    """A citation of the evidence in the element."""
    citation = Citation(
        dossier_id=dossier.id,
        element=element,
        evidence_id=evidence.id,
        page_from=page,
        cited_by=evidence.created_by,
        cited_at=NOW,
    )
    session.add(citation)
    session.flush()
    return citation


def score_all(session: Session, dossier: Dossier, *, share: Decimal = Decimal("0.9")) -> None:
    """Score and justify every element of a dossier at this share of its points."""
    rubric = find(DEFAULT)
    for row in session.scalars(select(SelfAssessment).where(SelfAssessment.dossier_id == dossier.id)):
        row.score = (rubric.element(row.element).points * share).quantize(Decimal("0.1"))
        row.justification = (
            f"{row.element}：本校制度健全，近三年记录完整，按学期归档，成效明显，不足之处已列入下学年计划。"
        )
        row.version, row.saved_at = 1, NOW
    session.flush()


@dataclass(frozen=True)
class Staff:
    """A school's people."""

    lead: User
    principal: User
    contributor: User


def make_staff(session: Session, school: School) -> Staff:
    """One person in each of a school's roles."""
    return Staff(
        lead=make_user(session, Role.LEAD, school=school),
        principal=make_user(session, Role.PRINCIPAL, school=school),
        contributor=make_user(session, Role.CONTRIBUTOR, school=school),
    )
