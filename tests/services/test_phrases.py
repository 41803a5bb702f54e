"""Reasons given before: the panel's own, and never anything an expert must not know yet."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.models import Assignment, Review
from portfolio.queries.phrases import MOST, phrases
from portfolio.services import panels
from rubric.model import Channel
from tests.factories import NOW, bureau_actor, make_dossier, score_all
from tests.package_factory import make_package
from tests.panel_factory import Scene, make_scene


@pytest.fixture
def scene(session: Session) -> Scene:
    """Two experts before their first package."""
    return make_scene(session, experts=2)


def _say(scene: Scene, number: int, code: str, reason: str) -> None:
    row = scene.row(code, number)
    row.reason, row.channel = reason, Channel.DOCUMENTS
    scene.session.flush()


def _offered(scene: Scene, review: Review, code: str = "C14") -> tuple[str, ...]:
    scene.session.refresh(review, ["assignment"])
    return phrases(scene.session, scene.actor(0), review, code)


def _next_package(scene: Scene) -> Review:
    """The first expert's review of another school's package, given to the same panel."""
    dossier = make_dossier(scene.session, cycle=scene.cycle)
    score_all(scene.session, dossier)
    package = make_package(scene.session, dossier)
    assignment: Assignment = panels.assign(
        scene.session, actor=bureau_actor(scene.session), now=NOW, panel=scene.panel, package=package
    )
    return scene.session.scalars(
        select(Review).where(Review.assignment_id == assignment.id, Review.expert_id == scene.experts[0].id)
    ).one()


def test_ones_own_reasons_are_offered_those_for_this_element_first(scene: Scene) -> None:
    for code in ("C1", "C2", "C3"):
        _say(scene, 0, code, "缺少过程记录。")
    _say(scene, 0, "C14", "社区意见无记录。")
    assert _offered(scene, _next_package(scene)) == ("社区意见无记录。", "缺少过程记录。")


def test_what_stands_in_the_element_itself_is_not_offered(scene: Scene) -> None:
    _say(scene, 0, "C14", "社区意见无记录。")
    assert _offered(scene, scene.reviews[0]) == ()
    assert _offered(scene, scene.reviews[0], "C15") == ("社区意见无记录。",)


def test_another_experts_reasons_wait_until_the_table_is_open_and_never_come_from_the_same_package(
    scene: Scene,
) -> None:
    following = _next_package(scene)
    _say(scene, 1, "C14", "另一位专家的理由。")
    assert _offered(scene, following) == ()
    scene.hand_in(0)
    scene.hand_in(1)
    assert _offered(scene, following) == ()
    scene.open_table()
    assert _offered(scene, following) == ("另一位专家的理由。",)
    assert _offered(scene, scene.reviews[0], "C15") == ()


def test_who_is_still_to_score_a_package_is_offered_nothing_of_it(scene: Scene) -> None:
    following = _next_package(scene)
    _say(scene, 1, "C14", "另一位专家的理由。")
    scene.hand_in(0)
    scene.hand_in(1)
    scene.open_table()
    scene.reviews[0].handed_in_at = None  # as for one who joined after the opening
    scene.session.flush()
    assert _offered(scene, following) == ()


def test_nothing_comes_from_a_school_one_keeps_away_from(scene: Scene) -> None:
    following = _next_package(scene)
    _say(scene, 0, "C14", "社区意见无记录。")
    panels.declare_conflict(
        scene.session,
        actor=scene.actor(0),
        now=NOW + timedelta(hours=1),
        user=scene.experts[0],
        school=scene.school,
        reason="亲属在该校任教",
    )
    assert _offered(scene, following) == ()


def test_another_panels_reasons_and_long_ones_are_not_offered(scene: Scene) -> None:
    other = make_scene(scene.session, experts=1)
    _say(other, 0, "C14", "别组的理由。")
    _say(scene, 0, "C1", "长" * 121)
    assert _offered(scene, _next_package(scene)) == ()


def test_a_handful_is_offered(scene: Scene) -> None:
    for number in range(1, 9):
        _say(scene, 0, f"C{number}", f"第 {number} 种理由。")
    assert len(_offered(scene, _next_package(scene))) == MOST
