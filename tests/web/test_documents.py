"""Forms to download: in every format, with the scores a reader may see and no others."""

from __future__ import annotations

import io
from collections.abc import Callable

import openpyxl
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.models import Assignment, Role
from portfolio.services import publishing
from tests.conftest import Browser
from tests.factories import NOW, bureau_actor, make_staff, make_user
from tests.panel_factory import Scene
from tests.web.office import settled_scene

LogIn = Callable[..., Browser]


def _scores_of_c1(browser: Browser, address: str) -> tuple[list[object], str]:
    """What the columns from 得分 on hold for C1, and the form's subtitle."""
    answer = browser.get(address)
    assert answer.status_code == 200
    page = openpyxl.load_workbook(io.BytesIO(answer.get_data())).active
    return [page.cell(6, column).value for column in (6, 7)], str(page["A3"].value)


@pytest.fixture
def scene(store: Session) -> Scene:
    """A review closed by its chair, not yet published."""
    return settled_scene(store)


def _publish(store: Session, scene: Scene) -> None:
    assignment = store.scalars(select(Assignment).where(Assignment.id == scene.assignment.id)).one()
    publishing.publish(store, actor=bureau_actor(store), now=NOW, assignment=assignment)
    store.commit()


@pytest.mark.parametrize(
    ("extension", "magic"), [("docx", b"PK\x03\x04"), ("xlsx", b"PK\x03\x04"), ("pdf", b"%PDF-")]
)
def test_a_form_comes_in_every_format_under_the_schools_name(
    scene: Scene, store: Session, log_in: LogIn, extension: str, magic: bytes
) -> None:
    lead = log_in(make_user_of(store, scene))
    for kind, thing in (("dossiers", scene.dossier.id), ("packages", scene.package.id)):
        answer = lead.get(f"/{kind}/{thing}/form.{extension}")
        assert answer.status_code == 200
        assert answer.get_data().startswith(magic)
        assert f".{extension}" in answer.headers["Content-Disposition"]
        assert "UTF-8''" in answer.headers["Content-Disposition"]


def make_user_of(store: Session, scene: Scene) -> object:
    lead = make_staff(store, scene.school).lead
    store.commit()
    return lead


def test_final_scores_stay_out_of_the_form_until_they_are_published(
    scene: Scene, store: Session, log_in: LogIn
) -> None:
    lead = log_in(make_user_of(store, scene))
    address = f"/packages/{scene.package.id}/form.xlsx"
    assert _scores_of_c1(lead, address)[0] == [0.9, None]
    assert _scores_of_c1(lead, f"{address}?scores=panel")[0] == [None, None]
    assert _scores_of_c1(lead, f"{address}?scores=both")[0] == [0.9, None]
    _publish(store, scene)
    assert _scores_of_c1(lead, address)[0] == [0.9, 0.9]
    assert _scores_of_c1(lead, f"{address}?scores=both")[0] == [0.9, 0.9]
    scores, subtitle = _scores_of_c1(lead, f"{address}?scores=panel")
    assert scores == [0.9, None]
    assert "专家组终评" in subtitle


def test_an_empty_form_has_no_score(scene: Scene, store: Session, log_in: LogIn) -> None:
    lead = log_in(make_user_of(store, scene))
    assert _scores_of_c1(lead, f"/dossiers/{scene.dossier.id}/form.xlsx?scores=empty")[0] == [None, None]


def test_a_form_nobody_makes_is_not_there(scene: Scene, store: Session, log_in: LogIn) -> None:
    lead = log_in(make_user_of(store, scene))
    assert lead.get(f"/dossiers/{scene.dossier.id}/form.doc").status_code == 404
    assert lead.get(f"/dossiers/{scene.dossier.id}/form.pdf?scores=mine").status_code == 404


def test_the_panels_forms_are_offered_once_the_result_is_out(
    scene: Scene, store: Session, log_in: LogIn
) -> None:
    _publish(store, scene)
    lead = log_in(make_user_of(store, scene))
    page = lead.get(f"/dossiers/{scene.dossier.id}/result").get_data(as_text=True)
    assert f"/packages/{scene.package.id}/form.docx?scores=both" in page
    bureau = make_user(store, Role.BUREAU)
    store.commit()
    assert log_in(bureau).get(f"/packages/{scene.package.id}/form.pdf?scores=both").status_code == 200


@pytest.mark.parametrize(
    ("document", "magic"),
    [
        ("catalogue.docx", b"PK"),
        ("catalogue.xlsx", b"PK"),
        ("catalogue.pdf", b"%PDF-"),
        ("labels.docx", b"PK"),
        ("labels.pdf", b"%PDF-"),
    ],
)
def test_the_catalogue_and_the_labels_of_a_package_can_be_taken_along(
    scene: Scene, store: Session, log_in: LogIn, document: str, magic: bytes
) -> None:
    lead = log_in(make_user_of(store, scene))
    address = f"/packages/{scene.package.id}"
    assert f'href="{address}/{document}"' in lead.get(address).get_data(as_text=True)
    answer = lead.get(f"{address}/{document}")
    assert answer.status_code == 200
    assert answer.get_data().startswith(magic)
