"""What was found during a visit: one's own findings, those on the table, and their photographs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.orm import Session

from portfolio.errors import NotFound
from portfolio.models import (
    Assignment,
    Finding,
    FindingElement,
    FindingPhoto,
    Membership,
    PageImage,
    Review,
    Role,
    User,
)
from portfolio.policy import Actor, Place, recused
from portfolio.queries import places
from portfolio.queries.derived import THUMBNAIL
from rubric.model import Channel


@dataclass(frozen=True, slots=True)
class Photo:
    """A photograph of a finding; `drawn` once its copy without place and device is there."""

    id: int
    filename: str
    drawn: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A finding as its readers see it."""

    id: int
    token: str
    author: str
    author_id: int
    channel: Channel
    words: str
    contradicts: bool
    noted_at: datetime
    version: int
    photos: tuple[Photo, ...] = ()
    elements: tuple[str, ...] = field(default=())


def own_findings(session: Session, assignment: Assignment, actor: Actor) -> tuple[Found, ...]:
    """What the actor found and didn't take back, the newest first, with its elements; two statements."""
    found = _found(session, Finding.assignment_id == assignment.id, Finding.author_id == actor.user_id)
    codes = _elements(session, Finding.assignment_id == assignment.id, Finding.author_id == actor.user_id)
    return tuple(replace(each, elements=tuple(codes.get(each.id, ()))) for each in reversed(found))


def panel_findings(session: Session, assignment: Assignment) -> tuple[Found, ...]:
    """What everybody found who didn't step aside, the oldest first, with its elements; two statements."""
    found = _found(
        session,
        Finding.assignment_id == assignment.id,
        ~recused(Finding.author_id, assignment.package.school_id, until=Assignment.closed_at),
    )
    codes = _elements(session, Finding.assignment_id == assignment.id)
    return tuple(replace(each, elements=tuple(codes.get(each.id, ()))) for each in found)


def _elements(session: Session, *conditions: ColumnElement[bool]) -> dict[int, list[str]]:
    """The elements of findings, in the rubric's order; one statement."""
    codes: dict[int, list[str]] = {}
    rows = session.execute(
        select(FindingElement.finding_id, FindingElement.element)
        .join(Finding, Finding.id == FindingElement.finding_id)
        .where(*conditions)
        .order_by(func.length(FindingElement.element), FindingElement.element)
    )
    for finding_id, element in rows:
        codes.setdefault(finding_id, []).append(element)
    return codes


def findings_beside(
    session: Session, assignment: Assignment, code: str, *, author_id: int | None
) -> tuple[Found, ...]:
    """What was found about an element: by one person, or (None) by everybody who didn't step aside; one statement."""
    of_element = exists().where(FindingElement.finding_id == Finding.id, FindingElement.element == code)
    whose = (
        Finding.author_id == author_id
        if author_id is not None
        else ~recused(Finding.author_id, assignment.package.school_id, until=Assignment.closed_at)
    )
    return tuple(_found(session, Finding.assignment_id == assignment.id, of_element, whose))


def _found(session: Session, *conditions: ColumnElement[bool]) -> list[Found]:
    """Findings that stand, with their photographs, the oldest first; one statement."""
    rows = session.execute(
        select(Finding, User.name, FindingPhoto, PageImage.width)
        .join(User, User.id == Finding.author_id)
        .join(Assignment, Assignment.id == Finding.assignment_id)
        .outerjoin(
            FindingPhoto, and_(FindingPhoto.finding_id == Finding.id, FindingPhoto.removed_at.is_(None))
        )
        .outerjoin(
            PageImage,
            and_(
                PageImage.school_id == FindingPhoto.school_id,
                PageImage.sha256 == FindingPhoto.sha256,
                PageImage.page == 1,
                PageImage.size == THUMBNAIL,
            ),
        )
        .where(*conditions, Finding.withdrawn_at.is_(None))
        .order_by(Finding.noted_at, Finding.id, FindingPhoto.added_at, FindingPhoto.id)
        .execution_options(populate_existing=True)
    )
    found: dict[int, Found] = {}
    for finding, name, photo, width in rows:
        standing = found.get(finding.id) or _as_found(finding, name)
        if photo is not None:
            shown = Photo(photo.id, photo.filename, width is not None)
            standing = replace(standing, photos=(*standing.photos, shown))
        found[finding.id] = standing
    return list(found.values())


def _as_found(row: Finding, author: str) -> Found:
    return Found(
        id=row.id,
        token=row.token,
        author=author,
        author_id=row.author_id,
        channel=row.channel,
        words=row.words,
        contradicts=row.contradicts,
        noted_at=row.noted_at,
        version=row.version,
    )


@dataclass(frozen=True, slots=True)
class FindingAt:
    """A finding and where it was made; `photo` where the address names one."""

    assignment: Assignment
    finding: Finding
    photo: FindingPhoto | None = None


def finding(session: Session, *, round_id: int, package_id: int, finding_id: int) -> tuple[FindingAt, Place]:
    """Locates a finding: its writer's alone."""
    return _own_finding(session, round_id, package_id, Finding.id == finding_id)


def finding_by_token(
    session: Session, *, round_id: int, package_id: int, token: UUID
) -> tuple[FindingAt, Place]:
    """The same by the token its writer's browser gave it: known before the finding was ever sent."""
    return _own_finding(session, round_id, package_id, Finding.token == str(token))


def _own_finding(
    session: Session, round_id: int, package_id: int, which: ColumnElement[bool]
) -> tuple[FindingAt, Place]:
    assignment, place = places.visit(session, round_id=round_id, package_id=package_id)
    found = session.scalar(select(Finding).where(Finding.assignment_id == assignment.id, which))
    if found is None:
        raise NotFound()
    return FindingAt(assignment, found), replace(place, person_id=found.author_id)


def own_photo(session: Session, *, round_id: int, package_id: int, photo_id: int) -> tuple[FindingAt, Place]:
    """Locates a photograph for its writer."""
    assignment, place = places.visit(session, round_id=round_id, package_id=package_id)
    row = session.execute(
        select(FindingPhoto, Finding)
        .join(Finding, Finding.id == FindingPhoto.finding_id)
        .where(
            FindingPhoto.id == photo_id,
            FindingPhoto.removed_at.is_(None),
            Finding.assignment_id == assignment.id,
        )
    ).one_or_none()
    if row is None:
        raise NotFound()
    return FindingAt(assignment, row.Finding, row.FindingPhoto), replace(
        place, person_id=row.Finding.author_id
    )


def photo(
    session: Session, *, round_id: int, package_id: int, photo_id: int, **_which: Any
) -> tuple[FindingAt, Place]:
    """Locates a photograph: its writer's, and once the table is open theirs who sit at it."""
    at, place = own_photo(session, round_id=round_id, package_id=package_id, photo_id=photo_id)
    if at.assignment.settling_since is None or at.finding.withdrawn_at is not None:
        return at, place
    handed_in = select(Review.expert_id).where(
        Review.assignment_id == at.assignment.id, Review.handed_in_at.is_not(None)
    )
    chairs = select(Membership.user_id).where(
        Membership.panel_id == at.assignment.panel_id, Membership.role == Role.CHAIR
    )
    return at, replace(place, party=frozenset(session.scalars(handed_in.union(chairs))))
