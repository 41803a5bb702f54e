"""Two rounds over one package: five experts, one who steps aside, a supplement, an undo, a factual error put right."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import log_in, portfolio_on, serving, windows
from tests.browser.steps import put
from tests.browser.two_rounds import CITY, DISTRICT, RUBRIC, Place, prepare
from tests.factories import PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CODES = [element.code for element in RUBRIC.elements]
Enter = Callable[[str], "Page"]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """What stands before the panels begin."""
    portfolio_on(tmp_path / "data", "migrate")
    return prepare(tmp_path / "data", tmp_path)


@pytest.fixture
def enter(chromium: Browser, place: Place, tmp_path: Path) -> Iterator[Enter]:
    """Logs somebody in, in a window of their own that stays open."""
    with serving(tmp_path / "data") as server, windows(chromium, server.address) as window:
        inside: dict[str, Page] = {}

        def open_for(username: str) -> Page:
            if username not in inside:
                inside[username] = window()
                log_in(inside[username], username, PASSWORD)
            return inside[username]

        yield open_for
        server.portfolio("check")


def test_the_ladder_has_every_step_in_the_end(enter: Enter, place: Place) -> None:
    bureau, lead, principal = enter("bureau"), enter("lead"), enter("principal")
    _assign(bureau, place.rounds[0], "区专家组")
    *experts, chair = (enter(username) for username in place.district)
    reviews = [_begin(page) for page in experts]
    _sign_the_statement(chair)
    _score(experts[0], reviews[0], "0.1", of=("C1", "C4"))
    _step_aside(experts[4], reviews[4])
    _ask_the_school(chair, "C4", "请补充近三年借阅量统计表。")
    _supplement(lead, principal, place, "C4", "2.5")
    experts[0].goto(f"{reviews[0]}/elements/C4")
    expect(experts[0].locator(".desk-right")).to_contain_text("此后有变化")
    for page, review, less in zip(experts[:4], reviews, ("0.1", "0.2", "0.2", "0.3"), strict=False):
        _score(page, review, less, of=CODES)
        _hand_in(page, review)
    _settle(chair, undo="C3")
    _close(chair, experts[0])

    _assign(bureau, place.rounds[1], "市专家组")
    *experts, chair = (enter(username) for username in place.city)
    _sign_the_statement(chair)
    for page in experts:
        review = _begin(page)
        page.goto(f"{review}/elements/C4")
        assert DISTRICT not in page.inner_text("main")  # not before the expert's own scores are in
        _score(page, review, "0.4", of=CODES)
        _hand_in(page, review)
        page.goto(f"{review}/elements/C4")
        assert DISTRICT in page.inner_text("main")
    _settle(chair)
    _close(chair, experts[0])
    for _round in place.rounds:
        _publish(bureau)

    _report_an_error(lead, principal, place, "C4")
    _accept(chair, place, "C4", "2.4")
    lead.goto(f"/dossiers/{place.dossier}/result")
    city = lead.locator("section", has=lead.locator(f"h2:text-is('{CITY}')"))
    steps = city.locator("#C4 .ladder li").all_inner_texts()
    ladder = [step.split() for step in steps]
    assert ladder[:3] + sorted(ladder[3:5]) + ladder[5:] == [  # a panel's experts stand in no order
        ["补充前自评", "2.4"],
        ["自评", "2.5"],
        [DISTRICT, "2.3"],
        ["市专家组专家1", "2.1"],
        ["市专家组专家2", "2.1"],
        ["终评", "2.1"],
        ["更正", "2.4"],
    ]


def _assign(bureau: Page, round_id: int, panel: str) -> None:
    """Everybody scores everything."""
    bureau.goto(f"/bureau/rounds/{round_id}/assigning")
    bureau.check("[name=package]")
    bureau.get_by_label(panel).check()
    bureau.click("form.al-choose .btn-primary")
    bureau.click("form.al-give .btn-primary")
    bureau.wait_for_load_state()


def _begin(expert: Page) -> str:
    """The statement is signed; the address of the expert's review."""
    _sign_the_statement(expert)
    expert.wait_for_url("**/reviews/*/elements/*")
    found = re.search(r"/reviews/\d+", expert.url)
    assert found
    return found[0]


def _sign_the_statement(member: Page) -> None:
    member.goto("/reviews")
    member.fill("form[action$='/statement'] [name=password]", PASSWORD)
    member.click("form[action$='/statement'] .btn-primary")
    member.wait_for_load_state()


def _score(expert: Page, review: str, less: str, *, of: Iterable[str]) -> None:
    """So much less than the self-score for each, with a reason, as the page's script saves it."""
    for code in of:
        expert.goto(f"{review}/elements/{code}")
        claimed = Decimal(expert.get_attribute("form.desk-right", "data-self") or "0")
        given = {
            "score": str(claimed - Decimal(less)),
            "reason": f"{code} 过程记录不完整。",
            "channel": "documents",
        }
        put(
            expert,
            f"{review}/elements/{code}",
            given | {"version": expert.input_value("form.desk-right [name=version]")},
        )


