"""Settlement: when the chair may begin, what a final score must carry, and how it is taken back."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portfolio.errors import DomainError, NotFound, Refused, StaleWrite
from portfolio.models import AuditEvent, Determination, Ruling
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


def _undo(scene: Scene, version: int, code: str = "C26") -> Determination | None:
    return settlement.undo(
        scene.session,
        actor=scene.chair_actor,
        now=NOW,
        assignment=scene.assignment,
        code=code,
        version=version,
    )


def _rulings(scene: Scene) -> list[tuple[str, bool]]:
    """Every ruling ever made of C26, and whether it was taken back."""
    rows = scene.session.scalars(select(Ruling).where(Ruling.element == "C26").order_by(Ruling.number))
    return [(str(row.score), row.undone_at is not None) for row in rows]


@pytest.fixture
def scene(session: Session) -> Scene:
    """All three reviews in, the table open: C26 has 0.4, 0.8 and 0.9; everything else the self-score."""
    made = make_scene(session)
    made.hand_in(0, {"C26": "0.4"})
    made.hand_in(1, {"C26": "0.8"})
    made.hand_in(2)
    made.open_table()
    return made


def test_nothing_is_settled_before_all_reviews_are_in(session: Session) -> None:
    scene = make_scene(session)
    scene.hand_in(0)
    with pytest.raises(DomainError) as refused:
        _settle(scene, "0.9")
    assert (refused.value.code, refused.value.context) == ("reviews_outstanding", {"count": 2})
    with pytest.raises(DomainError, match="reviews_outstanding"):
        scene.open_table()
    assert scene.assignment.settling_since is None


def test_the_chair_opens_the_table_first_and_once(session: Session) -> None:
    scene = make_scene(session, experts=1)
    scene.hand_in(0)
    with pytest.raises(DomainError, match="settlement_not_open"):
        _settle(scene, "0.9")
    scene.open_table()
    assert scene.assignment.settling_since == NOW
    with pytest.raises(DomainError, match="settlement_open"):
        scene.open_table()


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
    scene.open_table()
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
    scene.open_table()
    assert _settle(scene, "1", reason="").reason == ""


def test_full_marks_for_what_the_school_left_unscored_need_a_reason(session: Session) -> None:
    scene = make_scene(session, dossier=make_dossier(session), experts=1)
    scene.hand_in(0, {"C26": "1"})
    scene.open_table()
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


def test_what_is_not_assessed_has_no_score_and_a_reason(scene: Scene) -> None:
    assert _refusals(scene, "", "not_assessed", reason="") == {"reason": "reason_missing"}
    settled = _settle(scene, "0.8", "not_assessed", reason="该校未设寄宿部，本项不评。")
    assert (settled.score, settled.rule) == (None, "not_assessed")
    assert settlement.progress(scene.session, scene.assignment).done == 1


def test_without_a_score_there_is_no_median(scene: Scene) -> None:
    for number in range(3):
        scene.row("C26", number).score = None
    scene.session.flush()
    assert _refusals(scene, "0.8") == {"rule": "median_missing"}
    assert _settle(scene, "0.8", "chair").score == Decimal("0.8")


def test_a_final_taken_back_leaves_the_one_before_it_or_none(scene: Scene) -> None:
    _settle(scene, "0.8")
    _settle(scene, "0.7", "agreed", version=1)
    restored = _undo(scene, 2)
    assert restored is not None
    assert (restored.score, restored.rule, restored.version) == (Decimal("0.8"), "median", 1)
    assert _undo(scene, 1) is None
    assert scene.session.scalar(select(func.count()).select_from(Determination)) == 0
    with pytest.raises(DomainError, match="nothing_settled"):
        _undo(scene, 0)
    assert _rulings(scene) == [("0.8", True), ("0.7", True)]


def test_no_ruling_is_lost_or_numbered_twice(scene: Scene) -> None:
    _settle(scene, "0.8")
    _undo(scene, 1)
    again = _settle(scene, "0.6", "agreed")
    assert again.version == 2  # a window that still shows ruling 1 is stale
    with pytest.raises(StaleWrite):
        _settle(scene, "0.5", "agreed", version=1)
    assert _rulings(scene) == [("0.8", True), ("0.6", False)]


def test_taking_back_what_was_settled_anew_meanwhile_is_refused(scene: Scene) -> None:
    _settle(scene, "0.8")
    _settle(scene, "0.7", "agreed", version=1)
    with pytest.raises(StaleWrite):
        _undo(scene, 1)
    assert _rulings(scene) == [("0.8", False), ("0.7", False)]


def test_who_declares_a_conflict_is_waited_for_no_longer_and_counts_no_more(session: Session) -> None:
    scene = make_scene(session)
    scene.hand_in(0, {"C26": "0.4"})
    scene.hand_in(1, {"C26": "0.8"})
    assert settlement.outstanding(session, scene.assignment) == 1
    _recuse(scene, 2)
    assert settlement.outstanding(session, scene.assignment) == 0
    _recuse(scene, 0)
    scene.open_table()
    assert _settle(scene, "0.8").score == Decimal("0.8")  # of the one review that is left


def test_a_round_that_asks_for_more_scores_waits_for_them(session: Session) -> None:
    scene = make_scene(session, experts=2, independent_scores=2)
    scene.hand_in(0)
    _recuse(scene, 1)
    assert settlement.outstanding(session, scene.assignment) == 1
    with pytest.raises(DomainError, match="reviews_outstanding"):
        _settle(scene, "0.9")


def test_a_recusal_after_the_opening_may_leave_too_few_scores(session: Session) -> None:
    scene = make_scene(session, experts=2, independent_scores=2)
    for number in (0, 1):
        scene.hand_in(number)
    scene.open_table()
    _recuse(scene, 1)
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
