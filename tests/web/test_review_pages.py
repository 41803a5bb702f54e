"""An expert's pages: the list, the workspace, saving as JSON and as a form, handing in, stepping aside."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete
from sqlalchemy.orm import Session

from portfolio.models import ElementReview, InterestStatement, Recusal, Review, Role, User
from portfolio.services import panels
from portfolio.storage import Storage
from rubric.model import Channel
from tests.conftest import Browser
from tests.counting import statements
from tests.factories import (
    NOW,
    PASSWORD,
    bureau_actor,
    cite,
    make_cycle,
    make_dossier,
    make_evidence,
    make_school,
    make_user,
    score_all,
)
from tests.package_factory import make_package
from tests.panel_factory import Scene, make_scene

SAID = {"reason": "认可学校自评。", "channel": "documents"}
LogIn = Callable[[User], Browser]


def _address(scene: Scene, code: str = "C14") -> str:
    return f"/reviews/{scene.reviews[0].id}/elements/{code}"


def _row(store: Session, scene: Scene, code: str = "C14") -> ElementReview:
    store.expire_all()
    return scene.row(code)


# ---- My packages ----


def test_the_list_shows_progress_and_the_way_in(scene: Scene, expert: Browser) -> None:
    page = expert.get("/reviews").get_data(as_text=True)
    assert scene.school.name in page
    assert f'href="/reviews/{scene.reviews[0].id}"' in page
    assert 'max="84" value="0"' in page


def test_what_is_left_to_do_stands_apart_from_what_is_done(scene: Scene, expert: Browser) -> None:
    assert "待我处理" in (page := expert.get("/reviews").get_data(as_text=True)) and "已完成" not in page
    scene.hand_in(0)
    scene.session.commit()
    assert "已完成" in (page := expert.get("/reviews").get_data(as_text=True)) and "待我处理" not in page
    for number in range(1, len(scene.experts)):
        scene.hand_in(number)
    scene.open_table()
    scene.session.commit()
    assert "待我处理" in expert.get("/reviews").get_data(as_text=True)


def test_a_chair_sees_how_many_reviews_are_in(scene: Scene, store: Session, log_in: LogIn) -> None:
    scene.hand_in(0)
    store.commit()
    page = log_in(scene.chair).get("/reviews").get_data(as_text=True)
    assert f"/rounds/{scene.assignment.round_id}/settlement/{scene.package.id}" in page
    assert 'max="3" value="1"' in page


def test_the_list_is_for_panels_only(scene: Scene, store: Session, log_in: LogIn) -> None:
    lead = make_user(store, Role.LEAD, school=scene.school)
    store.commit()
    assert log_in(lead).get("/reviews").status_code in (403, 404)


# ---- The workspace ----


def test_a_review_opens_at_the_first_element_still_to_do(
    scene: Scene, store: Session, expert: Browser
) -> None:
    for code in ("C1", "C2"):
        scene.row(code).score = Decimal("0.9")
    store.commit()
    answer = expert.get(f"/reviews/{scene.reviews[0].id}")
    assert answer.location == _address(scene, "C3")


def test_the_workspace_shows_wording_claim_and_justification(scene: Scene, expert: Browser) -> None:
    page = expert.get(_address(scene)).get_data(as_text=True)
    assert "贯彻民主集中制原则，建立健全民主决策机制，落实校务公开制度。" in page
    assert "C14：本校制度健全" in page
    assert 'data-self="0.9"' in page


@pytest.mark.parametrize("who", ["another expert", "the chair", "the school", "a stranger"])
def test_a_review_is_its_experts_own(scene: Scene, store: Session, log_in: LogIn, who: str) -> None:
    people = {
        "another expert": scene.experts[1],
        "the chair": scene.chair,
        "the school": make_user(store, Role.LEAD, school=scene.school),
        "a stranger": make_user(store, Role.EXPERT),
    }
    store.commit()
    other = log_in(people[who])
    assert other.get(_address(scene)).status_code == 404
    assert other.put(_address(scene), {"score": "0.9", "version": 0}).status_code == 404
    assert other.post(f"/reviews/{scene.reviews[0].id}/hand-in").status_code == 404
    assert _row(store, scene).version == 0


@pytest.mark.parametrize("code", ["C85", "C0", "A1", "x"])
def test_an_element_that_is_not_in_the_rubric_is_not_found(scene: Scene, expert: Browser, code: str) -> None:
    assert expert.get(_address(scene, code)).status_code == 404


def test_evidence_opens_at_the_cited_page(app: Flask, store: Session, log_in: LogIn, tmp_path: Path) -> None:
    scene = _with_files(app, store, tmp_path)
    expert = log_in(scene.experts[0])
    page = expert.get(_address(scene)).get_data(as_text=True)
    assert "#page=3&amp;" in page
    assert "第二项：赞成 55 票" in page
    assert page.count("<iframe") == 1
    card = expert.get(_address(scene) + "?file=2").get_data(as_text=True)
    assert "台账.xlsx" in card
    assert "<iframe" not in card
    picture = expert.get(_address(scene) + "?file=3").get_data(as_text=True)
    assert "data-making" in picture and "<img src=" not in picture, "its public copy isn't there yet"


def test_an_expert_may_open_what_the_package_cites(
    app: Flask, store: Session, log_in: LogIn, tmp_path: Path
) -> None:
    scene = _with_files(app, store, tmp_path)
    page = log_in(scene.experts[0]).get(_address(scene)).get_data(as_text=True)
    source = page.split('<iframe src="')[1].split("#")[0]
    stranger = make_user(store, Role.EXPERT)
    store.commit()
    with log_in(scene.experts[1]).get(source) as answer:
        assert answer.status_code == 200
    assert log_in(stranger).get(source).status_code == 404


def _with_files(app: Flask, store: Session, folder: Path) -> Scene:
    storage: Storage = app.extensions["portfolio"].storage
    school = make_school(store)
    dossier = make_dossier(store, school, make_cycle(store))
    score_all(store, dossier)
    kinds = [
        ("教代会纪要.pdf", "application/pdf", b"%PDF-1.4 x"),
        ("台账.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK x"),
        ("照片.jpg", "image/jpeg", b"\xff\xd8\xff x"),
    ]
    for minutes, (filename, media_type, content) in enumerate(kinds):
        evidence = make_evidence(
            store, school, storage, folder, filename=filename, media_type=media_type, content=content
        )
        citation = cite(store, dossier, "C14", evidence, page=3)
        citation.remark = "第二项：赞成 55 票"
        citation.cited_at = NOW + timedelta(minutes=minutes)
    scene = make_scene(store, dossier=dossier)
    store.commit()
    return scene


def test_an_element_without_evidence_says_so(scene: Scene, expert: Browser) -> None:
    assert 'class="empty"' in expert.get(_address(scene)).get_data(as_text=True)


def test_filters_list_what_they_name(scene: Scene, store: Session, expert: Browser) -> None:
    scene.score_everything(0, {"C26": "0.4", "C14": "0.8"})
    scene.row("C9").flagged = True
    store.commit()

    def listed(show: str) -> set[str]:
        page = expert.get(_address(scene, "C1") + f"?show={show}").get_data(as_text=True)
        items = page.split('<ul class="todo">')[1].split("</ul>")[0]
        return {link.split('"')[0].split("?")[0] for link in items.split("/elements/")[1:]}

    assert listed("todo") == set()
    assert listed("far") == {"C26"}  # 0.1 below is within the round's tolerance of 0.2
    assert listed("flagged") == {"C9"}
    assert len(listed("bare")) == 84


# ---- Saving as JSON ----


def test_a_save_answers_with_version_time_and_progress(scene: Scene, store: Session, expert: Browser) -> None:
    answer = expert.put(_address(scene), {"score": 0.9, **SAID, "version": 0})
    assert answer.status_code == 200
    assert answer.json == {
        "version": 1,
        "saved_at": NOW.isoformat(),
        "score": "0.9",
        "progress": {"done": 1, "total": 84},
    }
    assert _row(store, scene).score == Decimal("0.9")


def test_a_difference_without_a_reason_is_refused_by_field(
    scene: Scene, store: Session, expert: Browser
) -> None:
    answer = expert.put(_address(scene), {"score": "0.8", "reason": "", "channel": "", "version": 0})
    assert answer.status_code == 422
    assert set(answer.json["errors"]) == {"reason", "channel"}
    assert _row(store, scene).version == 0


@pytest.mark.parametrize("score", ["", "NaN", "1e9", 1.05, 2, True, [], {}, float("nan"), 1e9])
def test_what_is_no_score_is_refused_beside_its_field(
    scene: Scene, store: Session, expert: Browser, score: object
) -> None:
    answer = expert.put(_address(scene), {"score": score, "reason": "r", "channel": "listen", "version": 0})
    assert answer.status_code == 422
    assert set(answer.json["errors"]) == {"score"}
    assert _row(store, scene).score is None


def test_a_score_that_is_not_named_is_no_wish_to_unscore(scene: Scene, expert: Browser) -> None:
    assert expert.put(_address(scene), {"score": "0.9", **SAID, "version": 0}).status_code == 200
    assert expert.put(_address(scene), {"reason": "x", "version": 1}).status_code == 422
    assert expert.put(_address(scene), {"score": None, "version": 1}).json["progress"]["done"] == 0


def test_a_save_names_the_version_it_rests_on(scene: Scene, expert: Browser) -> None:
    answer = expert.put(_address(scene), {"score": "0.9"})
    assert (answer.status_code, set(answer.json["errors"])) == (422, {"version"})


def test_a_stale_save_is_answered_with_what_stands(scene: Scene, store: Session, expert: Browser) -> None:
    expert.put(_address(scene), {"score": "0.8", "reason": "先", "channel": "listen", "version": 0})
    answer = expert.put(_address(scene), {"score": "0.7", "reason": "后", "channel": "listen", "version": 0})
    assert answer.status_code == 409
    current = answer.json["current"]
    assert (current["score"], current["reason"], current["version"]) == ("0.8", "先", 1)
    assert _row(store, scene).reason == "先"


# ---- Saving as a form ----


def test_a_form_saves_and_goes_on(scene: Scene, store: Session, expert: Browser) -> None:
    form = {"score": "0.9", **SAID, "note": "", "version": "0", "next": _address(scene, "C15")}
    answer = expert.post(_address(scene), form)
    assert (answer.status_code, answer.location) == (302, _address(scene, "C15"))
    assert _row(store, scene).score == Decimal("0.9")


def test_a_form_never_leads_to_another_site(scene: Scene, expert: Browser) -> None:
    answer = expert.post(
        _address(scene), {"score": "0.9", **SAID, "version": "0", "next": "https://example.org/"}
    )
    assert answer.location == _address(scene)


def test_one_button_takes_the_schools_score(scene: Scene, store: Session, expert: Browser) -> None:
    expert.post(_address(scene), {"score": "", "same": "0.9", "reason": "", "version": "0"})
    row = _row(store, scene)
    assert (row.score, row.channel) == (Decimal("0.9"), Channel.DOCUMENTS)
    assert row.reason != ""  # the point that the school gives away itself is explained too


def test_one_button_keeps_the_reason_that_was_typed(scene: Scene, store: Session, expert: Browser) -> None:
    form = {"same": "0.9", "reason": "现场看过。", "channel": "inspect", "version": "0"}
    expert.post(_address(scene), form)
    row = _row(store, scene)
    assert (row.reason, row.channel) == ("现场看过。", Channel.INSPECT)


def test_a_phrase_goes_into_the_form_and_saves_nothing(scene: Scene, store: Session, expert: Browser) -> None:
    form = {"score": "0.8", "reason": "先写的。", "phrase": "佐证不足。", "version": "0"}
    page = expert.post(_address(scene), form).get_data(as_text=True)
    assert "先写的。\n佐证不足。</textarea>" in page
    assert _row(store, scene).version == 0


def test_a_refused_form_keeps_everything_typed(scene: Scene, expert: Browser) -> None:
    form = {"score": "0.55", "reason": "打了一半的理由", "note": "私下", "channel": "inspect", "version": "0"}
    answer = expert.post(_address(scene), form | {"flagged": "1"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'value="0.55"' in page
    assert "打了一半的理由" in page
    assert "私下" in page
    assert 'value="inspect" checked' in page
    assert 'name="flagged" value="1" checked' in page
    assert 'id="score-error" role="alert">' in page


def test_a_stale_form_shows_both_texts(scene: Scene, store: Session, expert: Browser) -> None:
    expert.put(_address(scene), {"score": "0.8", "reason": "先存的理由", "channel": "listen", "version": 0})
    form = {"score": "0.7", "reason": "后写的理由", "channel": "listen", "version": "0"}
    answer = expert.post(_address(scene), form)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "先存的理由" in page
    assert page.count("后写的理由") == 2  # shown, and still in the form
    assert 'name="version" value="1"' in page
    assert expert.post(_address(scene), form | {"version": "1"}).status_code == 302
    assert _row(store, scene).reason == "后写的理由"


# ---- Handing in and stepping aside ----


def test_a_finished_review_is_handed_in(scene: Scene, store: Session, expert: Browser) -> None:
    assert expert.post(f"/reviews/{scene.reviews[0].id}/hand-in").status_code == 422
    scene.score_everything(0)
    store.commit()
    assert expert.post(f"/reviews/{scene.reviews[0].id}/hand-in").status_code == 302
    store.expire_all()
    assert store.get_one(Review, scene.reviews[0].id).handed_in_at == NOW
    late = expert.put(_address(scene), {"score": "0.8", "reason": "r", "channel": "listen", "version": 1})
    assert late.status_code == 422
    assert "data-review" not in expert.get(_address(scene)).get_data(as_text=True)


def test_a_review_that_is_in_is_corrected_from_its_page(
    scene: Scene, store: Session, expert: Browser
) -> None:
    scene.hand_in(0, {"C14": "0.6"})
    store.commit()
    page = expert.get(_address(scene)).get_data(as_text=True)
    assert f'action="{_address(scene)}/correction"' in page
    form = {"score": "0.7", **SAID, "version": "1", "why": ""}
    refused = expert.post(_address(scene) + "/correction", form)
    assert refused.status_code == 422
    assert 'id="why-error" role="alert">' in refused.get_data(as_text=True)
    assert 'value="0.7"' in refused.get_data(as_text=True)
    assert expert.post(_address(scene) + "/correction", form | {"why": "看错一行。"}).status_code == 302
    assert "看错一行。" in expert.get(_address(scene)).get_data(as_text=True)
    stale = expert.post(_address(scene) + "/correction", form | {"score": "0.5", "why": "后写的。"})
    assert stale.status_code == 409
    assert _row(store, scene).score == Decimal("0.7")


def test_nothing_is_corrected_once_the_table_is_open(scene: Scene, store: Session, expert: Browser) -> None:
    for number in range(3):
        scene.hand_in(number)
    scene.open_table()
    store.commit()
    assert "/correction" not in expert.get(_address(scene)).get_data(as_text=True)
    form = {"score": "0.7", **SAID, "version": "1", "why": "看错一行。"}
    assert expert.post(_address(scene) + "/correction", form).status_code == 422


def test_before_the_statement_is_signed_no_page_opens(scene: Scene, store: Session, expert: Browser) -> None:
    store.execute(delete(InterestStatement))
    store.commit()
    review = f"/reviews/{scene.reviews[0].id}"
    closed = (
        review,
        _address(scene),
        f"/packages/{scene.package.id}",
        f"/packages/{scene.package.id}/manifest.json",
    )
    assert [expert.get(path).status_code for path in closed] == [404] * 4
    assert f'action="{review}/statement"' in expert.get("/reviews").get_data(as_text=True)
    wrong = expert.post(f"{review}/statement", {"password": "guess"})
    assert wrong.status_code == 422
    assert f'id="sign-{scene.reviews[0].id}-error" role="alert">' in wrong.get_data(as_text=True)
    signed = expert.post(f"{review}/statement", {"password": PASSWORD})
    assert (signed.status_code, signed.location) == (302, review)
    assert [expert.get(path).status_code for path in closed] == [302, 200, 200, 200]


def test_who_has_not_signed_can_step_aside(scene: Scene, store: Session, expert: Browser) -> None:
    store.execute(delete(InterestStatement))
    store.commit()
    review = f"/reviews/{scene.reviews[0].id}"
    assert expert.post(f"{review}/conflict", {"reason": "曾任该校教师"}).status_code == 302
    assert expert.post(f"{review}/statement", {"password": PASSWORD}).status_code == 404


def test_a_chair_signs_too(scene: Scene, store: Session, log_in: LogIn) -> None:
    store.execute(delete(InterestStatement))
    store.commit()
    chair = log_in(scene.chair)
    table = f"/rounds/{scene.assignment.round_id}/settlement/{scene.package.id}"
    assert chair.get(table).status_code == 404
    assert chair.post(f"{table}/statement", {"password": PASSWORD}).status_code == 302
    assert chair.get(table).status_code == 200


def test_a_declared_conflict_takes_the_package_away(scene: Scene, store: Session, expert: Browser) -> None:
    address = f"/reviews/{scene.reviews[0].id}/conflict"
    assert expert.post(address, {"reason": " "}).status_code == 422
    assert store.query(Recusal).count() == 0
    assert expert.post(address, {"reason": "亲属在该校任教"}).status_code == 302
    assert expert.get(_address(scene)).status_code == 404
    assert expert.put(_address(scene), {"score": "0.9", "version": 0}).status_code == 404
    page = expert.get("/reviews").get_data(as_text=True)
    assert f"/reviews/{scene.reviews[0].id}" not in page
    assert "亲属在该校任教" in page


# ---- Budgets ----


def test_the_workspace_takes_ten_statements_at_most(app: Flask, scene: Scene, expert: Browser) -> None:
    with statements(app.extensions["portfolio"].sessions.kw["bind"]) as seen:
        assert expert.get(_address(scene)).status_code == 200
    assert len(seen) <= 10, seen


def test_a_save_takes_eight_statements_at_most(app: Flask, scene: Scene, expert: Browser) -> None:
    headers = {"X-CSRFToken": expert.token()}
    body = {"score": "0.8", "reason": "依据不足", "channel": "listen", "version": 0}
    with statements(app.extensions["portfolio"].sessions.kw["bind"]) as seen:
        answer = expert.client.put(_address(scene), json=body, headers=headers)
    assert answer.status_code == 200
    assert len(seen) <= 8, seen


def test_the_list_takes_the_same_statements_for_more_packages(
    app: Flask, store: Session, scene: Scene, expert: Browser
) -> None:
    engine = app.extensions["portfolio"].sessions.kw["bind"]
    with statements(engine) as before:
        expert.get("/reviews")
    _more_packages(store, scene)
    with statements(engine) as after:
        assert expert.get("/reviews").get_data(as_text=True).count('class="pack"') == 4
    assert len(before) == len(after) <= 6


def _more_packages(store: Session, scene: Scene) -> None:
    for _ in range(3):
        package = make_package(store, make_dossier(store, cycle=scene.cycle))
        panels.assign(store, actor=bureau_actor(store), now=NOW, panel=scene.panel, package=package)
    store.commit()
