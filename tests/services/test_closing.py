"""Closing: proposed by the chair, signed by an expert, reopened by the bureau; what was said in between."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.errors import DomainError, NotFound, Refused
from portfolio.models import AuditEvent, Closing, Remark, Stance
from portfolio.queries.panel_report import panel_report
from portfolio.services import closing, discussion, panels, publishing, settlement
from tests.factories import NOW, PASSWORD, bureau_actor
from tests.panel_factory import Scene, make_scene


@pytest.fixture
def scene(session: Session) -> Scene:
    """Two experts, all of whose elements are settled."""
    made = make_scene(session, experts=2)
    made.hand_in(0)
    made.hand_in(1)
    made.settle_all()
    return made


def opinion_of(scene: Scene) -> str:
    """What the panel's report says as its opinion."""
    return panel_report(scene.session, scene.assignment.id).opinion


def _is_open(scene: Scene) -> bool:
    return scene.assignment.closed_at is None


def _settle(scene: Scene, version: int = 1) -> None:
    settlement.settle(
        scene.session,
        actor=scene.chair_actor,
        now=NOW,
        assignment=scene.assignment,
        code="C26",
        score_text="0.9",
        rule="median",
        reason="一致。",
        version=version,
    )


def _undo(scene: Scene, code: str = "C26") -> None:
    settlement.undo(
        scene.session, actor=scene.chair_actor, now=NOW, assignment=scene.assignment, code=code, version=1
    )


def _withdraw(scene: Scene) -> None:
    closing.withdraw(scene.session, actor=scene.chair_actor, now=NOW, assignment=scene.assignment)


def _reopen(scene: Scene, reason: str = "漏看了补充材料。") -> None:
    closing.reopen(
        scene.session,
        actor=bureau_actor(scene.session),
        now=NOW + timedelta(days=1),
        assignment=scene.assignment,
        reason=reason,
    )


def _remark(scene: Scene, stance: str = "", words: str = "", code: str = "C26") -> Remark:
    return discussion.remark(
        scene.session,
        actor=scene.actor(),
        now=NOW,
        assignment=scene.assignment,
        code=code,
        stance=stance,
        words=words,
    )


# ---- Closing ----


def test_closing_waits_for_every_element(scene: Scene) -> None:
    _undo(scene)
    with pytest.raises(DomainError) as refused:
        scene.propose_closing()
    assert (refused.value.code, refused.value.context) == ("settlement_incomplete", {"count": 1})


def test_the_chair_proposes_and_an_expert_signs(scene: Scene) -> None:
    scene.propose_closing("同意推荐。")
    assert _is_open(scene)
    scene.sign_closing(1)
    assert (scene.assignment.closed_at, opinion_of(scene)) == (NOW, "同意推荐。")
    assert scene.assignment.closed_by == scene.chair.id
    row = scene.session.scalars(select(Closing)).one()
    assert (row.proposed_by, row.signed_by) == (scene.chair.id, scene.experts[1].id)
    closed = scene.session.scalars(select(AuditEvent).where(AuditEvent.action == "assignment:closed")).one()
    assert closed.actor_id == scene.experts[1].id
    assert closed.after == {
        "report": {"parts": {"opinion": "同意推荐。"}, "items": []},
        "final": "90.0",
        "proposed_by": scene.chair.id,
    }


def test_while_a_proposal_waits_nothing_is_settled_anew(scene: Scene) -> None:
    scene.propose_closing()
    changes: list[Callable[[Scene], object]] = [_settle, _undo, Scene.propose_closing]
    for change in changes:
        with pytest.raises(DomainError, match="closing_proposed"):
            change(scene)
    _withdraw(scene)
    _settle(scene)
    with pytest.raises(DomainError, match="nothing_proposed"):
        scene.sign_closing()
    scene.close()
    assert [
        row.withdrawn_at is not None
        for row in scene.session.scalars(select(Closing).order_by(Closing.number))
    ] == [
        True,
        False,
    ]


def test_after_closing_nothing_changes(scene: Scene) -> None:
    scene.close()
    changes: list[Callable[[Scene], object]] = [
        _settle,
        _undo,
        Scene.propose_closing,
        Scene.sign_closing,
        _withdraw,
        lambda scene: _remark(scene, "agree"),
    ]
    for change in changes:
        with pytest.raises(DomainError, match="assignment_closed"):
            change(scene)


def test_a_second_person_signs(session: Session) -> None:
    scene = make_scene(session, experts=2)
    scene.chair = scene.experts[0]  # the chair scores too
    for number in (0, 1):
        scene.hand_in(number)
    scene.settle_all()
    scene.propose_closing()
    with pytest.raises(DomainError, match="second_person_needed"):
        scene.sign_closing(0)
    scene.sign_closing(1)
    assert scene.assignment.closed_at == NOW


