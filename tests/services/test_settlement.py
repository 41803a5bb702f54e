"""Settlement: when the chair may begin, what a final score must carry, and that closing ends it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portfolio.errors import DomainError, NotFound, Refused, StaleWrite
from portfolio.models import AuditEvent, Determination
from portfolio.services import panels, settlement
from tests.factories import NOW, make_dossier, score_all
from tests.panel_factory import Scene, make_scene


def _settle(scene: Scene, score: str, rule: str = "median", **given: object) -> Determination:
    arguments: dict[str, object] = {"code": "C26", "reason": "听课未见成形模式。", "version": 0} | given
    return settlement.settle(
        scene.session,
        actor=scene.chair_actor,
        now=NOW,
        assignment=scene.assignment,
        score_text=score,
        rule=rule,
        **arguments,  # type: ignore[arg-type]
    )


def _refusals(scene: Scene, score: str, rule: str = "median", **given: object) -> dict[str, str]:
    with pytest.raises(Refused) as refused:
        _settle(scene, score, rule, **given)
    return {field: error.code for field, error in refused.value.errors.items()}


def _close(scene: Scene, opinion: str = "同意推荐。") -> None:
    settlement.close(
        scene.session, actor=scene.chair_actor, now=NOW, assignment=scene.assignment, opinion=opinion
    )


@pytest.fixture
def scene(session: Session) -> Scene:
    """All three reviews in: C26 has 0.4, 0.8 and 0.9; everything else the self-score."""
    made = make_scene(session)
    made.hand_in(0, {"C26": "0.4"})
    made.hand_in(1, {"C26": "0.8"})
    made.hand_in(2)
    return made


def test_nothing_is_settled_before_all_reviews_are_in(session: Session) -> None:
    scene = make_scene(session)
    scene.hand_in(0)
    with pytest.raises(DomainError) as refused:
        _settle(scene, "0.9")
    assert (refused.value.code, refused.value.context) == ("reviews_outstanding", {"count": 2})
    with pytest.raises(DomainError, match="reviews_outstanding"):
        _close(scene)


def test_the_median_rule_takes_the_median(scene: Scene) -> None:
    settled = _settle(scene, "0.8")
    assert (settled.score, settled.rule, settled.version) == (Decimal("0.8"), "median", 1)


def test_the_median_rule_takes_nothing_else(scene: Scene) -> None:
    with pytest.raises(Refused) as refused:
        _settle(scene, "0.7")
    error = refused.value.errors["rule"]
    assert (error.code, error.context) == ("rule_not_median", {"median": Decimal("0.8")})


@pytest.mark.parametrize("rule", ["agreed", "chair"])
def test_another_rule_takes_another_score(scene: Scene, rule: str) -> None:
    assert _settle(scene, "0.7", rule).score == Decimal("0.7")


def test_the_median_of_an_even_number_is_rounded_to_the_step(session: Session) -> None:
    scene = make_scene(session, experts=2)
    scene.hand_in(0, {"C26": "0.8"})
    scene.hand_in(1)
    assert _refusals(scene, "0.8") == {"rule": "rule_not_median"}
    assert _settle(scene, "0.9").score == Decimal("0.9")


@pytest.mark.parametrize(
    ("score", "rule"),
    [
        ("0.8", "median"),  # below the self-score
        ("0.9", "agreed"),  # the self-score, but short of the element's points
        ("1.0", "agreed"),  # full marks, which nobody asked for
        ("1.0", "chair"),
    ],
)
def test_a_final_that_needs_explaining_has_a_reason(scene: Scene, score: str, rule: str) -> None:
    assert _refusals(scene, score, rule, reason=" ") == {"reason": "reason_missing"}


def test_full_marks_that_all_agree_on_need_no_reason(session: Session) -> None:
    dossier = make_dossier(session)
    score_all(session, dossier, share=Decimal(1))
    scene = make_scene(session, dossier=dossier, experts=1)
    scene.hand_in(0, {"C26": "1"})
    assert _settle(scene, "1", reason="").reason == ""


def test_full_marks_for_what_the_school_left_unscored_need_a_reason(session: Session) -> None:
    scene = make_scene(session, dossier=make_dossier(session), experts=1)
    scene.hand_in(0, {"C26": "1"})
    assert _refusals(scene, "1", reason="") == {"reason": "reason_missing"}


def test_every_wrong_field_is_named_at_once(scene: Scene) -> None:
    assert _refusals(scene, "0.85", "dice", reason="长" * 4001) == {
        "score": "off_step",
        "rule": "rule_unknown",
        "reason": "text_too_long",
    }


def test_an_element_is_settled_anew_over_the_version_that_stands(scene: Scene) -> None:
    _settle(scene, "0.8")
    again = _settle(scene, "0.7", "agreed", version=1)
    assert (again.score, again.version) == (Decimal("0.7"), 2)
    assert scene.session.scalar(select(func.count()).select_from(Determination)) == 1
    events = scene.session.scalars(
        select(AuditEvent).where(AuditEvent.action == "element:settled").order_by(AuditEvent.id)
    ).all()
    assert [(event.before or {}).get("score") for event in events] == [None, "0.8"]


@pytest.mark.parametrize("version", [0, 2])
def test_a_stale_settlement_is_refused_and_shows_what_stands(scene: Scene, version: int) -> None:
    _settle(scene, "0.8")
    with pytest.raises(StaleWrite) as stale:
        _settle(scene, "0.7", "agreed", version=version)
    current = stale.value.current
    assert isinstance(current, Determination)
    assert (current.score, current.version) == (Decimal("0.8"), 1)


def test_an_element_of_another_rubric_is_not_found(scene: Scene) -> None:
    with pytest.raises(NotFound):
        _settle(scene, "0.8", code="C85")


def test_closing_waits_for_every_element(scene: Scene) -> None:
    _settle(scene, "0.8")
    with pytest.raises(DomainError) as refused:
        _close(scene)
    assert (refused.value.code, refused.value.context) == ("settlement_incomplete", {"count": 83})


def test_after_closing_nothing_changes(session: Session) -> None:
    scene = make_scene(session, experts=1)
    scene.hand_in(0)
    scene.settle_all()
    _close(scene)
    assert (scene.assignment.closed_at, scene.assignment.opinion) == (NOW, "同意推荐。")
    with pytest.raises(DomainError, match="assignment_closed"):
        _settle(scene, "0.9", version=1)
    with pytest.raises(DomainError, match="assignment_closed"):
        _close(scene)
    closed = session.scalars(select(AuditEvent).where(AuditEvent.action == "assignment:closed")).one()
    assert closed.after == {"opinion": "同意推荐。", "final": "90.0"}


def test_who_declares_a_conflict_is_waited_for_no_longer_and_counts_no_more(session: Session) -> None:
    scene = make_scene(session)
    scene.hand_in(0, {"C26": "0.4"})
    scene.hand_in(1, {"C26": "0.8"})
    assert settlement.outstanding(session, scene.assignment) == 1
    _recuse(scene, 2)
    assert settlement.outstanding(session, scene.assignment) == 0
    _recuse(scene, 0)
    assert _settle(scene, "0.8").score == Decimal("0.8")  # of the one review that is left


def test_a_round_that_asks_for_more_scores_waits_for_them(session: Session) -> None:
    scene = make_scene(session, experts=2, independent_scores=2)
    scene.hand_in(0)
    _recuse(scene, 1)
    assert settlement.outstanding(session, scene.assignment) == 1
    with pytest.raises(DomainError, match="reviews_outstanding"):
        _settle(scene, "0.9")


def _recuse(scene: Scene, number: int) -> None:
    panels.declare_conflict(
        scene.session,
        actor=scene.actor(number),
        now=NOW,
        user=scene.experts[number],
        school=scene.school,
        reason="亲属在该校任教",
    )
