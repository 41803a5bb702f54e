"""What every demo begins with: a district office, an open cycle with one round, and a panel."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.demo import content, days
from portfolio.demo.cast import Cast
from portfolio.demo.content import DemoPerson, DemoSchool
from portfolio.models import Cycle, Panel, Round, School, Stage, User
from portfolio.policy import Actor
from portfolio.services import cycles, panels, result_terms
from portfolio.storage import Storage
from rubric.loader import DEFAULT, find

CYCLE, ROUND, PANEL = "2026 年批次", "市级评估", "第一专家组"
TOLERANCE = Decimal("0.2")
INDEPENDENT_SCORES = 2
AWARD_YEARS = 3
ANSWER_DAYS = 15  # so that who tries the demo can still answer the published result
_REVIEWED_WITHIN = timedelta(days=42)
_STAGES = {"小学": Stage.PRIMARY, "初级中学": Stage.JUNIOR, "九年一贯制学校": Stage.NINE_YEAR}


@dataclass(frozen=True, slots=True)
class Setting:
    """What the schools of a demo find when they join; `present` is the moment the demo is set in."""

    session: Session
    storage: Storage
    cast: Cast
    present: datetime
    bureau: Actor
    cycle: Cycle
    round: Round
    panel: Panel
    experts: tuple[Actor, ...]
    chair: Actor


def set_up(session: Session, storage: Storage, *, lifetime: timedelta, present: datetime) -> Setting:
    """The office's people, the cycle and its panel; `lifetime` is an invitation's."""
    cast = Cast(session, lifetime=lifetime)
    bureau, observer = content.district_office()
    office = cast.actor(cast.join(bureau, now=days.on(days.OPENS, days=-6, at="8:40")))
    cast.join(observer, now=days.on(days.OPENS, days=-6, at="9:10"), by=office)
    members = _join_all(cast, content.panel(), by=office, start=days.on(days.OPENS, days=-5, at="9:00"))
    cycle = _open_cycle(session, office, present)
    round_ = session.scalars(select(Round).where(Round.cycle_id == cycle.id)).one()
    *experts, chair = members
    panel = panels.form_panel(
        session, actor=office, now=days.OPENS, round=round_, name=PANEL, experts=experts, chair=chair
    )
    return Setting(
        session=session,
        storage=storage,
        cast=cast,
        present=present,
        bureau=office,
        cycle=cycle,
        round=round_,
        panel=panel,
        experts=tuple(map(cast.actor, experts)),
        chair=cast.actor(chair),
    )


def add_school(setting: Setting, school: DemoSchool, *, now: datetime) -> School:
    """The bureau takes a school in."""
    return cycles.add_school(
        setting.session,
        actor=setting.bureau,
        now=now,
        name=school.name,
        district=school.district,
        stage=_STAGES[school.level],
        boarding=school.boarding,
    )


def _open_cycle(session: Session, office: Actor, present: datetime) -> Cycle:
    submit_by = days.deadline(present)
    plan = cycles.RoundPlan(
        ROUND,
        review_by=submit_by + _REVIEWED_WITHIN,
        independent_scores=INDEPENDENT_SCORES,
        tolerance=TOLERANCE,
    )
    cycle = cycles.open_cycle(
        session,
        actor=office,
        now=days.OPENS,
        name=CYCLE,
        rubric=find(DEFAULT),
        opens_at=days.OPENS,
        submit_by=submit_by,
        rounds=[plan],
    )
    result_terms.set_terms(
        session,
        actor=office,
        now=days.OPENS,
        cycle=cycle,
        pass_mark=None,
        bands=[],
        award_years=AWARD_YEARS,
        answer_days={1: ANSWER_DAYS},
    )
    return cycle


def _join_all(cast: Cast, people: Iterable[DemoPerson], *, by: Actor, start: datetime) -> list[User]:
    return [
        cast.join(person, now=start + timedelta(minutes=30 * position), by=by)
        for position, person in enumerate(people)
    ]
