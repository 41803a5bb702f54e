"""A package's archive over HTTP: whole, in ranges, and not at all where a file is not whole."""

from __future__ import annotations

import io
import logging
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from portfolio.documents.archive import bag
from portfolio.documents.archive.verify import Verification
from portfolio.errors import DomainError
from portfolio.models import Evidence, EvidenceVersion, User
from portfolio.storage import Storage
from tests.conftest import Browser
from tests.factories import cite, make_dossier, make_evidence, make_school, make_staff, score_all
from tests.panel_factory import Scene, make_scene

LogIn = Callable[[User], Browser]
TITLE = "党支部会议记录"


@dataclass
class Ground:
    scene: Scene
    address: str
    lead: User
    stored: Path


@pytest.fixture
def ground(app: Flask, store: Session, tmp_path: Path) -> Ground:
    """A package with one file, under review."""
    storage: Storage = app.extensions["portfolio"].storage
    dossier = make_dossier(store, make_school(store))
    score_all(store, dossier)
    evidence = make_evidence(
        store, dossier.school, storage, tmp_path, title=TITLE, content=b"minutes " * 1000
    )
    for code in ("C1", "C2"):
        cite(store, dossier, code, evidence, page=3)
    scene = make_scene(store, dossier=dossier)
    lead = make_staff(store, dossier.school).lead
    stored = storage.local_path(dossier.school_id, _version(store, evidence).sha256)
    assert stored is not None
    store.commit()
    return Ground(scene, f"/packages/{scene.package.id}/archive.zip", lead, stored)


def _version(store: Session, evidence: Evidence) -> EvidenceVersion:
    return store.query(EvidenceVersion).filter_by(evidence_id=evidence.id).one()


def test_the_archive_is_what_was_signed(ground: Ground, log_in: LogIn, tmp_path: Path) -> None:
    answer = log_in(ground.lead).get(ground.address)
    assert answer.status_code == 200
    assert answer.mimetype == "application/zip"
    data = answer.get_data()
    assert int(answer.headers["Content-Length"]) == len(data)
    assert "UTF-8''" in answer.headers["Content-Disposition"]
    path = tmp_path / "package.zip"
    path.write_bytes(data)
    assert [f for f in Verification(path).findings(ground.scene.package.digest) if f.matter] == []
    with zipfile.ZipFile(path) as archive:
        assert any(name.endswith(f"/B1/C1/001 {TITLE}.txt") for name in archive.namelist())


def test_a_broken_download_goes_on_where_it_stopped(ground: Ground, log_in: LogIn) -> None:
    lead = log_in(ground.lead)
    whole = lead.get(ground.address)
    data, tag = whole.get_data(), whole.headers["ETag"]
    assert whole.headers["Accept-Ranges"] == "bytes"
    half = len(data) // 2
    rest = lead.get(ground.address, headers={"Range": f"bytes={half}-", "If-Range": tag})
    assert rest.status_code == 206
    assert rest.headers["Content-Range"] == f"bytes {half}-{len(data) - 1}/{len(data)}"
    assert data[:half] + rest.get_data() == data
    middle = lead.get(ground.address, headers={"Range": "bytes=100-199"})
    assert middle.get_data() == data[100:200]
    other = lead.get(ground.address, headers={"Range": f"bytes={half}-", "If-Range": '"another archive"'})
    assert (other.status_code, other.get_data()) == (200, data)
    beyond = lead.get(ground.address, headers={"Range": f"bytes={len(data)}-"})
    assert beyond.status_code == 416
    assert lead.get(ground.address, headers={"If-None-Match": tag}).status_code == 304


def test_an_expert_gets_the_archive_but_not_the_originals(ground: Ground, log_in: LogIn) -> None:
    expert = log_in(ground.scene.experts[0])
    assert expert.get(ground.address).status_code == 200
    assert expert.get(f"{ground.address}?originals=1").status_code == 404
    assert log_in(ground.lead).get(f"{ground.address}?originals=1").status_code == 200


def test_a_missing_file_is_named_on_a_page(ground: Ground, log_in: LogIn) -> None:
    ground.stored.unlink()
    answer = log_in(ground.lead).get(ground.address)
    assert answer.status_code >= 400
    assert answer.mimetype == "text/html"
    assert TITLE in answer.get_data(as_text=True)


def test_a_changed_file_is_named_on_a_page(ground: Ground, log_in: LogIn) -> None:
    data = ground.stored.read_bytes()
    ground.stored.chmod(0o644)
    ground.stored.write_bytes(b"M" + data[1:])
    answer = log_in(ground.lead).get(ground.address)
    assert answer.status_code >= 400
    assert TITLE in answer.get_data(as_text=True)


def test_a_file_that_changes_under_way_ends_the_answer_and_is_named_in_the_log(
    ground: Ground, log_in: LogIn, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(bag, "READ_BEFORE", 0)
    data = ground.stored.read_bytes()
    ground.stored.chmod(0o644)
    ground.stored.write_bytes(b"M" + data[1:])
    lead = log_in(ground.lead)
    with caplog.at_level(logging.ERROR), pytest.raises(DomainError):
        lead.get(ground.address).get_data()
    assert TITLE in caplog.text


def test_the_packages_page_offers_it_to_those_who_may_open_files(ground: Ground, log_in: LogIn) -> None:
    address = f"/packages/{ground.scene.package.id}"
    for user, originals in ((ground.lead, True), (ground.scene.experts[0], False)):
        page = log_in(user).get(address).get_data(as_text=True)
        assert f'href="{ground.address}"' in page
        assert (f"{ground.address}?originals=1" in page) is originals


def test_its_bytes_can_be_read_as_a_zip_from_memory(ground: Ground, log_in: LogIn) -> None:
    data = log_in(ground.scene.experts[0]).get(ground.address).get_data()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
