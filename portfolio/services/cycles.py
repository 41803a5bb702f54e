"""What the bureau sets up: schools, cycles, rounds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from portfolio import audit, editions
from portfolio.audit import Action
from portfolio.db import new_id
from portfolio.errors import DomainError
from portfolio.models import Cycle, Dossier, DossierState, Round, School, SelfAssessment, Stage
from portfolio.policy import Actor
from portfolio.services.rows import add_once, clean_name
from rubric.gaps import school_year_of
from rubric.model import Rubric

# the finest score the store keeps, in points
HUNDREDTH = Decimal("0.01")


def add_school(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    name: str,
    district: str,
    stage: Stage = Stage.PRIMARY,
    boarding: bool = False,
) -> School:
    """A school that may apply. Raises DomainError (name_empty, district_empty, school_known)."""
    name, district = clean_name(name), clean_name(district, field="district", empty="district_empty")
    known = DomainError("school_known", field="name")
    if session.scalar(select(School.id).where(School.name == name, School.district == district)):
        raise known
    school = School(name=name, district=district, stage=stage, boarding=boarding, created_at=now)
    add_once(session, school, known)
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=Action.SCHOOL_ADDED,
        subject=("school", school.id),
        school_id=school.id,
        after={"name": name, "district": district, "stage": stage},
    )
    return school


@dataclass(frozen=True, slots=True)
class RoundPlan:
    """A round to be: name, deadline, scores an element needs, spread in points that must be discussed."""

    name: str
    review_by: datetime | None = None
    independent_scores: int = 1
    tolerance: Decimal = Decimal("0.2")


def open_cycle(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    name: str,
    rubric: Rubric,
    opens_at: datetime,
    submit_by: datetime,
    rounds: list[RoundPlan],
    score_step: Decimal = Decimal("0.1"),
) -> Cycle:
    """Open a cycle under a rubric.

    Raises DomainError (name_empty, name_long, cycle_known, dates_reversed, round_missing, scores_needed,
    tolerance_uneven, step_uneven); a round's fields end in its position: review_by_2.
    """
    known = DomainError("cycle_known", field="name")
    name = clean_name(name)
    if session.scalar(select(Cycle.id).where(Cycle.name == name)):
        raise known
    _check_plan(opens_at, submit_by, rounds, score_step)
    cycle = Cycle(
        name=name,
        rubric_digest=editions.keep(session, rubric, now=now),
        opens_at=opens_at,
        submit_by=submit_by,
        school_year=school_year_of(submit_by.date()),
        score_step=score_step,
        created_at=now,
    )
    add_once(session, cycle, known)
    for position, plan in enumerate(rounds, start=1):
        _add_round(session, cycle, position, plan)
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=Action.CYCLE_OPENED,
        subject=("cycle", cycle.id),
        after={
            "name": cycle.name,
            "rubric": rubric.digest,
            "submit_by": submit_by,
            "rounds": [r.name for r in rounds],
        },
    )
    return cycle


def _check_plan(opens_at: datetime, submit_by: datetime, rounds: list[RoundPlan], step: Decimal) -> None:
    if submit_by <= opens_at:
        raise DomainError("dates_reversed", field="submit_by")
    if step <= 0 or step % HUNDREDTH or Decimal(1) % step:
        raise DomainError("step_uneven", field="score_step")
    if not rounds:
        raise DomainError("round_missing", field="round_1")
    for position, plan in enumerate(rounds, start=1):
        _check_round(position, plan, opens_at)


def _check_round(position: int, plan: RoundPlan, opens_at: datetime) -> None:
    clean_name(plan.name, field=f"round_{position}", empty="round_missing")
    if plan.review_by is not None and plan.review_by <= opens_at:
        raise DomainError("dates_reversed", field=f"review_by_{position}")
    if plan.independent_scores < 1:
        raise DomainError("scores_needed", field=f"scores_{position}")
    if plan.tolerance < 0 or plan.tolerance % HUNDREDTH:
        raise DomainError("tolerance_uneven", field=f"tolerance_{position}")


def _add_round(session: Session, cycle: Cycle, position: int, plan: RoundPlan) -> None:
    session.add(
        Round(
            cycle_id=cycle.id,
            position=position,
            name=clean_name(plan.name),
            review_by=plan.review_by,
            independent_scores=plan.independent_scores,
            tolerance=plan.tolerance,
        )
    )


def open_dossier(session: Session, *, actor: Actor, now: datetime, school: School, cycle: Cycle) -> Dossier:
    """The school's dossier in the cycle, with every element unscored. Raises DomainError("dossier_open")."""
    if session.scalar(select(Dossier.id).where(Dossier.school_id == school.id, Dossier.cycle_id == cycle.id)):
        raise DomainError("dossier_open")
    dossier = Dossier(school_id=school.id, cycle_id=cycle.id, state=DossierState.DRAFTING, created_at=now)
    add_once(session, dossier, DomainError("dossier_open"))
    rubric = editions.rubric_of(session, cycle.rubric_digest)
    session.execute(
        insert(SelfAssessment),
        [
            {"id": new_id(), "dossier_id": dossier.id, "element": e.code, "version": 0}
            for e in rubric.elements
        ],
    )
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=Action.DOSSIER_OPENED,
        subject=("dossier", dossier.id),
        school_id=school.id,
        after={"cycle": cycle.name},
    )
    return dossier
