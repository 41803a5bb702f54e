"""The bureau's forms: what they do, what they refuse, and that nothing typed is lost."""

from __future__ import annotations

import html
import re
from decimal import Decimal

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portfolio.models import (
    Assignment,
    Cycle,
    Dossier,
    DossierState,
    Panel,
    Recusal,
    Review,
    Role,
    Round,
    School,
    User,
)
from portfolio.services import panels
from tests.conftest import Browser
from tests.factories import (
    NOW,
    bureau_actor,
    make_cycle,
    make_dossier,
    make_school,
    make_user,
    score_all,
)
from tests.package_factory import make_package
from tests.panel_factory import make_scene
from tests.web.office import names_on, settled_scene, text_of

# ---- Cycles ----

CYCLE = {
    "name": "2027 年批次",
    "rubric": "xian-new-quality-school",
    "opens_at": "2027-03-01T08:00",
    "submit_by": "2027-05-31T18:00",
    "score_step": "0.1",
    "round_1": "区县初评",
    "review_by_1": "2027-06-30T18:00",
    "scores_1": "2",
    "tolerance_1": "0.2",
    "round_2": "",
    "scores_2": "1",
    "tolerance_2": "0.2",
}


def test_the_menu_folds_what_is_opened_less_and_says_where_one_is_in_it(clerk: Browser) -> None:
    page = text_of(clerk, "/bureau/certificates")
    menu = page.split('<nav class="app-nav')[1].split("</nav>")[0]
    first, rest = menu.split('<div class="app-rest">')
    assert [first.count("<a "), rest.count("<a ")] == [4, 6]
    assert re.search(r'<a href="/bureau/certificates" aria-current="page">证书</a>', rest)
    summary = re.search(r"<summary[^>]*>(.*)</summary>", first)
    assert summary and re.sub("<[^>]+>", "", summary[1]) == "更多： 证书"


def test_a_cycle_is_opened_at_the_hours_of_xi_an(store: Session, clerk: Browser) -> None:
    answer = clerk.post("/bureau/cycles", CYCLE)
    cycle = store.scalars(select(Cycle)).one()
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/bureau/cycles/{cycle.id}")
    assert cycle.submit_by.isoformat() == "2027-05-31T10:00:00+00:00"
    rounds = store.scalars(select(Round)).all()
    assert [(r.name, r.independent_scores, r.tolerance) for r in rounds] == [("区县初评", 2, Decimal("0.2"))]
    assert cycle.name in text_of(clerk, f"/bureau/cycles/{cycle.id}")


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        ({"name": ""}, {"name"}),
        ({"rubric": "../secret"}, {"rubric"}),
        ({"opens_at": "soon", "submit_by": "", "score_step": "1e9"}, {"opens_at", "submit_by", "score_step"}),
        ({"submit_by": "2027-02-01T08:00"}, {"submit_by"}),
        ({"score_step": "0.3"}, {"score_step"}),
        ({"score_step": "NaN"}, {"score_step"}),
        ({"round_1": ""}, {"round_1"}),
        ({"scores_1": "0"}, {"scores_1"}),
        ({"scores_1": "1.5", "tolerance_1": "-1"}, {"scores_1", "tolerance_1"}),
        ({"round_2": "市级评估", "review_by_2": "2020-01-01T08:00"}, {"review_by_2"}),
    ],
)
def test_a_refused_cycle_keeps_everything_typed_with_the_words_beside_the_field(
    store: Session, clerk: Browser, changed: dict[str, str], fields: set[str]
) -> None:
    typed = CYCLE | changed
    answer = clerk.post("/bureau/cycles", typed)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert set(re.findall(r'id="f-(\w+)-error"', page)) == fields
    inputs = dict(re.findall(r'<input [^>]*name="(\w+)"[^>]*value="([^"]*)"', page))
    assert {name: inputs[name] for name in typed if name != "rubric"} == {
        k: v for k, v in typed.items() if k != "rubric"
    }
    assert store.scalars(select(Cycle)).all() == []


def test_dossiers_are_opened_for_the_schools_ticked(store: Session, clerk: Browser) -> None:
    cycle, chosen, other = make_cycle(store), make_school(store, "甲学校"), make_school(store, "乙学校")
    store.commit()
    address = f"/bureau/cycles/{cycle.id}"
    assert clerk.post(f"{address}/dossiers", {"school": [str(chosen.id)]}).status_code == 302
    assert store.scalars(select(Dossier.school_id)).all() == [chosen.id]
    page = text_of(clerk, address)
    assert f'value="{other.id}"' in page and f'value="{chosen.id}"' not in page
    refused = clerk.post(f"{address}/dossiers", {})
    assert refused.status_code == 422 and 'id="schools-error"' in refused.get_data(as_text=True)


