"""The panel's table: closed until all reviews are in, then discussing, settling, closing."""

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
from tests.factories import NOW, PASSWORD, make_user
from tests.panel_factory import Scene, make_scene
from tests.web.office import settled_scene

LogIn = Callable[[User], Browser]


@pytest.fixture
def scene(store: Session) -> Scene:
    """All three reviews in: C26 has 0.4, 0.8 and 0.9, C71 1.2, 1.8 and 1.8, C14 0.8 and twice 0.9."""
    made = make_scene(store)
    made.hand_in(0, {"C26": "0.4", "C71": "1.2", "C14": "0.8"})
    made.hand_in(1, {"C26": "0.8"})
    made.hand_in(2)
    made.open_table()
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
    store.rollback()  # what the application wrote since is seen in a transaction that begins now
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


def test_the_chair_opens_the_table_and_sees_no_score_before(store: Session, log_in: LogIn) -> None:
    scene = make_scene(store)
    for number in range(3):
        scene.hand_in(number, {"C26": "0.4"})
    store.commit()
    chair, expert = log_in(scene.chair), log_in(scene.experts[0])
    before = chair.get(_address(scene)).get_data(as_text=True)
    assert "佐证不足" not in before and _codes(before) == []
    assert expert.get(_address(scene)).status_code == 404
    assert expert.post(_address(scene) + "/opening").status_code == 404
    assert chair.post(_address(scene) + "/opening").status_code == 302
    assert len(_codes(chair.get(_address(scene)).get_data(as_text=True))) == 84
    assert len(_codes(expert.get(_address(scene)).get_data(as_text=True))) == 84
    assert chair.post(_address(scene) + "/opening").status_code == 422


def test_an_expert_reads_and_discusses_and_settles_nothing(scene: Scene, log_in: LogIn) -> None:
    expert = log_in(scene.experts[0])
    assert f'href="{_address(scene)}"' in expert.get("/reviews").get_data(as_text=True)
    page = expert.get(_address(scene) + "?element=C26").get_data(as_text=True)
    assert "data-settle" not in page
    assert "/remarks" in page
    body = {"score": "0.8", "rule": "median", "reason": "x", "version": 0}
    assert expert.put(_address(scene, "C26"), body).status_code == 403
    for action in ("/close", "/close/withdrawal", "/opening", "/elements/C26/undo"):
        assert expert.post(_address(scene) + action, {"version": "0"}).status_code == 403


def test_an_expert_without_a_review_of_their_own_in_sees_no_table(
    scene: Scene, store: Session, log_in: LogIn
) -> None:
    late = make_user(store, Role.EXPERT, panel_id=scene.panel.id)
    store.commit()
    assert log_in(late).get(_address(scene)).status_code == 404


