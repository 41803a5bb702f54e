"""Debian's Chromium for the browser tests: found on PATH, never downloaded."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.fixtures_servers import absent

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def chromium_path() -> str:
    """Chromium's program; skips (or fails) the asking test where there is none."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    return found or absent(
        "Chromium", f"none of {', '.join(NAMES)} is on PATH (Debian: chromium, fonts-noto-cjk)"
    )


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A running Chromium; each test opens contexts of its own in it."""
    # here and not above: it takes a while to load, and most runs of a few tests don't need it
    from playwright.sync_api import sync_playwright

    program = chromium_path()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()