def test_without_a_second_person_nothing_is_proposed(session: Session) -> None:
    scene = make_scene(session, experts=1)
    scene.chair = scene.experts[0]
    scene.hand_in(0)
    scene.settle_all()
    with pytest.raises(DomainError, match="signer_missing"):
        scene.propose_closing()


def test_a_signature_needs_the_password_and_the_proposal_that_was_read(scene: Scene) -> None:
    scene.propose_closing()

    def sign(number: int, password: str) -> None:
        closing.sign(
            scene.session,
            actor=scene.actor(),
            now=NOW,
            assignment=scene.assignment,
            number=number,
            password=password,
        )

    with pytest.raises(DomainError, match="password_wrong"):
        sign(1, "guess")
    _withdraw(scene)
    scene.propose_closing("另一份意见。")
    with pytest.raises(DomainError, match="closing_changed"):
        sign(1, PASSWORD)
    sign(2, PASSWORD)
    assert opinion_of(scene) == "另一份意见。"


def test_who_declared_a_conflict_signs_nothing(scene: Scene) -> None:
    scene.propose_closing()
    panels.declare_conflict(
        scene.session,
        actor=scene.actor(),
        now=NOW,
        user=scene.experts[0],
        school=scene.school,
        reason="亲属在该校任教",
    )
    with pytest.raises(DomainError, match="signer_unknown"):
        scene.sign_closing(0)


def test_an_opinion_has_a_length(scene: Scene) -> None:
    with pytest.raises(DomainError, match="text_too_long"):
        scene.propose_closing("长" * 8001)


# ---- Reopening ----


def test_reopening_needs_a_closing_and_a_reason_and_stays_on_record(scene: Scene) -> None:
    with pytest.raises(DomainError, match="not_closed"):
        _reopen(scene)
    scene.close()
    with pytest.raises(DomainError, match="reason_missing"):
        _reopen(scene, " ")
    _reopen(scene)
    assert _is_open(scene)
    row = scene.session.scalars(select(Closing)).one()
    assert (row.signed_at, row.reason) == (NOW, "漏看了补充材料。")
    event = scene.session.scalars(select(AuditEvent).where(AuditEvent.action == "assignment:reopened")).one()
    assert event.after == {"reason": "漏看了补充材料。"}


def test_a_reopened_review_is_settled_and_closed_anew(scene: Scene) -> None:
    scene.close()
    _reopen(scene)
    _settle(scene)
    scene.close("复核后同意。")
    assert [row.number for row in scene.session.scalars(select(Closing).order_by(Closing.number))] == [1, 2]
    assert opinion_of(scene) == "复核后同意。"


def test_what_is_published_is_not_reopened(scene: Scene) -> None:
    scene.close()
    publishing.publish(scene.session, actor=bureau_actor(scene.session), now=NOW, assignment=scene.assignment)
    with pytest.raises(DomainError, match="already_published"):
        _reopen(scene)


# ---- Discussion ----


def test_a_remark_says_what_stood_when_it_was_made(scene: Scene) -> None:
    first = _remark(scene, "disagree", "听课未见。")
    assert (first.stance, first.words, first.ruling) == (Stance.DISAGREE, "听课未见。", 1)
    _undo(scene)
    assert _remark(scene, "", "再看一看。").ruling == 0
    event = scene.session.scalars(
        select(AuditEvent).where(AuditEvent.action == "element:remarked").order_by(AuditEvent.id)
    ).first()
    assert event is not None and event.after == {
        "element": "C26",
        "stance": "disagree",
        "words": "听课未见。",
    }


@pytest.mark.parametrize(
    ("stance", "words", "refusals"),
    [
        ("", " ", {"words": "remark_empty"}),
        ("maybe", "", {"stance": "stance_unknown"}),
        ("agree", "长" * 4001, {"words": "text_too_long"}),
    ],
)
def test_an_empty_or_unreadable_remark_is_refused(
    scene: Scene, stance: str, words: str, refusals: dict[str, str]
) -> None:
    with pytest.raises(Refused) as refused:
        _remark(scene, stance, words)
    assert {field: error.code for field, error in refused.value.errors.items()} == refusals


def test_nothing_is_discussed_before_the_table_is_open(session: Session) -> None:
    scene = make_scene(session, experts=1)
    scene.hand_in(0)
    with pytest.raises(DomainError, match="settlement_not_open"):
        _remark(scene, "agree")


def test_an_element_of_another_rubric_is_not_discussed(scene: Scene) -> None:
    with pytest.raises(NotFound):
        _remark(scene, "agree", code="C85")
