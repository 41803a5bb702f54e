"""The school's own pages: what they show, what they cost, and that nothing typed is lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from portfolio.db import begin_write
from portfolio.models import Dossier, EvidenceKind, Role, SelfAssessment
from portfolio.queries import places
from rubric.loader import DEFAULT, find
from tests.conftest import Browser, Clock
from tests.counting import statements
from tests.factories import NOW, Staff, cite, make_dossier, make_evidence, make_staff, make_user, score_all


@dataclass
class Scene:
    """A school with a dossier and its people."""

    dossier: Dossier
    staff: Staff


@pytest.fixture
def scene(store: Session, app: Flask, tmp_path: Path) -> Scene:
    dossier = make_dossier(store)
    staff = make_staff(store, dossier.school)
    score_all(store, dossier)
    storage = app.extensions["portfolio"].storage
    evidence = make_evidence(
        store, dossier.school, storage, tmp_path, title="校本培训制度", kind=EvidenceKind.RULES
    )
    cite(store, dossier, "C38", evidence, page=4)
    store.commit()
    return Scene(dossier, staff)


def _told(answer: TestResponse) -> dict[str, Any]:
    assert isinstance(answer.json, dict)
    return answer.json


def _element(scene: Scene, code: str = "C38") -> str:
    return f"/dossiers/{scene.dossier.id}/elements/{code}"


def test_the_start_address_sends_school_staff_to_their_dossier(
    scene: Scene, log_in: Callable[..., Browser]
) -> None:
    answer = log_in(scene.staff.lead).get("/")
    assert answer.headers["Location"] == f"/dossiers/{scene.dossier.id}"


def test_home_shows_the_whole_grid_the_three_numbers_and_the_ranked_gaps(
    scene: Scene, log_in: Callable[..., Browser]
) -> None:
    page = log_in(scene.staff.lead).get(f"/dossiers/{scene.dossier.id}").get_data(as_text=True)
    assert len(re.findall(r'class="heat-cell"', page)) == 84
    numbers = dict(re.findall(r'data-total="(\w+)">([\d.]+)<', page))
    assert numbers == {"claimed": "90.0", "supported": "1.8", "at_risk": "88.2", "unscored": "0"}
    ranked = [float(points) for points in re.findall(r'<span class="num">([\d.]+)</span><small>', page)]
    assert ranked == sorted(ranked, reverse=True)
    assert ranked


def test_the_element_page_shows_the_official_wording_whole(
    scene: Scene, log_in: Callable[..., Browser]
) -> None:
    page = log_in(scene.staff.contributor).get(_element(scene)).get_data(as_text=True)
    assert find(DEFAULT).element("C38").text in page
    for method in find(DEFAULT).indicator_of("C38").methods:
        assert method.text in page


def test_who_may_not_open_the_evidence_is_led_nowhere(
    store: Session, scene: Scene, log_in: Callable[..., Browser]
) -> None:
    """The bureau reads what is cited, by name; the school's own people open it."""
    clerk = make_user(store, Role.BUREAU)
    store.commit()
    read, own = (
        log_in(user).get(_element(scene)).get_data(as_text=True) for user in (clerk, scene.staff.principal)
    )
    assert "校本培训制度" in read
    assert 'href="/evidence/' in own
    assert "/evidence/" not in read


def test_a_save_answers_with_version_time_and_totals(scene: Scene, log_in: Callable[..., Browser]) -> None:
    answer = log_in(scene.staff.lead).put(
        _element(scene), {"score": "1.5", "justification": "好", "version": 1}
    )
    assert answer.status_code == 200
    assert _told(answer)["version"] == 2
    assert _told(answer)["saved_at"].startswith("2026-11-23T06:00")
    assert (_told(answer)["totals"]["claimed"], _told(answer)["totals"]["supported"]) == ("89.7", "1.5")


