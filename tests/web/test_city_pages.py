"""The city at a glance: sorted and filtered by links, and as quick with more schools."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.models import (
    Cycle,
    Dossier,
    DossierState,
    Role,
    Round,
    School,
)
from portfolio.queries.city import Matter
from portfolio.services import panels
from portfolio.wording import MATTERS
from tests.conftest import Browser, Clock
from tests.counting import statements
from tests.factories import (
    NOW,
    bureau_actor,
    make_cycle,
    make_dossier,
    make_school,
    make_user,
    score_all,
)
from tests.package_factory import make_package
from tests.web.office import names_on, text_of


def test_what_is_late_is_pointed_at(store: Session, clerk: Browser, clock: Clock) -> None:
    school = make_school(store, "终南路学校")
    make_dossier(store, school)
    store.commit()
    assert str(MATTERS[Matter.NOT_SUBMITTED][1]) not in text_of(clerk, "/bureau")
    clock.now = NOW + timedelta(days=19)
    clerk.client.delete_cookie("portfolio")
    user = make_user(store, Role.BUREAU)
    store.commit()
    clerk.log_in(user)
    page = text_of(clerk, "/bureau")
    assert f'href="/bureau/schools/{school.id}"' in page and "b-matter" in page


def test_the_overview_is_sorted_and_filtered_by_links(store: Session, clerk: Browser) -> None:
    cycle = make_cycle(store)
    for name, share in (("甲学校", "0.5"), ("乙学校", "0.9"), ("丙学校", "0.7")):
        dossier = make_dossier(store, make_school(store, name), cycle)
        score_all(store, dossier, share=Decimal(share))
    dossier.state, dossier.handed_over_at = DossierState.SIGNING, NOW
    store.commit()
    assert names_on(text_of(clerk, "/bureau")) == ["乙学校", "丙学校", "甲学校"]
    assert names_on(text_of(clerk, "/bureau?sort=claimed&order=asc")) == ["甲学校", "丙学校", "乙学校"]
    assert names_on(text_of(clerk, "/bureau?sort=A3")) == ["乙学校", "丙学校", "甲学校"]
    assert names_on(text_of(clerk, "/bureau?sort=school")) == ["丙学校", "乙学校", "甲学校"]
    assert names_on(text_of(clerk, "/bureau?state=signing")) == ["丙学校"]
    assert names_on(text_of(clerk, "/bureau?state=published")) == []
    assert names_on(text_of(clerk, "/bureau?sort=nonsense&state=nonsense&order=x")) == [
        "乙学校",
        "丙学校",
        "甲学校",
    ]


def test_the_overview_shows_the_cycle_asked_for(store: Session, clerk: Browser) -> None:
    for name in ("甲学校", "乙学校"):
        make_dossier(store, make_school(store, name))
    cycle = store.scalars(select(Dossier.cycle_id).join(School).where(School.name == "甲学校")).one()
    store.commit()
    assert names_on(text_of(clerk, f"/bureau?cycle={cycle}")) == ["甲学校"]
    assert clerk.get("/bureau?cycle=12345").status_code == 404


def test_without_a_cycle_the_overview_says_what_comes_first(clerk: Browser) -> None:
    assert 'href="/bureau/cycles"' in text_of(clerk, "/bureau").split("<main")[1]


def _counted(app: Flask, browser: Browser, path: str) -> int:
    """The statements a page takes."""
    with statements(app.extensions["portfolio"].sessions.kw["bind"]) as seen:
        text_of(browser, path)
    return len(seen)


def _add_schools(store: Session, cycle: Cycle, number: int) -> None:
    first = store.scalars(select(Round).where(Round.cycle_id == cycle.id)).first()
    assert first is not None
    for position in range(number):
        dossier = make_dossier(store, cycle=cycle)
        score_all(store, dossier)
        if position % 2:
            package = make_package(store, dossier)
            people = [make_user(store, Role.EXPERT) for _ in range(2)]
            panel = panels.form_panel(
                store,
                actor=bureau_actor(store),
                now=NOW,
                round=first,
                name=f"专家组 {dossier.id}",
                experts=people,
                chair=people[0],
            )
            panels.assign(store, actor=bureau_actor(store), now=NOW, panel=panel, package=package)
    store.commit()


def test_more_schools_take_no_more_statements(app: Flask, store: Session, clerk: Browser) -> None:
    cycle = make_cycle(store)
    paths = {
        "/bureau": 8,
        f"/bureau/cycles/{cycle.id}": 9,
        f"/bureau/panels?cycle={cycle.id}": 10,
        "/bureau/cycles": 4,
        "/bureau/schools": 4,
        "/bureau/accounts": 7,
        "/bureau/audit": 4,
    }
    _add_schools(store, cycle, 3)
    few = {path: _counted(app, clerk, path) for path in paths}
    _add_schools(store, cycle, 3)
    many = {path: _counted(app, clerk, path) for path in paths}
    assert many == few
    assert all(few[path] <= most for path, most in paths.items()), few
