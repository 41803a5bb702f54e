"""What observers see, and the audit trail."""

from __future__ import annotations

import html
import re

from sqlalchemy.orm import Session

from portfolio import audit
from portfolio.audit import Action
from portfolio.queries.city import Matter
from portfolio.queries.school_standing import Standing
from portfolio.services.cycles import RoundPlan
from portfolio.wording import AUDIT_ACTIONS, MATTERS, STANDINGS
from tests.conftest import Browser
from tests.factories import NOW, bureau_actor, make_dossier
from tests.panel_factory import make_scene
from tests.web.office import settled_scene, text_of


def test_an_observer_sees_every_page_and_no_form_that_changes_anything(
    store: Session, observer: Browser
) -> None:
    scene = settled_scene(store)
    cycle, user = scene.cycle.id, scene.chair.id
    round_pages = ["/bureau", f"/bureau/cycles/{cycle}", f"/bureau/panels?cycle={cycle}"]
    people_pages = [f"/bureau/schools/{scene.school.id}", "/bureau/accounts", f"/bureau/accounts/{user}"]
    for path in [*round_pages, *people_pages, "/bureau/cycles", "/bureau/schools", "/bureau/audit"]:
        page = text_of(observer, path)
        forms = re.findall(r'<form[^>]*method="post"[^>]*action="([^"]+)"', page)
        assert set(forms) <= {"/language"}, (path, forms)


def test_every_action_and_standing_has_words() -> None:
    assert set(AUDIT_ACTIONS) == set(Action)
    assert set(STANDINGS) == set(Standing)
    assert set(MATTERS) == set(Matter)


def test_the_trail_is_read_newest_first_a_hundred_at_a_time(store: Session, clerk: Browser) -> None:
    actor = bureau_actor(store)
    for number in range(120):
        audit.record(
            store,
            actor_id=actor.user_id,
            at=NOW,
            action=Action.SCHOOL_ADDED,
            subject=("school", number),
            after={"name": f"学校 {number}"},
        )
    store.commit()
    page = text_of(clerk, "/bureau/audit?action=school:added").split("<main")[1]
    assert page.count("<time") == 100 and "学校 119" in page
    older = re.search(r'href="([^"]+older_than=\d+)"', page)
    assert older
    rest = text_of(clerk, html.unescape(older[1])).split("<main")[1]
    assert rest.count("<time") == 20 and "older_than" not in rest


def test_the_trail_is_filtered_by_school_person_and_action(store: Session, clerk: Browser) -> None:
    scene = make_scene(store, rounds=[RoundPlan("区县初评"), RoundPlan("市级评估")])
    make_dossier(store)
    store.commit()
    assert text_of(clerk, "/bureau/audit?action=dossier:opened").count("<time") == 2
    assert text_of(clerk, f"/bureau/audit?action=dossier:opened&school={scene.school.id}").count("<time") == 1
    assert text_of(clerk, "/bureau/audit?person=nobody").count("<time") == 0
    log_ins = text_of(clerk, "/bureau/audit?action=user:logged_in").split('class="b-trail"')[1]
    assert log_ins.count("<time") == 1 and str(AUDIT_ACTIONS[Action.DOSSIER_OPENED]) not in log_ins


def test_what_people_typed_is_shown_as_text(store: Session, clerk: Browser) -> None:
    clerk.post(
        "/bureau/schools", {"name": "<script>alert(1)</script>", "district": "未央区", "stage": "primary"}
    )
    for path in ("/bureau/schools", "/bureau/audit"):
        page = text_of(clerk, path)
        assert "<script>alert" not in page and "&lt;script&gt;alert" in page
