"""An expert scores on while the line is cut: what waits is shown, and sent in order, each once, by nobody else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Demonstration, Person, line_cut, log_in
from tests.browser.steps import put

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, Request

SAID = {"score": "0.6", "channel": "documents", "version": 0}
FAR_ON = "document.querySelector('[data-review]').dataset.next = location.pathname.replace('C47', 'C84')"
HELD = "Object.keys(localStorage).filter((name) => name.startsWith('unsent:'))"


@pytest.fixture
def expert(person: Person) -> Page:
    """An expert who has not begun, on a phone; each test scores elements of its own."""
    return person("expert3", width=390, height=844)


def test_three_elements_scored_without_a_line_are_sent_in_order_and_once_each(expert: Page) -> None:
    _open(expert, "C34", until="C37")
    with line_cut(expert):
        for code in ("C34", "C35", "C36"):
            expect(expert.locator("h1")).to_have_text(code)
            _write(expert, f"{code}：断网时写。")
            expert.click("[data-primary]")
        expect(expert.locator("h1")).to_have_text("C37")
        expect(_count(expert)).to_have_text("3 项尚未送出")
        expert.click(".unsent summary")
        expect(expert.locator("[data-entries] a")).to_have_text(
            [re.compile(c) for c in ("C34", "C35", "C36")]
        )
        sent: list[str] = []
        expert.on("request", lambda request: _note(request, sent))
    expect(expert.locator("[data-list]")).to_be_hidden()
    assert sent == ["C34", "C35", "C36"]
    _open(expert, "C35")
    expect(expert.locator("#reason")).to_have_value("C35：断网时写。")
    expect(expert.locator("input[name=version]")).to_have_value("1")


def test_an_element_that_was_not_loaded_says_so_and_nothing_is_lost(expert: Page) -> None:
    _open(expert, "C47")
    with line_cut(expert):
        _write(expert, "断网时写。")
        expert.evaluate(FAR_ON)
        expert.click("[data-primary]")
        expect(expert.locator("[data-moved]")).to_contain_text("尚未载入")
        expect(expert.locator("h1")).to_have_text("C47")
    expect(expert.locator("[data-list]")).to_be_hidden()


def test_a_conflict_stops_only_its_own_element(expert: Page) -> None:
    _open(expert, "C40", until="C41")
    with line_cut(expert):
        _write(expert, "断网时写的一份。")
        expert.click("[data-primary]")
        expect(expert.locator("h1")).to_have_text("C41")
        _write(expert, "第二项照常。")
        put(expert, expert.url.replace("C41", "C40"), {**SAID, "reason": "别处先写的一份。"})
    expect(_count(expert)).to_have_text("1 项尚未送出")
    expert.click(".unsent summary")
    expect(expert.locator("[data-entries] li")).to_contain_text("请选择一份")
    expert.click("[data-entries] a")
    dialog = expert.locator("[data-two-texts]")
    expect(dialog).to_contain_text("断网时写的一份。")
    expect(dialog).to_contain_text("别处先写的一份。")
    expert.click("[data-choose=mine]")
    expect(expert.locator("[data-list]")).to_be_hidden()
    _open(expert, "C41")
    expect(expert.locator("#reason")).to_have_value("第二项照常。")


def test_after_the_log_in_has_ended_the_queue_waits_and_another_person_never_sends_it(
    expert: Page, demo: Demonstration
) -> None:
    _open(expert, "C44")
    other = expert.context.new_page()
    other.goto("/account")
    other.click("form[action$='/logout'] button")
    other.wait_for_url("**/login")
    _write(expert, "登录失效后写。")
    expect(_count(expert)).to_have_text("1 项尚未送出")
    log_in(other, "expert2", demo.passwords["expert2"])
    other.goto("/reviews")
    expect(other.locator("[data-list]")).to_be_hidden()
    expert.locator("#reason").press_sequentially("接着写。")
    expect(expert.locator("[data-saved]")).to_have_attribute("data-state", "offline")
    assert len(other.evaluate(HELD)) == 1
    other.goto("/account")
    other.click("form[action$='/logout'] button")
    log_in(other, "expert3", demo.passwords["expert3"])
    other.goto("/reviews")
    expect(other.locator("[data-list]")).to_be_hidden()
    assert other.evaluate(HELD) == []
    _open(other, "C44")
    expect(other.locator("#reason")).to_have_value("登录失效后写。接着写。")


def test_the_next_element_is_there_before_it_is_asked_for(expert: Page) -> None:
    _open(expert, "C50", until="C51")
    with line_cut(expert):  # whatever is shown now was here already
        expert.keyboard.press("j")
        expect(expert.locator("h1")).to_have_text("C51")
        expect(expert).to_have_url(re.compile(r"/elements/C51$"))
    expert.go_back()
    expect(expert.locator("h1")).to_have_text("C50")
    _write(expert, "回来再写。")
    expect(_saved(expert)).to_be_visible()


def _note(request: Request, sent: list[str]) -> None:
    if request.method == "PUT":
        sent.append(request.url.rsplit("/", 1)[1])


def _count(page: Page) -> Locator:
    return page.locator("[data-unsent] [data-count]")


def _open(page: Page, code: str, *, until: str | None = None) -> None:
    """Go to an element in the workspace of what is to be done first; until another's page is fetched ahead."""
    page.goto("/reviews")
    review = page.locator(".packs h3 a").first.get_attribute("href")
    with page.expect_event(
        "requestfinished", lambda request: request.url.endswith(f"/elements/{until or code}")
    ):
        page.goto(f"{review}/elements/{code}")


def _write(page: Page, reason: str) -> None:
    page.fill("#score", "0.5")
    page.check("[name=channel][value=documents]", force=True)
    page.fill("#reason", reason)


def _saved(page: Page) -> Locator:
    return page.locator("[data-saved][data-state=saved]")
