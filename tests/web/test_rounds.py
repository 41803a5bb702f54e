"""District, then city: each panel judges alone, and sees the round below once its own scores are in."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from io import BytesIO

import docx
import pypdfium2
import pytest
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.models import (
    Assignment,
    Determination,
    InterestStatement,
    Membership,
    Role,
    User,
)
from portfolio.services import publishing, settlement
from portfolio.services.cycles import RoundPlan
from tests.conftest import Browser
from tests.counting import statements
from tests.factories import NOW, bureau_actor, make_user
from tests.panel_factory import Scene, give_to_next_round, make_scene

LogIn = Callable[[User], Browser]
REASON = "区县专家组认为佐证不足。"


@pytest.fixture
def city(store: Session) -> Scene:
    """The city's panel on a package that the district settled: C26 at 0.3, everything else as claimed."""
    district = make_scene(store, experts=1, rounds=[RoundPlan("区县初评"), RoundPlan("市级评估")])
    district.hand_in(0, {"C26": "0.3"})
    district.open_table()
    settlement.settle(
        store,
        actor=district.chair_actor,
        now=NOW,
        assignment=district.assignment,
        code="C26",
        score_text="0.3",
        rule="median",
        reason=REASON,
        version=0,
    )
    _settle_the_rest(district)
    district.close()
    publishing.publish(store, actor=bureau_actor(store), now=NOW, assignment=district.assignment)
    scene = give_to_next_round(district, experts=[make_user(store), make_user(store)])
    store.commit()
    return scene


def _settle_the_rest(scene: Scene) -> None:
    done = set(scene.session.scalars(select(Determination.element)))
    for number in range(1, 85):
        if (code := f"C{number}") not in done:
            settlement.settle(
                scene.session,
                actor=scene.chair_actor,
                now=NOW,
                assignment=scene.assignment,
                code=code,
                score_text=str(scene.row(code).score),
                rule="median",
                reason="合议。",
                version=0,
            )


def _workspace(scene: Scene, browser: Browser) -> str:
    page: str = browser.get(f"/reviews/{scene.reviews[0].id}/elements/C26").get_data(as_text=True)
    return page


def _form(scene: Scene, browser: Browser) -> list[object]:
    """Every cell of the official form."""
    data = browser.get(f"/packages/{scene.package.id}/form.xlsx").data
    return [cell.value for row in load_workbook(BytesIO(data)).active.iter_rows() for cell in row]  # type: ignore[union-attr]


def _settled_otherwise(store: Session) -> None:
    """The round below had come to other scores."""
    for row in store.scalars(select(Determination)):
        row.score, row.reason = Decimal("0.1"), "改过的理由"
    store.commit()


def _printed(scene: Scene, browser: Browser, extension: str) -> str:
    """Every word of the official form as Word or PDF has it."""
    answer = browser.get(f"/packages/{scene.package.id}/form.{extension}?scores=both")
    assert answer.status_code == 200
    if extension == "docx":
        tables = docx.Document(BytesIO(answer.data)).tables
        return "\n".join(element.text or "" for table in tables for element in table._tbl.iter())
    with pypdfium2.PdfDocument(answer.data) as pdf:
        return "\n".join(page.get_textpage().get_text_bounded() for page in pdf)


def _table(scene: Scene) -> str:
    return f"/rounds/{scene.assignment.round_id}/settlement/{scene.package.id}"


def test_before_their_own_scores_are_in_nobody_on_the_next_panel_sees_the_round_below(
    city: Scene, store: Session, log_in: LogIn
) -> None:
    expert, chair = log_in(city.experts[0]), log_in(city.chair)

    def asked() -> list[object]:
        return [_workspace(city, expert).partition("csrf")[2][60:], _form(city, expert), _form(city, chair)]

    before = asked()
    assert REASON not in str(before)
    _settled_otherwise(store)
    after = asked()
    assert after[1:] == before[1:]
    assert "改过的理由" not in str(after)


@pytest.mark.parametrize("extension", ["docx", "pdf"])
def test_no_form_to_print_holds_the_round_below_before_the_reader_has_judged(
    city: Scene, store: Session, log_in: LogIn, extension: str
) -> None:
    expert, chair = log_in(city.experts[0]), log_in(city.chair)
    before = [_printed(city, each, extension) for each in (expert, chair)]
    _settled_otherwise(store)
    assert [_printed(city, each, extension) for each in (expert, chair)] == before
    city.hand_in(0)
    store.commit()
    assert _printed(city, expert, extension) != before[0]
    assert _printed(city, chair, extension) == before[1]


def test_other_roles_show_nobody_the_round_below_before_they_have_judged(
    city: Scene, store: Session, log_in: LogIn
) -> None:
    """An observer who is on the panel, and an expert who chaired the panel below."""
    district = store.scalars(select(Assignment).where(Assignment.closed_at.is_not(None))).one()
    expert = city.experts[0]
    store.add(Membership(user_id=expert.id, role=Role.OBSERVER))
    store.add(Membership(user_id=expert.id, role=Role.CHAIR, panel_id=district.panel_id))
    store.add(
        InterestStatement(
            user_id=expert.id, panel_id=district.panel_id, school_id=city.school.id, signed_at=NOW
        )
    )
    store.commit()
    result = f"/dossiers/{city.dossier.id}/result"
    below = f"/rounds/{district.round_id}/settlement/{city.package.id}"
    browser = log_in(expert)
    assert [browser.get(path).status_code for path in (result, below)] == [404, 404]
    answer = browser.post(f"{below}/elements/C26/remarks", {"text": ""})
    assert REASON not in answer.get_data(as_text=True)
    city.hand_in(0)
    store.commit()
    assert all(
        REASON in browser.get(path).get_data(as_text=True) for path in (result, f"{below}?element=C26")
    )


def test_once_their_review_is_in_an_expert_sees_what_the_round_below_settled(
    city: Scene, store: Session, log_in: LogIn
) -> None:
    city.hand_in(0)
    store.commit()
    expert = log_in(city.experts[0])
    assert REASON in _workspace(city, expert)
    assert _form(city, expert) != _form(city, log_in(city.chair))  # whose table is not open


def test_the_table_lists_large_differences_between_the_rounds(
    app: Flask, city: Scene, store: Session, log_in: LogIn
) -> None:
    for number in (0, 1):
        city.hand_in(number)
    city.open_table()
    store.commit()
    chair = log_in(city.chair)
    page = chair.get(f"{_table(city)}?show=rounds&element=C26").get_data(as_text=True)
    rows = page.partition("settle-scroll")[2].partition("</table>")[0]
    assert rows.count("<tr") == 2  # the head, and C26: 0.9 now, 0.3 there
    assert "区县初评" in rows
    assert REASON in page
    with statements(app.extensions["portfolio"].sessions.kw["bind"]) as seen:
        chair.get(f"{_table(city)}?element=C26")
    assert len(seen) <= 8, seen


def test_in_a_first_round_there_is_nothing_below(store: Session, log_in: LogIn) -> None:
    scene = make_scene(store, experts=1)
    scene.hand_in(0)
    scene.open_table()
    store.commit()
    page = log_in(scene.chair).get(_table(scene)).get_data(as_text=True)
    assert "show=rounds" not in page
