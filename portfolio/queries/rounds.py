"""The round below: what an earlier panel settled, seen by the next one once its own scores are in."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import ScalarSelect, Select, Subquery, exists, or_, select
from sqlalchemy.orm import Session

from portfolio.models import (
    Assignment,
    Determination,
    Dossier,
    Membership,
    Package,
    Review,
    Role,
    Round,
    SettlementRule,
)
from portfolio.policy import Actor, removed


@dataclass(frozen=True, slots=True)
class Below:
    """What an earlier round settled for an element; no score: not assessed."""

    round: str
    score: Decimal | None
    rule: SettlementRule
    reason: str


def assignment_below(assignment: Assignment) -> ScalarSelect[int]:
    """The id of the dossier's assignment in the nearest earlier round that was closed, to be used in a query."""
    return (
        select(Assignment.id)
        .join(Round, Round.id == Assignment.round_id)
        .join(Package, Package.id == Assignment.package_id)
        .where(
            Package.dossier_id == assignment.package.dossier_id,
            Round.position < assignment.panel.round.position,
            Assignment.closed_at.is_not(None),
        )
        .order_by(Round.position.desc(), Assignment.closed_at.desc())
        .limit(1)
        .scalar_subquery()
    )


def round_below(assignment: Assignment) -> ScalarSelect[str]:
    """The name of that round, to be used in a query."""
    return (
        select(Round.name)
        .join(Assignment, Assignment.round_id == Round.id)
        .where(Assignment.id == assignment_below(assignment))
        .scalar_subquery()
    )


def rounds_below(assignment: Assignment) -> Subquery:
    """The dossier's assignments in earlier rounds that are closed: id, round, position; to be used in a query."""
    return (
        select(Assignment.id, Round.name.label("round"), Round.position)
        .join(Round, Round.id == Assignment.round_id)
        .join(Package, Package.id == Assignment.package_id)
        .where(
            Package.dossier_id == assignment.package.dossier_id,
            Round.position < assignment.panel.round.position,
            Assignment.closed_at.is_not(None),
        )
        .subquery()
    )


def ladder_below(session: Session, assignment: Assignment, code: str) -> tuple[Below, ...]:
    """What every earlier round that is closed settled for an element, the first round first.

    One statement; none in a first round.
    """
    if assignment.panel.round.position == 1:
        return ()
    lower = rounds_below(assignment)
    rows = session.execute(
        select(lower.c.round, Determination.score, Determination.rule, Determination.reason)
        .join(lower, lower.c.id == Determination.assignment_id)
        .where(Determination.element == code)
        .order_by(lower.c.position)
    )
    return tuple(Below(*row) for row in rows)


def still_blind(session: Session, actor: Actor, dossier: Dossier, *, but: Assignment | None = None) -> bool:
    """Whether somebody on a panel is still to judge this dossier alone: no earlier panel's scores for them.

    So is an expert whose review is not in, and a chair whose table is not open, whatever else they are; who keeps
    away from the school judges nothing. One assignment may be left out of account: that whose page is shown. At most
    one statement.
    """
    if not actor.panels() or dossier.school_id in actor.conflicts:
        return False
    waiting = _to_judge(actor).where(Package.dossier_id == dossier.id)
    if but is not None:
        waiting = waiting.where(Assignment.id != but.id)
    return session.scalar(waiting.limit(1)) is not None


def still_blind_in(session: Session, actor: Actor, cycle_id: int) -> frozenset[int]:
    """The dossiers of a cycle that somebody is still to judge alone, as `still_blind`; at most one statement."""
    if not actor.panels():
        return frozenset()
    return frozenset(session.scalars(judged_blind(actor).where(Package.cycle_id == cycle_id)))


def judged_blind(actor: Actor) -> Select[int]:
    """The dossiers that somebody on a panel is still to judge alone, to be used in a query; as `still_blind`."""
    return _to_judge(actor).where(Package.school_id.not_in(actor.conflicts))


def _to_judge(actor: Actor) -> Select[int]:
    """The dossiers of which somebody's own scores, or the table they chair, are outstanding."""
    scores = exists().where(
        Review.assignment_id == Assignment.id,
        Review.expert_id == actor.user_id,
        Review.handed_in_at.is_(None),
        ~removed(),
    )
    chairs = exists().where(
        Membership.user_id == actor.user_id,
        Membership.panel_id == Assignment.panel_id,
        Membership.role == Role.CHAIR,
    )
    return (
        select(Package.dossier_id)
        .join(Assignment, Package.id == Assignment.package_id)
        .where(
            Assignment.closed_at.is_(None),
            or_(scores, chairs & Assignment.settling_since.is_(None)),
        )
    )
