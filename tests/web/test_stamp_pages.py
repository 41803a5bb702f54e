"""A package's time stamp on its page, its receipt, the proof page, and in its archive."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable

import pypdfium2
import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Settings
from portfolio import create_app
from portfolio.documents.archive import stamp
from portfolio.models import Package, Role, User
from portfolio.services import timestamps
from tests.conftest import Browser, Clock
from tests.factories import NOW, make_user
from tests.panel_factory import Scene
from tests.servers.tsa import TimeStampAuthority

LogIn = Callable[[User], Browser]


def put(store: Session, scene: Scene, *, response: bytes | None, failure: str | None) -> None:
    timestamps.note(
        store,
        now=NOW,
        package=scene.package,
        authority="https://tsa.example.cn/tsr",
        response=response,
        failure=failure,
    )
    store.commit()


def stamped(store: Session, scene: Scene, tsa: TimeStampAuthority) -> bytes:
    manifest = store.scalars(select(Package.manifest).where(Package.id == scene.package.id)).one()
    response = tsa.stamped(stamp.query(manifest).as_bytes())
    put(store, scene, response=response, failure=None)
    return response


def receipt(browser: Browser, scene: Scene) -> str:
    with pypdfium2.PdfDocument(browser.get(f"/packages/{scene.package.id}/receipt.pdf").get_data()) as pdf:
        return re.sub(r"\s+", "", pdf[0].get_textpage().get_text_bounded())


def test_where_no_authority_is_set_nothing_is_said_of_stamps(clerk: Browser, scene: Scene) -> None:
    assert "时间戳" not in clerk.get(f"/packages/{scene.package.id}").get_data(as_text=True)
    assert "时间戳" not in receipt(clerk, scene)
    assert clerk.get(f"/packages/{scene.package.id}/manifest.json.tsr").status_code == 422


def test_a_stamp_stands_on_the_page_the_receipt_the_proof_and_in_the_archive(
    clerk: Browser, scene: Scene, store: Session, tsa: TimeStampAuthority, log_in: LogIn
) -> None:
    lead = make_user(store, Role.LEAD, school=scene.school)
    response = stamped(store, scene, tsa)
    page = clerk.get(f"/packages/{scene.package.id}").get_data(as_text=True)
    assert "时间戳" in page
    assert "tsa.example.cn" in page
    assert "tsa.example.cn" in receipt(clerk, scene)
    assert "tsa.example.cn" in clerk.get(f"/proof?digest={scene.package.digest}").get_data(as_text=True)
    assert clerk.get(f"/packages/{scene.package.id}/manifest.json.tsr").get_data() == response
    data = log_in(lead).get(f"/packages/{scene.package.id}/archive.zip").get_data()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        [name] = [name for name in archive.namelist() if name.endswith("/data/manifest.json.tsr")]
        assert archive.read(name) == response


@pytest.mark.parametrize(
    ("failure", "words"), [("unreachable", "对方没有应答"), ("signature", "签名与本系统配置的证书不符")]
)
def test_a_failure_is_said_plainly_with_when_it_is_tried_again(
    clerk: Browser, scene: Scene, store: Session, failure: str, words: str
) -> None:
    put(store, scene, response=None, failure=failure)
    for page in (f"/packages/{scene.package.id}", f"/proof?digest={scene.package.digest}"):
        text = clerk.get(page).get_data(as_text=True)
        assert "尚未取得" in text
        assert words in text
        assert "再次申请" in text


def test_where_an_authority_is_set_a_fresh_package_says_that_it_is_asked_for(
    app: Flask, scene: Scene, store: Session, clock: Clock
) -> None:
    bureau = make_user(store, Role.BUREAU)
    store.commit()
    settings: Settings = app.extensions["portfolio"].settings
    stamping = create_app(settings.model_copy(update={"tsa_url": "https://tsa.example.cn/tsr"}), clock=clock)
    browser = Browser(stamping.test_client()).log_in(bureau)
    assert "申请中" in browser.get(f"/packages/{scene.package.id}").get_data(as_text=True)
