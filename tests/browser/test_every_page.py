"""Every page of every role, in both languages, by day at a desk and by night on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from rubric.loader import DEFAULT, find
from tests.browser import atlas
from tests.browser.atlas import Read, Stop
from tests.browser.conftest import Demonstration, Person, Server, Window, windows
from tests.browser.inspection import LANGUAGES, look_at
from tests.browser.steps import (
    finish_review,
    first_link,
    invite,
    join,
    open_cycle_for_a_school,
    post,
    put,
    withdraw_supplement,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Way = Callable[[Read], Iterator[Stop]]

COVERED = """() => {
  const focused = document.activeElement;
  const { left, top, width, height } = focused.getBoundingClientRect();
  const above = document.elementFromPoint(left + width / 2, top + height / 2);
  const bar = above?.closest(".app-head, .app-nav, .waive-bar");
  return bar && !bar.contains(focused) ? [focused.outerHTML.slice(0, 120)] : [];
}"""

WAYS: dict[str, Way] = {
    "qinghuai.contributor1": atlas.contributor,
    "qinghuai.lead": atlas.lead,
    "qinghuai.principal": atlas.principal,
    "baliu.lead": atlas.applicant,
    "yunshan.lead": atlas.applicant,
    "expert1": atlas.expert,
    "expert2": atlas.busy_expert,
    "expert3": atlas.expert,
    "chair": atlas.chair,
    "bureau": atlas.bureau,
    "observer": atlas.observer,
}


@pytest.mark.parametrize("who", WAYS)
def test_every_page_of_the_demonstration(who: str, person: Person) -> None:
    page = person(who)
    assert list(_wrong(page, WAYS[who])) == []


def test_pages_for_those_who_are_not_logged_in(demo: Demonstration, chromium: Browser) -> None:
    with windows(chromium, demo.server.address) as window:
        assert list(_wrong(window(), atlas.outside)) == []


def test_pages_of_what_comes_next(person_apart: Person) -> None:
    """A dossier that waits for its signature; a package that all experts have scored, open and settled."""
    _hand_over(person_apart("qinghuai.lead"))
    for expert in ("expert2", "expert3"):
        finish_review(person_apart(expert))
    chair = person_apart("chair")
    wrong = [*_wrong(person_apart("qinghuai.principal"), atlas.principal), *_wrong(chair, atlas.settlement)]
    withdraw_supplement(chair)
    wrong += _wrong(chair, atlas.settlement)
    _settle(chair)
    assert [*wrong, *_wrong(chair, atlas.settlement)] == []


def test_pages_with_nothing_on_them_yet(server: Server, visitor: Window) -> None:
    """The first day: no cycle, then a school that has written nothing, and an expert without a package."""
    invitation = first_link(server)
    bureau = visitor()
    wrong = [*_wrong(bureau, lambda _: iter([Stop("invitation", invitation)]))]
    join(bureau, invitation, "bureau", "张科长")
    wrong += _wrong(bureau, atlas.empty_office)
    school = open_cycle_for_a_school(bureau)
    link = invite(bureau, f"/schools/{school}/people", "lead", "周岚")
    wrong += _wrong(join(visitor(), link, "lead", "周岚"), atlas.newcomer)
    assert wrong == []


def test_what_has_the_focus_is_never_behind_a_bar(person: Person) -> None:
    """Through the check list on a phone and back, by the Tab key: between header, waive bar and menu."""
    page = person("qinghuai.lead", width=390, height=700)
    page.goto("/")
    page.goto(f"{page.url}/submission")
    covered = []
    for key in ["Tab"] * 45 + ["Shift+Tab"] * 40:
        page.keyboard.press(key)
        covered += page.evaluate(COVERED)
    assert covered == []


def _wrong(page: Page, way: Way) -> Iterator[str]:
    """What is wrong on this person's pages; accessibility is looked into in one language."""
    # before the languages: what leads where doesn't depend on them
    stops = list(way(lambda path: page.request.get(path).text()))
    for language in LANGUAGES:
        _choose(page, language)
        for stop in stops:
            for finding in look_at(page, stop, language, closely=language == "zh"):
                yield f"{stop.name} ({stop.path}, {language}): {finding}"
    _choose(page, "zh")


def _choose(page: Page, language: str) -> None:
    page.goto("/account")  # or the log-in page, for those who aren't
    button = page.locator(f"button[name=locale][value={language}]")
    if button.count():
        button.click()


def _hand_over(lead: Page) -> None:
    """All gaps are waived, and the principal is asked to sign."""
    lead.goto("/")
    submission = f"{lead.url}/submission"
    gaps = re.findall(r'name="gap" value="([^"]+)"', lead.request.get(submission).text())
    post(lead, f"{submission}/waivers", *(("gap", gap) for gap in gaps), ("reason", "材料仍在整理，按时补交"))
    post(lead, submission)


def _settle(chair: Page) -> None:
    """The chair opens the table and decides every element; closing is left to them."""
    table = re.findall(r'href="(/rounds/\d+/settlement/\d+)"', chair.request.get("/reviews").text())[0]
    post(chair, f"{table}/opening")
    final = {"score": "0.7", "rule": "chair", "reason": "合议后确定。", "version": 0}
    for element in find(DEFAULT).elements:
        put(chair, f"{table}/elements/{element.code}", final)
