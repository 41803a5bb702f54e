"""A school's dossier as its pages show it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime
from decimal import Decimal

from sqlalchemy import (
    ScalarSelect,
    and_,
    case,
    exists,
    func,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from portfolio.editions import weights_of
from portfolio.models import (
    AuditEvent,
    Blob,
    Citation,
    Dossier,
    Evidence,
    EvidenceVersion,
    LoginSession,
    Package,
    SelfAssessment,
    User,
    Visit,
)
from portfolio.queries.derived import Made, with_made
from portfolio.queries.standing import Standing, standing
from rubric.gaps import (
    Gap,
    Readiness,
    Rule,
    Step,
    next_steps,
    points_at_risk,
)
from rubric.model import Rubric
from rubric.scoring import ElementClaim, Totals, totals


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happened in the dossier; `fresh` where somebody else did it since the reader's last visit."""

    at: datetime
    who: str | None
    action: str
    element: str | None
    title: str | None
    score: str | None
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Overview:
    """The dossier at a glance: `steps` are the next things to do, `groups` everything that is missing."""

    rubric: Rubric
    stands: Standing
    readiness: Readiness
    steps: tuple[Step, ...]
    groups: tuple[GapGroup, ...]
    scores: dict[str, Decimal | None]
    mine: tuple[str, ...]
    changes: tuple[Change, ...]
    last_visit: datetime | None = None


@dataclass(frozen=True, slots=True)
class GapGroup:
    """The gaps of one rule: how many, the points that hang on them, and the first of each element."""

    rule: Rule
    count: int
    points: Decimal
    firsts: tuple[Gap, ...]


def overview(
    session: Session, dossier: Dossier, *, user_id: int, now: datetime, to_school: bool = True
) -> Overview:
    """The dossier's home."""
    stands = standing(session, dossier, now=now, to_school=to_school)
    gaps = stands.readiness.gaps
    changes, last_visit = _changes(session, dossier.school_id, user_id)
    return Overview(
        rubric=stands.rubric,
        stands=stands,
        readiness=stands.readiness,
        steps=next_steps((gap for gap in gaps if gap.points_at_risk), weights_of(session)),
        groups=grouped(gaps),
        scores={code: row.score for code, row in stands.assessments.items()},
        mine=tuple(
            e.code for e in stands.rubric.elements if stands.assessments[e.code].assignee_id == user_id
        ),
        changes=changes,
        last_visit=last_visit,
    )


def grouped(gaps: Iterable[Gap]) -> tuple[GapGroup, ...]:
    """Gaps by rule: what stands in the way of submitting first, then most points first."""
    by_rule: dict[Rule, list[Gap]] = defaultdict(list)
    for gap in gaps:
        by_rule[gap.rule].append(gap)
    groups = [
        GapGroup(
            rule=rule,
            count=len(theirs),
            points=points_at_risk(theirs),
            firsts=tuple({gap.element: gap for gap in reversed(theirs)}.values())[::-1],
        )
        for rule, theirs in by_rule.items()
    ]
    return tuple(sorted(groups, key=lambda group: (not group.firsts[0].blocks, -group.points)))


def claims(session: Session, dossier_id: int, rubric: Rubric) -> Totals:
    """Only the three numbers, in one statement."""
    cited = exists().where(Citation.dossier_id == dossier_id, Citation.element == SelfAssessment.element)
    rows = session.execute(
        select(SelfAssessment.element, SelfAssessment.score, cited.label("cited")).where(
            SelfAssessment.dossier_id == dossier_id
        )
    )
    return totals(
        ElementClaim(r.element, rubric.element(r.element).points, r.score, bool(r.cited)) for r in rows
    )


SHOWN_CHANGES = (
    "element:scored",
    "evidence:added",
    "evidence:new_version",
    "citation:added",
    "package:signed",
)


