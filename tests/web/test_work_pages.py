"""My work, who does what, starting from the last cycle: what the pages show, and what they refuse."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portfolio.days import day_of
from portfolio.models import (
    CarryOver,
    Citation,
    Determination,
    Dossier,
    SelfAssessment,
    SettlementRule,
    TouchedElement,
    User,
)
from portfolio.services import publishing
from portfolio.services.reminders import WORK_PAGE
from rubric.loader import DEFAULT, find
from rubric.succession import Touch
from tests.conftest import Browser
from tests.counting import statements
from tests.factories import (
    NOW,
    Staff,
    bureau_actor,
    cite,
    make_cycle,
    make_dossier,
    make_evidence,
    make_staff,
    score_all,
)
from tests.web.office import settled_scene, text_of

TODAY = day_of(NOW)


@dataclass
class Scene:
    """A school with a dossier and its people."""

    dossier: Dossier
    staff: Staff

    @property
    def home(self) -> str:
        """The dossier's address."""
        return f"/dossiers/{self.dossier.id}"


@pytest.fixture
def scene(store: Session) -> Scene:
    dossier = make_dossier(store)
    staff = make_staff(store, dossier.school)
    store.commit()
    return Scene(dossier, staff)


def give(store: Session, scene: Scene, owner: User, **days: int | None) -> None:
    """Give elements to somebody, due in so many days."""
    for code, left in days.items():
        store.execute(
            update(SelfAssessment)
            .where(SelfAssessment.dossier_id == scene.dossier.id, SelfAssessment.element == code)
            .values(assignee_id=owner.id, due_on=None if left is None else TODAY + timedelta(days=left))
        )
    store.commit()


def owned(store: Session, scene: Scene) -> dict[str, tuple[int | None, object]]:
    store.rollback()
    store.expire_all()
    rows = store.scalars(select(SelfAssessment).where(SelfAssessment.dossier_id == scene.dossier.id))
    return {row.element: (row.assignee_id, row.due_on) for row in rows if row.assignee_id is not None}


def test_a_contributor_lands_on_their_own_work_and_a_lead_on_the_overview(
    scene: Scene, log_in: Callable[..., Browser]
) -> None:
    landed = {
        name: log_in(user).get("/").headers["Location"]
        for name, user in (("contributor", scene.staff.contributor), ("lead", scene.staff.lead))
    }
    assert landed == {"contributor": f"{scene.home}/work/mine", "lead": scene.home}


def test_the_address_in_a_reminder_is_that_of_the_page(app: Flask, scene: Scene) -> None:
    with app.test_request_context():
        address = app.url_for("work.mine", dossier_id=scene.dossier.id)
    assert WORK_PAGE.format(dossier_id=scene.dossier.id) == address


def test_my_work_shows_mine_only_the_most_urgent_first_with_what_is_missing(
    scene: Scene, store: Session, log_in: Callable[..., Browser]
) -> None:
    give(store, scene, scene.staff.contributor, C3=None, C38=3, C1=-2, C45=20, C2=0)
    give(store, scene, scene.staff.lead, C4=-9)
    page = text_of(log_in(scene.staff.contributor), f"{scene.home}/work/mine")
    assert re.findall(r"<b>(C\d+)</b>", page) == ["C1", "C2", "C38", "C45", "C3"]
    assert "已逾期 2 天" in page
    assert "今天到期" in page
    assert "还有 3 天" in page
    assert page.count("未评分") == 5


def test_what_is_done_comes_last_and_is_never_overdue(
    scene: Scene, store: Session, log_in: Callable[..., Browser], app: Flask, tmp_path: Path
) -> None:
    score_all(store, scene.dossier)
    storage = app.extensions["portfolio"].storage
    evidence = make_evidence(store, scene.dossier.school, storage, tmp_path)
    cite(store, scene.dossier, "C1", evidence)
    give(store, scene, scene.staff.contributor, C1=-2, C38=30)
    page = text_of(log_in(scene.staff.contributor), f"{scene.home}/work/mine")
    assert re.findall(r"<b>(C\d+)</b>", page) == ["C38", "C1"]
    assert "逾期" not in page


def test_a_lead_sees_who_is_late_on_the_overview_and_a_contributor_does_not(
    scene: Scene, store: Session, log_in: Callable[..., Browser]
) -> None:
    give(store, scene, scene.staff.contributor, C38=-3, C1=-1, C2=5)
    seen = text_of(log_in(scene.staff.lead), scene.home)
    late = re.search(r'id="h-late".*?</section>', seen, re.DOTALL)
    assert late and scene.staff.contributor.name in late[0]
    assert re.findall(r"/elements/(C\d+)", late[0]) == ["C38", "C1"]
    theirs = text_of(log_in(scene.staff.contributor), scene.home)
    assert "h-late" not in theirs
    assert "您有 2 个要素已逾期。" in theirs and "您有 1 个要素一周内到期。" in theirs


