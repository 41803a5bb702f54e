"""The bureau's pages of panels on their way: who is late, reminding, publishing many, certificates."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portfolio.models import Assignment, Certificate, PanelReminder, Role, Round, User
from tests.conftest import Browser
from tests.factories import NOW, make_dossier, make_school, make_user, score_all
from tests.panel_factory import Scene, make_scene
from tests.web.office import settled_scene, text_of

LogIn = Callable[[User], Browser]


def _late(store: Session) -> Scene:
    """A review whose deadline has passed; one of two experts has handed in."""
    scene = make_scene(store, experts=2)
    scene.hand_in(0)
    store.execute(update(Round).values(review_by=NOW - timedelta(days=3)))
    store.commit()
    return scene


def _beside(store: Session, scene: Scene) -> Scene:
    """Another closed review of the same cycle."""
    scene.panel.name = "第一专家组"
    dossier = make_dossier(store, make_school(store), scene.cycle)
    score_all(store, dossier)
    other = make_scene(store, experts=1, dossier=dossier)
    other.hand_in(0)
    other.settle_all()
    other.close()
    store.commit()
    return other


def _words(page: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", page))


def test_the_progress_names_who_is_late_and_what_they_carry(store: Session, clerk: Browser) -> None:
    scene = _late(store)
    page = text_of(clerk, "/bureau/progress")
    row = _words(page.split("<tbody>")[1].split("</tbody>")[0])
    assert scene.school.name in row
    assert "已逾期 3 天" in row
    assert scene.experts[1].name in row
    assert scene.experts[0].name not in row
    assert re.search(r'<tr class="is-late">', page)


def test_an_empty_progress_says_the_next_step(store: Session, clerk: Browser) -> None:
    assert "/bureau/cycles" in text_of(clerk, "/bureau/progress")
    make_dossier(store)
    store.commit()
    assert "/bureau/panels" in text_of(clerk, "/bureau/progress")


def test_a_reminder_is_shown_first_then_noted_once_a_day_and_seen_by_its_reader(
    store: Session, clerk: Browser, log_in: LogIn
) -> None:
    scene = _late(store)
    address = f"/bureau/cycles/{scene.cycle.id}/reminders"
    preview = _words(text_of(clerk, address).split("<main")[1])
    assert scene.experts[1].name in preview
    assert scene.experts[0].name not in preview
    assert scene.chair.name not in preview
    assert clerk.post(address).status_code == 302
    assert clerk.post(address).status_code == 422
    assert len(store.scalars(select(PanelReminder)).all()) == 1
    assert "复评已逾期" in text_of(log_in(scene.experts[1]), "/reviews")
    assert "复评已逾期" not in text_of(log_in(scene.experts[0]), "/reviews")


def test_an_observer_sees_the_progress_and_reminds_nobody(store: Session, observer: Browser) -> None:
    scene = _late(store)
    page = text_of(observer, "/bureau/progress")
    assert f"/bureau/cycles/{scene.cycle.id}/reminders" not in page
    assert observer.post(f"/bureau/cycles/{scene.cycle.id}/reminders").status_code == 403


def test_many_results_are_chosen_looked_at_and_published(
    store: Session, clerk: Browser, log_in: LogIn
) -> None:
    first = settled_scene(store)
    second = _beside(store, first)
    chosen = [first.assignment.id, second.assignment.id]
    listed = text_of(clerk, "/bureau/publication")
    assert {int(each) for each in re.findall(r'name="assignment" value="(\d+)"', listed)} == set(chosen)
    address = f"/bureau/cycles/{first.cycle.id}/publication"
    told = _words(text_of(clerk, f"{address}?assignment={chosen[0]}&assignment={chosen[1]}"))
    assert told.count("90.0") >= 4
    assert told.count("同意推荐。") == 2
    assert first.school.name in told
    assert second.school.name in told
    assert clerk.post(address, {"assignment": chosen}).status_code == 302
    store.expire_all()
    for scene in (first, second):
        assert store.get_one(Assignment, scene.assignment.id).published_at == NOW
        lead = log_in(_lead(store, scene))
        assert "90.0" in text_of(lead, f"/dossiers/{scene.dossier.id}/result")


def test_one_result_that_was_published_meanwhile_keeps_the_others_back_with_its_reason(
    store: Session, clerk: Browser
) -> None:
    first = settled_scene(store)
    second = _beside(store, first)
    clerk.post(f"/bureau/assignments/{first.assignment.id}/publication")
    answer = clerk.post(
        f"/bureau/cycles/{first.cycle.id}/publication",
        {"assignment": [first.assignment.id, second.assignment.id]},
    )
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    marked = next(part for part in page.split('<li class="sheet">') if first.school.name in part)
    assert "已经公布" in marked
    store.expire_all()
    assert store.get_one(Assignment, second.assignment.id).published_at is None
    assert clerk.post(f"/bureau/cycles/{first.cycle.id}/publication", {}).status_code == 422


def test_results_of_another_cycle_are_not_published_by_this_ones_address(
    store: Session, clerk: Browser
) -> None:
    scene, other = settled_scene(store), make_scene(store, experts=1)
    store.commit()
    answer = clerk.post(f"/bureau/cycles/{other.cycle.id}/publication", {"assignment": scene.assignment.id})
    assert answer.status_code == 422
    store.expire_all()
    assert store.get_one(Assignment, scene.assignment.id).published_at is None


def test_a_title_is_awarded_printed_seen_by_its_school_and_revoked_with_a_reason(
    store: Session, clerk: Browser, log_in: LogIn
) -> None:
    scene = settled_scene(store)
    cycle = scene.cycle.id
    clerk.post(f"/bureau/assignments/{scene.assignment.id}/publication")
    award = f"/bureau/cycles/{cycle}/certificates"
    early = clerk.post(award, {"assignment": scene.assignment.id})
    assert early.status_code == 422
    assert "有效年限" in early.get_data(as_text=True)
    terms = f"/bureau/cycles/{cycle}/terms"
    assert terms in text_of(clerk, "/bureau/certificates")
    refused = clerk.post(terms, {"award_years": "99"})
    assert refused.status_code == 422
    assert 'value="99"' in refused.get_data(as_text=True)
    assert clerk.post(terms, {"award_years": "3"}).status_code == 302
    assert clerk.post(terms, {"award_years": "4"}).status_code == 422
    assert clerk.post(award, {"assignment": scene.assignment.id}).status_code == 302
    page = text_of(clerk, "/bureau/certificates")
    assert "新优质〔2026〕0001号" in page
    assert "2029年11月23日" in page
    result = f"/dossiers/{scene.dossier.id}/result"
    lead = log_in(_lead(store, scene))
    assert "新优质〔2026〕0001号" in text_of(lead, result)
    assert lead.get("/bureau/certificates").status_code == 404
    held = store.scalars(select(Certificate)).one()
    revocation = f"/bureau/certificates/{held.id}/revocation"
    assert clerk.post(revocation, {"reason": ""}).status_code == 422
    assert clerk.post(revocation, {"reason": "查实造假。"}).status_code == 302
    assert "查实造假。" in text_of(lead, result)
    assert "查实造假。" in text_of(clerk, "/bureau/certificates?state=revoked")


def test_certificates_of_a_cycle_there_is_not_are_not_found(store: Session, clerk: Browser) -> None:
    assert clerk.get("/bureau/certificates?cycle=1").status_code == 404
    assert clerk.get("/bureau/certificates.csv").status_code == 200
    assert clerk.get("/bureau/progress?cycle=1").status_code == 404


def _lead(store: Session, scene: Scene) -> User:
    user = make_user(store, Role.LEAD, school=scene.school)
    store.commit()
    return user
