"""What is done around a review: form a panel, give it a package, step aside, publish."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import func, insert, or_, select
from sqlalchemy.orm import Session

from portfolio import audit
from portfolio.audit import Action
from portfolio.db import new_id
from portfolio.editions import rubric_of
from portfolio.errors import DomainError
from portfolio.models import (
    Assignment,
    Dossier,
    ElementReview,
    Membership,
    Package,
    Panel,
    Recusal,
    Review,
    Role,
    Round,
    School,
    Split,
    User,
)
from portfolio.policy import Actor
from portfolio.services.accounts import grant
from portfolio.services.allotting import Allotment, propose, split_of, too_few
from portfolio.services.rows import add_once, clean_name, is_added
from rubric.model import Rubric
from rubric.spans import shorten


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


def assign(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    panel: Panel,
    package: Package,
    allotment: Allotment | None = None,
) -> Assignment:
    """Give the package to the panel: each expert gets a review with the elements allotted to them unscored.

    Without an allotment everybody scores everything; with one, an expert in conflict may stand by if they have none.
    An expert's review holds rows for what is theirs and no others: so what is complete, how far they are, the median
    and every sum follow from the rows alone, and there is nothing to write a score to that isn't asked for.
    Raises DomainError (package_superseded, package_assigned, package_of_other_cycle, conflict_of_interest,
    expert_unknown, elements_short).
    """
    needed = _scores_needed(session, panel, package)
    _hold_newest(session, package)
    if _has_dossier(session, panel.round_id, package):
        raise DomainError("package_assigned", field="package")
    rubric = rubric_of(session, package.rubric_digest)
    experts = _experts(session, panel.id)
    if allotment is None:
        allotment = propose(rubric, Split.EVERYONE, dict.fromkeys(experts, 0), needed=needed)
    else:
        check_allotment(rubric, allotment, experts=experts, needed=needed)
    _check_conflicts(session, panel, package.school_id, allotment)
    assignment = Assignment(
        round_id=panel.round_id,
        panel_id=panel.id,
        package_id=package.id,
        assigned_by=actor.user_id,
        assigned_at=now,
        split=split_of(rubric, allotment),
    )
    add_once(session, assignment, DomainError("package_assigned", field="package"))
    open_reviews(session, assignment, allotment, now)
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=Action.PACKAGE_ASSIGNED,
        subject=("assignment", assignment.id),
        school_id=package.school_id,
        after={
            "package_id": package.id,
            "panel_id": panel.id,
            "split": assignment.split,
            "allotted": in_short(rubric, allotment),
        },
    )
    return assignment


def _hold_newest(session: Session, package: Package) -> None:
    """Nothing is signed in the dossier, and nothing else of it given away, until the commit.

    Raises DomainError("package_superseded"): a supplement was signed since, and no panel reads what it replaced.
    """
    session.execute(select(Dossier.id).where(Dossier.id == package.dossier_id).with_for_update()).one()
    newest = session.scalar(select(func.max(Package.number)).where(Package.dossier_id == package.dossier_id))
    if newest != package.number:
        raise DomainError("package_superseded", field="package", number=newest)


def _has_dossier(session: Session, round_id: int, package: Package) -> bool:
    """Whether the round judges this dossier already, in this package or another one."""
    held = (
        select(Assignment.id)
        .join(Package, Package.id == Assignment.package_id)
        .where(Assignment.round_id == round_id, Package.dossier_id == package.dossier_id)
    )
    return session.scalar(held.limit(1)) is not None


def check_allotment(rubric: Rubric, allotment: Allotment, *, experts: Collection[int], needed: int) -> None:
    """Raises DomainError (expert_unknown, elements_short) unless the experts have each element often enough."""
    if not set(allotment) <= set(experts):
        raise DomainError("expert_unknown", field="give")
    if short := too_few(rubric, allotment, needed=needed):
        raise DomainError(
            "elements_short",
            field="give",
            count=len(short),
            elements=shorten(short, rubric),
            needed=needed,
        )


def in_short(rubric: Rubric, allotment: Allotment) -> dict[str, str]:
    """An allotment as the trail keeps it."""
    return {str(expert): shorten(codes, rubric) for expert, codes in sorted(allotment.items()) if codes}


def _scores_needed(session: Session, panel: Panel, package: Package) -> int:
    """The round's independent scores for each element. Raises DomainError("package_of_other_cycle")."""
    held = session.execute(
        select(Round.cycle_id, Round.independent_scores).where(Round.id == panel.round_id)
    ).one()
    if held.cycle_id != package.cycle_id:
        raise DomainError("package_of_other_cycle", field="package")
    return int(held.independent_scores)


def _check_conflicts(session: Session, panel: Panel, school_id: int, allotment: Allotment) -> None:
    """Nobody who scores the school's package, nor the chair, is tied to the school."""
    scoring = {expert for expert, codes in allotment.items() if codes}
    chairs = select(Membership.user_id).where(Membership.panel_id == panel.id, Membership.role == Role.CHAIR)
    if names := in_conflict(session, scoring | set(session.scalars(chairs)), school_id):
        raise DomainError("conflict_of_interest", field="panel", names=", ".join(names))


def in_conflict(session: Session, people: Collection[int], school_id: int) -> list[str]:
    """Names of those of the people who belong to the school or declared a conflict with it."""
    staff = select(Membership.user_id).where(Membership.school_id == school_id)
    recused = select(Recusal.user_id).where(Recusal.school_id == school_id)
    return list(
        session.scalars(
            select(User.name)
            .where(User.id.in_(people), or_(User.id.in_(staff), User.id.in_(recused)))
            .order_by(User.name)
        )
    )


def _experts(session: Session, panel_id: int) -> list[int]:
    return list(
        session.scalars(
            select(Membership.user_id).where(Membership.panel_id == panel_id, Membership.role == Role.EXPERT)
        )
    )


def open_reviews(
    session: Session, assignment: Assignment, allotment: Allotment, now: datetime
) -> list[Review]:
    """A review for each expert who has something, with their elements unscored."""
    reviews = [
        Review(assignment_id=assignment.id, expert_id=expert, created_at=now)
        for expert, codes in allotment.items()
        if codes
    ]
    session.add_all(reviews)
    session.flush()
    add_elements(session, {review.id: allotment[review.expert_id] for review in reviews})
    return reviews


def add_elements(session: Session, codes_by_review: Mapping[int, Collection[str]]) -> None:
    """Rows to score, by review."""
    rows = [
        {"id": new_id(), "review_id": review_id, "element": code, "reason": "", "note": "", "version": 0}
        for review_id, codes in codes_by_review.items()
        for code in sorted(codes)
    ]
    if rows:
        session.execute(insert(ElementReview), rows)


def declare_conflict(
    session: Session, *, actor: Actor, now: datetime, user: User, school: School, reason: str
) -> Recusal:
    """The person reviews nothing of this school from their next request on; declared once, it stands.

    Raises DomainError("reason_missing").
    """
    if not reason.strip():
        raise DomainError("reason_missing", field="reason")
    declared = select(Recusal).where(Recusal.user_id == user.id, Recusal.school_id == school.id)
    if (standing := session.scalar(declared)) is not None:
        return standing
    recusal = Recusal(user_id=user.id, school_id=school.id, reason=reason.strip(), declared_at=now)
    if not is_added(session, recusal):
        return session.scalars(declared).one()
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
