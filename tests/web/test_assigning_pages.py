"""The bureau's pages for who scores what, and what an expert with a part of a package sees."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portfolio.models import (
    Assignment,
    Cycle,
    ElementReview,
    Membership,
    Package,
    Removal,
    Review,
    Role,
    Round,
    Split,
    User,
)
from portfolio.queries import allotted
from portfolio.services import panels
from portfolio.services.cycles import RoundPlan
from rubric.loader import DEFAULT, find
from tests.conftest import Browser
from tests.counting import statements
from tests.factories import NOW, bureau_actor, make_cycle, make_dossier, make_school, make_user
from tests.package_factory import make_package
from tests.panel_factory import Scene
from tests.split_factory import make_split_scene
from tests.web.office import text_of
from tests.web.pages import without_tokens

RUBRIC = find(DEFAULT)
LogIn = Callable[[User], Browser]
SAID = {"reason": "看过材料。", "channel": "documents", "version": 0}


@pytest.fixture
def scene(store: Session) -> Scene:
    made = make_split_scene(store)
    store.commit()
    return made


@pytest.fixture
def waiting(store: Session) -> tuple[Round, list[int], list[User]]:
    """A round of two independent scores with a panel of three, and two packages that wait."""
    cycle = make_cycle(store, rounds=[RoundPlan("市级评估", independent_scores=2)])
    packages = []
    for name in ("甲学校", "乙学校"):
        dossier = make_dossier(store, make_school(store, name), cycle)
        packages.append(make_package(store, dossier).id)
    held = store.scalars(select(Round).where(Round.cycle_id == cycle.id)).one()
    experts = [make_user(store) for _ in range(3)]
    panels.form_panel(
        store,
        actor=bureau_actor(store),
        now=NOW,
        round=held,
        name="第三专家组",
        experts=experts,
        chair=make_user(store),
    )
    store.commit()
    return held, packages, experts


def given(page: str) -> list[str]:
    """What would be sent: the ticks that are on, and those that stay."""
    on = re.findall(r'name="give" value="([^"]+)"[^>]*? checked(?! disabled)', page)
    kept = re.findall(r'type="hidden" name="give" value="([^"]+)"', page)
    return [html.unescape(value) for value in [*on, *kept]]


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found
    return found[1]


def _asked(held: Round, packages: list[int], panel: int, split: str = "indicator") -> str:
    named = "&".join(f"package={each}" for each in packages)
    return f"/bureau/rounds/{held.id}/assigning?{named}&panel={panel}&split={split}"


def _panel(store: Session) -> int:
    found = store.scalars(
        select(Membership.panel_id).where(Membership.panel_id.is_not(None)).distinct()
    ).first()
    assert found is not None
    return found


# ---- Giving ----


def test_the_way_from_the_panels_page_over_a_proposal_to_two_packages_assigned(
    waiting: tuple[Round, list[int], list[User]], store: Session, clerk: Browser
) -> None:
    held, packages, experts = waiting
    start = f"/bureau/rounds/{held.id}/assigning"
    assert f'href="{start}"' in text_of(clerk, f"/bureau/panels?cycle={held.cycle_id}")
    assert "甲学校" in text_of(clerk, start)
    page = text_of(clerk, _asked(held, packages, _panel(store)))
    form = {"panel": _panel(store), "split": "indicator", "package": packages, "give": given(page)}
    answer = clerk.post(start, form)
    assert answer.status_code == 302
    store.rollback()
    assert store.scalars(select(Assignment.split)).all() == [Split.INDICATOR] * 2
    loads = allotted.on_hand(store, [expert.id for expert in experts])
    assert sum(loads.values()) == 2 * 2 * 84


def test_a_tick_too_few_is_refused_by_name_and_every_tick_stays(
    waiting: tuple[Round, list[int], list[User]], store: Session, clerk: Browser
) -> None:
    held, packages, _experts = waiting
    page = text_of(clerk, _asked(held, packages, _panel(store)))
    ticks = [
        each for each in given(page) if not (each.startswith(f"{packages[0]}:") and each.endswith(":A3"))
    ]
    answer = clerk.post(
        f"/bureau/rounds/{held.id}/assigning",
        {"panel": _panel(store), "split": "indicator", "package": packages, "give": ticks},
    )
    again = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "A3: fewer than 2 independent scores" in again or "A3：独立评分不足" in again
    assert sorted(given(again)) == sorted(ticks)
    assert store.scalar(select(func.count()).select_from(Assignment)) == 0


def test_who_is_tied_to_a_school_gets_no_tick_there_and_why_is_said(
    waiting: tuple[Round, list[int], list[User]], store: Session, clerk: Browser
) -> None:
    held, packages, experts = waiting
    tied, school_id = experts[1], store.get_one(Package, packages[0]).school_id
    store.add(Membership(user_id=tied.id, role=Role.CONTRIBUTOR, school_id=school_id))
    store.commit()
    page = text_of(clerk, _asked(held, packages, _panel(store), "everyone"))
    mine = {value for value in given(page) if f":{tied.id}:" in value}
    assert mine == {f"{packages[1]}:{tied.id}:all"}
    assert "works at this school" in page or "在该校任职" in page


@pytest.mark.parametrize("broken", ["", "x:y:z", "1:2", "9" * 40 + ":1:A1", "1:1:C99"])
def test_ticks_that_cannot_be_read_assign_nothing(
    waiting: tuple[Round, list[int], list[User]], store: Session, clerk: Browser, broken: str
) -> None:
    held, packages, _experts = waiting
    form = {"panel": _panel(store), "split": "nonsense", "package": packages, "give": [broken]}
    assert clerk.post(f"/bureau/rounds/{held.id}/assigning", form).status_code == 422
    assert store.scalar(select(func.count()).select_from(Assignment)) == 0


def test_nothing_chosen_says_what_to_choose(
    waiting: tuple[Round, list[int], list[User]], clerk: Browser, store: Session
) -> None:
    held, _packages, _experts = waiting
    page = text_of(clerk, f"/bureau/rounds/{held.id}/assigning?panel={_panel(store)}")
    assert 'id="package-error"' in page
    assert clerk.post(f"/bureau/rounds/{held.id}/assigning", {}).status_code == 422


# ---- From a sheet ----


def test_the_way_from_the_template_over_the_preview_to_the_assignment(
    waiting: tuple[Round, list[int], list[User]], store: Session, clerk: Browser
) -> None:
    held, _packages, experts = waiting
    address = f"/bureau/rounds/{held.id}/assigning/sheet"
    template = clerk.get(f"{address}.xlsx").get_data()
    book = openpyxl.load_workbook(io.BytesIO(template))
    page = book.worksheets[0]
    assert {page["A2"].value, page["A3"].value} == {"甲学校", "乙学校"}
    assert experts[0].username in {cell.value for row in book.worksheets[1].iter_rows() for cell in row}
    page["B2"], page["C2"], page["D2"] = "第三专家组", experts[0].username, "A1、C99"
    refused = _sent(clerk, address, book)
    assert '<b class="num">D2</b>' in refused and "waive-bar" not in refused
    page["C2"], page["D2"] = None, "全部"
    shown = _sent(clerk, address, book)
    assert store.scalar(select(func.count()).select_from(Assignment)) == 0
    carried = {"sheet": hidden(shown, "sheet"), "digest": hidden(shown, "digest")}
    assert clerk.post(f"{address}/assignments", carried | {"digest": "0"}).status_code == 409
    assert clerk.post(f"{address}/assignments", carried).status_code == 302
    store.rollback()
    assert store.scalars(select(Assignment.split)).all() == [Split.EVERYONE]
    # the same once more: the package waits no longer
    assert clerk.post(f"{address}/assignments", carried).status_code == 409


def _sent(clerk: Browser, address: str, book: openpyxl.Workbook) -> str:
    buffer = io.BytesIO()
    book.save(buffer)
    answer = clerk.post(
        address, {"sheet": (io.BytesIO(buffer.getvalue()), "分配.xlsx")}, content_type="multipart/form-data"
    )
    return str(answer.get_data(as_text=True))


@pytest.mark.parametrize("data", [b"", b"PK nothing", b"a,b\r\n1,2"])
def test_what_is_no_such_sheet_is_said_so(
    waiting: tuple[Round, list[int], list[User]], clerk: Browser, data: bytes
) -> None:
    address = f"/bureau/rounds/{waiting[0].id}/assigning/sheet"
    answer = clerk.post(address, {"sheet": (io.BytesIO(data), "x.csv")}, content_type="multipart/form-data")
    assert answer.status_code == 422 and 'id="sheet-error"' in answer.get_data(as_text=True)
    assert clerk.post(f"{address}/assignments", {"sheet": "%%%"}).status_code == 422


# ---- Sharing out anew ----


def test_what_an_expert_leaves_is_proposed_for_the_rest_and_saved_in_one_click(
    scene: Scene, store: Session, clerk: Browser
) -> None:
    address = f"/bureau/assignments/{scene.assignment.id}/allotment"
    answer = clerk.post(f"/bureau/reviews/{scene.reviews[2].id}/removal", {"reason": "病假"})
    assert (answer.status_code, answer.headers["Location"]) == (302, address)
    cycle = f"/bureau/panels?cycle={scene.cycle.id}"
    short = allotted.short_elements(store, [scene.assignment.id])[scene.assignment.id]
    assert f'<a href="{address}">' in text_of(clerk, cycle)
    page = text_of(clerk, address)
    form = {"give": given(page), "standing": hidden(page, "standing")}
    assert short and clerk.post(address, form).status_code == 302
    store.rollback()
    assert allotted.short_elements(store, [scene.assignment.id]) == {}
    assert clerk.post(address, form).status_code == 422  # it has changed since


def test_a_score_that_comes_in_meanwhile_does_not_stop_the_bureau_but_stays_with_its_expert(
    scene: Scene, store: Session, clerk: Browser, log_in: LogIn
) -> None:
    address = f"/bureau/assignments/{scene.assignment.id}/allotment"
    page = text_of(clerk, f"{address}?split=sub_indicator")
    begun = min(allotted.allotment(store, scene.assignment)[scene.experts[0].id])
    saved = log_in(scene.experts[0]).put(
        f"/reviews/{scene.reviews[0].id}/elements/{begun}", {"score": "0.5", **SAID}
    )
    assert saved.status_code == 200
    everything = [f"{scene.assignment.id}:{expert.id}:all" for expert in scene.experts]
    form = {"give": everything, "standing": hidden(page, "standing")}
    without = [f"{scene.assignment.id}:{scene.experts[0].id}:C84", *everything[1:]]
    refused = clerk.post(address, form | {"give": without})
    assert refused.status_code == 422 and begun in refused.get_data(as_text=True)
    assert clerk.post(address, form).status_code == 302


def test_a_removal_without_a_reason_is_refused_beside_the_expert(
    scene: Scene, store: Session, clerk: Browser
) -> None:
    answer = clerk.post(f"/bureau/reviews/{scene.reviews[0].id}/removal", {"reason": " "})
    assert answer.status_code == 422
    assert f'id="remove-{scene.reviews[0].id}-error"' in answer.get_data(as_text=True)
    assert store.scalar(select(func.count()).select_from(Removal)) == 0


def test_one_more_expert_is_proposed_a_share_and_joins_the_panel(
    scene: Scene, store: Session, clerk: Browser
) -> None:
    newcomer = make_user(store, Role.EXPERT)
    store.commit()
    address = f"/bureau/assignments/{scene.assignment.id}/allotment"
    page = text_of(clerk, f"{address}?split=indicator&with={newcomer.id}")
    ticks = given(page)
    assert [each for each in ticks if f":{newcomer.id}:" in each]
    form = {"give": ticks, "standing": hidden(page, "standing"), "with": newcomer.id}
    assert clerk.post(address, form).status_code == 302
    assert store.scalar(select(func.count()).where(Review.expert_id == newcomer.id)) == 1


def test_a_stranger_to_panels_is_not_taken_on_by_a_made_up_tick(
    scene: Scene, store: Session, clerk: Browser
) -> None:
    stranger = make_user(store, Role.LEAD, school=make_school(store))
    store.commit()
    address = f"/bureau/assignments/{scene.assignment.id}/allotment"
    page = text_of(clerk, address)
    ticks = [*given(page), f"{scene.assignment.id}:{stranger.id}:all"]
    answer = clerk.post(address, {"give": ticks, "standing": hidden(page, "standing")})
    assert answer.status_code == 422
    assert store.scalar(select(func.count()).where(Review.expert_id == stranger.id)) == 0


def test_loads_stand_on_the_panels_page(scene: Scene, store: Session, clerk: Browser) -> None:
    scene.score_everything(0)
    store.commit()
    mine = len(allotted.allotment(store, scene.assignment)[scene.experts[0].id])
    page = text_of(clerk, f"/bureau/panels?cycle={scene.cycle.id}")
    row = re.search(rf'<tr><th scope="row">{scene.experts[0].name}</th>(.*?)</tr>', page, re.S)
    assert row
    assert re.findall(r"<td>([^<]+)</td>", row[1])[:3] == ["2", str(84 + mine), str(mine)]


def test_an_observer_looks_and_is_offered_nothing(scene: Scene, store: Session, log_in: LogIn) -> None:
    observer = make_user(store, Role.OBSERVER)
    store.commit()
    page = text_of(log_in(observer), f"/bureau/assignments/{scene.assignment.id}/allotment")
    assert scene.experts[0].name in page and 'name="give"' not in page and "/removal" not in page


def test_more_packages_and_experts_take_no_more_statements(
    app: Flask, waiting: tuple[Round, list[int], list[User]], store: Session, clerk: Browser
) -> None:
    held, packages, _experts = waiting
    panel = _panel(store)

    def counted(chosen: list[int]) -> int:
        with statements(app.extensions["portfolio"].sessions.kw["bind"]) as made:
            text_of(clerk, _asked(held, chosen, panel))
        return len(made)

    few = counted(packages[:1])
    cycle = store.get_one(Cycle, held.cycle_id)
    more = [
        make_package(store, make_dossier(store, make_school(store, f"学校{n}"), cycle)).id for n in range(3)
    ]
    store.commit()
    assert counted([*packages, *more]) == few <= 9


# ---- An expert with a part ----


def test_the_workspace_counts_what_is_mine_and_shows_the_rest_to_read(
    scene: Scene, store: Session, log_in: LogIn
) -> None:
    mine = allotted.allotment(store, scene.assignment)[scene.experts[0].id]
    foreign = next(element.code for element in RUBRIC.elements if element.code not in mine)
    browser = log_in(scene.experts[0])
    address = f"/reviews/{scene.reviews[0].id}/elements"
    own = text_of(browser, f"{address}/{min(mine)}")
    assert f'max="{len(mine)}" value="0"' in own and 'name="score"' in own
    assert f'max="{len(mine)}" value="0"' in text_of(browser, "/reviews")
    page = text_of(browser, f"{address}/{foreign}")
    assert 'name="score"' not in page and RUBRIC.element(foreign).text in html.unescape(page)
    todo = page.partition('class="todo"')[2].partition("</ul>")[0]
    assert set(re.findall(r"elements/(C\d+)", todo)) == mine


def test_a_score_for_what_is_not_mine_is_refused_in_words_and_leaves_nothing(
    scene: Scene, store: Session, log_in: LogIn
) -> None:
    mine = allotted.allotment(store, scene.assignment)[scene.experts[0].id]
    foreign = next(element.code for element in RUBRIC.elements if element.code not in mine)
    browser = log_in(scene.experts[0])
    answer = browser.put(f"/reviews/{scene.reviews[0].id}/elements/{foreign}", {"score": "0.5", **SAID})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "element_not_allotted")
    form = browser.post(f"/reviews/{scene.reviews[0].id}/elements/{foreign}", {"score": "0.5", **SAID})
    assert form.status_code == 422 and foreign in form.get_data(as_text=True)
    assert store.scalar(select(func.count(ElementReview.score))) == 0


def test_nothing_an_expert_sees_tells_who_else_has_what(scene: Scene, store: Session, log_in: LogIn) -> None:
    """The page with the others' parts as they are, and with all of these in one hand, is the same page."""
    browser = log_in(scene.experts[0])
    mine = allotted.allotment(store, scene.assignment)[scene.experts[0].id]
    codes = [min(mine), next(e.code for e in RUBRIC.elements if e.code not in mine)]

    def seen() -> list[str]:
        pages = [text_of(browser, f"/reviews/{scene.reviews[0].id}/elements/{code}") for code in codes]
        return [without_tokens(page) for page in pages]

    before = seen()
    third = scene.reviews[2].id
    for row in store.scalars(select(ElementReview).where(ElementReview.review_id == scene.reviews[1].id)):
        has = select(ElementReview.id).where(
            ElementReview.review_id == third, ElementReview.element == row.element
        )
        if store.scalar(has) is None:
            row.review_id = third
    store.commit()
    assert seen() == before


def test_an_expert_taken_off_is_out_at_the_next_request(
    scene: Scene, store: Session, log_in: LogIn, clerk: Browser
) -> None:
    browser = log_in(scene.experts[1])
    page = f"/reviews/{scene.reviews[1].id}/elements/C1"
    assert browser.get(page).status_code == 200
    clerk.post(f"/bureau/reviews/{scene.reviews[1].id}/removal", {"reason": "病假"})
    assert browser.get(page).status_code == 404
    assert f"/reviews/{scene.reviews[1].id}" not in text_of(browser, "/reviews")


def test_the_chair_sees_which_elements_have_too_few_experts(
    scene: Scene, store: Session, log_in: LogIn, clerk: Browser
) -> None:
    clerk.post(f"/bureau/reviews/{scene.reviews[1].id}/removal", {"reason": "病假"})
    page = text_of(log_in(scene.chair), f"/rounds/{scene.assignment.round_id}/settlement/{scene.package.id}")
    assert "Too few experts for" in page or "评分专家不足" in page