@pytest.mark.parametrize("who", ["the school", "another chair"])
def test_the_table_is_the_panels(scene: Scene, store: Session, log_in: LogIn, who: str) -> None:
    people = {
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
    scene.open_table()
    store.commit()
    page = log_in(scene.chair).get(_address(scene)).get_data(as_text=True)
    notice = re.search(r'<p class="notice" data-s="diff">.*?</p>', page, re.S)
    assert notice
    assert scene.experts[0].name in notice[0]
    assert not any(expert.name in notice[0] for expert in scene.experts[1:])
    for expert in scene.experts:
        assert 'class="notice" data-s="diff"' not in log_in(expert).get(_address(scene)).get_data(
            as_text=True
        )


def test_what_all_agree_on_is_settled_with_one_press(
    scene: Scene, store: Session, chair: Browser, log_in: LogIn
) -> None:
    page = chair.get(_address(scene)).get_data(as_text=True)
    assert "81 个待定要素，评分专家意见一致" in page
    (elements,) = re.findall(r'name="elements" value="([^"]+)"', page)
    listed = elements.split()
    assert len(listed) == 81 and {"C26", "C71", "C14"}.isdisjoint(listed)
    expert = log_in(scene.experts[0])
    assert 'name="elements"' not in expert.get(_address(scene)).get_data(as_text=True)
    assert expert.post(_address(scene) + "/agreed", {"elements": elements}).status_code == 403
    answer = chair.post(_address(scene) + "/agreed", {"elements": " ".join(listed[:80])})
    assert answer.status_code == 302
    assert {each.element for each in _settled(store)} == set(listed[:80])
    after = chair.get(_address(scene)).get_data(as_text=True)
    assert "80 个评估要素已定分。" in after and "1 个待定要素，评分专家意见一致" in after


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


def test_a_settled_review_is_proposed_with_an_opinion_and_signed(store: Session, log_in: LogIn) -> None:
    scene = make_scene(store, experts=1)
    scene.hand_in(0)
    scene.open_table()
    store.commit()
    chair, expert = log_in(scene.chair), log_in(scene.experts[0])
    early = chair.post(_address(scene) + "/close", {"opinion": "写好的意见"})
    assert early.status_code == 422
    scene.settle_all()
    store.commit()
    assert 'id="opinion"' in chair.get(_address(scene)).get_data(as_text=True)
    assert 'id="opinion"' not in expert.get(_address(scene)).get_data(as_text=True)
    assert chair.post(_address(scene) + "/close", {"opinion": "同意推荐。"}).status_code == 302
    assert (
        chair.post(_address(scene) + "/close/signature", {"number": "1", "password": PASSWORD}).status_code
        == 403
    )
    waiting = expert.get("/reviews").get_data(as_text=True)
    assert f'href="{_address(scene)}#closing"' in waiting
    page = expert.get(_address(scene)).get_data(as_text=True)
    assert "同意推荐。" in page and 'name="number" value="1"' in page
    wrong = expert.post(_address(scene) + "/close/signature", {"number": "1", "password": "guess"})
    assert wrong.status_code == 422
    assert 'id="password-error" role="alert">' in wrong.get_data(as_text=True)
    signed = expert.post(_address(scene) + "/close/signature", {"number": "1", "password": PASSWORD})
    assert signed.status_code == 302
    store.expire_all()
    assert store.get_one(Assignment, scene.assignment.id).closed_at == NOW
    page = chair.get(_address(scene)).get_data(as_text=True)
    assert "同意推荐。" in page
    assert "data-settle" not in page
    late = chair.put(_address(scene, "C26"), {"score": "0.9", "rule": "median", "reason": "x", "version": 1})
    assert late.status_code == 422


def test_a_proposal_can_be_withdrawn(store: Session, log_in: LogIn) -> None:
    scene = make_scene(store, experts=1)
    scene.hand_in(0)
    scene.settle_all()
    scene.propose_closing()
    store.commit()
    chair = log_in(scene.chair)
    assert "data-settle" not in chair.get(_address(scene)).get_data(as_text=True)
    assert chair.post(_address(scene) + "/close/withdrawal").status_code == 302
    page = chair.get(_address(scene)).get_data(as_text=True)
    assert "data-settle" in page
    assert "同意推荐。</textarea>" in page  # what was proposed is there to go on from


def test_the_bureau_reopens_with_a_reason_that_the_panel_reads(
    store: Session, clerk: Browser, log_in: LogIn
) -> None:
    scene = settled_scene(store)
    address = f"/bureau/assignments/{scene.assignment.id}/reopening"
    chair = log_in(scene.chair)
    assert chair.post(address, {"reason": "x"}).status_code == 404
    empty = clerk.post(address, {"reason": " "})
    assert empty.status_code == 422
    assert f'id="reopen-{scene.assignment.id}-error" role="alert">' in empty.get_data(as_text=True)
    long = clerk.post(address, {"reason": "长" * 4001})
    assert long.status_code == 422 and "长" * 4001 in long.get_data(as_text=True)
    assert clerk.post(address, {"reason": "漏看了补充材料。"}).status_code == 302
    again = clerk.post(address, {"reason": "再看一次。"})
    assert again.status_code == 422
    assert "专家组尚未关闭评审。" in again.get_data(as_text=True)
    page = chair.get(_address(scene)).get_data(as_text=True)
    assert "漏看了补充材料。" in page
    assert "data-settle" in page


# ---- Discussing, taking back, not assessing ----


def test_a_remark_is_read_by_the_whole_panel(scene: Scene, chair: Browser, log_in: LogIn) -> None:
    expert = log_in(scene.experts[0])
    said = expert.post(
        _address(scene, "C26") + "/remarks", {"stance": "disagree", "words": "<b>四节课</b>都是讲授。"}
    )
    assert (said.status_code, said.location) == (302, f"{_address(scene)}?element=C26#thread")
    page = chair.get(_address(scene) + "?element=C26").get_data(as_text=True)
    thread = page[page.index('id="thread"') :].partition("</section>")[0]
    assert "&lt;b&gt;四节课&lt;/b&gt;都是讲授。" in thread
    assert 'data-s="diff"' in thread
    assert '<span class="talks"' in page


def test_an_empty_remark_keeps_the_form_open(scene: Scene, chair: Browser) -> None:
    answer = chair.post(_address(scene, "C26") + "/remarks", {"stance": "", "words": " "})
    assert answer.status_code == 422
    assert 'id="words-error" role="alert">' in answer.get_data(as_text=True)


def test_a_final_is_taken_back_and_its_trace_stays(scene: Scene, store: Session, chair: Browser) -> None:
    chair.put(
        _address(scene, "C26"), {"score": "0.8", "rule": "median", "reason": "未见成形模式。", "version": 0}
    )
    stale = chair.post(_address(scene, "C26") + "/undo", {"version": "7"})
    assert stale.status_code == 409
    assert len(_settled(store)) == 1
    assert chair.post(_address(scene, "C26") + "/undo", {"version": "1"}).status_code == 302
    assert _settled(store) == []
    page = chair.get(_address(scene) + "?element=C26").get_data(as_text=True)
    assert 'class="undone"' in page
    assert 'name="version" value="0"' in page


def test_an_element_can_be_left_unassessed_for_a_reason(scene: Scene, store: Session, chair: Browser) -> None:
    body = {"score": "", "rule": "not_assessed", "reason": "该校无此项。", "version": 0}
    answer = chair.put(_address(scene, "C26"), body)
    assert (answer.status_code, answer.json["progress"]["done"]) == (200, 1)
    assert _settled(store)[0].score is None
    page = chair.get(_address(scene) + "?element=C26").get_data(as_text=True)
    assert 'value="not_assessed" checked' in page


# ---- Budgets ----


def test_the_table_of_seven_experts_is_small_and_takes_few_statements(
    app: Flask, store: Session, log_in: LogIn
) -> None:
    scene = make_scene(store, experts=7)
    for number in range(7):
        scene.hand_in(number, {f"C{n}": f"0.{(n + number) % 9 + 1}" for n in range(1, 85)})
    scene.open_table()
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
