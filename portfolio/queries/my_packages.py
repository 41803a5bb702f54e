"""The packages that a member of panels was given: what they score, what they chair, what they keep away from."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Label, exists, func, select
from sqlalchemy.orm import Session

from portfolio.models import (
    Appeal,
    Assignment,
    Closing,
    Cycle,
    Determination,
    ElementReview,
    InterestStatement,
    Package,
    PackageElement,
    Panel,
    Recusal,
    Review,
    Round,
    School,
)
from portfolio.policy import Actor, Permission, condition, counts, removed
from portfolio.queries.supplements import answer_due, may_answer


@dataclass(frozen=True, slots=True)
class Given:
    """A package a panel was given, as its people see it in their list."""

    school: str
    district: str
    package_number: int
    cycle: str
    round_id: int
    round: str
    panel: str
    package_id: int
    review_by: datetime | None
    settling_since: datetime | None
    closed_at: datetime | None
    published_at: datetime | None
    # until when the school may answer what the panel asked for
    answer_due: datetime | None
    # the chair proposes to close, and an expert is to sign
    wants_signature: bool
    # whether the reader signed that nothing ties them to the school: before, no page of it opens
    cleared: bool

    def school_answers(self, now: datetime) -> bool:
        """Whether the school may still add what the panel asked for; until then no table opens."""
        return self.settling_since is None and may_answer(self.answer_due, now)


@dataclass(frozen=True, slots=True)
class MyReview:
    """A package I score: how far I am."""

    given: Given
    review_id: int
    handed_in_at: datetime | None
    done: int
    total: int

    @property
    def is_over(self) -> bool:
        """Whether nothing is left for me to do: not to score, not to discuss, not to sign."""
        given = self.given
        discussed = given.settling_since is not None and given.closed_at is None
        if self.handed_in_at is None:
            return given.closed_at is not None
        return given.cleared and not given.wants_signature and not discussed


@dataclass(frozen=True, slots=True)
class MyPanel:
    """A package I chair: how many reviews are in, how many elements are settled."""

    given: Given
    reviews: int
    reviews_in: int
    settled: int
    total: int
    # what the school answered to factual errors and nobody has decided
    answers: int


@dataclass(frozen=True, slots=True)
class Conflict:
    """A school whose packages the person keeps away from."""

    school: str
    reason: str
    declared_at: datetime


@dataclass(frozen=True, slots=True)
class MyPackages:
    """Everything a member of panels has to do."""

    reviews: tuple[MyReview, ...]
    chaired: tuple[MyPanel, ...]
    conflicts: tuple[Conflict, ...]


_SIGNED = exists().where(
    InterestStatement.panel_id == Assignment.panel_id, InterestStatement.school_id == Package.school_id
)
_GIVEN = (
    School.name.label("school"),
    School.district,
    Package.number.label("package_number"),
    Cycle.name.label("cycle"),
    Round.id.label("round_id"),
    Round.name.label("round"),
    Panel.name.label("panel"),
    Package.id.label("package_id"),
    Round.review_by,
    Assignment.settling_since,
    Assignment.closed_at,
    Assignment.published_at,
    answer_due(Assignment.id).label("answer_due"),
    exists()
    .where(
        Closing.assignment_id == Assignment.id, Closing.signed_at.is_(None), Closing.withdrawn_at.is_(None)
    )
    .label("wants_signature"),
)


def _given(row: Any) -> Given:
    return Given(**{field.name: getattr(row, field.name) for field in fields(Given)})


def _cleared(actor: Actor) -> Label[bool]:
    return _SIGNED.where(InterestStatement.user_id == actor.user_id).label("cleared")


def my_packages(session: Session, actor: Actor) -> MyPackages:
    """The actor's list, in three statements; what they declared a conflict with is not on it."""
    return MyPackages(_reviews(session, actor), _chaired(session, actor), _conflicts(session, actor))


def _reviews(session: Session, actor: Actor) -> tuple[MyReview, ...]:
    of_it = ElementReview.review_id == Review.id
    rows = session.execute(
        select(
            *_GIVEN,
            _cleared(actor),
            Review.id.label("review_id"),
            Review.handed_in_at,
            select(func.count(ElementReview.score))
            .where(of_it)
            .correlate(Review)
            .scalar_subquery()
            .label("done"),
            select(func.count())
            .select_from(ElementReview)
            .where(of_it)
            .correlate(Review)
            .scalar_subquery()
            .label("total"),
        )
        .select_from(Review)
        .join(Assignment, Assignment.id == Review.assignment_id)
        .join(Package, Package.id == Assignment.package_id)
        .join(School, School.id == Package.school_id)
        .join(Cycle, Cycle.id == Package.cycle_id)
        .join(Round, Round.id == Assignment.round_id)
        .join(Panel, Panel.id == Assignment.panel_id)
        .where(
            condition(
                actor,
                Permission.REVIEW_TAKE,
                school=Package.school_id,
                panel=Assignment.panel_id,
                person=Review.expert_id,
            ),
            ~removed(),
        )
        .order_by(Review.handed_in_at.is_not(None), Round.review_by, School.name, Review.id)
    )
    mine = [MyReview(_given(row), row.review_id, row.handed_in_at, row.done, row.total) for row in rows]
    return tuple(sorted(mine, key=lambda review: review.is_over))  # what is left to do comes first


def _chaired(session: Session, actor: Actor) -> tuple[MyPanel, ...]:
    counted = (
        select(func.count(Review.id))
        .where(
            Review.assignment_id == Assignment.id,
            counts(Package.school_id),
        )
        .correlate(Assignment, Package)
    )
    rows = session.execute(
        select(
            *_GIVEN,
            _cleared(actor),
            counted.scalar_subquery().label("reviews"),
            counted.with_only_columns(func.count(Review.handed_in_at)).scalar_subquery().label("reviews_in"),
            select(func.count())
            .where(Determination.assignment_id == Assignment.id)
            .scalar_subquery()
            .label("settled"),
            select(func.count())
            .where(PackageElement.package_id == Package.id)
            .scalar_subquery()
            .label("total"),
            select(func.count())
            .where(
                Appeal.assignment_id == Assignment.id,
                Appeal.sent_at.is_not(None),
                Appeal.outcome.is_(None),
            )
            .scalar_subquery()
            .label("answers"),
        )
        .select_from(Assignment)
        .join(Package, Package.id == Assignment.package_id)
        .join(School, School.id == Package.school_id)
        .join(Cycle, Cycle.id == Package.cycle_id)
        .join(Round, Round.id == Assignment.round_id)
        .join(Panel, Panel.id == Assignment.panel_id)
        .where(
            condition(actor, Permission.SETTLEMENT_TAKE, school=Package.school_id, panel=Assignment.panel_id)
        )
        .order_by(Assignment.closed_at.is_not(None), Round.review_by, School.name, Assignment.id)
    )
    return tuple(
        MyPanel(_given(row), row.reviews, row.reviews_in, row.settled, row.total, row.answers) for row in rows
    )


def _conflicts(session: Session, actor: Actor) -> tuple[Conflict, ...]:
    rows = session.execute(
        select(School.name, Recusal.reason, Recusal.declared_at)
        .join(School, School.id == Recusal.school_id)
        .where(Recusal.user_id == actor.user_id)
        .order_by(Recusal.declared_at)
    )
    return tuple(Conflict(*row) for row in rows)