def test_scores_in_json_numbers_stay_exact(
    scene: Scene, log_in: Callable[..., Browser], store: Session
) -> None:
    body = '{"score": 1.7, "justification": "", "version": 1}'
    answer = log_in(scene.staff.lead).send("PUT", _element(scene), data=body, content_type="application/json")
    assert answer.status_code == 200
    row = store.scalars(select(SelfAssessment).where(SelfAssessment.element == "C38")).one()
    assert str(row.score) == "1.7"


@pytest.mark.parametrize(
    "score", ['"1.85"', '"2.1"', "NaN", "1e9", '"1e9"', '""', '"-1"', "true", "[1]", "{}"]
)
def test_a_wrong_score_is_refused_beside_its_field_and_nothing_is_saved(
    scene: Scene, log_in: Callable[..., Browser], store: Session, score: str
) -> None:
    body = f'{{"score": {score}, "justification": "x", "version": 1}}'
    answer = log_in(scene.staff.lead).send("PUT", _element(scene), data=body, content_type="application/json")
    assert answer.status_code == 422
    assert list(_told(answer)["errors"]) == ["score"]
    assert _told(answer)["errors"]["score"]
    assert store.scalars(select(SelfAssessment.version).where(SelfAssessment.element == "C38")).one() == 1


def test_a_stale_save_gets_what_stands_now(scene: Scene, log_in: Callable[..., Browser]) -> None:
    first, second = log_in(scene.staff.lead), log_in(scene.staff.lead)
    first.put(_element(scene), {"score": "1.5", "justification": "先", "version": 1})
    answer = second.put(_element(scene), {"score": "1.2", "justification": "后", "version": 1})
    assert answer.status_code == 409
    current = _told(answer)["current"]
    assert (current["score"], current["justification"], current["version"]) == ("1.5", "先", 2)
    assert current["saved_by"] == scene.staff.lead.name


