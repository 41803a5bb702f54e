"""Panels: who sits on one, what it is given, who steps aside, when a result is published."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from portfolio.errors import DomainError
from portfolio.models import (
    Assignment,
    AuditEvent,
    DossierState,
    ElementReview,
    Membership,
    Panel,
    Recusal,
    Review,
    Role,
    Round,
    School,
    User,
)
from portfolio.policy import Permission, Place, allows
from portfolio.services import panels, publishing
from portfolio.services.cycles import RoundPlan
from tests.at_once import second_of_two
from tests.factories import (
    NOW,
    actor_for,
    bureau_actor,
    make_cycle,
    make_dossier,
    make_school,
    make_user,
)
from tests.package_factory import make_package
from tests.panel_factory import Scene, make_scene


def _first_round(session: Session, independent_scores: int = 1) -> Round:
    cycle = make_cycle(session, rounds=[RoundPlan("市级评估", independent_scores=independent_scores)])
    return session.scalars(select(Round).where(Round.cycle_id == cycle.id)).one()


def _form(
    session: Session, round: Round, experts: list[User], chair: User | None, *, name: str = "第一专家组"
) -> Panel:
    return panels.form_panel(
        session, actor=bureau_actor(session), now=NOW, round=round, name=name, experts=experts, chair=chair
    )


def test_a_panel_names_its_experts_and_its_chair(session: Session) -> None:
    both = make_user(session)
    panel = _form(session, _first_round(session), [both, make_user(session), both], both)
    roles = session.scalars(select(Membership.role).where(Membership.panel_id == panel.id)).all()
    assert sorted(roles) == [Role.CHAIR, Role.EXPERT, Role.EXPERT]
    assert actor_for(session, both).panels(Role.CHAIR) == {panel.id}


def test_a_panel_needs_as_many_experts_as_the_round_needs_scores(session: Session) -> None:
    with pytest.raises(DomainError) as refused:
        _form(session, _first_round(session, 3), [make_user(session), make_user(session)], make_user(session))
    assert (refused.value.code, refused.value.context) == ("expert_missing", {"needed": 3})


def test_naming_one_expert_twice_does_not_make_two(session: Session) -> None:
    person = make_user(session)
    with pytest.raises(DomainError, match="expert_missing"):
        _form(session, _first_round(session, 2), [person, person], make_user(session))


def test_a_panel_needs_a_chair(session: Session) -> None:
    with pytest.raises(DomainError, match="chair_missing"):
        _form(session, _first_round(session), [make_user(session)], None)


def test_a_round_has_one_panel_of_a_name(session: Session) -> None:
    round, person = _first_round(session), make_user(session)
    _form(session, round, [person], person)
    with pytest.raises(DomainError, match="panel_known"):
        _form(session, round, [person], person)


def test_every_expert_gets_a_review_with_all_elements_unscored(session: Session) -> None:
    scene = make_scene(session, experts=2)
    rows = session.execute(
        select(Review.expert_id, func.count(), func.count(ElementReview.score))
        .join(ElementReview, ElementReview.review_id == Review.id)
        .group_by(Review.expert_id)
    ).all()
    assert {tuple(row) for row in rows} == {(expert.id, 84, 0) for expert in scene.experts}


def test_a_package_is_given_once_in_a_round(session: Session) -> None:
    scene = make_scene(session)
    with pytest.raises(DomainError, match="package_assigned"):
        _assign_again(scene)
    assert session.scalar(select(func.count()).select_from(Assignment)) == 1


def _assign_again(scene: Scene) -> None:
    panels.assign(
        scene.session, actor=bureau_actor(scene.session), now=NOW, panel=scene.panel, package=scene.package
    )


def test_a_panel_gets_no_package_of_another_cycle(session: Session) -> None:
    scene = make_scene(session)
    elsewhere = make_package(session, make_dossier(session))
    with pytest.raises(DomainError, match="package_of_other_cycle"):
        panels.assign(session, actor=bureau_actor(session), now=NOW, panel=scene.panel, package=elsewhere)


@pytest.mark.parametrize("who", ["expert", "chair"])
@pytest.mark.parametrize("why", ["staff", "declared"])
def test_nobody_on_a_panel_judges_a_school_they_are_tied_to(session: Session, who: str, why: str) -> None:
    scene = make_scene(session)
    school = make_school(session)
    dossier = make_dossier(session, school, scene.cycle)
    package = make_package(session, dossier)
    person = scene.chair if who == "chair" else scene.experts[1]
    if why == "staff":
        session.add(Membership(user_id=person.id, role=Role.CONTRIBUTOR, school_id=school.id))
        session.flush()
    else:
        panels.declare_conflict(
            session,
            actor=actor_for(session, person),
            now=NOW,
            user=person,
            school=school,
            reason="亲属在该校任教",
        )
    with pytest.raises(DomainError) as refused:
        panels.assign(session, actor=bureau_actor(session), now=NOW, panel=scene.panel, package=package)
    assert (refused.value.code, refused.value.context) == ("conflict_of_interest", {"names": person.name})
    assert session.scalar(select(func.count()).select_from(Review)) == 3


def test_a_declared_conflict_takes_the_review_away(session: Session) -> None:
    scene = make_scene(session)
    expert = scene.experts[0]
    place = Place(scene.school.id, frozenset({scene.panel.id}), expert.id)
    assert allows(scene.actor(), Permission.REVIEW_SCORE, place)
    panels.declare_conflict(
        session, actor=scene.actor(), now=NOW, user=expert, school=scene.school, reason="曾任该校顾问"
    )
    assert not allows(scene.actor(), Permission.REVIEW_SCORE, place)
    assert not allows(scene.actor(), Permission.REVIEW_READ, place)


def test_a_conflict_needs_a_reason_and_is_declared_once(session: Session) -> None:
    scene = make_scene(session)
    with pytest.raises(DomainError, match="reason_missing"):
        _declare(scene, "  ")
    first = _declare(scene, "曾任该校顾问")
    assert _declare(scene, "再说一次").id == first.id
    assert session.scalar(select(Recusal.reason)) == "曾任该校顾问"
    assert session.scalar(select(func.count()).where(AuditEvent.action == "conflict:declared")) == 1


def test_a_conflict_declared_twice_at_once_is_declared_once(engine: Engine, session: Session) -> None:
    scene = make_scene(session)
    actor, user_id, school_id = scene.actor(), scene.experts[0].id, scene.school.id

    def declare(own: Session) -> None:
        user, school = own.get_one(User, user_id), own.get_one(School, school_id)
        panels.declare_conflict(own, actor=actor, now=NOW, user=user, school=school, reason="曾任该校顾问")

    assert second_of_two(engine, session, declare) == "done"
    assert session.scalar(select(func.count()).where(AuditEvent.action == "conflict:declared")) == 1


def _declare(scene: Scene, reason: str) -> Recusal:
    return panels.declare_conflict(
        scene.session, actor=scene.actor(), now=NOW, user=scene.experts[0], school=scene.school, reason=reason
    )


def test_a_result_is_published_after_closing_and_once(session: Session) -> None:
    scene = make_scene(session, experts=1)
    with pytest.raises(DomainError, match="not_closed"):
        _publish(scene)
    _close(scene)
    _publish(scene)
    assert scene.dossier.state is DossierState.PUBLISHED
    assert scene.assignment.published_at == NOW + timedelta(days=2)
    with pytest.raises(DomainError, match="already_published"):
        _publish(scene)


def test_the_dossier_stays_submitted_until_the_last_round_is_published(session: Session) -> None:
    scene = make_scene(session, experts=1, rounds=[RoundPlan("区县初评"), RoundPlan("市级评估")])
    _close(scene)
    _publish(scene)
    assert scene.dossier.state is DossierState.SUBMITTED


def _close(scene: Scene) -> None:
    scene.hand_in(0)
    scene.settle_all()
    scene.close()


def _publish(scene: Scene) -> None:
    publishing.publish(
        scene.session,
        actor=bureau_actor(scene.session),
        now=NOW + timedelta(days=2),
        assignment=scene.assignment,
    )


def test_a_school_without_a_score_can_be_assigned_too(session: Session) -> None:
    dossier = make_dossier(session)
    scene = make_scene(session, dossier=dossier)
    assert scene.package.unscored == 84


def test_what_a_panel_is_given_is_in_the_trail(session: Session) -> None:
    scene = make_scene(session)
    actions = session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert actions[-2:] == ["panel:formed", "package:assigned"]
    formed = session.scalars(select(AuditEvent).where(AuditEvent.action == "panel:formed")).one()
    assert formed.after is not None
    assert formed.after["experts"] == sorted(expert.id for expert in scene.experts)
