"""An expert's own work: scores with their reasons, element by element, handed in, and corrected in the open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, func, select, update
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import Session

from portfolio import audit
from portfolio.audit import Action
from portfolio.errors import DomainError, NotFound, Refused, StaleWrite
from portfolio.models import Assignment, Correction, Cycle, ElementReview, Package, PackageElement, Review
from portfolio.plaintext import plain_text
from portfolio.policy import Actor
from rubric.model import Channel
from rubric.scoring import ScoreError, parse_score

LONGEST_TEXT = 4000  # characters of a reason or a note


@dataclass(frozen=True, slots=True)
class Progress:
    """How many elements have their score, of how many."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class _Stands:
    """An element before a save: the expert's row, what the school claimed, what a score may be."""

    row: ElementReview
    claimed: Decimal | None
    points: Decimal
    step: Decimal
    school_id: int
    # of the package on the table: the score is pinned to it
    package_number: int
    handed_in_at: datetime | None
    closed_at: datetime | None


def score_element(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    review: Review,
    code: str,
    score_text: str | None,
    reason: str,
    channel: str | None,
    version: int,
    note: str | None = None,
    flagged: bool | None = None,
) -> ElementReview:
    """Save the expert's score (None: unscored) over the version it was based on; returns the saved row.

    A score below the element's points, or different from the self-score, carries a reason and the channel it
    rests on. A note or flag of None stays as it is. Raises Refused by field, StaleWrite with the row as it stands,
    DomainError (review_handed_in, assignment_closed, score_was_in, element_not_allotted), NotFound for an element
    the package doesn't have.
    """
    stands = _stands(session, review, code)
    _check_open(stands.handed_in_at, stands.closed_at)
    if stands.row.was_in:
        raise DomainError("score_was_in")
    values = _checked(stands, score_text, plain_text(reason), channel, note)
    if flagged is not None:
        values["flagged"] = flagged
    before = _judgement(stands.row)
    _overwrite(session, stands.row, version, values | _pin(stands, now))
    after = _judgement(stands.row)
    if after != before:
        _record(session, actor, now, Action.ELEMENT_REVIEWED, review, stands, before, after)
    return stands.row


def correct_element(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    review: Review,
    code: str,
    score_text: str,
    reason: str,
    channel: str | None,
    version: int,
    why: str,
) -> ElementReview:
    """Change a score that was in, until the table of all scores is open; what stood stays on record.

    A score made on an earlier package may be confirmed as it is.
    Raises Refused by field (why: reason_missing, correction_unchanged), StaleWrite with the row as it stands,
    DomainError (review_not_in, correction_late, assignment_closed, element_not_allotted), NotFound for an element
    the package doesn't have.
    """
    stands = _stands(session, review, code)
    _check_correctable(session, review, stands)
    before = _judgement(stands.row)
    values = _checked(stands, score_text, plain_text(reason), channel, None, why=plain_text(why).strip())
    said = values.pop("why")
    pinned = stands.row.package_number
    if values == before and pinned in (None, stands.package_number):
        raise Refused({"why": DomainError("correction_unchanged", field="why")})
    _overwrite(session, stands.row, version, values | _pin(stands, now))
    session.add(
        Correction(
            element_review_id=stands.row.id,
            version=version,
            why=said,
            corrected_at=now,
            package_number=pinned,
            **before,
        )
    )
    after = _judgement(stands.row) | {"why": said}
    _record(session, actor, now, Action.REVIEW_CORRECTED, review, stands, before, after)
    return stands.row


def hand_in(session: Session, *, actor: Actor, now: datetime, review: Review) -> None:
    """End the expert's work on a package.

    Raises DomainError (review_handed_in, assignment_closed, review_incomplete).
    """
    session.refresh(review, ["handed_in_at"], with_for_update=True)
    assignment = session.get_one(Assignment, review.assignment_id)
    _check_open(review.handed_in_at, assignment.closed_at)
    standing = progress(session, review)
    if standing.done < standing.total:
        raise DomainError("review_incomplete", count=standing.total - standing.done)
    review.handed_in_at = now
    session.execute(
        update(ElementReview)
        .where(ElementReview.review_id == review.id)
        .values(was_in=True)
        .execution_options(synchronize_session=False)
    )
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=Action.REVIEW_HANDED_IN,
        subject=("review", review.id),
        school_id=session.scalar(select(Package.school_id).where(Package.id == assignment.package_id)),
        after={"elements": standing.total},
    )


def progress(session: Session, review: Review) -> Progress:
    """How far the expert has come."""
    row = session.execute(
        select(func.count(ElementReview.score).label("done"), func.count().label("total")).where(
            ElementReview.review_id == review.id
        )
    ).one()
    return Progress(row.done, row.total)


def parse_points(
    text: str, *, points: Decimal, step: Decimal, errors: dict[str, DomainError]
) -> Decimal | None:
    """The score as typed, or None with its refusal added to `errors`."""
    try:
        return parse_score(text, points=points, step=step)
    except ScoreError as error:
        errors["score"] = DomainError(error.code, field="score", **error.context)
        return None