def _step_aside(expert: Page, review: str) -> None:
    """From the next request on nothing is shown."""
    expert.goto("/reviews")
    expert.click("summary:has-text('申报回避')")
    expert.fill("form[action$='/conflict'] [name=reason]", "配偶在该校任教。")
    expert.click("form[action$='/conflict'] button")
    expert.wait_for_load_state()
    refused = expert.goto(f"{review}/elements/C1")
    assert refused is not None
    assert refused.status in (403, 404)


def _ask_the_school(chair: Page, code: str, question: str) -> None:
    chair.goto("/reviews")
    chair.click("section[aria-labelledby=h-chair] h3 a")
    chair.click("a[href$='/supplement']")
    field = chair.locator(f"[name='question-{code}']")
    chair.locator("details.s-indicator", has=field).locator("summary").click()
    field.fill(question)
    due = datetime.now(UTC) + timedelta(days=5)
    chair.fill("[name=due_at]", due.strftime("%Y-%m-%dT%H:%M"))
    chair.click("form[action$='/supplement'] .btn-primary")
    chair.wait_for_load_state()


def _supplement(lead: Page, principal: Page, place: Place, code: str, score: str) -> None:
    """The lead changes what was asked about, and nothing else can be changed; the principal signs."""
    lead.goto(f"/dossiers/{place.dossier}/elements/C1")
    expect(lead.locator("main")).to_contain_text("专家组没有问到该评估要素")
    lead.goto(f"/dossiers/{place.dossier}/elements/{code}")
    lead.fill("#score", score)
    with lead.expect_response(lambda answer: answer.request.method == "PUT" and answer.ok):
        lead.press("#score", "Enter")
    lead.goto(f"/dossiers/{place.dossier}/submission")
    lead.click("form[action$='/submission'] .btn-primary")
    principal.goto(f"/dossiers/{place.dossier}/submission")
    principal.fill("[name=password]", PASSWORD)
    principal.click("form[action$='/signature'] .btn-primary")
    principal.wait_for_url("**/packages/*")


def _hand_in(expert: Page, review: str) -> None:
    expert.goto(review)
    expert.click("form[action$='/hand-in'] button")
    expert.wait_for_load_state()


def _settle(chair: Page, undo: str | None = None) -> None:
    """At the median; one final score is taken back once and set again."""
    chair.goto("/reviews")
    chair.click("section[aria-labelledby=h-chair] .btn-primary")
    chair.click("form[action$='/opening'] button")
    chair.wait_for_selector("#sheet")
    table = chair.url.partition("?")[0]
    for code in CODES:
        _set(chair, f"{table}?element={code}")
    if undo:
        chair.goto(f"{table}?element={undo}")
        chair.click("form.undo button")
        chair.wait_for_load_state()
        _set(chair, f"{table}?element={undo}")


def _set(chair: Page, address: str) -> None:
    chair.goto(address)
    median = chair.get_attribute("form.settle-form", "data-median")
    chair.fill("#score", median or "")
    chair.check("[name=rule][value=median]", force=True)
    chair.fill("#reason", "按中位分确定，佐证不完整。")
    with chair.expect_navigation():
        chair.click("[data-primary]")


def _close(chair: Page, signer: Page) -> None:
    chair.goto("/reviews")
    chair.click("section[aria-labelledby=h-chair] .btn-primary")
    chair.fill("#opinion", "办学方向明确；过程性材料需要补强。")
    chair.click("form[action$='/close'] .btn-primary")
    chair.wait_for_load_state()
    signer.goto("/reviews")
    signer.click("a[href$='#closing']")
    signer.fill("[name=password]", PASSWORD)
    signer.click("form[action$='/signature'] .btn-primary")
    expect(signer.locator("form[action$='/signature']")).to_have_count(0)


def _publish(bureau: Page) -> None:
    """The first result of the list that is ready."""
    bureau.goto("/bureau/panels")
    bureau.click("form[action$='/publication'] button >> nth=0")
    bureau.wait_for_load_state()


def _report_an_error(lead: Page, principal: Page, place: Place, code: str) -> None:
    lead.goto(f"/dossiers/{place.dossier}/result")
    lead.click(f"#{code} a[href*='/answers/']")
    lead.fill("[name=text]", "附件第 3 页有借阅量统计。")
    lead.click("form[action*='/answers/'] .btn-primary")
    lead.wait_for_load_state()
    principal.goto(lead.url)
    principal.click("form[action$='/sending'] .btn-primary")
    principal.wait_for_load_state()


def _accept(chair: Page, place: Place, code: str, score: str) -> None:
    chair.goto("/reviews")
    chair.click("section[aria-labelledby=h-chair] a.btn-primary[href*='/answers']")
    chair.click(f"a[href$='/{code}']")
    chair.fill("[name=reason]", "统计表属实。")
    chair.fill("#score", score)
    chair.click("form[action$='/acceptance'] .btn-primary")
    chair.wait_for_load_state()
