"""The receipt, and the bureau's page that tells whose package a digest is."""

from __future__ import annotations

import re
from collections.abc import Callable

import pypdfium2
import pytest
import segno
from sqlalchemy.orm import Session

from portfolio.models import User
from portfolio.queries.proof import proof_of
from tests.conftest import Browser
from tests.factories import make_staff
from tests.package_factory import make_package
from tests.panel_factory import Scene, make_scene

LogIn = Callable[[User], Browser]


@pytest.fixture
def scene(store: Session) -> Scene:
    made = make_scene(store, experts=1)
    store.commit()
    return made


@pytest.fixture
def receipt(scene: Scene, store: Session, log_in: LogIn) -> bytes:
    lead = make_staff(store, scene.school).lead
    store.commit()
    answer = log_in(lead).get(f"/packages/{scene.package.id}/receipt.pdf")
    assert answer.status_code == 200
    assert answer.mimetype == "application/pdf"
    data: bytes = answer.get_data()
    return data


def test_the_receipt_names_school_package_and_digest(receipt: bytes, scene: Scene) -> None:
    with pypdfium2.PdfDocument(receipt) as pdf:
        assert len(pdf) == 1
        words = re.sub(r"\s+", "", pdf[0].get_textpage().get_text_bounded())
    assert "申报回执" in words
    assert scene.school.name in words
    assert scene.package.digest in words


def test_its_code_leads_to_the_check_of_its_digest(receipt: bytes, scene: Scene) -> None:
    wanted = [
        [bool(module) for module in row]
        for row in segno.make(
            f"http://localhost/proof?digest={scene.package.digest}", error="m", micro=False
        ).matrix
    ]
    assert _drawn_code(receipt, len(wanted)) == wanted


def _drawn_code(receipt: bytes, modules: int) -> list[list[bool]]:
    """The code's modules as they are seen on the page: the dark square that stands lowest on its right side."""
    with pypdfium2.PdfDocument(receipt) as pdf:
        picture = pdf[0].render(scale=4).to_pil().convert("L")
    cut = picture.crop((round(picture.width * 0.69), 0, picture.width, picture.height))
    dark = cut.point(lambda value: 255 if value < 128 else 0)
    y1 = dark.getbbox()[3]
    x0, _y, x1, _y1 = dark.crop((0, y1 - 200, cut.width, y1)).getbbox()
    y0 = y1 - (x1 - x0)
    step_x, step_y = (x1 - x0) / modules, (y1 - y0) / modules
    return [
        [
            cut.getpixel((round(x0 + (column + 0.5) * step_x), round(y0 + (row + 0.5) * step_y))) < 128
            for column in range(modules)
        ]
        for row in range(modules)
    ]


def test_the_bureau_sees_whose_package_a_digest_is(scene: Scene, clerk: Browser) -> None:
    digest = scene.package.digest
    for typed in (digest, digest.upper(), "  ".join(digest[at : at + 8] for at in range(0, 64, 8))):
        page = clerk.get("/proof", query_string={"digest": typed}).get_data(as_text=True)
        assert scene.school.name in page
        assert f"/packages/{scene.package.id}" in page


def test_a_digest_nobody_signed_is_said_so(scene: Scene, clerk: Browser) -> None:
    answer = clerk.get("/proof", query_string={"digest": "0" * 64})
    assert answer.status_code == 200
    assert scene.school.name not in answer.get_data(as_text=True)
    assert 'data-s="gap"' in answer.get_data(as_text=True)


def test_a_mistyped_digest_keeps_what_was_typed(clerk: Browser) -> None:
    answer = clerk.get("/proof", query_string={"digest": "xyz"})
    assert answer.status_code == 422
    assert 'value="xyz"' in answer.get_data(as_text=True)
    assert 'id="digest-error"' in answer.get_data(as_text=True)


def test_a_later_package_of_the_school_is_pointed_at(scene: Scene, store: Session, clerk: Browser) -> None:
    make_package(store, scene.dossier, number=2)
    store.commit()
    found = proof_of(store, scene.package.digest)
    assert found is not None
    assert (found.number, found.newest) == (1, 2)
    page = clerk.get("/proof", query_string={"digest": scene.package.digest}).get_data(as_text=True)
    assert 'data-s="bare"' in page


def test_a_school_asks_nothing_about_others_digests(scene: Scene, store: Session, log_in: LogIn) -> None:
    lead = make_staff(store, scene.school).lead
    store.commit()
    assert log_in(lead).get("/proof", query_string={"digest": scene.package.digest}).status_code == 404


def test_the_packages_page_shows_the_code(scene: Scene, store: Session, log_in: LogIn) -> None:
    lead = make_staff(store, scene.school).lead
    store.commit()
    page = log_in(lead).get(f"/packages/{scene.package.id}").get_data(as_text=True)
    assert 'class="code" src="data:image/svg+xml,' in page
    assert f"/packages/{scene.package.id}/receipt.pdf" in page
