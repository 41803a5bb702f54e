"""The chair's page: closed until all reviews are in, then the table, settling, closing."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.models import Assignment, Determination, ElementReview, Recusal, Role, User
from tests.conftest import Browser
from tests.counting import statements
from tests.factories import NOW, make_user
from tests.panel_factory import Scene, make_scene

LogIn = Callable[[User], Browser]


@pytest.fixture
def scene(store: Session) -> Scene:
    """All three reviews in: C26 has 0.4, 0.8 and 0.9, C71 1.2, 1.8 and 1.8, C14 0.8 and twice 0.9."""
    made = make_scene(store)
    made.hand_in(0, {"C26": "0.4", "C71": "1.2", "C14": "0.8"})
    made.hand_in(1, {"C26": "0.8"})
    made.hand_in(2)
    store.commit()
    return made


@pytest.fixture
def chair(scene: Scene, log_in: LogIn) -> Browser:
    """The chair's browser."""
    return log_in(scene.chair)


def _address(scene: Scene, code: str = "") -> str:
    base = f"/rounds/{scene.assignment.round_id}/settlement/{scene.package.id}"
    return f"{base}/elements/{code}" if code else base


def _codes(page: str) -> list[str]:
    return re.findall(r'<th scope="row"><a href="[^"]*">(C\d+)</a>', page)


def _settled(store: Session) -> list[Determination]:
    store.expire_all()
    return list(store.scalars(select(Determination)))


# ---- Who and when ----


def test_before_all_reviews_are_in_the_chair_sees_who_and_nothing_else(store: Session, log_in: LogIn) -> None:
    scene = make_scene(store)
    scene.hand_in(0, {"C26": "0.4"})
    scene.score_everything(1, {"C26": "0.3"})
    store.commit()
    chair = log_in(scene.chair)
    page = chair.get(_address(scene)).get_data(as_text=True)
    assert all(expert.name in page for expert in scene.experts)
    assert page.count('data-s="wait"') == 4  # two experts, a word and its dot each
    assert "0.4" not in page
    assert "佐证不足" not in page
    assert "data-settle" not in page
    answer = chair.put(_address(scene, "C26"), {"score": "0.4", "rule": "chair", "reason": "x", "version": 0})
    assert answer.status_code == 422
    assert _settled(store) == []


@pytest.mark.parametrize("who", ["an expert", "the school", "another chair"])
def test_settling_is_the_chairs(scene: Scene, store: Session, log_in: LogIn, who: str) -> None:
    people = {
        "an expert": scene.experts[0],
        "the school": make_user(store, Role.PRINCIPAL, school=scene.school),
        "another chair": make_scene(store).chair,
    }
    store.commit()
    other = log_in(people[who])
    assert other.get(_address(scene)).status_code == 404
    body = {"score": "0.8", "rule": "median", "reason": "x", "version": 0}
    assert other.put(_address(scene, "C26"), body).status_code == 404
    assert other.post(_address(scene) + "/close", {"opinion": ""}).status_code == 404


def test_a_chair_with_a_conflict_loses_the_package(scene: Scene, store: Session, chair: Browser) -> None:
    assert chair.post(_address(scene) + "/conflict", {"reason": "曾任该校校长"}).status_code == 302
    assert chair.get(_address(scene)).status_code == 404
    assert store.query(Recusal).count() == 1


# ---- The table ----


def test_the_table_begins_with_the_widest_spread(scene: Scene, chair: Browser) -> None:
    codes = _codes(chair.get(_address(scene)).get_data(as_text=True))
    assert codes[:4] == ["C71", "C26", "C14", "C1"]
    assert len(codes) == 84


def test_filters_and_sorting_are_addresses(scene: Scene, chair: Browser) -> None:
    def codes(query: str) -> list[str]:
        return _codes(chair.get(f"{_address(scene)}?{query}").get_data(as_text=True))

    assert codes("show=discuss") == ["C71", "C26"]
    assert codes("show=below") == ["C26"]  # by the median
    assert codes("sort=code")[:3] == ["C1", "C2", "C3"]
    assert codes("sort=median")[0] == "C26"
    assert len(codes("show=nonsense&sort=nonsense")) == 84


