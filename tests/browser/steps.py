"""Steps that people take in several tests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tests.browser.conftest import Server

if TYPE_CHECKING:
    from playwright.sync_api import Page

PASSWORD = "三秦大地 new quality"


def first_link(server: Server) -> str:
    """The invitation with which a new installation begins."""
    printed = server.portfolio("invite", "--role", "bureau", "--name", "张科长", "--base-url", server.address)
    found = re.search(r"http\S+/invitations/\S+", printed)
    assert found
    return found[0]


def join(page: Page, link: str, username: str, name: str) -> Page:
    """Accept an invitation and land on the first page."""
    page.goto(link)
    page.fill("[name=name]", name)
    page.fill("[name=username]", username)
    page.fill("[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_selector(".app-head")
    return page


def open_cycle_for_a_school(bureau: Page) -> str:
    """A school is taken in, and a cycle with one round opened for it; the school's id."""
    bureau.goto("/bureau/schools")
    bureau.fill("[name=name][required]", "青槐路学校")
    bureau.fill("[name=district]", "未央区")
    bureau.click("form[action$='/bureau/schools'] .btn-primary")
    bureau.goto("/bureau/cycles")
    form = bureau.locator("form[action$='/bureau/cycles']")
    form.locator("[name=name]").fill("2026 年批次")
    form.locator("[name=round_1]").fill("市级评估")
    form.locator("[name=scores_1]").fill("3")
    form.locator(".btn-primary").click()
    bureau.wait_for_url("**/bureau/cycles/*")
    bureau.check("[name=school]")
    bureau.click("form[action$='/dossiers'] .btn-primary")
    bureau.goto("/bureau/schools")
    bureau.click("text=青槐路学校")
    return re.search(r"/schools/(\d+)", bureau.url)[1]  # type: ignore[index]


def invite(page: Page, people: str, role: str, name: str) -> str:
    """The link for somebody new, from the page of a school's people."""
    page.goto(people)
    form = page.locator("form[action$='/invitations']")
    form.locator("[name=role]").select_option(role)
    form.locator("[name=name]").fill(name)
    form.locator(".btn-primary").click()
    return page.input_value("#link")


def finish_review(expert: Page) -> None:
    """Every element that has no score yet gets one, and the review is handed in."""
    review = re.findall(r'href="(/reviews/\d+)"', expert.request.get("/reviews").text())[0]
    todo = (
        expert.request.get(f"{review}/elements/C1").text().partition('class="todo"')[2].partition("</ul>")[0]
    )
    given = {"score": "0.6", "reason": "过程记录不完整。", "channel": "documents", "version": 0}
    for code in re.findall(r"elements/(C\d+)", todo):
        put(expert, f"{review}/elements/{code}", given)
    post(expert, f"{review}/hand-in")


def withdraw_supplement(chair: Page) -> None:
    """What the school was asked for is taken back: without it the table of all scores can open."""
    table = re.findall(r'href="(/rounds/\d+/settlement/\d+)"', chair.request.get("/reviews").text())[0]
    post(chair, f"{table}/supplement/withdrawal")


def put(page: Page, address: str, body: dict[str, Any]) -> None:
    """Save as the page's script does."""
    answer = page.request.put(address, data=body, headers={"X-CSRFToken": token(page)})
    assert answer.ok, answer.text()


def post(page: Page, address: str, *fields: tuple[str, str]) -> None:
    """Send a form as the page would; a name may come several times."""
    headers = {"X-CSRFToken": token(page), "Content-Type": "application/x-www-form-urlencoded"}
    answer = page.request.post(address, data=urlencode(fields), headers=headers)
    assert answer.ok, answer.text()


def token(page: Page) -> str:
    """The page's CSRF token."""
    return page.get_attribute("meta[name=csrf-token]", "content") or ""
