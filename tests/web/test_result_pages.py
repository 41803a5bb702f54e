"""The pages of a result: the panel's report, factual errors, what is put right, and what results are published by."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.models import Appeal, Membership, RectificationItem, ReportPart, Role, User
from portfolio.queries.published import published_results
from portfolio.services import appeals
from tests.conftest import Browser, Clock
from tests.counting import statements
from tests.factories import NOW, make_evidence, make_user
from tests.result_factory import DUE, Published, make_published, make_settled
from tests.web.later_round import give_to_second_round
from tests.web.pages import without_tokens

LogIn = Callable[[User], Browser]
ITEM = {
    "element": "C26",
    "problem": "听课记录不全。",
    "measure": "补记并抽查。",
    "responsible": "王主任",
    "due_on": DUE.isoformat(),
}


@pytest.fixture
def settled(store: Session) -> Published:
    made = make_settled(store)
    store.commit()
    return made


@pytest.fixture
def published(store: Session) -> Published:
    made = make_published(store)
    store.commit()
    return made


def _at(made: Published, area: str, rest: str = "") -> str:
    return f"/rounds/{made.assignment.round_id}/{area}/{made.scene.package.id}{rest}"


def _text(browser: Browser, address: str) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200, address
    return without_tokens(answer.get_data(as_text=True))


def _result(made: Published, browser: Browser) -> str:
    return _text(browser, f"/dossiers/{made.scene.dossier.id}/result")


# ---- The report ----


def test_the_chair_writes_the_report_and_the_panel_reads_it(
    settled: Published, store: Session, log_in: LogIn
) -> None:
    chair, expert = log_in(settled.scene.chair), log_in(settled.scene.experts[0])
    part = _at(settled, "report", "/parts/strengths")
    assert chair.post(part, {"text": "**党建**引领。", "version": "0"}).status_code == 302
    assert "<strong>党建</strong>" in _text(expert, _at(settled, "report"))
    assert 'name="text"' not in _text(expert, _at(settled, "report"))
    assert expert.post(part, {"text": "不该。", "version": "1"}).status_code == 403
    stale = chair.post(part, {"text": "另一份。", "version": "0"})
    assert stale.status_code == 409
    page = stale.get_data(as_text=True)
    assert "另一份。" in page and "**党建**引领。" in page
    long = chair.post(part, {"text": "长" * 8001, "version": "1"})
    assert long.status_code == 422 and "长" * 8001 in long.get_data(as_text=True)
    assert chair.post(_at(settled, "report", "/parts/A99"), {"text": "", "version": "0"}).status_code == 404
    store.rollback()
    assert store.scalars(select(ReportPart.text)).all() == ["**党建**引领。"]


def test_lost_points_are_taken_over_one_by_one(settled: Published, store: Session, log_in: LogIn) -> None:
    chair = log_in(settled.scene.chair)
    page = _text(chair, _at(settled, "report") + "?take=C26")
    assert re.search(r'<option value="C26" selected>', page)
    assert ">C26：佐证不足。</textarea>" in page
    assert "take=C3#add" in page and "<form" in page
    refused = chair.post(_at(settled, "report", "/items"), {**ITEM, "measure": "", "due_on": "someday"})
    assert refused.status_code == 422
    again = refused.get_data(as_text=True)
    assert "听课记录不全。" in again and 'value="王主任"' in again
    assert chair.post(_at(settled, "report", "/items"), ITEM).status_code == 302
    page = _text(chair, _at(settled, "report"))
    assert "take=C26" not in page and "补记并抽查。" in page
    item = _at(settled, "report", "/items/1")
    changed = {**ITEM, "measure": "每周补记。", "version": "1"}
    assert chair.post(item, changed).status_code == 302
    assert chair.post(item, changed).status_code == 409
    assert chair.post(f"{item}/removal", {"version": "1"}).status_code == 409
    assert chair.post(f"{item}/removal", {"version": "2"}).status_code == 302
    store.rollback()
    assert store.scalars(select(RectificationItem)).all() == []


def test_the_report_is_nobodys_before_the_table_is_open_to_them(settled: Published, log_in: LogIn) -> None:
    for person in (settled.lead, settled.principal):
        assert log_in(person).get(_at(settled, "report")).status_code == 404


def test_a_closed_report_offers_nothing_to_write(published: Published, log_in: LogIn) -> None:
    page = _text(log_in(published.scene.chair), _at(published, "report"))
    assert 'name="text"' not in page and "补齐两学期考核记录。" in page
    answer = log_in(published.scene.chair).post(_at(published, "report", "/items"), ITEM)
    assert answer.status_code == 422


# ---- Factual errors ----


def test_a_factual_error_goes_from_the_lead_over_the_principal_to_the_chair_and_back(
    published: Published, app: Flask, store: Session, log_in: LogIn, tmp_path: Path
) -> None:
    storage = app.extensions["portfolio"].storage
    evidence = make_evidence(store, published.scene.school, storage, tmp_path, title="考核记录表")
    store.commit()
    lead, principal, chair = map(log_in, (published.lead, published.principal, published.scene.chair))
    case = _at(published, "answers", "/elements/C3")
    assert case in _result(published, lead)
    typed = {"text": "第三页有记录。", "version": "0", "evidence_1": str(evidence.id), "page_from_1": "3"}
    refused = lead.post(case, {**typed, "page_to_1": "1"})
    assert refused.status_code == 422 and "第三页有记录。" in refused.get_data(as_text=True)
    assert lead.post(case, typed).status_code == 302
    assert principal.post(case, typed).status_code == 403
    assert lead.post(f"{case}/sending", {"version": "1"}).status_code == 403
    assert "第三页有记录。" not in _text(chair, _at(published, "answers"))
    assert "第三页有记录。" not in _text(chair, case)
    assert chair.get(f"/evidence/{evidence.id}/versions/1").status_code == 404
    assert principal.post(f"{case}/sending", {"version": "1"}).status_code == 302
    assert f'href="{case}">去处理</a>' in _text(chair, _at(published, "answers"))
    assert _at(published, "answers") in _text(chair, "/reviews")
    assert f"/evidence/{evidence.id}/versions/1?page=3" in _text(chair, case)
    assert chair.get(f"/evidence/{evidence.id}/versions/1").status_code == 200
    wrong = chair.post(f"{case}/acceptance", {"score": "9", "reason": "记录属实。"})
    assert wrong.status_code == 422 and "记录属实。" in wrong.get_data(as_text=True)
    assert chair.post(f"{case}/acceptance", {"score": "0.8", "reason": "记录属实。"}).status_code == 302
    page = _result(published, lead)
    assert "记录属实。" in page
    ladder = re.search(r'id="C3">.*?<ol class="ladder">(.*?)</ol>', page, re.S)
    assert ladder and re.findall(r"<b>([^<]+)</b>", ladder[1]) == ["0.9", "0.5", "0.5", "0.5", "0.8"]
    assert chair.post(f"{case}/refusal", {"reason": "迟了。"}).status_code == 422


def test_the_bureau_opens_the_files_an_answer_rests_on_and_no_others(
    published: Published, app: Flask, store: Session, log_in: LogIn, tmp_path: Path, clerk: Browser
) -> None:
    storage, school = app.extensions["portfolio"].storage, published.scene.school
    shown, reported, other = (
        make_evidence(store, school, storage, tmp_path, title=title) for title in ("考核记录", "整改", "旁的")
    )
    store.commit()
    lead, principal = log_in(published.lead), log_in(published.principal)
    case, item = _at(published, "answers", "/elements/C3"), _at(published, "rectification", "/items/1")
    typed = {"text": "第三页有记录。", "version": "0", "evidence_1": str(shown.id)}
    assert lead.post(case, typed).status_code == 302
    assert clerk.get(f"/evidence/{shown.id}/versions/1").status_code == 404
    assert principal.post(f"{case}/sending", {"version": "1"}).status_code == 302
    report = {"text": "已补齐。", "evidence_1": str(reported.id)}
    assert lead.post(f"{item}/reports", report).status_code == 302
    assert f"/evidence/{shown.id}/versions/1" in _text(clerk, case)
    assert f"/evidence/{reported.id}/versions/1" in _text(clerk, _at(published, "rectification"))
    for evidence in (shown, reported):
        page = _text(clerk, f"/evidence/{evidence.id}/versions/1")
        assert f'href="/evidence/{evidence.id}"' not in page
        with clerk.get(f"/evidence/{evidence.id}/versions/1/file") as answer:
            assert answer.status_code == 200
        assert clerk.get(f"/evidence/{evidence.id}").status_code == 404
    assert clerk.get(f"/evidence/{other.id}/versions/1").status_code == 404


def test_after_the_window_nothing_can_be_written(published: Published, clock: Clock, log_in: LogIn) -> None:
    clock.now = NOW + timedelta(days=9)
    lead = log_in(published.lead)
    case = _at(published, "answers", "/elements/C3")
    assert case not in _result(published, lead)
    assert 'name="text"' not in _text(lead, case)
    assert lead.post(case, {"text": "迟了。", "version": "0"}).status_code == 422


def test_a_declined_answer_stands_beside_the_element_with_its_reason(
    published: Published, store: Session, log_in: LogIn
) -> None:
    _sent(published, store)
    chair = log_in(published.scene.chair)
    case = _at(published, "answers", "/elements/C3")
    assert chair.post(f"{case}/refusal", {"reason": ""}).status_code == 422
    assert chair.post(f"{case}/refusal", {"reason": "第三页没有日期。"}).status_code == 302
    assert "第三页没有日期。" in _result(published, log_in(published.lead))


def _sent(made: Published, store: Session) -> Appeal:
    draft = appeals.draft(
        store,
        actor=made.lead_actor,
        now=NOW,
        assignment=made.assignment,
        code="C3",
        text="第三页有记录。",
        cited=[],
        version=0,
    )
    appeals.send(store, actor=made.principal_actor, now=NOW, assignment=made.assignment, code="C3", version=1)
    store.commit()
    return draft


def test_the_bureau_is_offered_to_decide_only_where_no_chair_can(
    published: Published, store: Session, clerk: Browser
) -> None:
    _sent(published, store)
    case = _at(published, "answers", "/elements/C3")
    listed = _at(published, "answers")
    assert "/acceptance" not in _text(clerk, case)
    assert ">去处理</a>" not in _text(clerk, listed)
    published.scene.chair.disabled_at = NOW
    store.commit()
    assert "/acceptance" in _text(clerk, case)
    assert ">去处理</a>" in _text(clerk, listed)
    assert clerk.post(f"{case}/refusal", {"reason": "第三页没有日期。"}).status_code == 302


def test_drafts_are_nobody_elses(
    published: Published, store: Session, log_in: LogIn, observer: Browser
) -> None:
    lead = log_in(published.lead)
    case = _at(published, "answers", "/elements/C3")
    before = {address: _text(observer, address) for address in (_at(published, "answers"), case)}
    result = _result(published, observer)
    assert lead.post(case, {"text": "还没有想好。", "version": "0"}).status_code == 302
    assert "还没有想好。" in _result(published, lead)
    assert {address: _text(observer, address) for address in before} == before
    assert _result(published, observer) == result


@pytest.mark.parametrize("area", ["answers", "rectification", "report"])
def test_who_is_still_to_judge_in_a_later_round_sees_nothing_of_it(
    published: Published, store: Session, log_in: LogIn, area: str
) -> None:
    give_to_second_round(store, published.scene, expert=published.scene.chair)
    chair = log_in(published.scene.chair)
    assert chair.get(_at(published, area)).status_code == 404
    if area == "answers":
        assert chair.get(_at(published, area, "/elements/C3")).status_code == 404


def test_an_unpublished_result_shows_nothing_to_the_school(
    settled: Published, store: Session, log_in: LogIn
) -> None:
    settled.list_item()
    store.commit()
    lead = log_in(settled.lead)
    for area in ("answers", "rectification"):
        assert "缺少考核记录" not in _text(lead, _at(settled, area))
    assert "佐证不足" not in _text(lead, _at(settled, "answers", "/elements/C3"))


# ---- What is put right ----


def test_an_item_is_reported_by_the_school_and_re_checked_by_the_panel(
    published: Published, log_in: LogIn, clock: Clock, clerk: Browser
) -> None:
    lead, expert = log_in(published.lead), log_in(published.scene.experts[1])
    listed, item = _at(published, "rectification"), _at(published, "rectification", "/items/1")
    assert listed in _result(published, lead)
    empty = lead.post(f"{item}/reports", {"text": ""})
    assert empty.status_code == 422
    assert lead.post(f"{item}/reports", {"text": "已补齐两学期。"}).status_code == 302
    assert (
        lead.post(f"{item}/checks", {"outcome": "done", "reason": "自查。", "answers": "1"}).status_code
        == 403
    )
    assert "已补齐两学期。" in _text(expert, listed)
    stale = expert.post(f"{item}/checks", {"outcome": "done", "reason": "看过。", "answers": "0"})
    assert stale.status_code == 409 and "看过。" in stale.get_data(as_text=True)
    nothing = expert.post(f"{item}/checks", {"reason": "", "answers": "1"})
    assert nothing.status_code == 422
    checked = {"outcome": "partly", "reason": "缺一学期。", "answers": "1"}
    assert expert.post(f"{item}/checks", checked).status_code == 302
    assert "缺一学期。" in _text(lead, listed)
    assert clerk.post(f"{item}/checks", {**checked, "outcome": "done"}).status_code == 302
    assert lead.post(f"{item}/reports", {"text": "还有。"}).status_code == 422


def test_what_is_overdue_is_said_at_the_school_and_at_the_bureau(
    published: Published, store: Session, clock: Clock, log_in: LogIn
) -> None:
    home, listed = f"/dossiers/{published.scene.dossier.id}", _at(published, "rectification")
    lead = log_in(published.lead)
    assert listed not in _text(lead, home)
    clock.now = NOW + timedelta(days=70)
    assert listed in _text(log_in(published.lead), home)
    office = make_user(store, Role.BUREAU)
    store.commit()
    assert 'data-s="gap"' in _text(log_in(office), "/bureau/rectification")


def test_the_citys_list_names_what_waits(published: Published, clerk: Browser, observer: Browser) -> None:
    for office in (clerk, observer):
        page = _text(office, "/bureau/rectification")
        assert published.scene.school.name in page and "缺少考核记录" in page


# ---- What results are published by ----


def test_the_bureau_sets_what_results_are_published_by(
    settled: Published, store: Session, clerk: Browser, observer: Browser, log_in: LogIn
) -> None:
    terms = f"/bureau/cycles/{settled.scene.cycle.id}/terms"
    assert terms in _text(clerk, f"/bureau/cycles/{settled.scene.cycle.id}")
    assert observer.get(terms).status_code == 403
    typed = {"pass_mark": "80", "band_1": "优秀", "minimum_1": "85", "award_years": "3", "answer_days_1": "5"}
    refused = clerk.post(terms, {**typed, "band_2": "良好", "minimum_2": "1e1"})
    assert refused.status_code == 422 and 'value="良好"' in refused.get_data(as_text=True)
    assert clerk.post(terms, typed).status_code == 302
    assert 'value="优秀"' in _text(clerk, terms)
    settled.publish()
    store.commit()
    page = _result(settled, log_in(settled.lead))
    assert "<b>优秀</b>" in page
    assert clerk.post(terms, {**typed, "pass_mark": "90"}).status_code == 422
    store.rollback()
    store.refresh(settled.scene.cycle)
    assert settled.scene.cycle.pass_mark == Decimal(80)


def test_what_experts_said_in_the_same_words_is_said_once(published: Published, store: Session) -> None:
    result = published_results(store, published.scene.dossier)[0]
    judged = (*result.below, *result.as_claimed, *result.full)
    said = {each.element.code: [voice.who for voice in each.voices] for each in judged}
    first, second = (expert.name for expert in published.scene.experts)
    assert set(said["C3"]) == {(first,), (second,)}
    assert [set(who) for who in said["C1"]] == [{first, second}]


def test_a_result_without_terms_names_no_band(published: Published, log_in: LogIn) -> None:
    assert "r-band" not in _result(published, log_in(published.lead))


# ---- Budgets ----


def test_the_pages_take_few_statements(
    published: Published, app: Flask, store: Session, log_in: LogIn
) -> None:
    _sent(published, store)
    lead, chair = log_in(published.lead), log_in(published.scene.chair)
    budgets = {
        (lead, f"/dossiers/{published.scene.dossier.id}/result"): 20,
        (chair, _at(published, "answers")): 14,
        (chair, _at(published, "answers", "/elements/C3")): 14,
        (lead, _at(published, "rectification")): 14,
        (chair, _at(published, "report")): 14,
    }
    taken = {}
    for (browser, address), budget in budgets.items():
        with statements(app.extensions["portfolio"].sessions.kw["bind"]) as ran:
            _text(browser, address)
        taken[address] = (len(ran), budget)
    assert not {address: each for address, each in taken.items() if each[0] > each[1]}, taken


def test_membership_of_the_school_is_a_conflict_for_the_bureau(
    published: Published, store: Session, log_in: LogIn, clerk: Browser
) -> None:
    _sent(published, store)
    user = store.scalars(
        select(Membership.user_id).where(Membership.role == Role.BUREAU).order_by(Membership.id.desc())
    ).all()
    store.add_all(
        Membership(user_id=each, role=Role.CONTRIBUTOR, school_id=published.scene.school.id)
        for each in set(user)
    )
    published.scene.chair.disabled_at = NOW
    store.commit()
    case = _at(published, "answers", "/elements/C3")
    assert "/acceptance" not in _text(clerk, case)
    assert clerk.post(f"{case}/refusal", {"reason": "自己的学校。"}).status_code == 422
