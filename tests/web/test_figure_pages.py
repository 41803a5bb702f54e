"""Basic figures on their page: saved one by one or all at once, and nothing typed is lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.models import Citation, Dossier, FigureValue
from rubric.loader import DEFAULT, find
from tests.conftest import Browser
from tests.counting import statements
from tests.factories import Staff, cite, make_dossier, make_evidence, make_staff
from tests.web.office import text_of


@dataclass
class Scene:
    """A school with a dossier and its people."""

    dossier: Dossier
    staff: Staff

    @property
    def page(self) -> str:
        """The figures' address."""
        return f"/dossiers/{self.dossier.id}/figures"

    def field(self, figure: str, year: int = 2026) -> str:
        """Where a figure is saved."""
        return f"{self.page}/{figure}/{year}"


@pytest.fixture
def scene(store: Session) -> Scene:
    dossier = make_dossier(store)
    staff = make_staff(store, dossier.school)
    store.commit()
    return Scene(dossier, staff)


def saved(store: Session) -> dict[str, tuple[str, int]]:
    store.rollback()
    store.expire_all()
    return {row.figure: (str(row.value), row.version) for row in store.scalars(select(FigureValue))}


def test_each_figure_shows_the_elements_it_feeds_and_its_unit(
    scene: Scene, log_in: Callable[..., Browser]
) -> None:
    page = text_of(log_in(scene.staff.contributor), scene.page)
    row = re.search(r'id="n-teachers".*?</li>', page, re.DOTALL)
    assert row is not None
    assert re.findall(r"/elements/(C\d+)", row[0]) == ["C45", "C46", "C67", "C71"]
    assert '<span class="quiet">人</span>' in row[0]
    assert len(re.findall(r'name="fitness_due-(\d+)"', page)) == 3


def test_a_figure_saves_as_one_types_and_says_how_it_was_read(
    scene: Scene, store: Session, log_in: Callable[..., Browser]
) -> None:
    answer = log_in(scene.staff.contributor).put(
        scene.field("pupils"), {"value": "１,２０３人", "version": "0"}
    )
    assert (answer.status_code, answer.json["version"], answer.json["value"]) == (200, 1, "1203")
    assert saved(store) == {"pupils": ("1203", 1)}


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("-5", "数据不能小于 0。"),
        ("1203 册", "此项以“人”为单位，不是“册”。"),
        ("12.5", "此项最多填 0 位小数。"),
        ("很多", "这不是数字，例如 1203 或 12.5。"),
    ],
)
def test_bad_input_is_refused_in_words_beside_its_field(
    scene: Scene, store: Session, log_in: Callable[..., Browser], typed: str, words: str
) -> None:
    answer = log_in(scene.staff.lead).put(scene.field("pupils"), {"value": typed, "version": "0"})
    assert (answer.status_code, answer.json["errors"]) == (422, {"pupils-2026": words})
    assert saved(store) == {}


def test_absurd_figures_are_refused_by_the_name_of_the_other(
    scene: Scene, log_in: Callable[..., Browser]
) -> None:
    lead = log_in(scene.staff.lead)
    assert lead.put(scene.field("pupils"), {"value": "120", "version": "0"}).status_code == 200
    answer = lead.put(scene.field("teachers"), {"value": "121", "version": "0"})
    assert answer.json["errors"] == {"teachers-2026": "大于“在校学生人数”（120），请核对这两项。"}
    lead.post("/language", {"locale": "en"})
    answer = lead.put(scene.field("teachers"), {"value": "121", "version": "0"})
    assert answer.json["errors"] == {
        "teachers-2026": "This is more than 'Pupils on the roll', which is 120. Please check both."
    }


def test_a_stale_save_gets_what_stands_now(
    scene: Scene, store: Session, log_in: Callable[..., Browser]
) -> None:
    first, second = log_in(scene.staff.lead), log_in(scene.staff.contributor)
    first.put(scene.field("pupils"), {"value": "1203", "version": "0"})
    answer = second.put(scene.field("pupils"), {"value": "1300", "version": "0"})
    assert answer.status_code == 409
    assert answer.json["current"] == {"value": "1203", "version": 1, "saved_by": scene.staff.lead.name}
    assert saved(store) == {"pupils": ("1203", 1)}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"value": "1"}, 422),
        ({"value": "1", "version": "x"}, 422),
        (["1"], 400),
        ({"value": {}, "version": 0}, 200),
    ],
)
def test_a_body_that_is_no_save_changes_nothing(
    scene: Scene, store: Session, log_in: Callable[..., Browser], body: object, status: int
) -> None:
    assert log_in(scene.staff.lead).put(scene.field("pupils"), body).status_code == status
    assert saved(store) == {}


