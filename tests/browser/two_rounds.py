"""A school's package of five elements before two panels: what stands before the panels begin."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.db import begin_write, make_engine, make_sessions
from portfolio.models import Dossier, Role, Round, SelfAssessment
from portfolio.policy import Actor
from portfolio.services import citations, cycles, packages, panels
from portfolio.services.cycles import RoundPlan
from portfolio.storage.local import LocalStorage
from rubric.loader import load
from tests.factories import (
    PASSWORD,
    actor_for,
    bureau_actor,
    make_evidence,
    make_school,
    make_user,
)

RUBRIC = load(Path(__file__).parents[1] / "data" / "small-rubric.yaml")
DISTRICT, CITY = "区级评估", "市级评估"


@dataclass(frozen=True)
class Place:
    """Who logs in, all with PASSWORD, and what they find."""

    dossier: int
    rounds: tuple[int, int]
    district: tuple[str, ...]
    city: tuple[str, ...]


def prepare(data: Path, folder: Path) -> Place:
    """The school has submitted; a district's panel of five and a city's of two are formed, each with a chair."""
    engine = make_engine(f"sqlite:///{data / 'portfolio.sqlite3'}")
    with make_sessions(engine)() as session:
        begin_write(session)
        place = _prepare(session, LocalStorage(data / "files"), folder)
        session.commit()
    engine.dispose()
    return place


def _prepare(session: Session, storage: LocalStorage, folder: Path) -> Place:
    now = datetime.now(UTC)
    make_user(session, Role.BUREAU, username="bureau", name="张科长")
    cycle = cycles.open_cycle(
        session,
        actor=bureau_actor(session),
        now=now,
        name="2026 年阅读评估",
        rubric=RUBRIC,
        opens_at=now - timedelta(days=60),
        submit_by=now + timedelta(days=18),
        rounds=[RoundPlan(DISTRICT, independent_scores=3), RoundPlan(CITY, independent_scores=2)],
    )
    school = make_school(session, "青槐路学校")
    dossier = cycles.open_dossier(session, actor=bureau_actor(session), now=now, school=school, cycle=cycle)
    session.refresh(dossier, ["school", "cycle"])
    lead = make_user(session, Role.LEAD, school=school, username="lead", name="周岚")
    principal = make_user(session, Role.PRINCIPAL, school=school, username="principal", name="李校长")
    evidence = make_evidence(session, school, storage, folder, title="阅览室开放记录", by=lead)
    _fill(session, dossier, actor_for(session, lead), evidence.id, now)
    packages.hand_over(session, actor=actor_for(session, lead), now=now, dossier=dossier)
    signs = actor_for(session, principal)
    packages.sign(session, actor=signs, now=now, dossier=dossier, password=PASSWORD, storage=storage)
    district, city = session.scalars(
        select(Round).where(Round.cycle_id == cycle.id).order_by(Round.position)
    ).all()
    return Place(
        dossier.id,
        (district.id, city.id),
        _panel(session, district, "区专家组", "district", 5, now),
        _panel(session, city, "市专家组", "city", 2, now),
    )


def _fill(session: Session, dossier: Dossier, actor: Actor, evidence_id: int, now: datetime) -> None:
    """Every element scored a step below its points, justified, and backed by the same file."""
    rows = session.scalars(select(SelfAssessment).where(SelfAssessment.dossier_id == dossier.id)).all()
    for row in rows:
        row.score = RUBRIC.element(row.element).points - Decimal("0.1")
        row.justification = (
            f"{row.element}：阅览室每天开放两小时，近三年借阅记录完整，按学期归档，不足之处已列入计划。"
        )
        row.version, row.saved_at = 1, now
        citations.cite(
            session,
            actor=actor,
            now=now,
            dossier_id=dossier.id,
            element=row.element,
            evidence_id=evidence_id,
        )
    session.flush()


def _panel(
    session: Session, round: Round, name: str, usernames: str, size: int, now: datetime
) -> tuple[str, ...]:
    """The log-in names of the panel's experts and, last, of its chair."""
    experts = [
        make_user(session, username=f"{usernames}{number}", name=f"{name}专家{number}")
        for number in range(1, size + 1)
    ]
    chair = make_user(session, username=f"{usernames}-chair", name=f"{name}组长")
    panels.form_panel(
        session,
        actor=bureau_actor(session),
        now=now,
        round=round,
        name=name,
        experts=experts,
        chair=chair,
    )
    return (*(expert.username for expert in experts), chair.username)
