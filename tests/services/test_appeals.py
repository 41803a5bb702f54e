"""Factual errors: drafted and sent inside the window, decided by the chair, every change a step of the ladder."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portfolio.check import Inspection
from portfolio.errors import DomainError, NotFound, Refused, StaleWrite
from portfolio.models import (
    Appeal,
    AuditEvent,
    Evidence,
    Membership,
    Package,
    RectificationItem,
    Role,
    Round,
    Ruling,
)
from portfolio.policy import Permission, allows
from portfolio.queries import places
from portfolio.queries.appeals import appeals as answered
from portfolio.queries.judged import judged_element
from portfolio.queries.published import RoundResult, published_results
from portfolio.services import appeals, panels, rectifying, settlement, summaries, trash
from portfolio.services.answering import Cited, read_cited
from portfolio.storage import Storage
from rubric.loader import DEFAULT, find
from rubric.scoring import Stage
from tests.factories import NOW, actor_for, bureau_actor, make_evidence, make_school, make_user
from tests.result_factory import Published, make_published, make_settled

LAST = NOW + timedelta(days=7)
OVER = NOW + timedelta(days=8)


@pytest.fixture
def published(session: Session) -> Published:
    return make_published(session)


def _draft(
    made: Published, text: str = "第三页有记录。", *, code: str = "C3", version: int = 0, **rest: object
) -> Appeal:
    given = {"now": NOW, "cited": [], **rest}
    return appeals.draft(
        made.session,
        actor=made.lead_actor,
        assignment=made.assignment,
        code=code,
        text=text,
        version=version,
        **given,  # type: ignore[arg-type]
    )


def _send(made: Published, version: int = 1, *, code: str = "C3", **rest: object) -> Appeal:
    given = {"now": NOW, **rest}
    return appeals.send(
        made.session,
        actor=made.principal_actor,
        assignment=made.assignment,
        code=code,
        version=version,
        **given,  # type: ignore[arg-type]
    )


def _accept(made: Published, score: str = "0.8", reason: str = "记录属实。", **rest: object) -> Appeal:
    given = {"actor": made.scene.chair_actor, "now": OVER, "code": "C3", **rest}
    return appeals.accept(
        made.session,
        assignment=made.assignment,
        score_text=score,
        reason=reason,
        **given,  # type: ignore[arg-type]
    )


def _decline(made: Published, reason: str = "第三页没有日期。", **rest: object) -> Appeal:
    given = {"actor": made.scene.chair_actor, "now": OVER, "code": "C3", **rest}
    return appeals.decline(
        made.session,
        assignment=made.assignment,
        reason=reason,
        **given,  # type: ignore[arg-type]
    )


def _result(made: Published) -> RoundResult:
    return published_results(made.session, made.scene.dossier)[0]


def _sent(made: Published) -> None:
    _draft(made)
    _send(made)


def test_the_window_is_whole_days_and_ends_at_midnight_of_the_school(published: Published) -> None:
    until = published.assignment.answers_until
    assert until is not None and (until + timedelta(hours=8)).time().isoformat() == "00:00:00"
    _draft(published, now=until - timedelta(seconds=1))
    for write in (lambda: _draft(published, version=1, now=until), lambda: _send(published, now=until)):
        with pytest.raises(DomainError, match="window_over"):
            write()


def test_without_a_window_nothing_is_answered(session: Session) -> None:
    made = make_settled(session)
    session.get_one(Round, made.assignment.round_id).answer_days = 0
    with pytest.raises(DomainError, match="not_published"):
        _draft(made)
    made.publish()
    with pytest.raises(DomainError, match="no_window"):
        _draft(made)


def test_a_draft_is_the_schools_own_until_the_principal_sends_it(published: Published) -> None:
    _draft(published)
    _draft(published, "第三页和第五页有记录。", version=1)
    with pytest.raises(StaleWrite):
        _draft(published, "另一人写的。", version=1)
    with pytest.raises(StaleWrite):
        _send(published, 1)
    assert answered(published.session, published.assignment.id, drafts=False) == {}
    assert list(answered(published.session, published.assignment.id, drafts=True)) == ["C3"]
    _send(published, 2)
    assert list(answered(published.session, published.assignment.id, drafts=False)) == ["C3"]
    for write in (
        lambda: _draft(published, version=2),
        lambda: _send(published, 2),
        lambda: _discard(published),
    ):
        with pytest.raises(DomainError, match="answer_sent"):
            write()


def _discard(made: Published) -> None:
    appeals.discard(
        made.session, actor=made.lead_actor, now=NOW, assignment=made.assignment, code="C3", version=1
    )


def test_a_draft_is_taken_back_and_stays_on_record(published: Published) -> None:
    _draft(published)
    _discard(published)
    assert answered(published.session, published.assignment.id, drafts=True) == {}
    last = published.session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc())).first()
    assert last is not None and last.before == {"element": "C3", "text": "第三页有记录。"}
    with pytest.raises(DomainError, match="no_draft"):
        _discard(published)


def test_an_answer_says_something_about_an_element_that_is_settled(published: Published) -> None:
    with pytest.raises(Refused) as refused:
        _draft(published, "  ")
    assert refused.value.errors["text"].code == "answer_missing"
    with pytest.raises(NotFound):
        _draft(published, code="C99")
    with pytest.raises(DomainError, match="no_draft"):
        _send(published)


def test_accepting_adds_a_step_to_the_ladder_and_the_total_follows(published: Published) -> None:
    before = _result(published)
    _sent(published)
    _accept(published)
    after = _result(published)
    judged = next(each for each in after.elements if each.element.code == "C3")
    assert [(rung.stage, rung.score) for rung in judged.rungs] == [
        (Stage.SCHOOL, Decimal("0.9")),
        (Stage.EXPERT, Decimal("0.5")),
        (Stage.EXPERT, Decimal("0.5")),
        (Stage.FINAL, Decimal("0.5")),
        (Stage.APPEAL, Decimal("0.8")),
    ]
    assert (judged.final, judged.published, judged.reason) == (Decimal("0.8"), Decimal("0.5"), "记录属实。")
    assert (after.published, after.final) == (before.final, before.final + Decimal("0.3"))
    assert after.final == sum(each.final for each in after.elements if each.final is not None)
    rulings = published.session.execute(
        select(Ruling.number, Ruling.score, Ruling.undone_at)
        .where(Ruling.element == "C3")
        .order_by(Ruling.number)
    ).all()
    assert [tuple(row) for row in rulings] == [(1, Decimal("0.5"), None), (2, Decimal("0.8"), None)]
    one = judged_element(published.session, published.scene.dossier, judged.element)
    assert one is not None and one.rungs == judged.rungs


def test_what_was_undone_before_closing_is_not_what_was_published(session: Session) -> None:
    made = make_settled(session)
    for version, score in ((1, "0.7"), (2, "0.6")):
        settlement.settle(
            session,
            actor=made.scene.chair_actor,
            now=NOW,
            assignment=made.assignment,
            code="C3",
            score_text=score,
            rule="chair",
            reason="合议。",
            version=version,
        )
    settlement.undo(
        session, actor=made.scene.chair_actor, now=NOW, assignment=made.assignment, code="C3", version=3
    )
    made.publish()
    _sent(made)
    _accept(made)
    judged = next(each for each in _result(made).elements if each.element.code == "C3")
    assert [rung.score for rung in judged.rungs[-2:]] == [Decimal("0.7"), Decimal("0.8")]


def test_declining_changes_no_score_and_gives_the_reason(published: Published) -> None:
    before = _result(published).final
    _sent(published)
    _decline(published)
    result = _result(published)
    judged = next(each for each in result.elements if each.element.code == "C3")
    assert result.final == before and judged.rungs[-1].stage == Stage.FINAL
    assert judged.appeal is not None and judged.appeal.appeal.reason == "第三页没有日期。"


@pytest.mark.parametrize(
    ("score", "reason", "fields"),
    [
        ("0.5", "没有变化。", {"score": "score_unchanged"}),
        ("1.7", "超过。", {"score": "above_points"}),
        ("", "", {"score": "empty", "reason": "reason_missing"}),
    ],
)
def test_a_new_score_is_another_one_on_the_step_with_a_reason(
    published: Published, score: str, reason: str, fields: dict[str, str]
) -> None:
    _sent(published)
    with pytest.raises(Refused) as refused:
        _accept(published, score, reason)
    assert {field: error.code for field, error in refused.value.errors.items()} == fields


@pytest.mark.parametrize("decide", [_accept, _decline])
def test_only_what_was_sent_is_decided_and_once(
    published: Published, decide: Callable[[Published], Appeal]
) -> None:
    _draft(published)
    with pytest.raises(DomainError, match="answer_unsent"):
        decide(published)
    _send(published)
    decide(published)
    for again in (_accept, _decline):
        with pytest.raises(DomainError, match="answer_decided"):
            again(published)


def test_the_bureau_decides_only_where_no_chair_can(published: Published) -> None:
    _sent(published)
    office = bureau_actor(published.session)
    with pytest.raises(DomainError, match="chair_decides"):
        _decline(published, actor=office)
    published.scene.chair.disabled_at = NOW
    published.session.flush()
    assert _decline(published, actor=office).decided_by == office.user_id


def test_a_chair_who_stepped_aside_is_replaced_by_the_bureau(published: Published) -> None:
    _sent(published)
    panels.declare_conflict(
        published.session,
        actor=published.scene.chair_actor,
        now=NOW,
        user=published.scene.chair,
        school=published.scene.school,
        reason="亲属在该校任教",
    )
    with pytest.raises(DomainError, match="own_case"):
        _accept(published)
    assert _accept(published, actor=bureau_actor(published.session)).ruling == 2


def test_nobody_decides_about_their_own_school(published: Published) -> None:
    _sent(published)
    clerk = make_user(published.session, Role.BUREAU)
    published.session.add(
        Membership(user_id=clerk.id, role=Role.CONTRIBUTOR, school_id=published.scene.school.id)
    )
    published.scene.chair.disabled_at = NOW
    published.session.flush()
    with pytest.raises(DomainError, match="own_case"):
        _accept(published, actor=actor_for(published.session, clerk))


def test_the_store_stays_whole_and_the_package_what_was_signed(
    published: Published, storage: Storage
) -> None:
    digest = published.scene.package.digest
    _sent(published)
    _accept(published)
    published.session.commit()
    session = published.session
    assert list(summaries.differences(session)) == []
    finals = list(Inspection(session, storage, quick=True)._finals())
    assert finals == []
    assert session.scalars(select(Package.digest)).all() == [digest]


def test_evidence_is_the_schools_own_in_the_version_that_stood(
    published: Published, storage: Storage, tmp_path: Path
) -> None:
    session, school = published.session, published.scene.school
    own = make_evidence(session, school, storage, tmp_path)
    foreign = make_evidence(session, make_school(session), storage, tmp_path, content=b"other")
    with pytest.raises(Refused) as refused:
        _draft(published, cited=[Cited(own.id, 3, 5), Cited(foreign.id)])
    assert list(refused.value.errors) == ["evidence_2"]
    _draft(published, cited=[Cited(own.id, 3, 5)])
    view = answered(session, published.assignment.id, drafts=True)["C3"]
    assert [(file.evidence_id, file.number, file.page_from, file.page_to) for file in view.files] == [
        (own.id, 1, 3, 5)
    ]
    with pytest.raises(DomainError, match="evidence_answers"):
        trash.trash_evidence(session, actor=published.lead_actor, now=NOW, evidence_id=own.id)


def test_the_panel_opens_what_an_answer_rests_on_once_it_is_sent(
    published: Published, storage: Storage, tmp_path: Path
) -> None:
    own = make_evidence(published.session, published.scene.school, storage, tmp_path)
    _draft(published, cited=[Cited(own.id)])
    assert not _chair_may_open(published, own)
    _send(published)
    assert _chair_may_open(published, own)


def _chair_may_open(made: Published, evidence: Evidence) -> bool:
    _file, place = places.file_version(made.session, evidence_id=evidence.id, number=1)
    return allows(made.scene.chair_actor, Permission.FILE_READ, place)


def test_files_are_read_as_typed_and_refused_where_they_are() -> None:
    typed = {"evidence_1": "12", "page_from_1": "3", "page_to_1": "5", "evidence_3": "13"}
    assert read_cited(typed) == [Cited(12, 3, 5), Cited(13)]
    with pytest.raises(Refused) as refused:
        read_cited({"evidence_1": "12", "evidence_2": "12", "page_from_3": "4"})
    assert {field: error.code for field, error in refused.value.errors.items()} == {
        "evidence_2": "evidence_twice",
        "evidence_3": "pages_without_evidence",
    }
    with pytest.raises(Refused) as refused:
        read_cited({"evidence_1": "x", "evidence_2": "9", "page_from_2": "zero"})
    assert {field: error.code for field, error in refused.value.errors.items()} == {
        "evidence_1": "evidence_missing",
        "page_from_2": "page_malformed",
    }


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE report_parts SET text = 'x'",
        "DELETE FROM report_parts",
        "UPDATE rectification_items SET measure = 'x'",
        "DELETE FROM rectification_items",
        "UPDATE appeals SET reason = 'x'",
        "DELETE FROM appeals",
        "UPDATE rectification_answers SET text = 'x'",
        "DELETE FROM rectification_checks",
    ],
)
def test_no_statement_changes_what_was_signed_decided_or_reported(
    published: Published, statement: str
) -> None:
    _sent(published)
    _decline(published)
    item = published.session.scalars(select(RectificationItem)).first()
    assert item is not None
    rectifying.answer(
        published.session,
        actor=published.lead_actor,
        now=NOW,
        assignment=published.assignment,
        item=item,
        text="已补齐。",
        cited=[],
    )
    rectifying.check(
        published.session,
        actor=published.scene.actor(0),
        now=NOW,
        assignment=published.assignment,
        item=item,
        outcome="partly",
        reason="看过。",
        answers=1,
    )
    with pytest.raises(IntegrityError, match="stays"), published.session.begin_nested():
        published.session.execute(text(statement))


def test_a_refused_decision_leaves_no_trace(published: Published) -> None:
    _draft(published)
    counted = select(func.count()).select_from(AuditEvent)
    before = published.session.scalar(counted)
    with pytest.raises(DomainError):
        _accept(published)
    assert published.session.scalar(counted) == before
    assert len(find(DEFAULT).elements) == len(_result(published).elements)
