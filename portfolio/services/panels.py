"""What is done around a review: form a panel, give it a package, step aside, publish."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import exists, func, insert, or_, select
from sqlalchemy.orm import Session

from portfolio import audit
from portfolio.audit import Action
from portfolio.days import day_of, end_of
from portfolio.db import new_id
from portfolio.errors import DomainError
from portfolio.models import (
    Assignment,
    Dossier,
    DossierState,
    ElementReview,
    Membership,
    Package,
    PackageElement,
    Panel,
    Recusal,
    Review,
    Role,
    Round,
    School,
    User,
)
from portfolio.policy import Actor
from portfolio.services.accounts import grant
from portfolio.services.rows import add_once, clean_name


def form_panel(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    round: Round,
    name: str,
    experts: list[User],
    chair: User | None,
) -> Panel:
    """Experts and a chair for a round; the chair also scores where listed among the experts.

    Raises DomainError (name_empty, name_long, panel_known, expert_missing, chair_missing).
    """
    name = clean_name(name)
    people = {expert.id: expert for expert in experts}
    if len(people) < round.independent_scores:
        raise DomainError("expert_missing", field="experts", needed=round.independent_scores)
    if chair is None:
        raise DomainError("chair_missing", field="chair")
    panel = Panel(round_id=round.id, name=name, created_at=now)
    add_once(session, panel, DomainError("panel_known", field="name"))
    for expert in people.values():
        grant(session, user=expert, role=Role.EXPERT, panel_id=panel.id)
    grant(session, user=chair, role=Role.CHAIR, panel_id=panel.id)
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=Action.PANEL_FORMED,
        subject=("panel", panel.id),
        after={"name": name, "round_id": round.id, "experts": set(people), "chair": chair.id},
    )
    return panel


def assign(session: Session, *, actor: Actor, now: datetime, panel: Panel, package: Package) -> Assignment:
    """Give the package to the panel: each expert gets a review with every element unscored.

    Raises DomainError (package_assigned, package_of_other_cycle, conflict_of_interest).
    """
    if session.scalar(select(Round.cycle_id).where(Round.id == panel.round_id)) != package.cycle_id:
        raise DomainError("package_of_other_cycle", field="package")
    if names := _in_conflict(session, panel, package.school_id):
        raise DomainError("conflict_of_interest", field="panel", names=", ".join(names))
    assignment = Assignment(
        round_id=panel.round_id,
        panel_id=panel.id,
        package_id=package.id,
        assigned_by=actor.user_id,
        assigned_at=now,
    )
    add_once(session, assignment, DomainError("package_assigned", field="package"))
    open_reviews(session, assignment, _experts(session, panel.id), now)
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=Action.PACKAGE_ASSIGNED,
        subject=("assignment", assignment.id),
        school_id=package.school_id,
        after={"package_id": package.id, "panel_id": panel.id},
    )
    return assignment


def _in_conflict(session: Session, panel: Panel, school_id: int) -> list[str]:
    """Names of those on the panel who belong to the school or declared a conflict with it."""
    staff = select(Membership.user_id).where(Membership.school_id == school_id)
    recused = select(Recusal.user_id).where(Recusal.school_id == school_id)
    on_panel = exists().where(Membership.user_id == User.id, Membership.panel_id == panel.id)
    return list(
        session.scalars(
            select(User.name)
            .where(on_panel, or_(User.id.in_(staff), User.id.in_(recused)))
            .order_by(User.name)
        )
    )


def _experts(session: Session, panel_id: int) -> list[int]:
    return list(
        session.scalars(
            select(Membership.user_id).where(Membership.panel_id == panel_id, Membership.role == Role.EXPERT)
        )
    )


def open_reviews(session: Session, assignment: Assignment, experts: list[int], now: datetime) -> list[Review]:
    """A review for each of the experts, with every element unscored."""
    reviews = [Review(assignment_id=assignment.id, expert_id=expert, created_at=now) for expert in experts]
    session.add_all(reviews)
    session.flush()
    elements = session.scalars(
        select(PackageElement.element).where(PackageElement.package_id == assignment.package_id)
    ).all()
    session.execute(
        insert(ElementReview),
        [
            {"id": new_id(), "review_id": review.id, "element": code, "reason": "", "note": "", "version": 0}
            for review in reviews
            for code in elements
        ],
    )
    return reviews


def declare_conflict(
    session: Session, *, actor: Actor, now: datetime, user: User, school: School, reason: str
) -> Recusal:
    """The person reviews nothing of this school from their next request on; declared once, it stands.

    Raises DomainError("reason_missing").
    """
    if not reason.strip():
        raise DomainError("reason_missing", field="reason")
    standing = session.scalar(
        select(Recusal).where(Recusal.user_id == user.id, Recusal.school_id == school.id)
    )
    if standing is not None:
        return standing
    recusal = Recusal(user_id=user.id, school_id=school.id, reason=reason.strip(), declared_at=now)
    session.add(recusal)
    session.flush()
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=Action.CONFLICT_DECLARED,
        subject=("user", user.id),
        school_id=school.id,
        after={"reason": recusal.reason},
    )
    return recusal


def publish(session: Session, *, actor: Actor, now: datetime, assignment: Assignment) -> None:
    """Show the school its result; the cycle's last round ends its dossier.

    From now on, for as many whole days as the round has for it, the school may answer factual errors.
    Raises DomainError (not_closed, already_published).
    """
    session.refresh(assignment, ["closed_at", "published_at"], with_for_update=True)
    if assignment.published_at is not None:
        raise DomainError("already_published")
    if assignment.closed_at is None:
        raise DomainError("not_closed")
    assignment.published_at, assignment.published_by = now, actor.user_id
    days = session.get_one(Round, assignment.round_id).answer_days
    assignment.answers_until = end_of(day_of(now) + timedelta(days=days)) if days else None
    dossier = session.execute(
        select(Dossier)
        .join(Package, Package.dossier_id == Dossier.id)
        .where(Package.id == assignment.package_id)
    ).scalar_one()
    if _is_last_round(session, assignment.round_id):
        dossier.state = DossierState.PUBLISHED
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=Action.RESULT_PUBLISHED,
        subject=("assignment", assignment.id),
        school_id=dossier.school_id,
        after={"package_id": assignment.package_id, "dossier_state": dossier.state},
    )


def _is_last_round(session: Session, round_id: int) -> bool:
    here = select(Round.cycle_id, Round.position).where(Round.id == round_id).subquery()
    last = select(func.max(Round.position)).where(Round.cycle_id == here.c.cycle_id).scalar_subquery()
    return bool(session.scalar(select(here.c.position == last)))
