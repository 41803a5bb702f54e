"""Signing before the first page, stepping aside, and who steps in."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, delete, func, select
from sqlalchemy.orm import Session

from portfolio.errors import DomainError
from portfolio.models import (
    Assignment,
    AuditEvent,
    ElementReview,
    InterestStatement,
    Review,
    Role,
    Substitution,
    User,
)
from portfolio.policy import Permission, Place, allows
from portfolio.queries.substitutes import stepped_aside
from portfolio.services import accounts, interests, panels, settlement
from tests.at_once import second_of_two
from tests.factories import NOW, PASSWORD, actor_for, bureau_actor, make_user
from tests.panel_factory import Scene, make_scene


@pytest.fixture
def scene(session: Session) -> Scene:
    """Two experts; both have to score everything."""
    return make_scene(session, experts=2, independent_scores=2)


def _unsign(scene: Scene, user: User) -> None:
    scene.session.execute(delete(InterestStatement).where(InterestStatement.user_id == user.id))


def _sign(scene: Scene, password: str = PASSWORD) -> None:
    interests.declare_none(
        scene.session, actor=scene.actor(0), now=NOW, assignment=scene.assignment, password=password
    )


def _step_aside(scene: Scene, number: int) -> None:
    panels.declare_conflict(
        scene.session,
        actor=scene.actor(number),
        now=NOW,
        user=scene.experts[number],
        school=scene.school,
        reason="亲属在该校任教",
    )


def _substitute(scene: Scene, expert: User, number: int = 0) -> Review:
    return interests.substitute(
        scene.session,
        actor=bureau_actor(scene.session),
        now=NOW,
        assignment=scene.assignment,
        leaving=scene.reviews[number],
        expert=expert,
    )


def test_nothing_of_a_package_opens_before_the_statement_is_signed(scene: Scene) -> None:
    _unsign(scene, scene.experts[0])
    place = Place(scene.school.id, frozenset({scene.panel.id}), scene.experts[0].id)
    reading = (Permission.REVIEW_READ, Permission.PACKAGE_READ, Permission.FILE_READ, Permission.REVIEW_SCORE)
    assert not any(allows(scene.actor(0), each, place) for each in reading)
    assert allows(scene.actor(0), Permission.REVIEW_TAKE, place)
    with pytest.raises(DomainError, match="password_wrong"):
        _sign(scene, "guess")
    _sign(scene)
    assert all(allows(scene.actor(0), each, place) for each in reading)


def test_a_statement_is_signed_once_and_on_record(scene: Scene) -> None:
    _unsign(scene, scene.experts[0])
    _sign(scene)
    _sign(scene)
    events = scene.session.scalars(
        select(AuditEvent).where(AuditEvent.action == "conflict:none_signed")
    ).all()
    assert [event.actor_id for event in events] == [scene.experts[0].id]


def test_a_statement_signed_twice_at_once_is_signed_once(engine: Engine, scene: Scene) -> None:
    _unsign(scene, scene.experts[0])
    actor, assignment_id = scene.actor(0), scene.assignment.id

    def sign(own: Session) -> None:
        assignment = own.get_one(Assignment, assignment_id)
        interests.declare_none(own, actor=actor, now=NOW, assignment=assignment, password=PASSWORD)

    assert second_of_two(engine, scene.session, sign) == "done"
    signed = select(func.count()).where(AuditEvent.action == "conflict:none_signed")
    assert scene.session.scalar(signed) == 1


def test_a_statement_is_about_one_school(scene: Scene) -> None:
    other = make_scene(scene.session)
    place = Place(other.school.id, frozenset({scene.panel.id}), scene.experts[0].id)
    assert not allows(scene.actor(0), Permission.REVIEW_READ, place)


def test_who_steps_aside_is_replaced_and_their_review_stays(scene: Scene) -> None:
    scene.score_everything(0, {"C1": "0.3"})
    _step_aside(scene, 0)
    assert [each.name for each in stepped_aside(scene.session, [scene.panel.id])[scene.assignment.id]] == [
        scene.experts[0].name
    ]
    newcomer = make_user(scene.session, Role.EXPERT)
    review = _substitute(scene, newcomer)
    unscored = select(func.count()).where(ElementReview.review_id == review.id, ElementReview.score.is_(None))
    assert scene.session.scalar(unscored) == 84
    assert str(scene.row("C1").score) == "0.3"
    assert stepped_aside(scene.session, [scene.panel.id]) == {}
    assert scene.panel.id in actor_for(scene.session, newcomer).panels(Role.EXPERT)
    event = scene.session.scalars(select(AuditEvent).where(AuditEvent.action == "expert:substituted")).one()
    assert (event.before, event.after) == ({"expert_id": scene.experts[0].id}, {"expert_id": newcomer.id})


def test_the_panel_waits_for_the_substitute(scene: Scene) -> None:
    scene.hand_in(1)
    _step_aside(scene, 0)
    review = _substitute(scene, make_user(scene.session, Role.EXPERT))
    assert settlement.outstanding(scene.session, scene.assignment) == 1
    review.handed_in_at = NOW
    scene.session.flush()
    assert settlement.outstanding(scene.session, scene.assignment) == 0


def test_a_substitute_is_somebody_who_may_judge(scene: Scene) -> None:
    with pytest.raises(DomainError, match="not_stepped_aside"):
        _substitute(scene, make_user(scene.session, Role.EXPERT))
    _step_aside(scene, 0)
    staff = make_user(scene.session, Role.CONTRIBUTOR, school=scene.school)
    for person, code in (
        (staff, "conflict_of_interest"),
        (scene.experts[0], "conflict_of_interest"),
        (scene.experts[1], "already_reviews"),
    ):
        with pytest.raises(DomainError, match=code):
            _substitute(scene, person)
    _substitute(scene, make_user(scene.session, Role.EXPERT))
    with pytest.raises(DomainError, match="already_substituted"):
        _substitute(scene, make_user(scene.session, Role.EXPERT))
    assert scene.session.scalar(select(func.count()).select_from(Substitution)) == 1


def test_who_has_seen_all_scores_does_not_score_any_more(scene: Scene) -> None:
    scene.hand_in(0)
    scene.hand_in(1)
    scene.open_table()
    _step_aside(scene, 0)
    accounts.grant(scene.session, user=scene.chair, role=Role.EXPERT)
    with pytest.raises(DomainError, match="has_seen_scores"):
        _substitute(scene, scene.chair)


def test_nobody_is_replaced_after_closing(session: Session) -> None:
    scene = make_scene(session, experts=2)
    for number in (0, 1):
        scene.hand_in(number)
    scene.settle_all()
    scene.close()
    _step_aside(scene, 1)
    with pytest.raises(DomainError, match="assignment_closed"):
        _substitute(scene, make_user(session, Role.EXPERT), 1)