def test_one_school_that_takes_part_already_opens_none_of_the_others(store: Session, clerk: Browser) -> None:
    dossier, other = make_dossier(store), make_school(store)
    store.commit()
    answer = clerk.post(
        f"/bureau/cycles/{dossier.cycle_id}/dossiers", {"school": [str(other.id), str(dossier.school_id)]}
    )
    assert answer.status_code == 422
    assert f'value="{other.id}" checked' in answer.get_data(as_text=True)
    assert store.scalar(select(func.count()).select_from(Dossier)) == 1


# ---- Panels, assignments, publication ----


def _first_round(store: Session, cycle_id: int) -> Round:
    return store.scalars(select(Round).where(Round.cycle_id == cycle_id).order_by(Round.position)).all()[0]


def _experts(store: Session, *names: str) -> list[User]:
    return [make_user(store, Role.EXPERT, name=name) for name in names]


def test_a_panel_is_formed_of_experts_and_a_chair(store: Session, clerk: Browser) -> None:
    cycle, experts = make_cycle(store), _experts(store, "陈曦", "王芳")
    store.commit()
    first = _first_round(store, cycle.id)
    form = {"name": "第一专家组", "experts": [str(e.id) for e in experts], "chair": str(experts[0].id)}
    assert clerk.post(f"/bureau/rounds/{first.id}/panels", form).status_code == 302
    page = text_of(clerk, f"/bureau/panels?cycle={cycle.id}")
    assert "第一专家组" in page and "陈曦" in page
    store.rollback()
    assert store.scalars(select(Panel.name)).all() == ["第一专家组"]


@pytest.mark.parametrize(
    ("changed", "field"), [({"name": " "}, "name"), ({"experts": []}, "experts"), ({"chair": ""}, "chair")]
)
def test_a_refused_panel_keeps_what_was_chosen(
    store: Session, clerk: Browser, changed: dict[str, object], field: str
) -> None:
    cycle, experts = make_cycle(store), _experts(store, "陈曦", "王芳")
    store.commit()
    first = _first_round(store, cycle.id)
    form = {"name": "第一专家组", "experts": [str(experts[1].id)], "chair": str(experts[0].id)} | changed
    answer = clerk.post(f"/bureau/rounds/{first.id}/panels", form)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert f'aria-describedby="{field}-{first.id}-error"' in page
    assert field == "experts" or f'value="{experts[1].id}" checked' in page
    assert field == "chair" or f'value="{experts[0].id}" selected' in page
    assert store.scalars(select(Panel)).all() == []


def test_only_experts_can_be_put_on_a_panel(store: Session, clerk: Browser) -> None:
    cycle, lead = make_cycle(store), make_user(store, Role.LEAD, school=make_school(store))
    store.commit()
    form = {"name": "第一专家组", "experts": [str(lead.id)], "chair": str(lead.id)}
    assert clerk.post(f"/bureau/rounds/{_first_round(store, cycle.id).id}/panels", form).status_code == 422
    assert store.scalars(select(Panel)).all() == []


def _panel(store: Session, cycle_id: int, experts: list[User], name: str = "第一专家组") -> Panel:
    return panels.form_panel(
        store,
        actor=bureau_actor(store),
        now=NOW,
        round=_first_round(store, cycle_id),
        name=name,
        experts=experts,
        chair=experts[0],
    )


def test_a_package_is_assigned_once(store: Session, clerk: Browser) -> None:
    dossier = make_dossier(store)
    score_all(store, dossier)
    package, panel = (
        make_package(store, dossier),
        _panel(store, dossier.cycle_id, _experts(store, "陈曦", "王芳")),
    )
    store.commit()
    address = f"/bureau/packages/{package.id}/assignments"
    back = f"/bureau/cycles/{dossier.cycle_id}"
    answer = clerk.post(address, {"panel": panel.id, "next": back})
    assert (answer.status_code, answer.headers["Location"]) == (302, back)
    assert store.scalar(select(func.count()).select_from(Review)) == 2
    again = clerk.post(address, {"panel": panel.id})
    assert again.status_code == 422
    assert "该申报包在本轮次已分配。" in again.get_data(as_text=True)
    assert clerk.post(address, {"panel": panel.id, "next": "//elsewhere"}).status_code == 422


