"""Who may judge whom: the statement signed before the first page, and who steps in where somebody steps aside."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio import audit
from portfolio.audit import Action
from portfolio.errors import DomainError
from portfolio.models import (
    Assignment,
    ElementReview,
    InterestStatement,
    Membership,
    Package,
    Recusal,
    Review,
    Role,
    Substitution,
    User,
)
from portfolio.policy import Actor, counts
from portfolio.services import accounts, passwords
from portfolio.services.panels import open_reviews
from portfolio.services.rows import add_once, is_added


def declare_none(
    session: Session, *, actor: Actor, now: datetime, assignment: Assignment, password: str
) -> None:
    """Sign that nothing ties oneself to the school; signed once for a panel and a school, it stands.

    Raises DomainError("password_wrong").
    """
    passwords.confirm(session, actor=actor, password=password)
    school_id = _school(session, assignment)
    if (assignment.panel_id, school_id) in actor.cleared:
        return
    statement = InterestStatement(
        user_id=actor.user_id, panel_id=assignment.panel_id, school_id=school_id, signed_at=now
    )
    if not is_added(session, statement):
        return
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=Action.NO_CONFLICT_SIGNED,
        subject=("assignment", assignment.id),
        school_id=school_id,
        after={"panel_id": assignment.panel_id},
    )


def substitute(
    session: Session, *, actor: Actor, now: datetime, assignment: Assignment, leaving: Review, expert: User
) -> Review:
    """Give the package to another expert in the place of one who stepped aside or was taken off.

    They get the elements that one had, whose review stays on record.

    Raises DomainError (assignment_closed, not_stepped_aside, conflict_of_interest, already_reviews,
    already_substituted, has_seen_scores).
    """
    session.refresh(assignment, ["closed_at", "settling_since"], with_for_update=True)
    if assignment.closed_at is not None:
        raise DomainError("assignment_closed", field="expert")
    school_id = _school(session, assignment)
    if _still_counts(session, leaving, school_id):
        raise DomainError("not_stepped_aside", field="expert")
    _check_may_join(session, assignment, school_id, expert)
    had = session.scalars(select(ElementReview.element).where(ElementReview.review_id == leaving.id)).all()
    review = open_reviews(session, assignment, {expert.id: had}, now)[0]
    row = Substitution(review_id=leaving.id, substitute_id=review.id, named_by=actor.user_id, named_at=now)
    add_once(session, row, DomainError("already_substituted", field="expert"))
    if not _sits(session, assignment, expert, Role.EXPERT):
        accounts.grant(session, user=expert, role=Role.EXPERT, panel_id=assignment.panel_id)
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=Action.EXPERT_SUBSTITUTED,
        subject=("assignment", assignment.id),
        school_id=school_id,
        before={"expert_id": leaving.expert_id},
        after={"expert_id": expert.id},
    )
    return review


def _school(session: Session, assignment: Assignment) -> int:
    return session.scalars(select(Package.school_id).where(Package.id == assignment.package_id)).one()


def _still_counts(session: Session, leaving: Review, school_id: int) -> bool:
    counted = select(Review.id).join(Assignment, Assignment.id == Review.assignment_id)
    return session.scalar(counted.where(Review.id == leaving.id, counts(school_id))) is not None


def _check_may_join(session: Session, assignment: Assignment, school_id: int, expert: User) -> None:
    works = select(Membership.id).where(Membership.user_id == expert.id, Membership.school_id == school_id)
    declared = select(Recusal.id).where(Recusal.user_id == expert.id, Recusal.school_id == school_id)
    if session.scalar(works.limit(1)) or session.scalar(declared.limit(1)):
        raise DomainError("conflict_of_interest", field="expert", names=expert.name)
    reviews = select(Review.id).where(Review.assignment_id == assignment.id, Review.expert_id == expert.id)
    if session.scalar(reviews):
        raise DomainError("already_reviews", field="expert", name=expert.name)
    if assignment.settling_since is not None and _sits(session, assignment, expert, Role.CHAIR):
        raise DomainError("has_seen_scores", field="expert", name=expert.name)


def _sits(session: Session, assignment: Assignment, expert: User, role: Role) -> bool:
    held = select(Membership.id).where(
        Membership.user_id == expert.id,
        Membership.panel_id == assignment.panel_id,
        Membership.role == role,
    )
    return session.scalar(held) is not None