def test_a_stale_form_shows_both_texts_and_keeps_mine_in_the_form(
    scene: Scene, log_in: Callable[..., Browser]
) -> None:
    browser = log_in(scene.staff.lead)
    browser.put(_element(scene), {"score": "1.5", "justification": "同事先保存的", "version": 1})
    answer = browser.post(_element(scene), {"score": "1.2", "justification": "我后写的", "version": "1"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "同事先保存的" in page
    assert re.search(r"<textarea[^>]*>我后写的</textarea>", page)
    assert 'name="version" value="2"' in page


def test_a_refused_form_keeps_everything_typed(scene: Scene, log_in: Callable[..., Browser]) -> None:
    answer = log_in(scene.staff.lead).post(
        _element(scene), {"score": "9", "justification": "写了很久", "version": "1"}
    )
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'value="9"' in page
    assert "写了很久" in page
    assert 'aria-invalid="true"' in page


def test_a_contributor_scores_only_what_was_assigned_to_them(
    scene: Scene, log_in: Callable[..., Browser], store: Session
) -> None:
    browser = log_in(scene.staff.contributor)
    body = {"score": "1.0", "justification": "", "version": 1}
    assert browser.put(_element(scene), body).status_code == 403
    row = store.scalars(select(SelfAssessment).where(SelfAssessment.element == "C38")).one()
    row.assignee_id = scene.staff.contributor.id
    store.commit()
    assert browser.put(_element(scene), body).status_code == 200


def test_a_justification_is_shown_as_harmless_markdown(scene: Scene, log_in: Callable[..., Browser]) -> None:
    text = "**重点**\n\n<script>alert(1)</script><img src=x onerror=alert(1)>[链接](javascript:alert(1))"
    answer = log_in(scene.staff.lead).post(_element(scene) + "/preview", {"justification": text})
    page = answer.get_data(as_text=True)
    assert "<strong>重点</strong>" in page
    assert "<script" not in page
    assert "onerror=alert(1)>" not in page.replace("&lt;", "<").replace("&gt;", ">") or "<img" not in page
    assert "javascript:" not in page


def _spent(app: Flask, browser: Browser, path: str) -> tuple[int, int]:
    engine = app.extensions["portfolio"].sessions.kw["bind"]
    browser.get(path)
    with statements(engine) as seen:
        answer = browser.get(path)
    assert answer.status_code == 200
    return len(seen), len(answer.get_data())


@pytest.mark.parametrize(("path", "most"), [("", 8), ("/elements/C38", 8), ("/submission", 8)])
def test_pages_cost_the_same_at_twice_the_data(
    scene: Scene,
    app: Flask,
    store: Session,
    tmp_path: Path,
    log_in: Callable[..., Browser],
    path: str,
    most: int,
) -> None:
    storage = app.extensions["portfolio"].storage
    dossier_id = scene.dossier.id

    def add(count: int) -> None:
        store.rollback()
        begin_write(store)
        dossier, _place = places.dossier(store, dossier_id=dossier_id)
        for number in range(count):
            evidence = make_evidence(store, dossier.school, storage, tmp_path, title=f"材料 {number}")
            for element in find(DEFAULT).elements[number % 10 :: 10]:
                cite(store, dossier, element.code, evidence)
        store.commit()

    browser = log_in(scene.staff.lead)
    address = f"/dossiers/{dossier_id}{path}"
    add(20)
    spent, _size = _spent(app, browser, address)
    add(40)
    twice, size = _spent(app, browser, address)
    assert spent == twice
    assert twice <= most, (twice, size)
    assert size <= 60_000


def test_a_score_save_costs_at_most_six_statements(
    scene: Scene, app: Flask, log_in: Callable[..., Browser]
) -> None:
    browser = log_in(scene.staff.lead)
    token = browser.token()
    with statements(app.extensions["portfolio"].sessions.kw["bind"]) as seen:
        answer = browser.client.put(
            _element(scene),
            json={"score": "1.1", "justification": "", "version": 1},
            headers={"X-CSRFToken": token},
        )
    assert answer.status_code == 200
    assert len(seen) <= 6, seen


def test_home_draws_the_trend_and_says_it_in_words_and_a_table(
    scene: Scene, log_in: Callable[..., Browser], store: Session, clock: Clock
) -> None:
    clock.now = NOW + timedelta(days=1)
    page = log_in(scene.staff.lead).get(f"/dossiers/{scene.dossier.id}").get_data(as_text=True)
    said = re.search(r'<title id="trend-said">([^<]+)</title>', page)
    assert said and "90.0" in said[1] and "88.2" in said[1]
    assert page.count("<polyline") == 2
    table = page.split('id="h-trend"')[1].split("<tbody>")[1].split("</tbody>")[0]
    assert table.count("<tr>") == 2


def test_what_is_seen_is_marked_so_for_this_person(
    scene: Scene, log_in: Callable[..., Browser], store: Session, clock: Clock
) -> None:
    browser = log_in(scene.staff.contributor)
    browser.post(f"/dossiers/{scene.dossier.id}/seen")
    clock.now = NOW + timedelta(minutes=5)
    log_in(scene.staff.lead).put(_element(scene), {"score": "1.5", "justification": "好", "version": 1})
    home = f"/dossiers/{scene.dossier.id}"
    assert f'action="{home}/seen"' in browser.get(home).get_data(as_text=True)
    clock.now = NOW + timedelta(minutes=6)
    assert browser.post(f"{home}/seen").headers["Location"] == home
    assert f'action="{home}/seen"' not in browser.get(home).get_data(as_text=True)


def test_without_enough_schools_the_comparison_says_so(scene: Scene, log_in: Callable[..., Browser]) -> None:
    page = log_in(scene.staff.lead).get(f"/dossiers/{scene.dossier.id}/city").get_data(as_text=True)
    assert page.count('<svg class="t-city"') == 0
    assert page.count('t-none">') == 7