@pytest.mark.parametrize("address", ["planets/2026", "pupils/2025", "pupils/0"])
def test_what_is_not_asked_for_is_not_there(
    scene: Scene, log_in: Callable[..., Browser], address: str
) -> None:
    lead = log_in(scene.staff.lead)
    assert lead.put(f"{scene.page}/{address}", {"value": "1", "version": 0}).status_code == 404
    assert lead.get(f"{scene.page}/{address}/proof").status_code == 404


def form_of(page: str) -> dict[str, str]:
    """The form's fields as the page holds them."""
    names = re.findall(r'name="((?:version-)?[a-z_]+-\d{4})" value="([^"]*)"', page)
    return dict(names)


def test_without_scripts_the_form_saves_all_at_once(
    scene: Scene, store: Session, log_in: Callable[..., Browser]
) -> None:
    lead = log_in(scene.staff.lead)
    form = form_of(text_of(lead, scene.page)) | {"pupils-2026": "1,203", "teachers-2026": "88 人"}
    assert lead.post(scene.page, form).status_code == 302
    assert saved(store) == {"pupils": ("1203", 1), "teachers": ("88", 1)}


def test_a_refused_form_keeps_everything_typed_and_saves_nothing(
    scene: Scene, store: Session, log_in: Callable[..., Browser]
) -> None:
    lead = log_in(scene.staff.lead)
    form = form_of(text_of(lead, scene.page)) | {"pupils-2026": "1,203", "computers-2026": "许多"}
    answer = lead.post(scene.page, form)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    again = form_of(page)
    assert (again["pupils-2026"], again["computers-2026"]) == ("1,203", "许多")
    assert re.search(r'id="f-computers-2026-error" role="alert">[^<]', page)
    assert saved(store) == {}


def test_a_stale_form_shows_both_and_saving_again_keeps_mine(
    scene: Scene, store: Session, log_in: Callable[..., Browser]
) -> None:
    lead = log_in(scene.staff.lead)
    form = form_of(text_of(lead, scene.page)) | {"pupils-2026": "1300"}
    log_in(scene.staff.contributor).put(scene.field("pupils"), {"value": "1203", "version": "0"})
    answer = lead.post(scene.page, form)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert f"{scene.staff.contributor.name} 刚刚保存了 1203" in page
    again = form_of(page)
    assert (again["pupils-2026"], again["version-pupils-2026"]) == ("1300", "1")
    assert lead.post(scene.page, again).status_code == 302
    assert saved(store) == {"pupils": ("1300", 2)}


def test_results_stand_on_the_figures_page_and_on_the_element_page(
    scene: Scene, log_in: Callable[..., Browser]
) -> None:
    lead = log_in(scene.staff.lead)
    for figure, value in (("public_funds", "1200000"), ("training_spending", "90000")):
        lead.put(scene.field(figure), {"value": value, "version": "0"})
    for address in (scene.page, f"/dossiers/{scene.dossier.id}/elements/C38"):
        page = text_of(lead, address)
        assert re.search(r"教师培训经费占生均公用经费</span>.*?未达标.*?7\.5%", page, re.DOTALL), address
    lacking = text_of(lead, f"/dossiers/{scene.dossier.id}/elements/C45")
    assert "数据不足" in lacking
    assert f'href="{scene.page}#f-cycle_teachers-2026"' in lacking


def test_a_proof_is_chosen_from_what_is_cited_where_the_figure_is_used(
    scene: Scene, store: Session, app: Flask, tmp_path: Path, log_in: Callable[..., Browser]
) -> None:
    storage = app.extensions["portfolio"].storage
    evidence = make_evidence(store, scene.dossier.school, storage, tmp_path, title="经费决算")
    cite(store, scene.dossier, "C38", evidence, page=2)
    store.commit()
    lead = log_in(scene.staff.lead)
    address = scene.field("public_funds") + "/proof"
    assert "经费决算" in text_of(lead, address)
    chosen = {"evidence_id": evidence.id, "page": "2"}
    early = lead.post(address, chosen)
    assert early.status_code == 422 and "请先填写数据" in early.get_data(as_text=True)
    lead.put(scene.field("public_funds"), {"value": "1200000", "version": "0"})
    assert lead.post(address, chosen).status_code == 302
    page = text_of(lead, scene.page)
    assert re.search(r"经费决算 第 2 页", page)
    # proving doesn't make an open form stale
    assert lead.put(scene.field("public_funds"), {"value": "1300000", "version": "1"}).status_code == 200


