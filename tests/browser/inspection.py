"""What is looked at on every page, whoever's it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from axe_playwright_python.base import AXE_SCRIPT  # type: ignore[import-untyped]

from rubric.loader import DEFAULT, find
from tests.browser.atlas import Stop
from tools.messages import CATALOGUE, ROOT, read

if TYPE_CHECKING:
    from playwright.sync_api import Page

VIEWS = {"light": 1440, "dark": 390}  # by day at a desk, by night on a phone; pixels
MOST_BYTES = 100_000
LANGUAGES = {"zh": "zh-CN", "en": "en"}
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
TWO_ENGLISH_WORDS = re.compile(r"[A-Za-z]{3,} [a-z]{2,}")

# Everything a page says: its text, and what it says to those who don't see it or hover over it.
SAID = """() => {
  const words = [];
  const walk = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const element = node.nodeType === Node.TEXT_NODE ? node.parentElement : node;
    if (element.closest("code, kbd, noscript, pre, script, style, [lang]:not(html)")) continue;
    if (node === element) {
      for (const name of ["aria-label", "title", "placeholder", "alt", "data-strings"]) {
        if (node.hasAttribute(name)) words.push(node.getAttribute(name));
      }
    } else if (node.data.trim()) words.push(node.data.trim().replace(/\\s+/g, " "));
  }
  return words;
}"""
ENDS_BEHIND_THE_MENU = """() => {
  const [main, menu] = [document.querySelector("main"), document.querySelector(".app-nav")];
  if (!menu || getComputedStyle(menu).position !== "fixed") return false;
  scrollTo(0, document.body.scrollHeight);
  const behind = main.getBoundingClientRect().bottom > menu.getBoundingClientRect().top + 1;
  scrollTo(0, 0);
  return behind;
}"""
VIOLATIONS = """async (tags) => {
  const found = await axe.run(document, { resultTypes: ["violations"], iframes: false, runOnly: tags });
  const first = (nodes) => nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ");
  return found.violations.map((one) => `${one.id} (${one.nodes.length}): ${first(one.nodes)}`);
}"""


def look_at(page: Page, stop: Stop, language: str, *, closely: bool) -> Iterator[str]:
    """Go there, and name everything that is wrong; `closely` also by the rules of WCAG 2.2 AA."""
    answer = page.goto(stop.path)
    assert answer is not None
    if answer.status != stop.status:
        yield f"answered {answer.status}"
    size = len(answer.body())
    if size >= MOST_BYTES:
        yield f"{size} bytes of HTML"
    if page.get_attribute("html", "lang") != LANGUAGES[language]:
        yield "says it is in another language"
    if (headings := page.locator("h1").count()) != 1:
        yield f"{headings} first headings"
    yield from (f"in the other language: {words}" for words in _foreign(page.evaluate(SAID), language))
    if closely:
        page.evaluate(AXE_SCRIPT)
    for theme, width in VIEWS.items():
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate("theme => document.documentElement.dataset.bsTheme = theme", theme)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            yield f"at {width} px: {wide} px wider than the window"
        if page.evaluate(ENDS_BEHIND_THE_MENU):
            yield f"at {width} px: its end is behind the menu"
        if closely:
            violations: list[str] = page.evaluate(VIOLATIONS, WCAG)
            yield from (f"{theme}, at {width} px: {violation}" for violation in violations)


def _foreign(said: list[str], language: str) -> list[str]:
    """What is said in the language that wasn't chosen. Schools' own words are Chinese on every page."""
    if language == "zh":
        return [words for words in said if TWO_ENGLISH_WORDS.search(words)]
    return [words for words in said if words in _interface_in_chinese()]


@cache
def _interface_in_chinese() -> frozenset[str]:
    """The texts of the interface that no person would have typed: whole sentences and labels of the catalogue."""
    texts = (message.string for message in read(ROOT / CATALOGUE) if message.id)
    official = {method.text for indicator in find(DEFAULT).indicators for method in indicator.methods}
    return frozenset(text for text in texts if isinstance(text, str) and "%(" not in text) - official
