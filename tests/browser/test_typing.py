"""Nothing typed is lost: how the element page saves, whoever else writes and whatever happens to the line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Demonstration, Person, line_cut, log_in

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

LEAD, CONTRIBUTOR = "qinghuai.lead", "qinghuai.contributor1"
AT_THIS_TIME = re.compile(r"已保存 \d\d:\d\d$")


@pytest.fixture
def lead(person: Person) -> Page:
    """The lead of the school that is drafting; each test writes on elements of its own."""
    return person(LEAD)


def test_typing_saves_by_itself_and_says_when(lead: Page) -> None:
    _open(lead, "C12")
    lead.locator("#score").press_sequentially("0.7")
    lead.locator("#justification").press_sequentially("岗位说明书 38 份。")
    expect(_saved(lead)).to_have_text(AT_THIS_TIME)
    expect(lead.locator("#standing")).to_have_text("无据")
    expect(lead.locator("#lacking")).to_contain_text("引证")
    expect(lead.locator("[data-count]")).to_have_text("11")
    lead.reload()
    _expect_typed(lead, "0.7", "岗位说明书 38 份。")


def test_leaving_the_page_saves_what_was_just_typed(lead: Page) -> None:
    _open(lead, "C17")
    lead.fill("#justification", "走廊展板每学期更换。")
    lead.click("[rel=next]")
    expect(lead.locator("h1")).to_contain_text("C18")
    _open(lead, "C17")
    _expect_typed(lead, "", "走廊展板每学期更换。")
    expect(lead.locator("[data-saved]")).to_have_attribute("data-state", "saved")


def test_the_score_goes_up_and_down_in_exact_steps(lead: Page) -> None:
    _open(lead, "C28")
    score = lead.locator("#score")
    seen = []
    for press in ("+", "+", "+", "ArrowUp", "ArrowDown", "−"):
        if press.startswith("Arrow"):
            score.press(press)
        else:
            lead.click(f".stepper button:text-is('{press}')")
        seen.append(score.input_value())
    assert seen == ["0.0", "0.1", "0.2", "0.3", "0.2", "0.1"]
    score.fill("1")
    lead.click(".stepper button:text-is('+')")
    expect(score).to_have_value("1.0")
    expect(_saved(lead)).to_have_text(AT_THIS_TIME)


def test_enter_saves_at_once(lead: Page) -> None:
    lead.clock.install()
    _open(lead, "C19")
    lead.clock.pause_at(datetime.now(UTC) + timedelta(minutes=1))  # no pause in typing comes to its end
    lead.fill("#score", "0.6")
    lead.press("#score", "Enter")
    expect(_saved(lead)).to_have_text(AT_THIS_TIME)
    expect(lead.locator("#score")).to_have_value("0.6")


def test_an_element_can_be_set_to_unscored_again(lead: Page) -> None:
    _open(lead, "C20")
    expect(lead.locator("#score")).not_to_have_value("")
    lead.click("[data-unscore]")
    expect(lead.locator("#standing")).to_have_text("未评")
    lead.reload()
    expect(lead.locator("#score")).to_have_value("")


def test_a_score_off_the_step_is_explained_beside_it_and_nothing_else_is_lost(lead: Page) -> None:
    _open(lead, "C30")
    lead.fill("#justification", "教研组每周活动一次。")
    lead.fill("#score", "0.85")
    error = lead.locator("#score-error")
    expect(error).to_be_visible()
    expect(error).to_contain_text("0.8")
    expect(lead.locator("#score")).to_have_attribute("aria-describedby", "score-error")
    lead.reload()
    _expect_typed(lead, "0.85", "教研组每周活动一次。")
    expect(error).to_be_visible()
    lead.fill("#score", "0.8")
    expect(_saved(lead)).to_have_text(AT_THIS_TIME)
    expect(error).to_be_hidden()
    lead.reload()
    _expect_typed(lead, "0.8", "教研组每周活动一次。")


def test_of_two_who_write_the_second_sees_both_texts_and_can_keep_theirs(lead: Page, person: Person) -> None:
    _overtaken(lead, person(CONTRIBUTOR), "C35")
    conflict = lead.locator(".conflict")
    expect(conflict).to_contain_text("资料员先写的。")
    expect(conflict).to_contain_text("负责人后写的。")
    lead.click(".conflict .btn-primary")
    expect(conflict).to_be_hidden()
    expect(lead.locator("#justification")).to_have_value("负责人后写的。")
    lead.reload()
    expect(lead.locator("#justification")).to_have_value("负责人后写的。")


def test_the_second_can_keep_what_the_first_has_saved(lead: Page, person: Person) -> None:
    _overtaken(lead, person(CONTRIBUTOR), "C36")
    lead.click(".conflict a:text-is('保留他人的')")
    expect(lead.locator(".conflict")).to_be_hidden()
    expect(lead.locator("#justification")).to_have_value("资料员先写的。")
    lead.reload()
    expect(lead.locator("#justification")).to_have_value("资料员先写的。")


def test_both_texts_wait_for_a_decision(lead: Page, person: Person) -> None:
    contributor = person(CONTRIBUTOR)
    _overtaken(lead, contributor, "C47")
    lead.fill("#justification", "两段合在一起。")
    lead.goto("/")
    contributor.reload()
    expect(contributor.locator("#justification")).to_have_value("资料员先写的。")
    _open(lead, "C47")
    expect(lead.locator(".conflict")).to_contain_text("资料员先写的。")
    expect(lead.locator("#justification")).to_have_value("两段合在一起。")


def test_what_is_typed_while_the_line_is_cut_is_saved_when_it_is_back(lead: Page) -> None:
    _open(lead, "C51")
    with line_cut(lead):
        lead.fill("#justification", "断网时写的。")
        expect(lead.locator("[data-saved]")).to_have_attribute("data-state", "offline")
    expect(_saved(lead)).to_have_text(AT_THIS_TIME)
    lead.reload()
    expect(lead.locator("#justification")).to_have_value("断网时写的。")


def test_what_was_typed_before_the_window_closed_without_a_line_comes_back(lead: Page) -> None:
    _open(lead, "C56")
    with line_cut(lead):
        lead.fill("#justification", "关窗前写的。")
        expect(lead.locator("[data-saved]")).to_have_attribute("data-state", "offline")
        address = lead.url
        lead.close()
    again = lead.context.new_page()
    again.goto(address)
    expect(again.locator("#justification")).to_have_value("关窗前写的。")
    expect(_saved(again)).to_have_text(AT_THIS_TIME)


def test_after_the_log_in_has_ended_the_text_waits_for_the_next(lead: Page, demo: Demonstration) -> None:
    _open(lead, "C57")
    _log_out_in_another_tab(lead)
    lead.fill("#justification", "登录失效后写的。")
    expect(lead.locator("[data-saved]")).to_have_attribute("data-state", "offline")
    lead.reload()
    expect(lead).to_have_url(re.compile(r"/login\?next="))
    lead.fill("[name=username]", LEAD)
    lead.fill("[name=password]", demo.passwords[LEAD])
    lead.click("main form .btn-primary")
    expect(lead.locator("#justification")).to_have_value("登录失效后写的。")
    expect(_saved(lead)).to_have_text(AT_THIS_TIME)


def test_a_log_in_in_another_tab_lets_this_one_go_on(lead: Page, demo: Demonstration) -> None:
    _open(lead, "C59")
    _log_out_in_another_tab(lead)
    lead.fill("#justification", "另开一页登录。")
    expect(lead.locator("[data-saved]")).to_have_attribute("data-state", "offline")
    other = lead.context.new_page()
    log_in(other, LEAD, demo.passwords[LEAD])
    lead.locator("#justification").press_sequentially("接着写。")
    expect(_saved(lead)).to_have_text(AT_THIS_TIME)
    _open(other, "C59")
    expect(other.locator("#justification")).to_have_value("另开一页登录。接着写。")


def test_the_justification_can_be_read_as_it_will_look(lead: Page) -> None:
    _open(lead, "C62")
    lead.fill("#justification", "- 校门口**护学岗**每日值守\n- 台账齐全")
    lead.click("[data-mode=preview]")
    expect(lead.locator("[data-previewed] li")).to_have_count(2)
    expect(lead.locator("[data-previewed] strong")).to_have_text("护学岗")
    lead.click("[data-mode=edit]")
    expect(lead.locator("#justification")).to_be_visible()


def test_keys_turn_the_pages_except_while_one_types(lead: Page) -> None:
    _open(lead, "C62")
    lead.keyboard.press("j")
    expect(lead.locator("h1")).to_contain_text("C63")
    lead.wait_for_load_state()
    lead.keyboard.press("k")
    expect(lead.locator("h1")).to_contain_text("C62")
    lead.wait_for_load_state()
    lead.locator("#justification").press("j")
    expect(lead.locator("h1")).to_contain_text("C62")
    lead.locator("h1").click()
    lead.keyboard.press("g")
    expect(lead.locator("h1")).not_to_contain_text("C62")


def test_arrow_keys_walk_the_grid(lead: Page) -> None:
    lead.goto("/")
    lead.locator(".heat-cell").nth(1).focus()
    walked = []
    for key in ("ArrowRight", "ArrowRight", "ArrowUp", "ArrowDown", "ArrowLeft"):
        lead.keyboard.press(key)
        walked.append(lead.evaluate("document.activeElement.getAttribute('aria-label').split(' ')[0]"))
    assert walked == ["C3", "C4", "C1", "C4", "C3"]
    lead.keyboard.press("Enter")
    expect(lead.locator("h1")).to_contain_text("C3")


def _open(page: Page, code: str) -> None:
    """Go to an element of one's own dossier."""
    if "/dossiers/" not in page.url:
        page.goto("/")
    home = re.match(r".*/dossiers/\d+", page.url)
    assert home
    page.goto(f"{home[0]}/elements/{code}")


def _saved(page: Page) -> Locator:
    return page.locator("[data-saved][data-state=saved] [data-words]")


def _expect_typed(page: Page, score: str, justification: str) -> None:
    expect(page.locator("#score")).to_have_value(score)
    expect(page.locator("#justification")).to_have_value(justification)


def _overtaken(lead: Page, contributor: Page, code: str) -> None:
    """Both open the element; the contributor saves first, and the lead's text is refused."""
    _open(lead, code)
    _open(contributor, code)
    contributor.fill("#justification", "资料员先写的。")
    expect(_saved(contributor)).to_have_text(AT_THIS_TIME)
    lead.fill("#justification", "负责人后写的。")
    lead.wait_for_selector(".conflict")


def _log_out_in_another_tab(page: Page) -> None:
    other = page.context.new_page()
    other.goto("/account")
    other.click("form[action$='/logout'] button")
    other.wait_for_url("**/login")
    other.close()