def check_length(field: str, text: str, errors: dict[str, DomainError]) -> None:
    """Adds text_too_long for a text that is."""
    if len(text) > LONGEST_TEXT:
        errors[field] = DomainError("text_too_long", field=field, longest=LONGEST_TEXT)


def _stands(session: Session, review: Review, code: str) -> _Stands:
    """The element as it stands; the review's row is locked, so that handing in waits for a save under way."""
    found = session.execute(
        select(
            ElementReview,
            PackageElement.score,
            PackageElement.points,
            Cycle.score_step,
            Package.school_id,
            Package.number,
            Review.handed_in_at,
            Assignment.closed_at,
        )
        .select_from(ElementReview)
        .join(Review, Review.id == ElementReview.review_id)
        .join(Assignment, Assignment.id == Review.assignment_id)
        .join(Package, Package.id == Assignment.package_id)
        .join(Cycle, Cycle.id == Package.cycle_id)
        .join(
            PackageElement,
            and_(PackageElement.package_id == Package.id, PackageElement.element == ElementReview.element),
        )
        .where(ElementReview.review_id == review.id, ElementReview.element == code)
        .with_for_update(of=Review)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise _not_theirs(session, review, code)
    return _Stands(*found)


def _not_theirs(session: Session, review: Review, code: str) -> DomainError:
    """Why there is nothing to score: the element is the package's, but not this expert's; or there is none."""
    of_the_package = (
        select(PackageElement.element)
        .join(Assignment, Assignment.package_id == PackageElement.package_id)
        .where(Assignment.id == review.assignment_id, PackageElement.element == code)
    )
    if session.scalar(of_the_package) is None:
        return NotFound()
    return DomainError("element_not_allotted", element=code)


def _check_open(handed_in_at: datetime | None, closed_at: datetime | None) -> None:
    if closed_at is not None:
        raise DomainError("assignment_closed")
    if handed_in_at is not None:
        raise DomainError("review_handed_in")


def _check_correctable(session: Session, review: Review, stands: _Stands) -> None:
    """The assignment is held until the commit, so that its table isn't opened in between."""
    settling_since = session.scalar(
        select(Assignment.settling_since)
        .where(Assignment.id == review.assignment_id)
        .with_for_update(read=True)
    )
    if stands.closed_at is not None:
        raise DomainError("assignment_closed")
    if stands.handed_in_at is None and not stands.row.was_in:
        raise DomainError("review_not_in")
    if settling_since is not None:
        raise DomainError("correction_late")


def _overwrite(session: Session, row: ElementReview, version: int, values: dict[str, Any]) -> None:
    """Write over this version of the row. Raises StaleWrite with the row as it stands, or element_not_allotted."""
    saved = session.execute(
        update(ElementReview)
        .where(ElementReview.id == row.id, ElementReview.version == version)
        .values(**values, version=version + 1)
        .execution_options(synchronize_session=False)
    )
    code = row.element
    try:
        session.refresh(row)
    except InvalidRequestError:  # taken from the expert while this save waited
        raise DomainError("element_not_allotted", element=code) from None
    if saved.rowcount == 0:  # type: ignore[attr-defined]
        raise StaleWrite(row)


def _checked(
    stands: _Stands,
    score_text: str | None,
    reason: str,
    channel: str | None,
    note: str | None,
    *,
    why: str | None = None,
) -> dict[str, Any]:
    """The row's new values. Raises Refused with every field that is wrong."""
    errors: dict[str, DomainError] = {}
    score = None
    if score_text is not None:
        score = parse_points(score_text, points=stands.points, step=stands.step, errors=errors)
    rests_on = _channel(channel, errors)
    if score is not None and (score < stands.points or score != stands.claimed):
        if not reason.strip():
            errors["reason"] = DomainError("reason_missing", field="reason")
        if rests_on is None:
            errors.setdefault("channel", DomainError("channel_missing", field="channel"))
    check_length("reason", reason, errors)
    values: dict[str, Any] = {"score": score, "reason": reason, "channel": rests_on}
    if note is not None:
        values["note"] = plain_text(note)
        check_length("note", values["note"], errors)
    if why is not None:
        values["why"] = why
        check_length("why", why, errors)
        if not why:
            errors["why"] = DomainError("reason_missing", field="why")
    if errors:
        raise Refused(errors)
    return values


def _channel(text: str | None, errors: dict[str, DomainError]) -> Channel | None:
    if not text:
        return None
    try:
        return Channel(text)
    except ValueError:
        errors["channel"] = DomainError("channel_unknown", field="channel")
        return None


def _pin(stands: _Stands, now: datetime) -> dict[str, Any]:
    """When a score was saved, and the package it was made on."""
    return {"saved_at": now, "package_number": stands.package_number}


def _judgement(row: ElementReview) -> dict[str, Any]:
    """What the trail keeps of a score; the private note and the flag are nobody else's."""
    return {"score": row.score, "reason": row.reason, "channel": row.channel}


def _record(
    session: Session,
    actor: Actor,
    now: datetime,
    action: Action,
    review: Review,
    stands: _Stands,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=action,
        subject=("review", review.id),
        school_id=stands.school_id,
        before=before,
        after={"element": stands.row.element, **after},
    )
