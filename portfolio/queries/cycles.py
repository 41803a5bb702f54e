"""Cycles: their list, and who takes part in one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from portfolio.models import Cycle, Dossier, Package, Round, RubricEdition, School
from portfolio.queries.desks import Handed, RoundDesk, round_desks
from portfolio.queries.school_standing import Progress, Standing, newest_package, standing_of


@dataclass(frozen=True, slots=True)
class CycleRow:
    """A cycle in the list: its rubric's name, and how many schools take part and have submitted."""

    cycle: Cycle
    rubric: str
    schools: int
    submitted: int


def all_cycles(session: Session) -> list[CycleRow]:
    """All cycles, newest first."""
    schools = select(func.count()).where(Dossier.cycle_id == Cycle.id).correlate(Cycle).scalar_subquery()
    submitted = (
        select(func.count(Package.dossier_id.distinct()))
        .where(Package.cycle_id == Cycle.id)
        .correlate(Cycle)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Cycle, RubricEdition.name, schools, submitted)
        .join(RubricEdition, RubricEdition.digest == Cycle.rubric_digest)
        .options(selectinload(Cycle.rounds))
        .order_by(Cycle.opens_at.desc(), Cycle.created_at.desc())
    )
    return [CycleRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class TakingPart:
    """A school in a cycle, its standing, and its newest package."""

    school_id: int
    school: str
    district: str
    dossier_id: int
    standing: Standing
    package_id: int | None


@dataclass(frozen=True, slots=True)
class CycleDesk:
    """A cycle's page: who takes part, who could, and what each round has to hand out."""

    taking_part: list[TakingPart]
    others: list[School]
    rounds: list[RoundDesk]


def cycle_desk(session: Session, held: Cycle, *, now: datetime) -> CycleDesk:
    """The cycle's schools and rounds, in a number of statements that depends on neither."""
    desks = round_desks(session, held, with_aside=False)
    last = {
        handed.package_id: (desk.round, handed)
        for desk in desks
        for handed in desk.packages
        if handed.assignment
    }
    overdue = held.submit_by < now
    taking_part = [
        TakingPart(
            school_id=school.id,
            school=school.name,
            district=school.district,
            dossier_id=dossier.id,
            standing=standing_of(dossier.state, _progress(last.get(package_id)), overdue=overdue),
            package_id=package_id,
        )
        for dossier, school, package_id in session.execute(
            select(Dossier, School, newest_package())
            .join(School, School.id == Dossier.school_id)
            .where(Dossier.cycle_id == held.id)
            .order_by(School.district, School.name)
        )
    ]
    return CycleDesk(taking_part, _others(session, held), desks)


def _progress(last: tuple[Round, Handed] | None) -> Progress | None:
    held, handed = last if last else (None, None)
    if held is None or handed is None or handed.assignment is None:
        return None
    return Progress(
        round_name=held.name,
        review_by=held.review_by,
        closed=handed.assignment.closed_at is not None,
        published=handed.assignment.published_at is not None,
        reviews=handed.reviews,
        handed_in=handed.handed_in,
    )


def _others(session: Session, held: Cycle) -> list[School]:
    taking_part = select(Dossier.school_id).where(Dossier.cycle_id == held.id)
    return list(
        session.scalars(
            select(School).where(School.id.not_in(taking_part)).order_by(School.district, School.name)
        )
    )