def test_the_page_costs_the_same_empty_and_full(
    scene: Scene, app: Flask, log_in: Callable[..., Browser]
) -> None:
    lead = log_in(scene.staff.lead)
    engine = app.extensions["portfolio"].sessions.kw["bind"]
    text_of(lead, scene.page)
    spent = []
    for figures in ((), find(DEFAULT).figures):
        for figure in figures:
            lead.put(scene.field(figure.code), {"value": "1", "version": "0"})
        with statements(engine) as seen:
            page = text_of(lead, scene.page)
        spent.append(len(seen))
    assert spent[0] == spent[1] <= 4
    assert len(page.encode()) <= 100_000


@pytest.fixture
def proven(scene: Scene, store: Session, app: Flask, tmp_path: Path, log_in: Callable[..., Browser]) -> int:
    """The accounts, whose page 2 proves what training cost; nothing proves the funds in all."""
    evidence = make_evidence(
        store, scene.dossier.school, app.extensions["portfolio"].storage, tmp_path, title="经费决算"
    )
    store.commit()
    lead = log_in(scene.staff.lead)
    for figure, value in (("public_funds", "1200000"), ("training_spending", "129600")):
        lead.put(scene.field(figure), {"value": value, "version": "0"})
    lead.post(scene.field("training_spending") + "/proof", {"evidence_id": evidence.id, "page": "2"})
    return evidence.id


def remarks(store: Session) -> list[tuple[int | None, str]]:
    store.rollback()
    store.expire_all()
    return [(row.page_from, row.remark) for row in store.scalars(select(Citation))]


@pytest.mark.parametrize(
    ("language", "remark"),
    [
        ("zh", "教师培训经费占生均公用经费：10.8 %，达到 ≥ 10 %"),
        ("en", "Training as a share of per-pupil public funds 10.8 %, reaches ≥ 10 %"),
    ],
)
def test_one_click_cites_the_proof_of_a_result_in_the_words_of_whoever_clicks(
    scene: Scene, store: Session, log_in: Callable[..., Browser], proven: int, language: str, remark: str
) -> None:
    teacher = log_in(scene.staff.contributor)
    teacher.post("/language", {"locale": language})
    element = f"/dossiers/{scene.dossier.id}/elements/C38"
    address = f"{element}/measures/training-share/citation"
    page = text_of(teacher, element)
    assert f'action="{address}"' in page and f'value="{proven}"' in page
    assert f'href="{scene.page}#f-public_funds-2026"' in page
    assert teacher.post(address, {"evidence_id": proven}).headers["Location"].startswith(element)
    assert remarks(store) == [(2, remark)]
    after = text_of(teacher, element)
    assert f'action="{address}"' not in after
    undo = re.search(r'class="toast-bar" method="post" action="([^"]+)"', after)
    assert undo is not None
    teacher.post(undo[1], {"next": element})
    assert remarks(store) == []


def test_a_proof_that_is_cited_already_is_offered_its_page_and_result(
    scene: Scene, store: Session, log_in: Callable[..., Browser], proven: int
) -> None:
    lead = log_in(scene.staff.lead)
    element = f"/dossiers/{scene.dossier.id}/elements/C38"
    lead.post(f"{element}/citations", {"evidence_id": proven, "remark": "决算表"})
    assert "把页码和结果补进引用" in text_of(lead, element)
    assert (
        lead.post(f"{element}/measures/training-share/citation", {"evidence_id": proven}).status_code == 302
    )
    assert remarks(store) == [(2, "决算表；教师培训经费占生均公用经费：10.8 %，达到 ≥ 10 %")]


def test_a_result_is_cited_with_its_proof_only(
    scene: Scene, store: Session, log_in: Callable[..., Browser], proven: int
) -> None:
    lead = log_in(scene.staff.lead)
    element = f"/dossiers/{scene.dossier.id}/elements/C38"
    refused = lead.post(f"{element}/measures/training-share/citation", {"evidence_id": proven + 1})
    assert 400 <= refused.status_code < 500
    assert "这份文件已不再证明该结果" in refused.get_data(as_text=True)
    assert lead.post(f"{element}/measures/computers/citation", {"evidence_id": proven}).status_code == 404
    assert remarks(store) == []
