"""Findings of a visit: noted where they are made, tied to elements, taken back by their writer, with photographs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from portfolio.audit import Action
from portfolio.editions import rubric_of
from portfolio.errors import DomainError, NotFound, Refused, StaleWrite
from portfolio.filetypes import PICTURES
from portfolio.models import Assignment, Finding, FindingElement, FindingPhoto
from portfolio.plaintext import plain_text
from portfolio.policy import Actor
from portfolio.services import evidence
from portfolio.services.evidence import StoredFile
from portfolio.services.reviews import check_length
from portfolio.services.rows import add_once
from portfolio.services.visits import hold, trail
from portfolio.storage import Storage
from rubric.model import Channel, Rubric

MOST_PHOTOS = 12
MOST_ELEMENTS = 20
TOKEN = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_SEPARATORS = re.compile(r"[\s,，、;；]+")
_CODE = re.compile(r"[Cc]?0?([1-9]\d?)")


@dataclass(frozen=True, slots=True)
class Note:
    """A finding as typed; `codes`: its elements' as people write them, `noted_at`: the device's own moment."""

    channel: str
    words: str
    codes: str = ""
    contradicts: bool = False
    noted_at: datetime | None = None


def note(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    assignment: Assignment,
    token: str,
    version: int,
    typed: Note,
) -> Finding:
    """Write a finding down (version 0), or change it over the version it is based on; returns it as it stands.

    The same note sent twice is one finding. Raises Refused by field (finding_empty, channel_missing,
    channel_unknown, elements_unknown, elements_too_many, text_too_long), StaleWrite with the finding as it stands,
    NotFound for a token that is none, DomainError("assignment_closed").
    """
    hold(session, assignment)
    if not TOKEN.fullmatch(token):
        raise NotFound()
    values, codes = _checked(typed, rubric_of(session, assignment.package.rubric_digest))
    standing = find(session, assignment=assignment, author_id=actor.user_id, token=token)
    if standing is None:
        return _added(session, actor, now, assignment, token, typed, values, codes)
    if standing.withdrawn_at is not None:
        raise StaleWrite(standing)
    before = described(session, standing)
    if before == _described(values, codes):
        return standing
    _overwrite(session, standing, version, values | {"saved_at": now})
    _tie(session, standing, codes)
    after = described(session, standing)
    trail(session, actor, now, Action.FINDING_CHANGED, assignment, before=before, after=after)
    return standing


def withdraw(
    session: Session, *, actor: Actor, now: datetime, assignment: Assignment, finding: Finding
) -> None:
    """Take a finding back; it stays on record. Raises DomainError (assignment_closed, finding_withdrawn)."""
    hold(session, assignment)
    taken = session.execute(
        update(Finding)
        .where(Finding.id == finding.id, Finding.withdrawn_at.is_(None))
        .values(withdrawn_at=now, version=Finding.version + 1)
        .execution_options(synchronize_session=False)
    )
    if taken.rowcount == 0:  # type: ignore[attr-defined]
        raise DomainError("finding_withdrawn")
    session.refresh(finding)
    before = described(session, finding)
    trail(session, actor, now, Action.FINDING_WITHDRAWN, assignment, before=before)


def add_photo(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    assignment: Assignment,
    finding: Finding,
    file: StoredFile,
    storage: Storage,
) -> FindingPhoto:
    """Lay a stored picture beside a finding; the same one twice is one photograph.

    Raises DomainError (assignment_closed, finding_withdrawn, photo_no_picture, photos_too_many), NotFound where the
    bytes were swept away meanwhile.
    """
    hold(session, assignment)
    session.refresh(finding, with_for_update=True)
    if finding.withdrawn_at is not None:
        raise DomainError("finding_withdrawn")
    check_picture(file)
    photos = list(session.scalars(select(FindingPhoto).where(FindingPhoto.finding_id == finding.id)))
    same = next((photo for photo in photos if photo.sha256 == file.sha256), None)
    if same is not None and same.removed_at is None:
        return same
    if sum(photo.removed_at is None for photo in photos) >= MOST_PHOTOS:
        raise DomainError("photos_too_many", most=MOST_PHOTOS)
    school_id = assignment.package.school_id
    evidence.keep(session, school_id, file, now)
    if not storage.exists(school_id, file.sha256):
        raise NotFound("upload_gone")
    photo = same or FindingPhoto(finding_id=finding.id, school_id=school_id, sha256=file.sha256)
    photo.filename, photo.added_at, photo.removed_at = file.filename, now, None
    if same is None:
        add_once(session, photo, DomainError("photo_added_meanwhile"))
    session.flush()
    after = {"token": finding.token, "filename": file.filename, "sha256": file.sha256}
    trail(session, actor, now, Action.PHOTO_ADDED, assignment, after=after)
    return photo


def remove_photo(
    session: Session, *, actor: Actor, now: datetime, assignment: Assignment, photo: FindingPhoto
) -> None:
    """Take a photograph away from its finding. Raises DomainError (assignment_closed, photo_removed)."""
    hold(session, assignment)
    session.refresh(photo, with_for_update=True)
    if photo.removed_at is not None:
        raise DomainError("photo_removed")
    photo.removed_at = now
    session.flush()
    before = {"filename": photo.filename, "sha256": photo.sha256}
    trail(session, actor, now, Action.PHOTO_REMOVED, assignment, before=before)


def check_picture(file: StoredFile) -> None:
    """Raises DomainError("photo_no_picture"): only of a picture is there a copy without place and device."""
    if file.media_type not in PICTURES:
        raise DomainError("photo_no_picture", field="files", name=file.filename)


def find(session: Session, *, assignment: Assignment, author_id: int, token: str) -> Finding | None:
    """Somebody's finding of this token, its row held until the commit."""
    return session.scalar(
        select(Finding)
        .where(Finding.assignment_id == assignment.id, Finding.author_id == author_id, Finding.token == token)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def described(session: Session, finding: Finding) -> dict[str, Any]:
    """A finding as the trail and a save's answer tell it."""
    codes = session.scalars(
        select(FindingElement.element).where(FindingElement.finding_id == finding.id)
    ).all()
    values = {name: getattr(finding, name) for name in ("channel", "words", "contradicts")}
    return _described(values, codes)


def _described(values: dict[str, Any], codes: Any) -> dict[str, Any]:
    return {**values, "elements": sorted(codes, key=lambda code: int(code[1:]))}


def _checked(typed: Note, rubric: Rubric) -> tuple[dict[str, Any], list[str]]:
    """The finding's values and its elements. Raises Refused with every field that is wrong."""
    errors: dict[str, DomainError] = {}
    words = plain_text(typed.words).strip()
    check_length("words", words, errors)
    if not words:
        errors["words"] = DomainError("finding_empty", field="words")
    channel = _channel(typed.channel, errors)
    codes = _codes(typed.codes, rubric, errors)
    if errors:
        raise Refused(errors)
    return {"channel": channel, "words": words, "contradicts": typed.contradicts}, codes


def _channel(text: str, errors: dict[str, DomainError]) -> Channel | None:
    if text not in set(Channel):
        code = "channel_unknown" if text else "finding_without_channel"
        errors["channel"] = DomainError(code, field="channel")
        return None
    return Channel(text)


def _codes(text: str, rubric: Rubric, errors: dict[str, DomainError]) -> list[str]:
    """The elements named, in the rubric's order: C14, c14 and 14 are the same."""
    known = [element.code for element in rubric.elements]
    named, unknown = set(), []
    for word in filter(None, _SEPARATORS.split(text)):
        match = _CODE.fullmatch(word)
        code = f"C{match[1]}" if match else word
        named.add(code)
        if code not in known:
            unknown.append(word[:20])
    if unknown:
        errors["codes"] = DomainError("elements_unknown", field="codes", names="、".join(unknown[:5]))
    elif len(named) > MOST_ELEMENTS:
        errors["codes"] = DomainError("elements_too_many", field="codes", most=MOST_ELEMENTS)
    return [code for code in known if code in named]


def _added(
    session: Session,
    actor: Actor,
    now: datetime,
    assignment: Assignment,
    token: str,
    typed: Note,
    values: dict[str, Any],
    codes: list[str],
) -> Finding:
    noted_at = typed.noted_at or now
    made = Finding(
        assignment_id=assignment.id,
        author_id=actor.user_id,
        token=token,
        noted_at=max(min(noted_at, now), min(assignment.assigned_at, now)),
        saved_at=now,
        **values,
    )
    add_once(session, made, DomainError("noted_meanwhile"))
    _tie(session, made, codes)
    trail(session, actor, now, Action.FINDING_NOTED, assignment, after=described(session, made))
    return made


def _overwrite(session: Session, finding: Finding, version: int, values: dict[str, Any]) -> None:
    """Write over this version of the row. Raises StaleWrite with the finding as it stands."""
    saved = session.execute(
        update(Finding)
        .where(Finding.id == finding.id, Finding.version == version)
        .values(**values, version=version + 1)
        .execution_options(synchronize_session=False)
    )
    session.refresh(finding)
    if saved.rowcount == 0:  # type: ignore[attr-defined]
        raise StaleWrite(finding)


def _tie(session: Session, finding: Finding, codes: list[str]) -> None:
    session.execute(delete(FindingElement).where(FindingElement.finding_id == finding.id))
    session.add_all(FindingElement(finding_id=finding.id, element=code) for code in codes)
    session.flush()
