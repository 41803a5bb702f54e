"""The page in an archive, walked from the disk: no server, no network."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest
from PIL import Image
from playwright.sync_api import expect

from portfolio.documents.archive import bag
from portfolio.storage import Storage
from tests.archive_factory import SCHOOL, Piece, package

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


def _picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(buffer, "PNG")
    return buffer.getvalue()


PIECES = (
    Piece("党支部会议记录", b"%PDF-1.4 minutes", ("C1", "C2"), pages=(3, 5)),
    Piece("升旗😀仪式 100% #1", _picture(), ("C4",), "旗.png", "image/png"),
)


@pytest.fixture
def page(chromium: Browser, storage: Storage, tmp_path: Path) -> Iterator[Page]:
    """The archive's page, opened from where it was unpacked, in a browser without a network."""
    contents = package(storage, tmp_path, PIECES)
    made = bag.archive(contents, storage, school_id=SCHOOL)
    with zipfile.ZipFile(io.BytesIO(b"".join(made.pieces()))) as archive:
        archive.extractall(tmp_path / "unpacked")
    context = chromium.new_context(offline=True, viewport={"width": 1440, "height": 900})
    opened = context.new_page()
    opened.goto((tmp_path / "unpacked" / contents.name / "index.html").as_uri())
    yield opened
    context.close()


def test_it_is_walked_from_the_grid_to_an_element_to_its_file(page: Page) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.reload()
    assert page.locator(".cell").count() == 84
    page.locator('.cell[href="#C4"]').click()
    assert urlsplit(page.url).fragment == "C4"
    element = page.locator("#C4")
    expect(element).to_be_in_viewport()
    assert "记录完整" in element.inner_text()
    with page.expect_popup() as popup:
        element.get_by_role("link", name="升旗😀仪式 100% #1").click()
    picture = popup.value
    picture.wait_for_load_state()
    assert picture.locator("img").evaluate("image => image.naturalWidth") == 40
    assert all(url.startswith("file:") for url in asked), asked
    assert complaints == []


def test_a_citation_opens_the_file_at_its_page(page: Page) -> None:
    link = page.locator("#C2").get_by_role("link", name="党支部会议记录")
    address = urlsplit(link.evaluate("link => link.href"))
    assert address.fragment == "page=3"
    assert Path(unquote(address.path)).read_bytes() == PIECES[0].data


@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_hangs_over_the_edge(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("h1").inner_text().startswith("西安市第一学校")