def test_all_of_a_b_is_given_at_once_with_single_elements_beside_it(
    scene: Scene, store: Session, log_in: Callable[..., Browser]
) -> None:
    due = TODAY + timedelta(days=5)
    form = {
        "group": "B1",
        "element": ["C38", "C1"],
        "assignee": scene.staff.contributor.id,
        "due_on": due.isoformat(),
    }
    lead = log_in(scene.staff.lead)
    assert lead.post(f"{scene.home}/work", form).status_code == 302
    of_b1 = [e.code for e in find(DEFAULT).elements if e.sub_indicator == "B1"]
    expected = dict.fromkeys([*of_b1, "C38"], (scene.staff.contributor.id, due))
    assert owned(store, scene) == expected
    assert lead.post(f"{scene.home}/work", {"element": "C38", "assignee": ""}).status_code == 302
    assert owned(store, scene) == {code: to for code, to in expected.items() if code != "C38"}


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({}, "element"),
        ({"element": "C999"}, "element"),
        ({"element": "C1", "due_on": "2026-11-24"}, "assignee"),
        ({"element": "C1", "assignee": "me", "due_on": "2026-11-22"}, "due_on"),
        ({"element": "C1", "assignee": "me", "due_on": "2027-01-01"}, "due_on"),
        ({"element": "C1", "assignee": "me", "due_on": "next week"}, "due_on"),
        ({"element": "C1", "assignee": "12345"}, "assignee"),
    ],
)
def test_a_wrong_division_is_refused_beside_its_field_with_all_that_was_ticked(
    scene: Scene, store: Session, log_in: Callable[..., Browser], form: dict[str, str], field: str
) -> None:
    sent = {name: str(scene.staff.contributor.id) if value == "me" else value for name, value in form.items()}
    answer = log_in(scene.staff.lead).post(f"{scene.home}/work", {"group": "B99", **sent})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert re.search(rf'id="{field}-error" role="alert">[^<]', page)
    if "element" in form and form["element"] != "C999":
        assert 'value="C1" checked' in page
    assert owned(store, scene) == {}


def test_the_element_page_refuses_a_day_beside_its_field(
    scene: Scene, store: Session, log_in: Callable[..., Browser]
) -> None:
    lead = log_in(scene.staff.lead)
    form = {"assignee": scene.staff.contributor.id, "due_on": "2026-11-01"}
    answer = lead.post(f"{scene.home}/elements/C38/assignee", form)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert re.search(r'id="due_on-error" role="alert">[^<]', page)
    assert 'value="2026-11-01"' in page
    assert re.search(rf'value="{scene.staff.contributor.id}" selected', page)
    form["due_on"] = "2026-12-01"
    assert lead.post(f"{scene.home}/elements/C38/assignee", form).status_code == 302
    assert list(owned(store, scene)) == ["C38"]
    theirs = text_of(log_in(scene.staff.principal), f"{scene.home}/elements/C38")
    assert scene.staff.contributor.name in theirs and "2026年12月1日" in theirs


@pytest.mark.parametrize("path", ["/work/mine", "/work"])
def test_work_pages_cost_the_same_however_much_there_is(
    scene: Scene, store: Session, app: Flask, log_in: Callable[..., Browser], path: str
) -> None:
    browser = log_in(scene.staff.lead)
    engine = app.extensions["portfolio"].sessions.kw["bind"]
    spent = []
    for codes in (["C1", "C2"], [f"C{number}" for number in range(1, 85)]):
        give(store, scene, scene.staff.lead, **dict.fromkeys(codes, 1))
        with statements(engine) as seen:
            text_of(browser, scene.home + path)
        spent.append(len(seen))
    assert spent[0] == spent[1] <= 7


def test_the_mail_address_is_chosen_on_the_account_page(
    scene: Scene, store: Session, log_in: Callable[..., Browser]
) -> None:
    person = log_in(scene.staff.contributor)
    refused = person.post("/account/email", {"email": "teacher@school"})
    assert refused.status_code == 422
    assert 'value="teacher@school"' in refused.get_data(as_text=True)
    assert person.post("/account/email", {"email": "teacher@school.example.cn"}).status_code == 302
    assert 'value="teacher@school.example.cn"' in text_of(person, "/account")
    store.rollback()
    store.expire_all()
    assert store.get_one(User, scene.staff.contributor.id).email == "teacher@school.example.cn"
    others = text_of(log_in(scene.staff.lead), f"/schools/{scene.dossier.school_id}/people")
    assert "teacher@school.example.cn" not in others


