"""Seeing files in a browser: made while one waits, turned in place, zoomed, previewed over an element."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.conftest import Person
from tests.derive.samples import pdf

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

LEAD = "qinghuai.lead"
PICKER = "input[name=files]:not([capture])"
WAITS = 60_000  # milliseconds for what is made in the background, behind the demonstration's own files


def test_an_upload_becomes_pages_by_itself_that_are_turned_in_place(person: Person, tmp_path: Path) -> None:
    page = person(LEAD)
    _upload(page, tmp_path, "八月纪要.pdf", pdf("第一页的话", "第二页的话"))
    shown = page.locator("[data-paper] img")
    expect(shown).to_have_attribute("srcset", re.compile("pages/1/page"), timeout=WAITS)
    page.evaluate("window.stayed = true")
    page.click("[data-viewer] [rel=next]")
    expect(shown).to_have_attribute("srcset", re.compile("pages/2/page"))
    expect(page.locator("[data-text]")).to_contain_text("第二页的话")
    assert "page=2" in page.url
    page.keyboard.press("p")
    expect(shown).to_have_attribute("srcset", re.compile("pages/1/page"))
    assert page.evaluate("window.stayed")

    upright, width = _box(shown), _box(shown)["width"]
    page.click("[data-zoom='1']")
    expect(page.locator("[data-scale]")).to_have_text("150%")
    assert _box(shown)["width"] > 1.4 * width
    page.click("[data-zoom='0']")
    page.click("[data-turn]")
    turned = _box(shown)
    assert (turned["width"] > turned["height"]) != (upright["width"] > upright["height"])


def test_a_citations_file_is_previewed_over_the_element_and_closed_by_a_key(person: Person) -> None:
    page = person(LEAD)
    page.goto(page.locator(".app-nav a", has_text="评估要素").get_attribute("href") or "")
    page.locator("#citations [data-preview]").last.click()
    dialog = page.locator("[data-preview-dialog]")
    expect(dialog.locator("[data-viewer]")).to_be_visible()
    before = page.url
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    assert page.url == before


def _upload(page: Page, folder: Path, name: str, content: bytes) -> None:
    """Upload a file in the library, and open it."""
    file = folder / name
    file.write_bytes(content)
    page.click(".app-nav a:has-text('佐证材料')")
    page.set_input_files(PICKER, str(file))
    link = page.locator("#library-list a", has_text=file.stem).first
    expect(link).to_be_visible(timeout=20_000)
    link.click()
    page.wait_for_selector("[data-viewer]")


def _box(located: Locator) -> dict[str, float]:
    box = located.bounding_box()
    assert box is not None
    return {"width": box["width"], "height": box["height"]}
