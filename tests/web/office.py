"""What tests of the bureau's pages share."""

from __future__ import annotations

import re

from sqlalchemy.orm import Session

from tests.conftest import Browser
from tests.panel_factory import Scene, make_scene


def text_of(browser: Browser, path: str) -> str:
    """A page that is there."""
    answer = browser.get(path)
    assert answer.status_code == 200, path
    text: str = answer.get_data(as_text=True)
    return text


def names_on(page: str) -> list[str]:
    """The rows of a page's table, by the names they lead with."""
    return re.findall(r'<th scope="row"><a [^>]+>([^<]+)</a>', page)


def settled_scene(store: Session) -> Scene:
    """A review that its chair has closed."""
    scene = make_scene(store, experts=2)
    for number in range(2):
        scene.hand_in(number)
    scene.settle_all()
    scene.close()
    store.commit()
    return scene