def next_dossier(store: Session, scene: Scene) -> Dossier:
    """The school's dossier in a later cycle."""
    cycle = make_cycle(store)
    cycle.opens_at, cycle.submit_by = NOW + timedelta(hours=1), NOW + timedelta(days=60)
    store.flush()
    following = make_dossier(store, scene.dossier.school, cycle)
    store.commit()
    return following


def test_a_lead_sees_what_comes_over_then_takes_it_over_once(
    scene: Scene, store: Session, app: Flask, tmp_path: Path, log_in: Callable[..., Browser]
) -> None:
    storage = app.extensions["portfolio"].storage
    evidence = make_evidence(
        store, scene.dossier.school, storage, tmp_path, title="校本培训制度", years=(2026,)
    )
    cite(store, scene.dossier, "C38", evidence, page=4)
    following = next_dossier(store, scene)
    lead = log_in(scene.staff.lead)
    address = f"/dossiers/{following.id}/carry-over"
    assert address in text_of(lead, f"/dossiers/{following.id}")
    preview = text_of(lead, address)
    assert "校本培训制度" in preview and "第 4 页" in preview
    assert store.scalars(select(CarryOver)).all() == []
    assert lead.post(address).headers["Location"] == f"/dossiers/{following.id}"
    store.rollback()
    rows = store.scalars(select(Citation).where(Citation.dossier_id == following.id)).all()
    assert [(row.element, row.page_from) for row in rows] == [("C38", 4)]
    assert address not in text_of(lead, f"/dossiers/{following.id}")
    again = lead.post(address)
    assert again.status_code == 422
    assert "已沿用过" in again.get_data(as_text=True)


def test_the_first_dossier_offers_nothing_and_says_so(scene: Scene, log_in: Callable[..., Browser]) -> None:
    lead = log_in(scene.staff.lead)
    assert "carry-over" not in text_of(lead, scene.home)
    assert "没有可沿用的内容" in text_of(lead, f"{scene.home}/carry-over")
    assert lead.post(f"{scene.home}/carry-over").status_code == 422


def test_the_last_cycle_is_one_fold_away_on_the_element_page(
    scene: Scene, store: Session, log_in: Callable[..., Browser]
) -> None:
    score_all(store, scene.dossier)
    following = next_dossier(store, scene)
    page = text_of(log_in(scene.staff.lead), f"/dossiers/{following.id}/elements/C38")
    fold = re.search(r'<details class="fold"><summary>上一批次.*?</details>', page, re.DOTALL)
    assert fold is not None
    assert "1.8 / 2" in fold[0] and "本校制度健全" in fold[0]


def test_what_the_last_cycle_left_is_shown_and_ticked_off_by_its_owner_only(
    store: Session, log_in: Callable[..., Browser]
) -> None:
    judged = settled_scene(store)
    determination = store.scalars(select(Determination).where(Determination.element == "C38")).one()
    determination.score, determination.reason = Decimal("1.2"), "培训经费占比只有 7.5%。"
    determination.rule = SettlementRule.CHAIR
    publishing.publish(store, actor=bureau_actor(store), now=NOW, assignment=judged.assignment)
    staff = make_staff(store, judged.school)
    scene = Scene(judged.dossier, staff)
    following = next_dossier(store, scene)
    lead = log_in(staff.lead)
    assert lead.post(f"/dossiers/{following.id}/carry-over").status_code == 302
    store.add(
        TouchedElement(dossier_id=following.id, element="C38", touch=Touch.REWORDED, from_element="C38")
    )
    store.commit()
    give(store, Scene(following, staff), staff.contributor, C38=3)
    mine = text_of(log_in(staff.contributor), f"/dossiers/{following.id}/work/mine")
    assert "待整改" in mine and "细则有变：表述变动" in mine
    address = f"/dossiers/{following.id}/elements/C38"
    assert log_in(staff.principal).post(f"{address}/looked-at").status_code == 403
    page = text_of(lead, address)
    assert "培训经费占比只有 7.5%。" in page and f"{address}/put-right" in page
    for act in ("looked-at", "put-right"):
        assert log_in(staff.contributor).post(f"{address}/{act}").status_code == 302
    page = text_of(lead, address)
    assert f"{address}/put-right" not in page and f"{address}/looked-at" not in page
    assert "1.2 / 2" in page