def test_a_conflict_is_shown_before_and_refused_all_the_same(store: Session, clerk: Browser) -> None:
    dossier = make_dossier(store, make_school(store, "青槐路学校"))
    score_all(store, dossier)
    package, (chen, wang) = make_package(store, dossier), _experts(store, "陈曦", "王芳")
    mixed, clear = (
        _panel(store, dossier.cycle_id, [chen, wang]),
        _panel(store, dossier.cycle_id, [chen], "第二专家组"),
    )
    school = store.get_one(School, dossier.school_id)
    panels.declare_conflict(
        store, actor=bureau_actor(store), now=NOW, user=wang, school=school, reason="亲属"
    )
    store.commit()
    page = text_of(clerk, f"/bureau/panels?cycle={dossier.cycle_id}")
    assert "b-conflict" in page and "王芳" in page.split("b-conflict")[1][:200]
    assert f'<option value="{clear.id}">' in page and f'<option value="{mixed.id}">' not in page
    (without,) = re.findall(r'<a href="([^"]+)"[^>]*>避开他们分配', page)
    proposed = text_of(clerk, html.unescape(without))
    assert f'name="give" value="{package.id}:{chen.id}:' in proposed
    assert f'name="give" value="{package.id}:{wang.id}:' not in proposed
    round_id = _first_round(store, dossier.cycle_id).id
    answer = clerk.post(f"/bureau/packages/{package.id}/assignments", {"panel": mixed.id, "round": round_id})
    assert answer.status_code == 422
    assert re.search(
        rf'id="assign-{round_id}-{package.id}-error" role="alert">[^<]*王芳', answer.get_data(as_text=True)
    )
    assert store.scalars(select(Assignment)).all() == []


def test_a_result_is_published_once_it_issettled_scene(store: Session, clerk: Browser) -> None:
    scene = settled_scene(store)
    address = f"/bureau/assignments/{scene.assignment.id}/publication"
    assert address in text_of(clerk, f"/bureau/cycles/{scene.cycle.id}")
    assert clerk.post(address).status_code == 302
    assert clerk.post(address).status_code == 422
    assert address not in text_of(clerk, f"/bureau/cycles/{scene.cycle.id}")
    store.expire_all()
    assert store.get_one(Dossier, scene.dossier.id).state is DossierState.PUBLISHED


def test_an_unsettled_result_is_not_published(store: Session, clerk: Browser) -> None:
    scene = make_scene(store)
    store.commit()
    address = f"/bureau/assignments/{scene.assignment.id}/publication"
    assert address not in text_of(clerk, f"/bureau/cycles/{scene.cycle.id}")
    assert clerk.post(address).status_code == 422


# ---- Schools ----


def test_a_school_is_added_and_its_people_come_next(store: Session, clerk: Browser) -> None:
    form = {"name": "青槐路学校", "district": "未央区", "stage": "nine_year", "boarding": "on"}
    answer = clerk.post("/bureau/schools", form)
    school = store.scalars(select(School)).one()
    assert answer.headers["Location"] == f"/schools/{school.id}/people"
    assert (school.stage.value, school.boarding) == ("nine_year", True)
    again = clerk.post("/bureau/schools", form)
    page = again.get_data(as_text=True)
    assert again.status_code == 422 and 'id="f-name-error"' in page and 'value="未央区"' in page


def test_schools_are_found_by_name_and_district(store: Session, clerk: Browser) -> None:
    make_school(store, "甲学校", "未央区")
    make_school(store, "乙学校", "雁塔区")
    store.commit()
    assert names_on(text_of(clerk, "/bureau/schools?name=雁塔")) == ["乙学校"]
    assert names_on(text_of(clerk, "/bureau/schools?name=甲")) == ["甲学校"]
    assert names_on(text_of(clerk, "/bureau/schools?name=%25")) == []


def test_who_stepped_aside_is_replaced_from_the_panels_page(store: Session, clerk: Browser) -> None:
    scene = make_scene(store, experts=2)
    store.add(Recusal(user_id=scene.experts[0].id, school_id=scene.school.id, reason="亲属", declared_at=NOW))
    newcomer, another = make_user(store, Role.EXPERT), make_user(store, Role.EXPERT)
    store.commit()
    address = f"/bureau/reviews/{scene.reviews[0].id}/substitute"
    assert f'action="{address}"' in text_of(clerk, f"/bureau/panels?cycle={scene.cycle.id}")
    nobody = clerk.post(address, {"expert": ""})
    assert nobody.status_code == 422
    assert f'id="substitute-{scene.reviews[0].id}-error" role="alert">' in nobody.get_data(as_text=True)
    sits = clerk.post(address, {"expert": str(scene.experts[1].id)})
    assert sits.status_code == 422
    assert f'<option value="{scene.experts[1].id}" selected>' in sits.get_data(as_text=True)
    assert clerk.post(address, {"expert": str(newcomer.id)}).status_code == 302
    late = clerk.post(address, {"expert": str(another.id)})
    assert late.status_code == 422 and "已有人替补该专家。" in late.get_data(as_text=True)
    assert f'action="{address}"' not in text_of(clerk, f"/bureau/panels?cycle={scene.cycle.id}")
    assert store.scalars(select(Review).where(Review.expert_id == newcomer.id)).one().handed_in_at is None
