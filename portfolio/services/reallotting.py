"""Who scores what, changed while a review is under way: shared out anew, an expert added, an expert taken off.

What somebody has begun stays with them; what they leave behind stays on record and counts for nothing. Nothing of
this is possible once the panel's table of all scores is open: whoever begins then has seen them, but for a
substitute (services/interests.py).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portfolio import audit
from portfolio.audit import Action
from portfolio.editions import rubric_of
from portfolio.errors import DomainError
from portfolio.models import (
    Assignment,
    ElementReview,
    Membership,
    Package,
    Removal,
    Review,
    Role,
    Round,
    User,
)
from portfolio.plaintext import plain_text
from portfolio.policy import Actor, counts
from portfolio.services.accounts import grant
from portfolio.services.allotting import Allotment, split_of
from portfolio.services.panels import add_elements, check_allotment, in_conflict, in_short, open_reviews
from portfolio.services.rows import add_once
from portfolio.services.terms import lock
from rubric.model import Rubric
from rubric.spans import shorten


@dataclass(frozen=True, slots=True)
class _Ground:
    """What an allotment is checked against."""

    school_id: int
    rubric: Rubric
    needed: int
    position: int  # of the round in its cycle
    reviews: Mapping[int, Review]  # those that count, by expert
    standing: Mapping[int, frozenset[str]]


def reallot(
    session: Session, *, actor: Actor, now: datetime, assignment: Assignment, allotment: Allotment
) -> None:
    """From now on the experts have these elements and no others; whoever is new gets a review.

    A review that was in and is given more is taken up again: what was in is only corrected, with a reason. Not
    after a first round: there its expert has seen what the round below settled.
    Raises DomainError (assignment_closed, allotment_late, allotment_unchanged, expert_unknown, elements_short,
    conflict_of_interest, already_reviews, element_begun, nothing_left, has_seen_below).
    """
    ground = _ground(session, assignment)
    wanted = {expert: frozenset(codes) for expert, codes in allotment.items() if codes}
    if wanted == {expert: codes for expert, codes in ground.standing.items() if codes}:
        raise DomainError("allotment_unchanged", field="give")
    _check(session, assignment, ground, wanted)
    reopened = _give(session, assignment, ground, wanted, now)
    before = {"split": assignment.split, "allotted": in_short(ground.rubric, ground.standing)}
    assignment.split = split_of(ground.rubric, wanted)
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=Action.ALLOTMENT_CHANGED,
        subject=("assignment", assignment.id),
        school_id=ground.school_id,
        before=before,
        after={
            "split": assignment.split,
            "allotted": in_short(ground.rubric, wanted),
            "taken_up_again": reopened,
        },
    )


def remove_expert(
    session: Session, *, actor: Actor, now: datetime, assignment: Assignment, review: Review, reason: str
) -> None:
    """Take an expert off a package from their next request on; their review stays on record and counts no more.

    Raises DomainError (assignment_closed, allotment_late, reason_missing, already_removed).
    """
    school_id = _lock(session, assignment)
    words = plain_text(reason).strip()
    if not words:
        raise DomainError("reason_missing", field="reason")
    row = Removal(review_id=review.id, reason=words, removed_by=actor.user_id, removed_at=now)
    add_once(session, row, DomainError("already_removed", field="reason"))
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=Action.EXPERT_REMOVED,
        subject=("assignment", assignment.id),
        school_id=school_id,
        after={"expert_id": review.expert_id, "reason": words},
    )


def _lock(session: Session, assignment: Assignment) -> int:
    """Holds the table shut until the commit; the school's id.

    Raises DomainError (assignment_closed, allotment_late).
    """
    lock(session, assignment)
    if assignment.settling_since is not None:
        raise DomainError("allotment_late", field="give")
    return session.scalars(select(Package.school_id).where(Package.id == assignment.package_id)).one()


def _ground(session: Session, assignment: Assignment) -> _Ground:
    """Everything as it stands, the reviews held until the commit, so that no score comes in between."""
    school_id = _lock(session, assignment)
    reviews = session.scalars(
        select(Review)
        .join(Assignment, Assignment.id == Review.assignment_id)
        .where(Review.assignment_id == assignment.id, counts(school_id))
        .order_by(Review.id)
        .with_for_update(of=Review)
        .execution_options(populate_existing=True)
    ).all()
    rows = session.execute(
        select(Review.expert_id, ElementReview.element)
        .join(ElementReview, ElementReview.review_id == Review.id)
        .where(Review.id.in_([review.id for review in reviews]))
    ).all()
    held = session.execute(
        select(Round.position, Round.independent_scores, Package.rubric_digest)
        .join(Package, Package.id == assignment.package_id)
        .where(Round.id == assignment.round_id)
    ).one()
    return _Ground(
        school_id,
        rubric_of(session, held.rubric_digest),
        held.independent_scores,
        held.position,
        {review.expert_id: review for review in reviews},
        {
            review.expert_id: frozenset(row.element for row in rows if row.expert_id == review.expert_id)
            for review in reviews
        },
    )


def _check(session: Session, assignment: Assignment, ground: _Ground, wanted: Allotment) -> None:
    known = session.scalars(select(User.id).where(User.id.in_(list(wanted)), User.disabled_at.is_(None)))
    check_allotment(ground.rubric, wanted, experts=[*known, *ground.reviews], needed=ground.needed)
    if names := in_conflict(session, list(wanted), ground.school_id):
        raise DomainError("conflict_of_interest", field="give", names=", ".join(names))
    if gone := set(ground.reviews) - set(wanted):
        raise DomainError("nothing_left", field="give", names=_names(session, gone))
    new = set(wanted) - set(ground.reviews)
    set_aside = select(Review.expert_id).where(
        Review.assignment_id == assignment.id, Review.expert_id.in_(new)
    )
    if again := set(session.scalars(set_aside)):
        raise DomainError("already_reviews", field="give", name=_names(session, again))


def _names(session: Session, people: Collection[int]) -> str:
    return ", ".join(session.scalars(select(User.name).where(User.id.in_(people)).order_by(User.name)))


def _give(
    session: Session, assignment: Assignment, ground: _Ground, wanted: Allotment, now: datetime
) -> list[int]:
    """Add and take away rows; returns the experts whose review was in and is not any more."""
    added: dict[int, frozenset[str]] = {}
    reopened = []
    for expert, review in ground.reviews.items():
        has, due = ground.standing[expert], frozenset(wanted[expert])
        _take_away(session, review, has - due, ground.rubric)
        if more := due - has:
            added[review.id] = more
            if review.handed_in_at is not None:
                if ground.position > 1:
                    raise DomainError("has_seen_below", field="give", name=_names(session, [expert]))
                review.handed_in_at = None
                reopened.append(expert)
    add_elements(session, added)
    new = {expert: codes for expert, codes in wanted.items() if expert not in ground.reviews}
    open_reviews(session, assignment, new, now)
    _seat(session, assignment, new)
    return reopened


def _take_away(session: Session, review: Review, codes: Collection[str], rubric: Rubric) -> None:
    """Raises DomainError("element_begun") for what the expert has saved something for."""
    mine = ElementReview.review_id == review.id, ElementReview.element.in_(codes)
    begun = session.scalars(select(ElementReview.element).where(*mine, ElementReview.version > 0)).all()
    if begun:
        raise DomainError(
            "element_begun",
            field="give",
            name=_names(session, [review.expert_id]),
            elements=shorten(begun, rubric),
        )
    session.execute(delete(ElementReview).where(*mine))


def _seat(session: Session, assignment: Assignment, experts: Collection[int]) -> None:
    """Whoever is new to the panel joins it."""
    seated = set(
        session.scalars(
            select(Membership.user_id).where(
                Membership.panel_id == assignment.panel_id, Membership.role == Role.EXPERT
            )
        )
    )
    for user in session.scalars(select(User).where(User.id.in_(set(experts) - seated)).order_by(User.id)):
        grant(session, user=user, role=Role.EXPERT, panel_id=assignment.panel_id)
