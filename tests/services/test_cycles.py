"""Schools, cycles, rounds and dossiers, as the bureau sets them up."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portfolio.editions import rubric_of
from portfolio.errors import DomainError
from portfolio.models import AuditEvent, Cycle, DossierState, Round, School, SelfAssessment, Stage
from portfolio.services import cycles
from portfolio.services.cycles import RoundPlan
from rubric.loader import DEFAULT, find
from tests.factories import NOW, bureau_actor, make_cycle, make_school

DEADLINE = NOW + timedelta(days=60)


def add_school(session: Session, name: str = "青槐路学校", district: str = "未央区") -> School:
    """A school."""
    return cycles.add_school(session, actor=bureau_actor(session), now=NOW, name=name, district=district)


def open_cycle(session: Session, **changed: Any) -> Cycle:
    """A cycle, but for what is changed."""
    plan: dict[str, Any] = {
        "name": "2026 年批次",
        "rubric": find(DEFAULT),
        "opens_at": NOW,
        "submit_by": DEADLINE,
        "rounds": [RoundPlan("市级评估")],
    }
    return cycles.open_cycle(session, actor=bureau_actor(session), now=NOW, **(plan | changed))


def test_a_school_is_added_once_in_a_district(session: Session) -> None:
    school = add_school(session, " 青槐路  学校 ")
    assert (school.name, school.stage) == ("青槐路 学校", Stage.PRIMARY)
    with pytest.raises(DomainError) as refused:
        add_school(session, "青槐路 学校")
    assert (refused.value.code, refused.value.field) == ("school_known", "name")
    add_school(session, "青槐路 学校", "雁塔区")


@pytest.mark.parametrize(
    ("name", "district", "code", "field"),
    [
        (" ", "未央区", "name_empty", "name"),
        ("青槐路学校", "", "district_empty", "district"),
        ("校" * 201, "未央区", "name_long", "name"),
    ],
)
def test_a_school_needs_a_name_and_a_district(
    session: Session, name: str, district: str, code: str, field: str
) -> None:
    with pytest.raises(DomainError) as refused:
        add_school(session, name, district)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_a_cycle_keeps_the_rubric_it_was_opened_under(session: Session) -> None:
    cycle = open_cycle(
        session, rounds=[RoundPlan("区县初评"), RoundPlan("市级评估", DEADLINE + timedelta(days=30), 3)]
    )
    assert rubric_of(session, cycle.rubric_digest) == find(DEFAULT)
    rounds = session.scalars(select(Round).where(Round.cycle_id == cycle.id).order_by(Round.position)).all()
    assert [(r.position, r.name, r.independent_scores) for r in rounds] == [
        (1, "区县初评", 1),
        (2, "市级评估", 3),
    ]
    assert (cycle.score_step, cycle.bands, cycle.pass_mark) == (Decimal("0.1"), None, None)
    assert session.scalars(select(AuditEvent.action).where(AuditEvent.subject_id == cycle.id)).all() == [
        "cycle:opened"
    ]


def round_with(**changed: Any) -> dict[str, Any]:
    """A cycle's rounds, of which the second is changed."""
    return {"rounds": [RoundPlan("区县初评"), RoundPlan(**({"name": "市级评估"} | changed))]}


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"name": " "}, "name_empty", "name"),
        ({"submit_by": NOW}, "dates_reversed", "submit_by"),
        ({"rounds": []}, "round_missing", "round_1"),
        ({"rounds": [RoundPlan(" ")]}, "round_missing", "round_1"),
        (round_with(name=""), "round_missing", "round_2"),
        (round_with(review_by=NOW - timedelta(days=1)), "dates_reversed", "review_by_2"),
        (round_with(independent_scores=0), "scores_needed", "scores_2"),
        (round_with(tolerance=Decimal("-0.1")), "tolerance_uneven", "tolerance_2"),
        (round_with(tolerance=Decimal("0.001")), "tolerance_uneven", "tolerance_2"),
        ({"score_step": Decimal(0)}, "step_uneven", "score_step"),
        ({"score_step": Decimal("0.3")}, "step_uneven", "score_step"),
        ({"score_step": Decimal("0.001")}, "step_uneven", "score_step"),
        ({"score_step": Decimal(2)}, "step_uneven", "score_step"),
    ],
)
def test_a_plan_that_can_not_be_is_refused_beside_its_field(
    session: Session, changed: dict[str, Any], code: str, field: str
) -> None:
    with pytest.raises(DomainError) as refused:
        open_cycle(session, **changed)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert session.scalar(select(func.count()).select_from(Cycle)) == 0


def test_two_cycles_have_two_names(session: Session) -> None:
    open_cycle(session)
    with pytest.raises(DomainError, match="cycle_known"):
        open_cycle(session)


@pytest.mark.parametrize(
    ("deadline", "year"),
    [
        (datetime.fromisoformat("2026-08-31T18:00+08:00"), 2025),
        (datetime.fromisoformat("2026-09-01T18:00+08:00"), 2026),
    ],
)
def test_a_cycle_looks_back_from_the_school_year_of_its_deadline(
    session: Session, deadline: datetime, year: int
) -> None:
    cycle = open_cycle(session, opens_at=deadline - timedelta(days=30), submit_by=deadline)
    assert (cycle.school_year, cycle.window_start) == (year, year - 2)


def test_a_dossier_opens_with_every_element_unscored_and_once(session: Session) -> None:
    school, cycle, actor = make_school(session), make_cycle(session), bureau_actor(session)
    dossier = cycles.open_dossier(session, actor=actor, now=NOW, school=school, cycle=cycle)
    rows = session.scalars(select(SelfAssessment).where(SelfAssessment.dossier_id == dossier.id)).all()
    assert {row.element for row in rows} == {element.code for element in find(DEFAULT).elements}
    assert {row.score for row in rows} == {None}
    assert dossier.state is DossierState.DRAFTING
    with pytest.raises(DomainError, match="dossier_open"):
        cycles.open_dossier(session, actor=actor, now=NOW, school=school, cycle=cycle)
