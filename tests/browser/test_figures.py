"""Basic figures as one types them: saved one by one, refused in place, and nothing typed is lost."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Person, before_the_scripts, line_cut

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

LEAD, CONTRIBUTOR = "qinghuai.lead", "qinghuai.contributor1"


def open_figures(page: Page) -> None:
    page.click(".app-nav a:text-is('基础数据')")
    expect(page.locator("h1")).to_have_text("基础数据")


@pytest.fixture
def lead(person: Person) -> Page:
    page: Page = person(LEAD)
    open_figures(page)
    return page


def field(page: Page, name: str) -> Locator:
    return page.locator(f"#f-{name}")


def enter(page: Page, name: str, typed: str) -> None:
    field(page, name).fill(typed)
    field(page, name).press("Tab")


def version(page: Page, name: str) -> Locator:
    return page.locator(f'input[name="version-{name}"]')


def save(page: Page, name: str, typed: str) -> None:
    """Enter it and wait until it is saved: each save is a version more."""
    next_version = int(version(page, name).input_value()) + 1
    enter(page, name, typed)
    expect(version(page, name)).to_have_value(str(next_version))


def named(page: Page, figure: str) -> str:
    """The field of a figure's newest school year."""
    found = page.locator(f'input.form-control[name^="{figure}-"]').first.get_attribute("name")
    assert found is not None
    return found


def test_a_figure_saves_by_itself_and_shows_how_it_was_read_with_its_result(lead: Page) -> None:
    funds, spent = named(lead, "public_funds"), named(lead, "training_spending")
    enter(lead, funds, "1,200,000元")
    expect(field(lead, funds)).to_have_value("1200000")
    enter(lead, spent, "９００００")
    expect(field(lead, spent)).to_have_value("90000")
    training = lead.locator("#results li", has_text="教师培训经费占生均公用经费")
    expect(training).to_contain_text(re.compile(r"未达标\s*7\.5%"))
    lead.reload()
    expect(field(lead, funds)).to_have_value("1200000")


def test_a_number_is_not_changed_under_the_hand_that_types_it(lead: Page) -> None:
    rooms = named(lead, "classrooms")
    save(lead, rooms, "")
    next_version = int(version(lead, rooms).input_value()) + 1
    field(lead, rooms).press_sequentially("３")
    expect(version(lead, rooms)).to_have_value(str(next_version))
    expect(field(lead, rooms)).to_have_value("３")
    field(lead, rooms).press_sequentially("６间")
    field(lead, rooms).press("Tab")
    expect(field(lead, rooms)).to_have_value("36")


def test_what_is_refused_stays_in_its_field_and_is_tried_again_when_the_other_is_mended(lead: Page) -> None:
    leavers, qualified = named(lead, "leavers"), named(lead, "qualified_leavers")
    save(lead, qualified, "")
    save(lead, leavers, "20")
    enter(lead, qualified, "199")
    refused = lead.locator(f"#f-{qualified}-error")
    expect(refused).to_contain_text("大于“本年毕业生人数”（20）")
    expect(field(lead, qualified)).to_have_value("199")
    enter(lead, leavers, "200")
    expect(refused).to_be_hidden()
    expect(lead.locator("#results")).to_contain_text("99.5%")


def test_a_second_person_sees_both_numbers_and_chooses(person: Person) -> None:
    first, second = person(LEAD), person(CONTRIBUTOR)
    open_figures(first)
    open_figures(second)
    books = named(first, "books_lent")
    save(first, books, "20000")
    enter(second, books, "21000")
    conflict = second.locator(f"#f-{books}-error")
    expect(conflict).to_contain_text("刚刚保存了 20000")
    expect(field(second, books)).to_have_value("21000")
    conflict.get_by_text("保留我的").click()
    expect(conflict).to_be_hidden()
    first.reload()
    expect(field(first, books)).to_have_value("21000")


def test_what_was_typed_while_the_line_was_cut_is_kept_and_sent_later(lead: Page) -> None:
    seats = named(lead, "teacher_seats")
    with line_cut(lead):
        enter(lead, seats, "24")
        expect(lead.locator(f"#s-{seats}")).to_contain_text("网络恢复后自动保存")
        unsaved = int(version(lead, seats).input_value())
    expect(version(lead, seats)).to_have_value(str(unsaved + 1))
    lead.reload()
    expect(field(lead, seats)).to_have_value("24")


def test_what_was_typed_before_the_scripts_came_is_saved_once_they_have(lead: Page) -> None:
    with before_the_scripts(lead):
        seats = named(lead, "pupil_seats")
        field(lead, seats).fill("205")
        unsaved = int(version(lead, seats).input_value())
    expect(version(lead, seats)).to_have_value(str(unsaved + 1))
    lead.reload()
    expect(field(lead, seats)).to_have_value("205")


def test_ticking_a_b_ticks_its_elements(person: Person) -> None:
    page = person(LEAD)
    page.click(".app-nav a:text-is('我的任务')")
    page.click("text=分工")
    page.check('input[name="group"][value="B1"]')
    assert page.locator('input[name="element"]:checked').count() == 3
    expect(page.locator("[data-chosen]")).to_have_text("已选 3 项")
    page.uncheck('input[name="element"][value="C2"]')
    expect(page.locator('input[name="group"][value="B1"]')).not_to_be_checked()
