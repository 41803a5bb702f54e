"""The panel talks: experts and chair say what they think of an element, and whether they agree."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio import audit
from portfolio.audit import Action
from portfolio.errors import DomainError, NotFound, Refused
from portfolio.models import Assignment, Determination, Package, PackageElement, Remark, Stance
from portfolio.plaintext import plain_text
from portfolio.policy import Actor
from portfolio.services.reviews import check_length


def remark(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    assignment: Assignment,
    code: str,
    stance: str,
    words: str,
) -> Remark:
    """Say something about an element, agree or disagree with what stands, or both.

    Raises Refused by field (remark_empty, stance_unknown, text_too_long), DomainError (assignment_closed,
    settlement_not_open), NotFound for an element the package doesn't have.
    """
    _check_open(session, assignment)
    if session.get(PackageElement, (assignment.package_id, code)) is None:
        raise NotFound()
    errors: dict[str, DomainError] = {}
    taken = _stance(stance, errors)
    said = plain_text(words).strip()
    check_length("words", said, errors)
    if taken is None and not said and not errors:
        errors["words"] = DomainError("remark_empty", field="words")
    if errors:
        raise Refused(errors)
    made = Remark(
        assignment_id=assignment.id,
        element=code,
        author_id=actor.user_id,
        stance=taken,
        words=said,
        ruling=_ruling(session, assignment, code),
        written_at=now,
    )
    session.add(made)
    session.flush()
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=Action.REMARK_MADE,
        subject=("assignment", assignment.id),
        school_id=session.scalar(select(Package.school_id).where(Package.id == assignment.package_id)),
        after={"element": code, "stance": taken, "words": said},
    )
    return made


def _check_open(session: Session, assignment: Assignment) -> None:
    """Held until the commit, so that nobody closes the review in between."""
    row = session.execute(
        select(Assignment.closed_at, Assignment.settling_since)
        .where(Assignment.id == assignment.id)
        .with_for_update(read=True)
    ).one()
    if row.closed_at is not None:
        raise DomainError("assignment_closed")
    if row.settling_since is None:
        raise DomainError("settlement_not_open")


def _stance(typed: str, errors: dict[str, DomainError]) -> Stance | None:
    if not typed:
        return None
    try:
        return Stance(typed)
    except ValueError:
        errors["stance"] = DomainError("stance_unknown", field="stance")
        return None


def _ruling(session: Session, assignment: Assignment, code: str) -> int:
    """The number of the ruling that stands; 0 where none does."""
    standing = session.scalar(
        select(Determination.version).where(
            Determination.assignment_id == assignment.id, Determination.element == code
        )
    )
    return standing or 0
