"""An expert's scores: what they must carry, who was first, and when they are in for good."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from portfolio.db import begin_write, make_sessions
from portfolio.errors import DomainError, NotFound, Refused, StaleWrite
from portfolio.models import AuditEvent, Correction, ElementReview, Review
from portfolio.services import reviews
from rubric.model import Channel
from tests.factories import NOW, make_dossier, score_all
from tests.panel_factory import Scene, make_scene

SAID = {"reason": "认可学校自评。", "channel": "documents"}


def _score(scene: Scene, score: str | None, **given: object) -> ElementReview:
    arguments: dict[str, object] = {"code": "C14", "reason": "", "channel": None, "version": 0} | given
    return reviews.score_element(
        scene.session,
        actor=scene.actor(),
        now=NOW,
        review=scene.reviews[0],
        score_text=score,
        **arguments,  # type: ignore[arg-type]
    )


def _refusals(scene: Scene, score: str | None, **given: object) -> dict[str, str]:
    with pytest.raises(Refused) as refused:
        _score(scene, score, **given)
    return {field: error.code for field, error in refused.value.errors.items()}


@pytest.fixture
def scene(session: Session) -> Scene:
    """Three experts before a school that claims 0.9 of 1 and 1.8 of 2."""
    return make_scene(session)


def test_full_marks_that_the_school_claims_need_no_reason(session: Session) -> None:
    dossier = make_dossier(session)
    score_all(session, dossier, share=Decimal(1))
    saved = _score(make_scene(session, dossier=dossier), "1")
    assert (saved.score, saved.version, saved.saved_at) == (Decimal(1), 1, NOW)


@pytest.mark.parametrize("score", ["0.9", "0.8", "1.0", "0"])
def test_lost_points_and_another_score_carry_a_reason_and_its_channel(scene: Scene, score: str) -> None:
    assert _refusals(scene, score) == {"reason": "reason_missing", "channel": "channel_missing"}
    saved = _score(scene, score, reason="社区意见无记录。", channel="documents")
    assert (saved.score, saved.channel) == (Decimal(score), Channel.DOCUMENTS)


def test_any_score_differs_from_none(session: Session) -> None:
    scene = make_scene(session, dossier=make_dossier(session))
    assert _refusals(scene, "0.9") == {"reason": "reason_missing", "channel": "channel_missing"}


def test_every_wrong_field_is_named_at_once(scene: Scene) -> None:
    assert _refusals(scene, "1.1", reason="长" * 4001, channel="rumour", note="长" * 4001) == {
        "score": "above_points",
        "reason": "text_too_long",
        "channel": "channel_unknown",
        "note": "text_too_long",
    }


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "empty"),
        ("NaN", "not_a_number"),
        ("1e9", "not_a_number"),
        ("True", "not_a_number"),
        ("-0.1", "negative"),
        ("1.1", "above_points"),
        ("0.85", "off_step"),
    ],
)
def test_what_is_no_score_is_refused(scene: Scene, typed: str, code: str) -> None:
    assert _refusals(scene, typed)["score"] == code
    assert scene.row("C14").score is None


def test_an_element_can_be_set_back_to_unscored(scene: Scene) -> None:
    _score(scene, "0.9", **SAID)
    assert _score(scene, None, version=1).score is None
    assert reviews.progress(scene.session, scene.reviews[0]).done == 0


def test_note_and_flag_stay_where_they_are_not_named(scene: Scene) -> None:
    _score(scene, None, note="问一问校长", flagged=True)
    saved = _score(scene, "0.9", version=1, **SAID)
    assert (saved.note, saved.flagged) == ("问一问校长", True)


def test_a_stale_save_is_refused_and_shows_what_stands(scene: Scene) -> None:
    _score(scene, "0.8", reason="先存的", channel="inspect")
    with pytest.raises(StaleWrite) as stale:
        _score(scene, "0.7", reason="后存的", channel="inspect")
    current = stale.value.current
    assert isinstance(current, ElementReview)
    assert (current.score, current.reason, current.version) == (Decimal("0.8"), "先存的", 1)


def test_the_trail_keeps_scores_and_never_private_notes(scene: Scene) -> None:
    _score(scene, "0.8", reason="依据不足", channel="listen", note="私下想法", flagged=True)
    _score(scene, "0.8", reason="依据不足", channel="listen", note="改一改", version=1)
    events = scene.session.scalars(select(AuditEvent).where(AuditEvent.action == "review:scored")).all()
    assert [event.after for event in events] == [
        {"element": "C14", "score": "0.8", "reason": "依据不足", "channel": "listen"}
    ]


def test_text_no_engine_holds_is_made_holdable(scene: Scene) -> None:
    saved = _score(scene, "0.8", reason="a\0b\r\nc\ud800", channel="listen")
    assert saved.reason == "ab\nc"


def test_an_element_of_another_rubric_is_not_found(scene: Scene) -> None:
    with pytest.raises(NotFound):
        _score(scene, "0.9", code="C85")


def test_a_review_is_handed_in_whole(scene: Scene) -> None:
    _score(scene, "0.9", **SAID)
    with pytest.raises(DomainError) as refused:
        reviews.hand_in(scene.session, actor=scene.actor(), now=NOW, review=scene.reviews[0])
    assert (refused.value.code, refused.value.context) == ("review_incomplete", {"count": 83})
    assert scene.reviews[0].handed_in_at is None


def test_after_handing_in_nothing_changes(scene: Scene) -> None:
    scene.hand_in(0)
    with pytest.raises(DomainError, match="review_handed_in"):
        _score(scene, "0.9", version=1)
    with pytest.raises(DomainError, match="review_handed_in"):
        reviews.hand_in(scene.session, actor=scene.actor(), now=NOW, review=scene.reviews[0])
    assert scene.session.scalar(select(func.count()).where(AuditEvent.action == "review:handed_in")) == 1


def _correct(
    scene: Scene, score: str, *, why: str = "看错一行。", version: int = 1, **given: str
) -> ElementReview:
    return reviews.correct_element(
        scene.session,
        actor=scene.actor(),
        now=NOW,
        review=scene.reviews[0],
        code="C14",
        score_text=score,
        version=version,
        why=why,
        **(SAID | given),  # type: ignore[arg-type]
    )


def test_what_is_in_is_corrected_with_a_reason_and_the_old_score_stays(scene: Scene) -> None:
    scene.hand_in(0, {"C14": "0.6"})
    saved = _correct(scene, "0.8")
    assert (saved.score, saved.version) == (Decimal("0.8"), 2)
    kept = scene.session.scalars(select(Correction)).one()
    assert (kept.score, kept.version, kept.why) == (Decimal("0.6"), 1, "看错一行。")
    event = scene.session.scalars(select(AuditEvent).where(AuditEvent.action == "review:corrected")).one()
    assert event.before is not None and event.before["score"] == "0.6"
    assert event.after == {"element": "C14", "score": "0.8", **SAID, "why": "看错一行。"}


@pytest.mark.parametrize(
    ("given", "refusals"),
    [
        ({"score": "0.8", "why": " "}, {"why": "reason_missing"}),
        ({"score": ""}, {"score": "empty"}),
        (
            {"score": "0.8", "reason": "", "channel": ""},
            {"reason": "reason_missing", "channel": "channel_missing"},
        ),
        ({"score": "0.6", "reason": "第1位专家：佐证不足。"}, {"why": "correction_unchanged"}),
    ],
)
def test_a_correction_carries_everything_a_score_does(
    scene: Scene, given: dict[str, str], refusals: dict[str, str]
) -> None:
    scene.hand_in(0, {"C14": "0.6"})
    with pytest.raises(Refused) as refused:
        _correct(scene, **given)  # type: ignore[arg-type]
    assert {field: error.code for field, error in refused.value.errors.items()} == refusals


def test_a_review_is_corrected_between_handing_in_and_the_table(scene: Scene) -> None:
    with pytest.raises(DomainError, match="review_not_in"):
        _correct(scene, "0.8", version=0)
    for number in range(3):
        scene.hand_in(number, {"C14": "0.6"})
    _correct(scene, "0.8")
    scene.open_table()
    with pytest.raises(DomainError, match="correction_late"):
        _correct(scene, "0.7", version=2)


def test_a_stale_correction_is_refused_and_shows_what_stands(scene: Scene) -> None:
    scene.hand_in(0, {"C14": "0.6"})
    _correct(scene, "0.8")
    with pytest.raises(StaleWrite) as stale:
        _correct(scene, "0.7", version=1)
    assert isinstance(stale.value.current, ElementReview)
    assert stale.value.current.score == Decimal("0.8")


def test_a_closed_assignment_takes_no_scores(scene: Scene) -> None:
    scene.assignment.closed_at = NOW
    scene.session.flush()
    with pytest.raises(DomainError, match="assignment_closed"):
        _score(scene, "0.9")


def test_of_two_saves_at_once_one_is_told(engine: Engine, session: Session) -> None:
    scene = make_scene(session)
    actor, review_id = scene.actor(), scene.reviews[0].id
    session.commit()
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def save(reason: str) -> None:
        with make_sessions(engine)() as own:
            start.wait()
            begin_write(own)
            try:
                reviews.score_element(
                    own,
                    actor=actor,
                    now=NOW,
                    review=own.get_one(Review, review_id),
                    code="C14",
                    score_text="0.8",
                    reason=reason,
                    channel="listen",
                    version=0,
                )
                own.commit()
                outcomes.append("saved")
            except StaleWrite:
                outcomes.append("stale")

    writers = [threading.Thread(target=save, args=(reason,)) for reason in ("甲", "乙")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(20)
    assert sorted(outcomes) == ["saved", "stale"]
