"""How far panels are: phases, lateness, whose turn, loads; in a number of statements that nothing changes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from portfolio.models import Call, Cycle, Round
from portfolio.queries.calls import calls_by_hand, due_calls
from portfolio.queries.progress import PackageWay, Phase, Progress, Show, progress
from portfolio.services import panels, publishing, supplements
from tests.counting import statements
from tests.factories import NOW, bureau_actor, make_cycle, make_dossier, make_school, make_user, score_all
from tests.package_factory import make_package
from tests.panel_factory import Scene, make_scene

LATER = NOW + timedelta(days=30)


@pytest.fixture
def scene(session: Session) -> Scene:
    made = make_scene(session, experts=2)
    session.execute(update(Round).values(review_by=NOW + timedelta(days=20)))
    return made


def look(scene: Scene, days: int = 0) -> Progress:
    return progress(scene.session, cycle_id=scene.cycle.id, now=NOW + timedelta(days=days))


def only(scene: Scene, days: int = 0) -> PackageWay:
    (way,) = look(scene, days).ways
    return way


def names(way: PackageWay) -> set[int]:
    return {person.user_id for person in way.waits_for(NOW)}


def test_a_package_goes_through_its_phases_and_waits_for_one_party_after_the_other(
    session: Session, scene: Scene
) -> None:
    experts, chair = {expert.id for expert in scene.experts}, {scene.chair.id}
    assert (only(scene).phase, names(only(scene))) == (Phase.SCORING, experts)
    scene.hand_in(0)
    assert (only(scene).received, only(scene).asked, only(scene).scored) == (1, 2, 84)
    assert names(only(scene)) == {scene.experts[1].id}
    scene.hand_in(1)
    assert (only(scene).phase, names(only(scene))) == (Phase.ALL_IN, chair)
    scene.settle_all()
    assert (only(scene).phase, only(scene).settled, only(scene).elements) == (Phase.SETTLING, 84, 84)
    scene.propose_closing()
    assert (only(scene).phase, names(only(scene))) == (Phase.SIGNING, experts)
    scene.sign_closing()
    assert (only(scene).phase, names(only(scene)), only(scene, 30).is_late(LATER)) == (
        Phase.CLOSED,
        set(),
        False,
    )
    publishing.publish(session, actor=bureau_actor(session), now=NOW, assignment=scene.assignment)
    assert only(scene).phase is Phase.PUBLISHED


def test_while_the_school_may_add_what_it_was_asked_nobody_waits_for_the_chair(
    session: Session, scene: Scene
) -> None:
    due = NOW + timedelta(days=5)
    supplements.ask(
        session,
        actor=scene.chair_actor,
        now=NOW,
        assignment=scene.assignment,
        questions={"C3": "请补充考核记录。"},
        due_at=due,
    )
    assert (only(scene).answer_due, only(scene).school_answers(NOW)) == (due, True)
    assert names(only(scene)) == {expert.id for expert in scene.experts}
    for number in range(2):
        scene.hand_in(number)
    assert (only(scene).phase, names(only(scene))) == (Phase.ALL_IN, set())
    assert calls_by_hand(session, look(scene).ways, now=NOW) == []
    assert due_calls(session, now=NOW, days=()) == []
    chairs = {person.user_id for person in only(scene).waits_for(due + timedelta(seconds=1))}
    assert chairs == {scene.chair.id}
    assert [each.call for each in due_calls(session, now=due + timedelta(seconds=1), days=())] == [
        Call.SETTLE
    ]


def test_who_is_late_is_named_and_carries_it_in_the_loads(session: Session, scene: Scene) -> None:
    scene.hand_in(0)
    found = look(scene, 30)
    (late,) = found.late
    assert late.days_left(found.now) == -10
    assert names(late) == {scene.experts[1].id}
    first, second = found.loads
    assert first.expert.user_id == scene.experts[1].id
    assert (first.packages, first.out, first.late, first.open_elements) == (1, 1, 1, 84)
    assert first.last_active is None
    assert (second.out, second.late, second.open_elements, second.last_active) == (0, 0, 0, NOW)


def test_a_panel_with_fewer_experts_than_scores_asked_for_waits_for_a_substitute(
    session: Session, scene: Scene
) -> None:
    session.execute(update(Round).values(independent_scores=3))
    scene.hand_in(0)
    scene.hand_in(1)
    way = only(scene)
    assert (way.phase, way.received, way.asked, way.waits_for(NOW)) == (Phase.SCORING, 2, 3, ())


def test_who_declared_a_conflict_is_neither_waited_for_nor_counted(session: Session, scene: Scene) -> None:
    panels.declare_conflict(
        session,
        actor=scene.actor(1),
        now=NOW,
        user=scene.experts[1],
        school=scene.school,
        reason="亲属在该校任教",
    )
    assert names(only(scene)) == {scene.experts[0].id}
    assert [load.expert.user_id for load in look(scene).loads] == [scene.experts[0].id]


def _give(session: Session, cycle: Cycle, count: int) -> None:
    """So many panels of the cycle's round, each with a package of its own."""
    round_ = session.scalars(select(Round).where(Round.cycle_id == cycle.id)).one()
    office = bureau_actor(session)
    for number in range(count):
        dossier = make_dossier(session, make_school(session), cycle)
        score_all(session, dossier)
        package = make_package(session, dossier)
        panel = panels.form_panel(
            session,
            actor=office,
            now=NOW,
            round=round_,
            name=f"{round_.name}{number}-{cycle.id}-{len(session.new)}-{package.id}",
            experts=[make_user(session)],
            chair=make_user(session),
        )
        panels.assign(session, actor=office, now=NOW, panel=panel, package=package)


def test_thirty_panels_take_as_many_statements_as_three(session: Session, engine: Engine) -> None:
    cycle = make_cycle(session)
    counted = []
    for more in (3, 27):
        _give(session, cycle, more)
        session.flush()
        session.expunge_all()
        with statements(engine) as seen:
            found = progress(session, cycle_id=cycle.id, now=NOW)
        counted.append((len(found.ways), len(found.loads), len(seen)))
    assert counted == [(3, 3, 3), (30, 30, 3)]


def test_the_longest_overdue_comes_first_and_what_is_done_last(session: Session) -> None:
    late, soon, done = (make_scene(session, experts=1) for _ in range(3))
    for scene, days in ((late, -3), (soon, 2), (done, -9)):
        session.execute(
            update(Round).where(Round.cycle_id == scene.cycle.id).values(review_by=NOW + timedelta(days=days))
        )
    done.hand_in(0)
    done.settle_all()
    done.close()
    ways = [look(scene).ways[0] for scene in (done, soon, late)]
    ordered = Progress(tuple(sorted(ways, key=lambda way: way.urgency(NOW))), (), NOW)
    assert [way.school_id for way in ordered.ways] == [late.school.id, soon.school.id, done.school.id]
    assert [way.school_id for way in ordered.listed(Show(late=True))] == [late.school.id]
