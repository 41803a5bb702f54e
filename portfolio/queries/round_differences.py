"""Where two rounds came to very different scores: over all schools of a cycle."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session, aliased

from portfolio.db import Score
from portfolio.models import Assignment, Cycle, Determination, Dossier, Package, Round, School
from portfolio.policy import Actor
from portfolio.queries.rounds import judged_blind


@dataclass(frozen=True, slots=True)
class Difference:
    """An element of a school that a round scored far from the round before it."""

    dossier_id: int
    school: str
    element: str
    lower_round: str
    lower: Decimal
    lower_reason: str
    round: str
    score: Decimal
    reason: str
    tolerance: Decimal

    @property
    def distance(self) -> Decimal:
        """By how many points the later round is above the earlier one; negative: below."""
        return self.score - self.lower


def large_differences(session: Session, actor: Actor, cycle: Cycle) -> tuple[Difference, ...]:
    """Every final of a closed round that is its tolerance or more from the nearest closed round below; widest first.

    Without the dossiers that the reader is still to judge alone. One statement.
    """
    upper, under = aliased(Assignment), aliased(Assignment)
    above, below = aliased(Round), aliased(Round)
    held, earlier = aliased(Package), aliased(Package)
    final, before = aliased(Determination), aliased(Determination)
    distance = func.abs(final.score - before.score, type_=Score())
    rows = session.execute(
        select(
            Dossier.id,
            School.name,
            final.element,
            below.name,
            before.score,
            before.reason,
            above.name,
            final.score,
            final.reason,
            above.tolerance,
        )
        .select_from(final)
        .join(upper, upper.id == final.assignment_id)
        .join(above, above.id == upper.round_id)
        .join(held, held.id == upper.package_id)
        .join(Dossier, Dossier.id == held.dossier_id)
        .join(School, School.id == Dossier.school_id)
        .join(earlier, earlier.dossier_id == held.dossier_id)
        .join(under, and_(under.package_id == earlier.id, under.closed_at.is_not(None)))
        .join(below, and_(below.id == under.round_id, below.position == _nearest(held, above)))
        .join(before, and_(before.assignment_id == under.id, before.element == final.element))
        .where(
            Dossier.cycle_id == cycle.id,
            upper.closed_at.is_not(None),
            final.score != before.score,
            distance >= above.tolerance,
            Dossier.id.not_in(judged_blind(actor)),
        )
        .order_by(distance.desc(), School.name, final.element, above.position)
    )
    return tuple(Difference(*tuple(row)) for row in rows)


def _nearest(held: type[Package], above: type[Round]) -> object:
    """The position of the nearest earlier round that closed the same dossier, as a subquery."""
    other, package, round_ = aliased(Assignment), aliased(Package), aliased(Round)
    return (
        select(func.max(round_.position))
        .select_from(other)
        .join(package, package.id == other.package_id)
        .join(round_, round_.id == other.round_id)
        .where(
            package.dossier_id == held.dossier_id,
            round_.position < above.position,
            other.closed_at.is_not(None),
        )
        .scalar_subquery()
    )