def _changes(
    session: Session, school_id: int, user_id: int, limit: int = 8
) -> tuple[tuple[Change, ...], datetime | None]:
    """The newest changes, fresh ones first, and up to when the reader has seen them."""
    seen = _seen_at(school_id, user_id)
    fresh = and_(AuditEvent.at > seen, AuditEvent.actor_id.is_distinct_from(user_id))
    rows = session.execute(
        select(AuditEvent, User.name, seen.label("seen_at"))
        .outerjoin(User, User.id == AuditEvent.actor_id)
        .where(AuditEvent.school_id == school_id, AuditEvent.action.in_(SHOWN_CHANGES))
        .order_by(case((fresh, 0), else_=1), AuditEvent.at.desc(), AuditEvent.id.desc())
        .limit(limit)
    ).all()
    seen_at = rows[0].seen_at if rows else None
    changes = tuple(_change(event, name, seen_at, user_id) for event, name, _seen in rows)
    return changes, seen_at


def _seen_at(school_id: int, user_id: int) -> ScalarSelect[datetime]:
    """When the reader said so, or began the log-in before the present one, whichever is later."""
    logged_in = (
        select(LoginSession.created_at.label("at"))
        .where(LoginSession.user_id == user_id)
        .order_by(LoginSession.created_at.desc())
        .offset(1)
        .limit(1)
        .subquery()
    )
    said = select(Visit.seen_at.label("at")).where(Visit.user_id == user_id, Visit.school_id == school_id)
    either = union_all(select(logged_in.c.at), said).subquery()
    return select(func.max(either.c.at, type_=either.c.at.type)).scalar_subquery()


def _change(event: AuditEvent, who: str | None, seen_at: datetime | None, user_id: int) -> Change:
    after = event.after or {}
    return Change(
        at=event.at,
        who=who,
        action=event.action,
        element=after.get("element"),
        title=after.get("title"),
        score=after.get("score"),
        fresh=seen_at is not None and event.at > seen_at and event.actor_id != user_id,
    )


@dataclass(frozen=True, slots=True)
class CitationCard:
    """A citation as a card: which evidence, its newest file, where in it, and why."""

    id: int
    evidence_id: int
    title: str
    kind: str
    date: Date | None
    number: int
    media_type: str
    size: int
    page_from: int | None
    page_to: int | None
    remark: str
    made: Made


def citation_cards(session: Session, dossier_id: int, code: str) -> list[CitationCard]:
    """An element's citations, oldest first."""
    newest = (
        select(func.max(EvidenceVersion.number))
        .where(EvidenceVersion.evidence_id == Citation.evidence_id)
        .correlate(Citation)
        .scalar_subquery()
    )
    statement = (
        select(
            Citation,
            Evidence.title,
            Evidence.kind,
            Evidence.date,
            EvidenceVersion.number,
            Blob.media_type,
            Blob.size,
        )
        .join(Evidence, Evidence.id == Citation.evidence_id)
        .join(
            EvidenceVersion, (EvidenceVersion.evidence_id == Evidence.id) & (EvidenceVersion.number == newest)
        )
        .join(EvidenceVersion.blob)
        .where(Citation.dossier_id == dossier_id, Citation.element == code)
        .order_by(Citation.cited_at, Citation.id)
    )
    rows = session.execute(with_made(statement, EvidenceVersion.school_id, EvidenceVersion.sha256))
    return [
        CitationCard(
            id=citation.id,
            evidence_id=citation.evidence_id,
            title=title,
            kind=kind,
            date=date,
            number=number,
            media_type=media_type,
            size=size,
            page_from=citation.page_from,
            page_to=citation.page_to,
            remark=citation.remark,
            made=Made.of(derivation, thumbnail),
        )
        for citation, title, kind, date, number, media_type, size, derivation, thumbnail in rows
    ]


def person_name(session: Session, user_id: int | None) -> str | None:
    """A person's name, if there is such a person."""
    return session.scalar(select(User.name).where(User.id == user_id)) if user_id else None


def packages(session: Session, dossier_id: int) -> list[Package]:
    """The dossier's packages, newest first."""
    return list(
        session.scalars(
            select(Package).where(Package.dossier_id == dossier_id).order_by(Package.number.desc())
        )
    )