def test_the_open_element_shows_every_voice(scene: Scene, chair: Browser) -> None:
    page = chair.get(_address(scene) + "?element=C26").get_data(as_text=True)
    assert "第1位专家：佐证不足。" in page
    assert "第2位专家：佐证不足。" in page
    assert 'data-median="0.8"' in page
    assert 'value="median" checked' in page


# ---- Disagreement ----


def _cells(page: str, code: str) -> list[str]:
    """A row's numbers: self, each expert, median, mean, deviation, spread."""
    row = re.search(rf'<th scope="row"><a href="[^"]*">{code}</a>.*?</tr>', page, re.S)
    assert row
    texts = [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td>(.*?)</td>", row[0], re.S)]
    return [text for text in texts if text]


def test_each_element_shows_how_far_the_experts_differ(scene: Scene, chair: Browser) -> None:
    page = chair.get(_address(scene) + "?lang=en").get_data(as_text=True)
    own, *given = _cells(page, "C26")[:4]
    assert (own, sorted(given)) == ("0.9", ["0.4", "0.8", "0.9"])
    assert _cells(page, "C26")[4:8] == ["0.8", "0.7", "0.22", "0.5"]
    assert _codes(chair.get(_address(scene) + "?sort=deviation").get_data(as_text=True))[:3] == [
        "C71",
        "C26",
        "C14",
    ]


def test_each_a_indicator_shows_the_experts_sums_and_what_is_past_the_tolerance(
    scene: Scene, chair: Browser
) -> None:
    page = chair.get(_address(scene)).get_data(as_text=True)
    areas = page[page.index('class="sheet fold flush areas"') :].partition("</details>")[0]
    rows = [
        re.sub(r"<[^>]+>", " ", row).split() for row in re.findall(r"<tr><th scope=\"row\">.*?</tr>", areas)
    ]
    assert [row[0] for row in rows][:2] == ["A6", "A3"]  # C71 and C26 stand in them, 0.6 and 0.5 apart
    assert [(row[-2], row[-1]) for row in rows][:3] == [("0.6", "1"), ("0.5", "1"), ("0.1", "0")]
    assert len(rows) == 7


def test_an_expert_far_from_the_rest_is_shown_to_the_chair(store: Session, log_in: LogIn) -> None:
    scene = make_scene(store)
    scene.hand_in(0, {f"C{n}": "0.5" for n in range(1, 85)})
    for number in (1, 2):
        scene.hand_in(number)
    store.commit()
    page = log_in(scene.chair).get(_address(scene)).get_data(as_text=True)
    notice = re.search(r'<p class="notice" data-s="diff">.*?</p>', page, re.S)
    assert notice
    assert scene.experts[0].name in notice[0]
    assert not any(expert.name in notice[0] for expert in scene.experts[1:])


# ---- Settling ----


def test_settling_answers_with_version_and_progress(scene: Scene, store: Session, chair: Browser) -> None:
    body = {"score": 0.8, "rule": "median", "reason": "未见成形模式。", "version": 0}
    answer = chair.put(_address(scene, "C26"), body)
    assert (answer.status_code, answer.json["version"]) == (200, 1)
    assert answer.json["progress"] == {"done": 1, "total": 84}
    assert [row.element for row in _settled(store)] == ["C26"]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"score": "0.7", "rule": "median", "reason": "x"}, {"rule"}),
        ({"score": "0.8", "rule": "median", "reason": ""}, {"reason"}),
        ({"score": None, "rule": "median", "reason": "x"}, {"score"}),
        ({"score": "NaN", "rule": "", "reason": "x"}, {"score", "rule"}),
    ],
)
def test_a_refused_settlement_names_its_fields(
    scene: Scene, store: Session, chair: Browser, body: dict[str, object], fields: set[str]
) -> None:
    answer = chair.put(_address(scene, "C26"), body | {"version": 0})
    assert (answer.status_code, set(answer.json["errors"])) == (422, fields)
    assert _settled(store) == []


