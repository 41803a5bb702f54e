"""After a result: the school reports item by item, a re-check says how far it is, nothing else changes."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.errors import DomainError, Refused, StaleWrite
from portfolio.models import CheckOutcome, Determination, Package, RectificationItem, Role
from portfolio.queries import rectifying as queries
from portfolio.queries.rectifying import ItemState, ItemView
from portfolio.services import rectifying, trash
from portfolio.services.answering import Cited
from portfolio.storage import Storage
from tests.factories import NOW, actor_for, bureau_actor, make_evidence, make_user
from tests.result_factory import DUE, Published, make_published, make_settled

LATE = datetime.combine(DUE, NOW.timetz()) + timedelta(days=1)


@pytest.fixture
def published(session: Session) -> Published:
    return make_published(session, items=("C3", "C26"))


def _item(made: Published, number: int = 1) -> RectificationItem:
    return made.session.scalars(
        select(RectificationItem).where(
            RectificationItem.assignment_id == made.assignment.id, RectificationItem.number == number
        )
    ).one()


def _answer(made: Published, text: str = "已补齐。", cited: list[Cited] | None = None) -> None:
    rectifying.answer(
        made.session,
        actor=made.lead_actor,
        now=NOW,
        assignment=made.assignment,
        item=_item(made),
        text=text,
        cited=cited or [],
    )


def _check(made: Published, outcome: str, answers: int, reason: str = "看过记录。", **rest: object) -> None:
    given = {"actor": made.scene.actor(0), **rest}
    rectifying.check(
        made.session,
        now=NOW,
        assignment=made.assignment,
        item=_item(made),
        outcome=outcome,
        reason=reason,
        answers=answers,
        **given,  # type: ignore[arg-type]
    )


def _view(made: Published, *, now: datetime = NOW) -> ItemView:
    return queries.items(made.session, made.assignment.id, now=now)[0]


def test_an_item_goes_from_open_over_reports_and_re_checks_to_done(published: Published) -> None:
    seen = [_view(published).state]
    _answer(published)
    seen.append(_view(published).state)
    _check(published, "not_done", 1, "记录没有日期。")
    seen.append(_view(published).state)
    _answer(published, "已补日期。")
    _check(published, "partly", 2, "缺一学期。")
    seen.append(_view(published).state)
    _answer(published, "已全部补齐。")
    seen.append(_view(published).state)
    _check(published, "done", 3)
    seen.append(_view(published).state)
    assert seen == [
        ItemState.OPEN,
        ItemState.REPORTED,
        ItemState.NOT_DONE,
        ItemState.PARTLY,
        ItemState.REPORTED,
        ItemState.DONE,
    ]
    steps = [(step.text, step.outcome) for step in _view(published).steps]
    assert steps == [
        ("已补齐。", None),
        ("记录没有日期。", CheckOutcome.NOT_DONE),
        ("已补日期。", None),
        ("缺一学期。", CheckOutcome.PARTLY),
        ("已全部补齐。", None),
        ("看过记录。", CheckOutcome.DONE),
    ]
    with pytest.raises(DomainError, match="item_done"):
        _answer(published)


def test_a_re_check_has_read_the_last_report(published: Published) -> None:
    _answer(published)
    with pytest.raises(StaleWrite):
        _check(published, "not_done", 0)


def test_a_report_and_a_re_check_say_something(published: Published) -> None:
    with pytest.raises(Refused) as refused:
        _answer(published, " ")
    assert refused.value.errors["text"].code == "report_missing"
    for outcome, reason, field, code in (
        ("done", "", "reason", "check_reason_missing"),
        ("perhaps", "看过。", "outcome", "outcome_unknown"),
    ):
        with pytest.raises(Refused) as refused:
            _check(published, outcome, 0, reason)
        assert refused.value.errors[field].code == code


def test_nothing_is_reported_or_re_checked_before_the_result_is_out(session: Session) -> None:
    made = make_settled(session)
    made.list_item()
    for write in (lambda: _answer(made), lambda: _check(made, "done", 0)):
        with pytest.raises(DomainError, match="not_published"):
            write()


def test_nobody_re_checks_their_own_school(published: Published) -> None:
    clerk = make_user(published.session, Role.BUREAU)
    own = make_user(published.session, Role.CONTRIBUTOR, school=published.scene.school)
    _check(published, "not_done", 0, actor=actor_for(published.session, clerk))
    with pytest.raises(DomainError, match="own_case"):
        _check(published, "done", 0, actor=actor_for(published.session, own))


def test_re_checks_change_no_score_and_no_package(published: Published) -> None:
    session = published.session
    scores = session.execute(select(Determination.element, Determination.score, Determination.version)).all()
    digests = session.scalars(select(Package.digest)).all()
    _answer(published)
    _check(published, "done", 1)
    assert session.scalars(select(Package.digest)).all() == digests
    assert (
        session.execute(select(Determination.element, Determination.score, Determination.version)).all()
        == scores
    )


def test_what_is_overdue_is_the_schools_to_do(published: Published) -> None:
    dossier = published.scene.dossier

    def late() -> list[int]:
        return [each.view.item.number for each in queries.overdue(published.session, dossier, now=LATE)]

    assert queries.overdue(published.session, dossier, now=LATE - timedelta(days=1)) == []
    assert late() == [1, 2]
    _answer(published)
    assert late() == [2]
    _check(published, "partly", 1)
    assert late() == [1, 2]
    _answer(published)
    _check(published, "done", 2)
    assert late() == [2]
    waiting = queries.city(published.session, now=LATE)
    assert [(each.at.school, each.view.item.number) for each in waiting] == [(published.scene.school.name, 2)]


def test_what_is_not_published_is_nobodys_to_see(session: Session) -> None:
    made = make_settled(session)
    made.list_item()
    assert queries.overdue(session, made.scene.dossier, now=LATE) == []
    assert queries.city(session, now=LATE) == []


def test_a_report_rests_on_evidence_that_stays(
    published: Published, storage: Storage, tmp_path: Path
) -> None:
    own = make_evidence(published.session, published.scene.school, storage, tmp_path)
    _answer(published, cited=[Cited(own.id, 2)])
    assert [(file.title, file.page_from) for file in _view(published).steps[0].files] == [(own.title, 2)]
    with pytest.raises(DomainError, match="evidence_answers"):
        trash.trash_evidence(
            published.session, actor=bureau_actor(published.session), now=NOW, evidence_id=own.id
        )
