"""Nothing an expert or a chair types is lost, in the workspace and at the table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import (
    Demonstration,
    Person,
    before_the_scripts,
    line_cut,
    log_in,
    wait_until,
)
from tests.browser.steps import finish_review, withdraw_supplement

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

REMARKS = "Object.keys(localStorage).filter((name) => name.includes('/remark')).length"
AT_THIS_TIME = re.compile(r"已保存 \d\d:\d\d$")


@pytest.fixture
def expert(person: Person) -> Page:
    """An expert who has not begun; each test scores elements of its own."""
    return person("expert3")


def test_a_score_saves_by_itself_and_the_count_follows(expert: Page) -> None:
    _open(expert, "C4")
    done = int(expert.inner_text("[data-done]"))
    expert.locator("#score").press_sequentially("0.6")
    expert.check("[name=channel][value=documents]", force=True)
    expert.fill("#reason", "缺少近三年的对照表。")
    expect(_saved(expert)).to_have_text(AT_THIS_TIME)
    expect(expert.locator("[data-done]")).to_have_text(str(done + 1))
    expect(expert.locator(".heat-cell[aria-current]")).to_have_attribute("data-s", "diff")
    expert.click("[data-unscore]")
    expect(expert.locator("[data-done]")).to_have_text(str(done))


def test_a_score_that_differs_asks_for_its_reason_beside_the_field(expert: Page) -> None:
    _open(expert, "C5")
    expert.fill("#score", "0.55")
    expert.fill("#reason", "先写理由。")
    expert.click("[data-primary]")
    expect(expert.locator("#score-error")).to_be_visible()
    expect(expert.locator("#score")).to_be_focused()
    expect(expert.locator("#reason")).to_have_value("先写理由。")
    expert.fill("#score", "0.5")
    expert.click("[data-primary]")
    expect(expert.locator("#channel-error")).to_be_visible()


def test_enter_saves_what_was_typed_and_goes_on(expert: Page) -> None:
    _open(expert, "C16")
    _write(expert, "缺少过程记录。")
    expert.press("#score", "Enter")
    expect(expert.locator("h1")).to_have_text("C17")
    _open(expert, "C16")
    expect(expert.locator("#score")).to_have_value("0.5")


def test_two_windows_on_one_element_show_both_texts_and_one_is_chosen(expert: Page) -> None:
    _open(expert, "C7")
    other = expert.context.new_page()
    _open(other, "C7")
    _write(other, "另一个窗口先写。")
    expect(_saved(other)).to_have_text(AT_THIS_TIME)
    _write(expert, "这个窗口后写。")
    dialog = expert.locator("[data-two-texts]")
    expect(dialog).to_contain_text("另一个窗口先写。")
    expect(dialog).to_contain_text("这个窗口后写。")
    expert.click("[data-choose=mine]")
    expect(_saved(expert)).to_have_text(AT_THIS_TIME)
    other.reload()
    expect(other.locator("#reason")).to_have_value("这个窗口后写。")


def test_a_cut_line_and_an_ended_log_in_keep_the_text(expert: Page, demo: Demonstration) -> None:
    _open(expert, "C8")
    with line_cut(expert):
        _write(expert, "断网时写。")
        expect(expert.locator("[data-saved]")).to_have_attribute("data-state", "offline")
    expect(_saved(expert)).to_have_text(AT_THIS_TIME)

    other = expert.context.new_page()
    other.goto("/account")
    other.click("form[action$='/logout'] button")
    expert.fill("#reason", "登录失效后写。")
    expect(expert.locator("[data-saved]")).to_have_attribute("data-state", "offline")
    log_in(other, "expert3", demo.passwords["expert3"])
    expert.locator("#reason").press_sequentially("接着写。")
    expect(_saved(expert)).to_have_text(AT_THIS_TIME)
    expert.reload()
    expect(expert.locator("#reason")).to_have_value("登录失效后写。接着写。")


def test_evidence_and_elements_turn_by_key(expert: Page) -> None:
    _open(expert, "C10")
    expert.keyboard.press("]")
    expect(expert).to_have_url(re.compile(r"file=2"))
    expert.keyboard.press("[")
    expect(expert).to_have_url(re.compile(r"file=1"))
    expert.keyboard.press("j")
    expect(expert.locator("h1")).to_have_text("C11")
    expert.keyboard.press("=")
    expect(expert.locator("#score")).not_to_have_value("")
    expect(_saved(expert)).to_have_text(AT_THIS_TIME)


def test_at_the_table_a_draft_waits_and_an_overtaken_one_is_shown_beside_the_other(
    person_apart: Person,
) -> None:
    for who in ("expert2", "expert3"):
        finish_review(person_apart(who))
    chair = person_apart("chair")
    withdraw_supplement(chair)
    chair.goto("/reviews")
    chair.click("a[href*='/settlement/'] >> nth=0")
    chair.click("form[action$='/opening'] button")
    chair.fill("#reason", "合议时先记下。")
    chair.reload()
    expect(chair.locator("#reason")).to_have_value("合议时先记下。")
    _remark_early(chair, "请两位说明。")

    other = chair.context.new_page()
    other.goto(chair.url)
    chair.fill("#reason", "后到的理由。")
    other.fill("#reason", "先到的理由。")
    code = other.inner_text("#h-element")
    other.click("[data-primary]")
    expect(other.locator("#h-element")).not_to_have_text(code)
    chair.click("[data-primary]")
    expect(chair.locator(".conflict")).to_contain_text("先到的理由。")
    expect(chair.locator("#reason")).to_have_value("后到的理由。")
    chair.click("[data-primary]")
    expect(chair.locator("#h-element")).not_to_have_text(code)
    other.goto(re.sub(r"\?.*", "", other.url) + f"?element={code}&show=all")
    expect(other.locator("#reason")).to_have_value("后到的理由。")


def test_the_table_of_who_scores_what_counts_along(person: Person) -> None:
    bureau = person("bureau")
    bureau.goto("/bureau/panels")
    bureau.locator("a[href$='/allotment']").last.click()
    line = bureau.locator("[data-line]").filter(has=bureau.locator("input:not([disabled]):checked")).first
    before = int(line.locator("[data-sum=elements]").inner_text())
    ticked = line.locator("input[type=checkbox]:not([disabled]):checked").first
    box = line.locator(f"input[type=checkbox][value='{ticked.get_attribute('value')}']")
    elements = int(box.get_attribute("data-elements") or 0)
    box.uncheck()
    expect(line.locator("[data-sum=elements]")).to_have_text(str(before - elements))
    expect(bureau.locator("[data-scorers] .state[data-s=gap]")).to_have_count(1)
    box.check()
    expect(bureau.locator("[data-scorers] .state[data-s=gap]")).to_have_count(0)


def test_what_was_ticked_before_the_scripts_came_is_counted_once_they_have(person: Person) -> None:
    bureau = person("bureau")
    bureau.goto("/bureau/panels")
    bureau.locator("a[href$='/allotment']").last.click()
    with before_the_scripts(bureau, "allotting"):
        bureau.locator("[data-line] input[type=checkbox]:not([disabled]):checked").first.uncheck()
    expect(bureau.locator("[data-scorers] .state[data-s=gap]")).to_have_count(1)


def _remark_early(page: Page, words: str) -> None:
    """A remark typed before the page's scripts have come is there after a reload."""
    form = page.locator("form[data-draft*='/remark']")
    with before_the_scripts(page, "settle"):
        form.evaluate("(form) => { form.closest('details').open = true; }")
        form.locator("textarea").fill(words)
    wait_until(page, lambda: page.evaluate(REMARKS) == 1)
    page.reload()
    expect(form.locator("textarea")).to_have_value(words)


def _open(page: Page, code: str) -> None:
    """Go to an element in the workspace of what is to be done first."""
    page.goto("/reviews")
    review = page.locator(".packs h3 a").first.get_attribute("href")
    page.goto(f"{review}/elements/{code}")


def _write(page: Page, reason: str) -> None:
    page.fill("#score", "0.5")
    page.check("[name=channel][value=documents]", force=True)
    page.fill("#reason", reason)


def _saved(page: Page) -> Locator:
    return page.locator("[data-saved][data-state=saved]")
