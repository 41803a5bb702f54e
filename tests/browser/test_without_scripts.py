"""Where scripts don't run, everything a school must do is done with plain forms."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.conftest import Server, Window, log_in
from tests.browser.steps import PASSWORD, first_link, invite, join, open_cycle_for_a_school

if TYPE_CHECKING:
    from playwright.sync_api import Page


def test_a_school_scores_uploads_and_submits(server: Server, visitor: Window, tmp_path: Path) -> None:
    bureau = join(visitor(), first_link(server), "bureau", "张科长")
    staff = f"/schools/{open_cycle_for_a_school(bureau)}/people"
    join(visitor(), invite(bureau, staff, "principal", "李校长"), "principal", "李校长")
    lead = visitor(java_script_enabled=False)
    join(lead, invite(bureau, staff, "lead", "周岚"), "lead", "周岚")
    home = lead.url

    _score(lead, home)
    _write_over_oneself(lead, home)
    _upload(lead, home, tmp_path)
    _waive_and_hand_over(lead, home)

    principal = visitor(java_script_enabled=False)
    log_in(principal, "principal", PASSWORD)
    principal.goto(f"{home}/submission")
    principal.fill("[name=password]", PASSWORD)
    principal.click("form[action$='/signature'] .btn-primary")
    principal.wait_for_url("**/packages/*")
    expect(principal.locator("#C1")).to_contain_text("后写的，留下。")


def _score(lead: Page, home: str) -> None:
    """A score off the step is refused with everything still in the form; a right one is saved."""
    lead.goto(f"{home}/elements/C1")
    lead.fill("#score", "0.85")
    lead.fill("#justification", "党支部每月专题研究。")
    lead.click("#assessment .btn-primary")
    expect(lead.locator("#score-error")).to_be_visible()
    expect(lead.locator("#justification")).to_have_value("党支部每月专题研究。")
    lead.fill("#score", "0.8")
    lead.press("#score", "Enter")
    expect(lead.locator(".notice")).to_have_text("已保存")
    expect(lead.locator("#score")).to_have_value("0.8")


def _write_over_oneself(lead: Page, home: str) -> None:
    """A second window that is overtaken shows both texts, and saves its own when told to."""
    other = lead.context.new_page()
    other.goto(f"{home}/elements/C1")
    for page, words in ((lead, "先写的。"), (other, "后写的，留下。")):
        page.fill("#justification", words)
        page.click("#assessment .btn-primary")
    expect(other.locator(".conflict")).to_contain_text("先写的。")
    other.click("#assessment .btn-primary")
    expect(other.locator(".conflict")).to_have_count(0)
    expect(other.locator("#justification")).to_have_value("后写的，留下。")


def _upload(lead: Page, home: str, folder: Path) -> None:
    """Two files in one form, one of them refused."""
    minutes = folder / "2025年党支部会议记录.txt"
    minutes.write_text("议题：支部换届选举", encoding="utf-8")
    empty = folder / "空白.txt"
    empty.touch()
    lead.goto(f"{home}/elements/C1")
    lead.set_input_files("input[name=files]:not([capture])", [str(minutes), str(empty)])
    lead.click("form.drop button")
    expect(lead.locator("#citations .evi")).to_have_count(1)
    expect(lead.locator("#citations")).to_contain_text("2025年党支部会议记录")
    expect(lead.locator("main")).to_contain_text("空白.txt")


def _waive_and_hand_over(lead: Page, home: str) -> None:
    lead.goto(f"{home}/submission")
    for box in lead.locator("[name=gap]").all():
        box.press("Space")
    lead.click(".waive-bar button")
    expect(lead.locator("#reason-error")).to_be_visible()
    expect(lead.locator("[name=gap]:checked")).to_have_count(lead.locator("[name=gap]").count())
    lead.fill("#reason", "材料仍在整理")
    lead.click(".waive-bar button")
    lead.click("form[action$='/submission'] .btn-primary")
    expect(lead.locator(".notice")).to_be_visible()
