"""A visit with a phone in the hand: noted without a line, ticked off, photographed, drawn."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Person, before_the_scripts, line_cut, wait_until
from tests.derive.samples import encoded, phone_exif
from tests.derive.samples import scene as picture

if TYPE_CHECKING:
    from playwright.sync_api import FilePayload, Locator, Page

DRAFTS = "Object.keys(localStorage).filter((name) => name.startsWith('draft:finding'))"


@pytest.fixture
def expert(person: Person) -> Page:
    """An expert at the gate of a school."""
    page = person("expert3", width=390, height=844)
    page.goto("/reviews")
    page.locator("a[href*='/visit/']").first.click()
    return page


def test_what_is_noted_and_ticked_without_a_line_arrives_once_it_is_back(expert: Page) -> None:
    expert.wait_for_load_state("networkidle")
    item = expert.locator(".todos > li:not([data-done])").first.get_attribute("id")
    tick = expert.locator(f"[id='{item}'] .tick")
    with line_cut(expert):
        tick.click()
        expect(tick).to_have_attribute("aria-pressed", "true")
        expect(expert.locator("[data-count]")).to_have_text("1 项尚未送出")
    expect(expert.locator("[data-list]")).to_be_hidden()
    expert.reload()
    expect(tick).to_have_attribute("aria-pressed", "true")

    expert.locator(".todo-do a", has_text="记录").first.click()
    expect(expert.locator("#words-new")).to_be_visible()
    with line_cut(expert):
        _note(expert, "图书室每天只开放两小时。", "C71")
        expect(expert.locator("#words-new")).to_have_value("")
        _note(expert, "实验室登记簿完整。", "C72")
        expect(expert.locator("[data-count]")).to_have_text("2 项尚未送出")
    expect(expert.locator("[data-list]")).to_be_hidden()
    expert.reload()
    expect(expert.locator(".findings > li .kept")).to_have_text(
        ["实验室登记簿完整。", "图书室每天只开放两小时。"]
    )


def test_a_finding_with_a_photograph_stands_in_the_list_and_beside_the_element(expert: Page) -> None:
    expert.click(".visit-tabs a:has-text('发现')")
    expert.set_input_files("[data-photos]", _photograph("IMG_1.jpg"))
    _note(expert, "操场新铺了跑道。", "C64")
    found = expert.locator(".findings > li", has_text="操场新铺了跑道。")
    expect(found.locator(".photos figure")).to_have_count(1)
    found.locator("summary").click()
    found.locator("textarea").fill("操场新铺了跑道，器材室上锁。")
    found.locator(".finding-form .btn-primary").click()
    expect(expert.locator(".findings > li", has_text="器材室上锁。")).to_have_count(1)
    expert.goto("/reviews")
    review = expert.locator(".packs h3 a").first.get_attribute("href")
    expert.goto(f"{review}/elements/C64")
    expect(expert.locator("#beside-findings")).to_contain_text("器材室上锁。")


def test_photographs_wait_with_their_finding_and_are_sent_after_it_from_another_page(expert: Page) -> None:
    expert.click(".visit-tabs a:has-text('发现')")
    findings = expert.url
    expert.route("**/findings/*-*", lambda route: route.abort())
    expert.set_input_files("[data-photos]", _photograph("IMG_2.jpg"))
    _note(expert, "食堂公示栏是上学期的。", "C69")
    expect(expert.locator("[data-count]")).to_have_text("2 项尚未送出")
    expect(expert.locator("[data-entries]")).to_contain_text("IMG_2.jpg")
    expert.unroute("**/findings/*-*")
    expert.goto("/reviews")
    expect(expert.locator("[data-list]")).to_be_hidden()
    expert.goto(findings)
    found = expert.locator(".findings > li", has_text="食堂公示栏是上学期的。")
    expect(found.locator(".photos figure")).to_have_count(1)


def test_photographs_of_a_finding_that_stands_wait_for_the_line(expert: Page) -> None:
    expert.click(".visit-tabs a:has-text('发现')")
    found = _unfolded(expert, "门卫室有来访登记。", "C70")
    expert.route("**/photos", lambda route: route.abort())
    found.locator("[name=files]").set_input_files(_photograph("IMG_3.jpg"))
    found.locator(".photo-form button").click()
    expect(found.locator(".photo-form [data-said]")).to_have_text(
        "照片已存在本机浏览器中，网络恢复后自动发送。"
    )
    expert.unroute("**/photos")
    findings = expert.url
    expert.goto("/reviews")
    expect(expert.locator("[data-list]")).to_be_hidden()
    expert.goto(findings)
    expect(found.locator(".photos figure")).to_have_count(1)


def test_what_is_no_picture_is_refused_beside_its_finding(expert: Page) -> None:
    expert.click(".visit-tabs a:has-text('发现')")
    found = _unfolded(expert, "校史馆在维修。", "C80")
    found.locator("[name=files]").set_input_files(
        {"name": "笔记.txt", "mimeType": "text/plain", "buffer": "现场笔记".encode()}
    )
    found.locator(".photo-form button").click()
    expect(found.locator(".photo-form [data-said]")).to_contain_text("笔记.txt")
    expect(expert.locator("[data-list]")).to_be_hidden()


def test_what_is_typed_before_the_scripts_have_come_stays(expert: Page) -> None:
    expert.click(".visit-tabs a:has-text('发现')")
    with before_the_scripts(expert):
        expert.fill("#words-new", "走廊有展板。")
    wait_until(expert, lambda: expert.evaluate(DRAFTS) != [])
    expert.reload()
    expect(expert.locator("#words-new")).to_have_value("走廊有展板。")


def test_what_is_typed_wrongly_is_explained_and_stays(expert: Page) -> None:
    expert.click(".visit-tabs a:has-text('发现')")
    expert.fill("#words-new", "走廊有展板。")
    expert.fill("#codes-new", "C99")
    expert.click(".finding-form[data-new] .btn-primary")
    expect(expert.locator("#codes-new-error")).to_contain_text("C99")
    expect(expert.locator("#channel-new-error")).to_be_visible()
    expert.reload()
    expect(expert.locator("#words-new")).to_have_value("走廊有展板。")
    expect(expert.locator("[data-list]")).to_be_hidden()


def test_a_sample_is_drawn_on_the_phone_and_shows_its_seed(expert: Page) -> None:
    expert.locator(".todo-do a", has_text=re.compile("抽样.*教师档案袋")).first.click()
    expect(expert.locator("#title")).to_have_value("教师档案袋")
    expert.fill("#count", "86")
    expert.click(".draw-form .btn-primary")
    drawn = expert.locator(".draws > li").filter(
        has=expert.get_by_role("heading", name=re.compile("教师档案袋$"))
    )
    expect(drawn.locator(".drawn li")).to_have_count(5)
    drawn.locator("summary").click()
    expect(drawn.locator("code").first).to_have_text(re.compile("^[0-9a-f]{64}$"))


def _unfolded(page: Page, words: str, elements: str) -> Locator:
    """A finding in the list, saved and opened to be changed."""
    _note(page, words, elements)
    found = page.locator(".findings > li", has_text=words)
    found.locator("summary").click()
    return found


def _photograph(name: str) -> FilePayload:
    return {"name": name, "mimeType": "image/jpeg", "buffer": encoded(picture(), "JPEG", exif=phone_exif())}


def _note(page: Page, words: str, elements: str) -> None:
    form = page.locator(".finding-form[data-new]")
    form.locator("[name=channel][value=inspect]").check(force=True)
    form.locator("[name=words]").fill(words)
    form.locator("[name=codes]").fill(elements)
    form.locator(".btn-primary").click()
