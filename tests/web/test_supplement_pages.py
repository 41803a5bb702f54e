"""Asking a school for a supplement, as the chair, the experts and the school see it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portfolio.models import (
    Assignment,
    Citation,
    DossierState,
    Package,
    SupplementProposal,
    SupplementRequest,
    User,
)
from portfolio.services import reviews
from portfolio.storage import Storage
from rubric.loader import DEFAULT, find
from tests.conftest import Browser
from tests.counting import statements
from tests.factories import NOW, PASSWORD, make_school, make_staff
from tests.panel_factory import make_scene
from tests.result_factory import make_settled
from tests.supplement_factory import QUESTION, School, make_school_before_a_panel
from tests.web.pages import without_tokens
from tests.worksheet_factory import filled, write

LogIn = Callable[[User], Browser]
ANSWER = "第二学期会议记录已补齐，缺席原因见附件。"


@pytest.fixture
def school(app: Flask, store: Session, tmp_path: Path) -> School:
    """Everything submitted; three experts and a chair judge it."""
    storage: Storage = app.extensions["portfolio"].storage
    made = make_school_before_a_panel(store, storage, tmp_path)
    store.commit()
    return made


@pytest.fixture
def chair(school: School, log_in: LogIn) -> Browser:
    return log_in(school.panel.chair)


@pytest.fixture
def expert(school: School, log_in: LogIn) -> Browser:
    return log_in(school.panel.experts[0])


@pytest.fixture
def lead(school: School, log_in: LogIn) -> Browser:
    return log_in(school.staff.lead)


def _asking(school: School) -> str:
    return f"/rounds/{school.panel.assignment.round_id}/settlement/{school.panel.package.id}/supplement"


def _workspace(school: School, code: str = "C1", number: int = 0) -> str:
    return f"/reviews/{school.panel.reviews[number].id}/elements/{code}"


def _text(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    words: str = answer.get_data(as_text=True)
    return words


def _asked(school: School, *codes: str) -> None:
    school.ask(*codes)
    school.session.commit()


def _answered(school: School, *codes: str) -> Package:
    _asked(school, *codes)
    for code in codes:
        school.write(code, score="0.5", text=ANSWER)
    package = school.answer()
    school.session.commit()
    return package


# ---- the chair


def test_the_chair_asks_and_the_school_is_told_at_once(
    school: School, chair: Browser, lead: Browser, log_in: LogIn
) -> None:
    answer = chair.post(
        _asking(school), {"question-C1": QUESTION, "question-C2": "", "due_at": "2026-11-30T18:00"}
    )
    assert answer.status_code == 302
    for path in ("", "/work/mine", "/submission"):
        page = _text(lead, f"/dossiers/{school.dossier.id}{path}")
        assert "专家组要求补充材料" in page
        assert "2026-11-30 18:00" in page or "11月30日" in page, path
    page = _text(lead, f"/dossiers/{school.dossier.id}/elements/C1")
    assert QUESTION in page
    assert 'name="justification"' in page
    locked = _text(lead, f"/dossiers/{school.dossier.id}/elements/C2")
    assert "专家组没有问到该评估要素" in locked
    assert 'name="justification"' not in locked


def test_a_form_that_is_refused_keeps_what_was_typed(school: School, chair: Browser) -> None:
    answer = chair.post(_asking(school), {"question-C7": QUESTION, "due_at": "2020-01-01T08:00"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert QUESTION in page
    assert "期限必须晚于现在" in page
    answer = chair.post(_asking(school), {"question-C7": "  ", "due_at": "2026-11-30T18:00"})
    assert answer.status_code == 422
    assert "请至少为一个评估要素" in answer.get_data(as_text=True)
    answer = chair.post(_asking(school), {"question-C7": QUESTION, "due_at": "nonsense"})
    assert (answer.status_code, QUESTION in answer.get_data(as_text=True)) == (422, True)


def test_the_chair_withdraws(school: School, store: Session, chair: Browser) -> None:
    _asked(school, "C1")
    assert "撤回要求" in _text(chair, _asking(school))
    assert chair.post(f"{_asking(school)}/withdrawal").status_code == 302
    store.expire_all()
    assert store.scalars(select(SupplementRequest.withdrawn_at)).one() is not None
    assert "已撤回" in _text(chair, _asking(school))


def test_the_chair_gives_more_time_and_the_school_reads_why(
    school: School, chair: Browser, lead: Browser
) -> None:
    school.ask("C1", "C2")
    school.session.commit()
    address = f"{_asking(school)}/extension"
    refused = chair.post(address, {"due_at": "2026-01-01T08:00", "reason": "期末 <考试>"})
    page = refused.get_data(as_text=True)
    assert refused.status_code == 422
    assert "新的截止时间须晚于现在的截止时间。" in page
    assert 'value="2026-01-01T08:00"' in page and "期末 &lt;考试&gt;</textarea>" in page
    assert chair.post(address, {"due_at": "2026-12-31T18:00", "reason": "期末 <考试>"}).status_code == 302
    for browser, path in (
        (chair, _asking(school)),
        (lead, f"/dossiers/{school.dossier.id}"),
        (lead, f"/dossiers/{school.dossier.id}/submission"),
    ):
        text = _text(browser, path)
        assert "延至" in text and "期末 &lt;考试&gt;" in text, path
    assert "18:00" in _text(lead, f"/dossiers/{school.dossier.id}/elements/C1")


def test_the_page_to_ask_takes_the_same_few_statements_whatever_was_asked(
    app: Flask, school: School, chair: Browser
) -> None:
    engine = app.extensions["portfolio"].sessions.kw["bind"]
    with statements(engine) as before:
        _text(chair, _asking(school))
    _answered(school, "C1", "C2", "C3")
    with statements(engine) as after:
        _text(chair, _asking(school))
    assert len(after) == len(before) <= 7, after


# ---- the experts


def test_the_table_waits_for_what_the_school_may_still_hand_in(
    school: School, store: Session, chair: Browser
) -> None:
    for number in range(len(school.panel.experts)):
        school.panel.hand_in(number)
    table = _asking(school).removesuffix("/supplement")
    _asked(school, "C1")
    waiting = _text(chair, table)
    assert "学校仍可提交补充材料" in waiting and f'action="{table}/opening"' not in waiting
    assert chair.post(f"{table}/opening").status_code == 422
    mine = _text(chair, "/reviews")
    assert "待补充材料，截至" in mine and "等待学校" in mine
    assert chair.post(f"{_asking(school)}/withdrawal").status_code == 302
    assert "待补充材料" not in _text(chair, "/reviews")
    assert f'action="{table}/opening"' in _text(chair, table)


def test_the_deadline_that_is_proposed_is_when_a_working_day_ends(chair: Browser, school: School) -> None:
    due = re.search(r'name="due_at"[^>]*value="([^"]+)"', _text(chair, _asking(school)))
    assert due is not None and due[1].endswith("T18:00")


def test_an_expert_proposes_a_question_and_finds_it_again(
    school: School, store: Session, expert: Browser, chair: Browser, log_in: LogIn
) -> None:
    assert expert.post(f"{_workspace(school)}/question", {"question": QUESTION}).status_code == 302
    assert QUESTION in _text(expert, _workspace(school))
    assert QUESTION in _text(chair, _asking(school)), "as a first text for the chair's own"
    second = log_in(school.panel.experts[1])
    assert QUESTION not in _text(second, _workspace(school, number=1))
    assert expert.post(f"{_workspace(school)}/question/withdrawal").status_code == 302
    assert store.scalar(select(func.count()).select_from(SupplementProposal)) == 0


def test_an_empty_question_is_refused_beside_its_field(school: School, expert: Browser) -> None:
    answer = expert.post(f"{_workspace(school)}/question", {"question": "  "})
    assert answer.status_code == 422
    assert "请写明要问学校什么" in answer.get_data(as_text=True)


def test_a_score_made_before_is_marked_until_it_is_saved_again(school: School, expert: Browser) -> None:
    for code in ("C1", "C3"):
        row = school.panel.row(code)
        reviews.score_element(
            school.session,
            actor=school.panel.actor(),
            now=NOW,
            review=school.panel.reviews[0],
            code=code,
            score_text="0.6",
            reason="记录不全。",
            channel="documents",
            version=row.version,
        )
    package = _answered(school, "C1")
    page = _text(expert, _workspace(school))
    assert "此后有变化" in page
    assert f"/packages/{package.id}/changes?since=1#C1" in page
    assert ANSWER in page, "the workspace shows the new package"
    listed = _text(expert, f"{_workspace(school)}?show=changed").partition('class="todo"')[2]
    assert len(re.findall(r"<li>", listed.partition("</ul>")[0])) == 1
    assert "您的评分依据第 1 号申报包" not in _text(expert, _workspace(school, "C3"))
    version = school.panel.row("C1").version
    answer = expert.put(
        _workspace(school),
        {"score": "0.7", "reason": "已补充。", "channel": "documents", "version": version},
    )
    assert answer.status_code == 200
    assert "您的评分依据第 1 号申报包" not in _text(expert, _workspace(school))


def test_the_workspace_and_its_saves_stay_within_their_budgets_after_a_supplement(
    app: Flask, school: School, expert: Browser
) -> None:
    school.panel.score_everything(0)
    _answered(school, "C1")
    engine = app.extensions["portfolio"].sessions.kw["bind"]
    with statements(engine) as seen:
        _text(expert, _workspace(school))
    assert len(seen) <= 10, seen
    body = {"score": "0.7", "reason": "好。", "channel": "documents", "version": 1}
    headers = {"X-CSRFToken": expert.token()}
    with statements(engine) as seen:
        answer = expert.client.put(_workspace(school), json=body, headers=headers)
    assert answer.status_code == 200
    assert len(seen) <= 8, seen


@pytest.mark.parametrize("asked", [False, True])
def test_the_schools_pages_stay_within_their_budgets_while_it_is_reviewed(
    app: Flask, school: School, store: Session, lead: Browser, asked: bool
) -> None:
    if asked:
        school.ask("C1")
        store.commit()
    home = f"/dossiers/{school.dossier.id}"
    engine = app.extensions["portfolio"].sessions.kw["bind"]
    for path in (home, f"{home}/elements/C1"):
        with statements(engine) as seen:
            _text(lead, path)
        assert len(seen) <= 8, seen
    body = {"score": "0.5", "justification": ANSWER, "version": school.row("C1").version}
    headers = {"X-CSRFToken": lead.token()}
    with statements(engine) as seen:
        answer = lead.client.put(f"{home}/elements/C1", json=body, headers=headers)
    assert answer.status_code == 200
    assert len(seen) <= 6, seen


def test_the_table_says_which_scores_were_made_on_which_package(
    app: Flask, school: School, store: Session, chair: Browser
) -> None:
    for number in range(3):
        school.panel.score_everything(number, {"C1": "0.6"})
    for row in (school.panel.row("C1", number) for number in range(3)):
        row.package_number = 1
    for number in range(3):
        reviews.hand_in(store, actor=school.panel.actor(number), now=NOW, review=school.panel.reviews[number])
    package = _answered(school, "C1")
    store.refresh(school.panel.assignment)
    school.panel.open_table()
    store.commit()
    table = f"/rounds/{school.panel.assignment.round_id}/settlement/{package.id}"
    with statements(app.extensions["portfolio"].sessions.kw["bind"]) as seen:
        answer = chair.get(f"{table}?element=C1")
    page = answer.get_data(as_text=True)
    assert page.count('<sup class="made-on">第 1 号</sup>') == 3 + 1, "each score, and the legend"
    assert "有 3 个评分是在补充材料之前给出的" in page
    assert "依据第 1 号申报包" in page
    assert len(answer.data) <= 80_000
    assert len(seen) <= 8, seen
    older = f"/rounds/{school.panel.assignment.round_id}/settlement/{school.panel.package.id}"
    assert chair.get(older).status_code == 200, "the address from before still leads there"


def test_the_result_says_which_scores_were_made_before_the_supplement(
    school: School, store: Session, lead: Browser
) -> None:
    _answered(school, "C3")
    store.refresh(school.panel.assignment)
    settled = make_settled(store, scene=school.panel)
    for code in ("C3", "C26"):  # one that the supplement changed, one that it left alone
        school.panel.row(code).package_number = 1
    for expert in school.panel.experts:
        expert.name = "王伟"  # a name doesn't tell them apart
    settled.publish()
    store.commit()
    page = _text(lead, f"/dossiers/{school.dossier.id}/result")
    assert page.count("依据第 1 号申报包，补充材料之前") == 1


# ---- the school


def test_every_address_of_an_element_refuses_what_the_panel_did_not_ask_about(
    school: School, store: Session, lead: Browser
) -> None:
    _asked(school, "C1")
    dossier = f"/dossiers/{school.dossier.id}"
    row = school.row("C2")
    cited = store.scalars(
        select(Citation).where(Citation.dossier_id == school.dossier.id, Citation.element == "C2")
    ).one()
    ticked = next(e for e in find(DEFAULT).elements if e.expected and e.code != "C1")
    material = f"{dossier}/elements/{ticked.code}/materials/{ticked.expected[0].code}"
    typed = {"score": "0.5", "justification": "改", "version": row.version, "reason": "原件存档"}
    spare = {"evidence_id": school.evidence[1].id, "element": "C2"}
    answers = {
        "save": lead.put(f"{dossier}/elements/C2", typed),
        "save by form": lead.post(f"{dossier}/elements/C2", typed),
        "cite": lead.post(f"{dossier}/elements/C2/citations", spare),
        "cite from the file": lead.post(f"/evidence/{spare['evidence_id']}/citations", spare),
        "change a citation": lead.post(f"/citations/{cited.id}", {"page_from": "5", "remark": "改"}),
        "uncite": lead.post(f"/citations/{cited.id}/delete"),
        "tick": lead.post(material, typed),
        "untick": lead.post(f"{material}/undo"),
        "waive": lead.post(f"{dossier}/submission/waivers", {"gap": "C2:no_evidence", **typed}),
        "carry over": lead.post(f"{dossier}/carry-over"),
    }
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(answers, 422)
    assert "专家组没有问到 C2" in answers["save by form"].get_data(as_text=True)
    store.expire_all()
    assert (school.row("C2").version, school.row("C2").justification) == (row.version, row.justification)
    assert store.get_one(Citation, cited.id).remark == ""


def test_a_working_sheets_preview_names_the_elements_that_are_not_open(
    school: School, lead: Browser, store: Session
) -> None:
    school.ask("C1")
    school.session.commit()
    address = f"/dossiers/{school.dossier.id}/worksheet"
    data = filled(lead.get(f"{address}.xlsx").get_data(), write({"E4": ANSWER, "D5": 0.5, "E6": "第三条。"}))
    sheet = {"sheet": (io.BytesIO(data), "工作表.xlsx")}
    answer = lead.post(address, sheet, content_type="multipart/form-data")
    page = answer.get_data(as_text=True)
    assert [f"专家组没有问到 {code}" in page for code in ("C1", "C2", "C3", "C4")] == [
        False,
        True,
        True,
        False,
    ]
    assert '<b class="num">A5</b>' in page and '<b class="num">A6</b>' in page
    assert "waive-bar" not in page


def test_the_school_hands_in_package_two_and_reads_what_changed(
    school: School, store: Session, lead: Browser, log_in: LogIn
) -> None:
    _asked(school, "C1")
    school.write("C1", score="0.5", text=ANSWER)
    store.commit()
    page = _text(lead, f"/dossiers/{school.dossier.id}/submission")
    assert QUESTION in page
    listed = school.dossier.id
    gaps = re.findall(r'name="gap" value="([^"]+)"', page)
    assert all(gap.startswith("C1:") for gap in gaps)
    if gaps:
        lead.post(f"/dossiers/{listed}/submission/waivers", {"gap": gaps, "reason": "材料在区教育局存档"})
    assert lead.post(f"/dossiers/{listed}/submission").status_code == 302
    principal = log_in(school.staff.principal)
    answer = principal.post(f"/dossiers/{listed}/submission/signature", {"password": PASSWORD})
    assert answer.status_code == 302
    store.expire_all()
    second = store.scalars(select(Package).where(Package.number == 2)).one()
    assert store.scalars(select(Assignment.package_id)).one() == second.id
    assert school.dossier.state is DossierState.SUBMITTED
    changes = _text(lead, f"/packages/{second.id}/changes")
    assert changes.count('class="sheet flush s-change"') == 1
    assert QUESTION in changes
    assert f"<ins>{ANSWER}</ins>" in changes or ANSWER in changes
    everything = _text(lead, f"/packages/{second.id}/changes?show=all")
    assert everything.count('class="sheet flush s-change"') == 84
    assert "补充材料已提交" in _text(lead, f"/dossiers/{listed}")


def test_the_school_reads_which_elements_are_still_as_the_panel_saw_them(
    school: School, store: Session, lead: Browser
) -> None:
    _asked(school, "C1", "C2", "C3")
    address = f"/dossiers/{school.dossier.id}/submission"

    def named() -> list[str]:
        return re.findall(r"<small>([^<]*) 与 1 号申报包完全相同", _text(lead, address))

    assert named() == ["C1, C2, C3"]
    school.write("C2", text=ANSWER)
    store.commit()
    assert named() == ["C1, C3"]
    school.add("C3", "补充的会议记录")
    store.commit()
    assert named() == ["C1"]
    assert _text(lead, address).count("尚未补充") == 1
    school.drop("C1")
    store.commit()
    assert named() == []
    assert "尚未补充" not in _text(lead, address)


def test_a_request_that_nobody_answered_says_so(school: School, lead: Browser) -> None:
    school.ask("C1", due_at=NOW + timedelta(microseconds=1))
    school.session.commit()
    request = school.session.scalars(select(SupplementRequest)).one()
    request.due_at = NOW - timedelta(days=1)
    request.asked_at = NOW - timedelta(days=9)
    school.session.commit()
    page = _text(lead, f"/dossiers/{school.dossier.id}")
    assert "补充材料逾期未提交" in page
    assert lead.post(f"/dossiers/{school.dossier.id}/submission").status_code == 422


# ---- two packages side by side


def test_files_are_shown_as_added_removed_and_otherwise_cited(
    school: School, store: Session, expert: Browser, lead: Browser
) -> None:
    _asked(school, "C1", "C2")
    school.add("C1", "第二学期会议记录")
    school.drop("C2")
    second = school.answer()
    store.commit()
    for browser in (expert, lead):
        page = _text(browser, f"/packages/{second.id}/changes")
        one, two = (page.partition(f'id="C{n}"')[2].partition("</section>")[0] for n in (1, 2))
        assert "第二学期会议记录" in one
        assert "新增" in one or "增加" in one or "添加" in one
        assert "材料0" in two, "what C2 cited"
        assert 'data-side="removed"' in two


def test_nobody_compares_packages_that_are_not_theirs(
    school: School, store: Session, log_in: LogIn, expert: Browser
) -> None:
    second = _answered(school, "C1")
    other = make_staff(store, make_school(store))
    foreign = make_scene(store)
    store.commit()
    for person in (other.lead, foreign.experts[0], foreign.chair):
        assert log_in(person).get(f"/packages/{second.id}/changes").status_code == 404
    assert expert.get(f"/packages/{second.id}/changes?since=2").status_code == 404
    assert expert.get(f"/packages/{second.id}/changes?since=99").status_code == 404
    assert "这是第一个申报包" in _text(expert, f"/packages/{school.panel.package.id}/changes")


def test_what_changed_says_nothing_of_reviews(school: School, expert: Browser, store: Session) -> None:
    second = _answered(school, "C1")
    before = _text(expert, f"/packages/{second.id}/changes?show=all")
    for number in (1, 2):
        school.panel.hand_in(number, {"C1": "0.1"})
    store.commit()
    after = _text(expert, f"/packages/{second.id}/changes?show=all")
    assert without_tokens(before) == without_tokens(after)