def test_a_stale_settlement_is_answered_with_what_stands(scene: Scene, chair: Browser) -> None:
    body = {"score": "0.8", "rule": "median", "reason": "先", "version": 0}
    chair.put(_address(scene, "C26"), body)
    answer = chair.put(_address(scene, "C26"), body | {"reason": "后"})
    assert answer.status_code == 409
    assert (answer.json["current"]["reason"], answer.json["current"]["version"]) == ("先", 1)


def test_a_form_settles_and_goes_on(scene: Scene, store: Session, chair: Browser) -> None:
    onward = _address(scene) + "?element=C71"
    form = {"score": "0.7", "rule": "agreed", "reason": "讨论一致。", "version": "0", "next": onward}
    answer = chair.post(_address(scene, "C26"), form)
    assert (answer.status_code, answer.location) == (302, onward)
    assert _settled(store)[0].rule == "agreed"


def test_a_refused_form_keeps_everything_typed(scene: Scene, chair: Browser) -> None:
    form = {"score": "0.7", "rule": "median", "reason": "打了一半", "version": "0"}
    answer = chair.post(_address(scene, "C26"), form)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'value="0.7"' in page
    assert "打了一半" in page
    assert 'id="rule-error" role="alert">' in page


def test_a_stale_form_shows_both_texts(scene: Scene, chair: Browser) -> None:
    form = {"score": "0.7", "rule": "agreed", "reason": "先存的", "version": "0"}
    chair.post(_address(scene, "C26"), form)
    answer = chair.post(_address(scene, "C26"), form | {"reason": "后写的"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "先存的" in page
    assert page.count("后写的") == 2
    assert 'name="version" value="1"' in page


# ---- Closing ----


def test_a_settled_review_is_closed_with_an_opinion(store: Session, log_in: LogIn) -> None:
    scene = make_scene(store, experts=1)
    scene.hand_in(0)
    store.commit()
    chair = log_in(scene.chair)
    early = chair.post(_address(scene) + "/close", {"opinion": "写好的意见"})
    assert early.status_code == 422
    scene.settle_all()
    store.commit()
    assert 'id="closing"' in chair.get(_address(scene)).get_data(as_text=True)
    assert chair.post(_address(scene) + "/close", {"opinion": "同意推荐。"}).status_code == 302
    store.expire_all()
    assert store.get_one(Assignment, scene.assignment.id).closed_at == NOW
    page = chair.get(_address(scene)).get_data(as_text=True)
    assert "同意推荐。" in page
    assert "data-settle" not in page
    late = chair.put(_address(scene, "C26"), {"score": "0.9", "rule": "median", "reason": "x", "version": 1})
    assert late.status_code == 422


# ---- Budgets ----


def test_the_table_of_seven_experts_is_small_and_takes_few_statements(
    app: Flask, store: Session, log_in: LogIn
) -> None:
    scene = make_scene(store, experts=7)
    for number in range(7):
        scene.hand_in(number, {f"C{n}": f"0.{(n + number) % 9 + 1}" for n in range(1, 85)})
    for row in store.scalars(select(ElementReview).where(ElementReview.element == "C1")):
        row.reason = "近三年记录不完整，缺少第二学期的会议记录与整改台账，需补充后再核。" * 4
    store.commit()
    chair = log_in(scene.chair)
    with statements(app.extensions["portfolio"].sessions.kw["bind"]) as seen:
        answer = chair.get(_address(scene) + "?element=C1")
    assert answer.status_code == 200
    assert len(_codes(answer.get_data(as_text=True))) == 84
    assert len(answer.data) <= 80_000
    assert len(seen) <= 8, seen
