"""What all experts agree on is settled at once; everything else waits for the chair."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from portfolio.errors import DomainError
from portfolio.models import Assignment, AuditEvent, Determination, Ruling, SettlementRule
from portfolio.services import agreement, discussion, settlement
from portfolio.services.reviews import LONGEST_TEXT
from portfolio.storage import Storage
from rubric.loader import DEFAULT, find
from tests.at_once import second_of_two
from tests.counting import statements
from tests.factories import NOW, actor_for
from tests.panel_factory import Scene, claimed, make_scene
from tests.supplement_factory import make_school_before_a_panel

CODES = [element.code for element in find(DEFAULT).elements]
FOLLOWS = "专家组认可学校自评。"


def settle(scene: Scene, codes: Iterable[str] = CODES, session: Session | None = None) -> list[str]:
    within = session or scene.session
    return agreement.settle_agreed(
        within,
        actor=actor_for(within, scene.chair),
        now=NOW,
        assignment=within.get_one(Assignment, scene.assignment.id),
        codes=set(codes),
        follows=FOLLOWS,
    )


def stands(scene: Scene, code: str) -> Determination:
    return scene.session.scalars(
        select(Determination).where(
            Determination.assignment_id == scene.assignment.id, Determination.element == code
        )
    ).one()


@pytest.fixture
def scene(session: Session) -> Scene:
    """All three reviews in, the table open: about C26 they differ, of C3 they all say the same below the school."""
    made = make_scene(session)
    made.hand_in(0, {"C26": "0.4", "C3": "0.5"})
    made.hand_in(1, {"C3": "0.5"})
    made.hand_in(2, {"C3": "0.5"})
    made.open_table()
    return made


def test_everything_but_what_they_differ_about_is_settled_at_their_score(scene: Scene) -> None:
    assert sorted(settle(scene)) == sorted(set(CODES) - {"C26"})
    settled = stands(scene, "C1")
    assert (settled.score, settled.rule, settled.version) == (claimed("C1"), SettlementRule.MEDIAN, 1)
    assert (settled.settled_by, settled.reason) == (scene.chair.id, FOLLOWS)
    assert settle(scene) == [], "nothing is settled twice"


def test_the_reason_is_what_the_experts_wrote(scene: Scene) -> None:
    scene.row("C3", 2).reason = scene.row("C3", 0).reason
    settle(scene)
    assert stands(scene, "C3").score == Decimal("0.5")
    assert sorted(stands(scene, "C3").reason.split("\n")) == [
        "第1位专家：佐证不足。",
        "第2位专家：佐证不足。",
    ]


def test_every_element_is_on_record_as_if_settled_by_itself(scene: Scene) -> None:
    settle(scene, ["C1", "C3"])
    rulings = scene.session.scalars(select(Ruling).order_by(Ruling.element)).all()
    assert [(each.element, each.number, each.undone_at) for each in rulings] == [
        ("C1", 1, None),
        ("C3", 1, None),
    ]
    events = scene.session.scalars(
        select(AuditEvent).where(AuditEvent.action == "element:settled").order_by(AuditEvent.id)
    ).all()
    assert {each.after["element"]: each.after["score"] for each in events if each.after} == {
        "C1": str(claimed("C1")),
        "C3": "0.5",
    }
    assert {(each.actor_id, each.subject_id, each.school_id) for each in events} == {
        (scene.chair.id, scene.assignment.id, scene.school.id)
    }


def test_what_was_taken_back_gets_the_next_number(scene: Scene) -> None:
    settle(scene, ["C1"])
    settlement.undo(
        scene.session, actor=scene.chair_actor, now=NOW, assignment=scene.assignment, code="C1", version=1
    )
    assert settle(scene, ["C1"]) == ["C1"]
    assert stands(scene, "C1").version == 2


def test_what_somebody_remarked_on_is_left_to_the_chair(scene: Scene) -> None:
    discussion.remark(
        scene.session,
        actor=scene.actor(),
        now=NOW,
        assignment=scene.assignment,
        code="C1",
        stance="disagree",
        words="访谈中听到的不同。",
    )
    assert settle(scene, ["C1", "C2"]) == ["C2"]


def test_a_single_voice_is_no_agreement(session: Session) -> None:
    scene = make_scene(session, experts=1)
    scene.hand_in(0)
    scene.open_table()
    assert settle(scene) == []


def test_a_score_of_before_a_supplement_is_looked_at(
    session: Session, storage: Storage, tmp_path: Path
) -> None:
    school = make_school_before_a_panel(session, storage, tmp_path, experts=2)
    for number in range(2):
        school.panel.hand_in(number)
        school.panel.row("C1", number).package_number = 1
        school.panel.row("C2", number).package_number = 1
    school.ask("C1")
    school.write("C1", text="第二学期的记录已补齐。")
    school.answer()
    session.refresh(school.panel.assignment)
    school.panel.open_table()
    assert settle(school.panel, ["C1", "C2"]) == ["C2"]


def test_without_words_that_fit_a_lost_point_stays_open(scene: Scene) -> None:
    for number in range(3):
        scene.row("C3", number).reason = f"{number}" * LONGEST_TEXT
        scene.row("C4", number).score = Decimal("0.1")
    assert settle(scene, ["C2", "C3", "C4"]) == ["C2"]


def test_nothing_is_settled_before_the_table_is_open_or_while_closing_is_proposed(session: Session) -> None:
    scene = make_scene(session, experts=2)
    scene.hand_in(0)
    with pytest.raises(DomainError, match="reviews_outstanding"):
        settle(scene)
    scene.hand_in(1)
    with pytest.raises(DomainError, match="settlement_not_open"):
        settle(scene)
    scene.settle_all()
    scene.propose_closing()
    with pytest.raises(DomainError, match="closing_proposed"):
        settle(scene)


def test_all_take_the_statements_of_one(engine: Engine, scene: Scene) -> None:
    with statements(engine) as one:
        settle(scene, ["C1"])
    with statements(engine) as many:
        settle(scene)
    assert len(many) <= len(one) <= 20
    assert scene.session.scalar(select(func.count()).select_from(Determination)) == len(CODES) - 1


def test_of_two_presses_at_once_the_second_settles_nothing(engine: Engine, scene: Scene) -> None:
    settled: list[list[str]] = []
    assert (
        second_of_two(engine, scene.session, lambda own: settled.append(settle(scene, session=own))) == "done"
    )
    assert [len(each) for each in settled] == [len(CODES) - 1, 0]
    assert scene.session.scalar(select(func.count()).select_from(Ruling)) == len(CODES) - 1
