"""Seeing a file: only the public copy of a picture, pages as images, their text, and how far all this is."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portfolio.models import (
    Derivation,
    DerivationState,
    Dossier,
    Evidence,
    EvidenceVersion,
    PageText,
    School,
    User,
)
from portfolio.services import derivations
from portfolio.storage import Storage
from tests.conftest import Browser
from tests.derive.samples import encoded, heic, pdf, phone_exif, scene, sound
from tests.factories import NOW, Staff, cite, make_dossier, make_evidence, make_school, make_staff, score_all
from tests.panel_factory import make_scene

LogIn = Callable[[User], Browser]
PHOTO = encoded(scene(), "JPEG", exif=phone_exif())


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither LibreOffice nor tesseract, wherever the tests run."""
    monkeypatch.setenv("PATH", "/nonexistent")


@pytest.fixture
def files(app: Flask) -> Storage:
    """The application's store."""
    found: Storage = app.extensions["portfolio"].storage
    return found


@pytest.fixture
def school(store: Session) -> School:
    """A school."""
    return make_school(store)


@pytest.fixture
def staff(store: Session, school: School) -> Staff:
    """Its people."""
    return make_staff(store, school)


@pytest.fixture
def lead(store: Session, staff: Staff, log_in: LogIn) -> Browser:
    """Its lead, logged in."""
    store.commit()
    return log_in(staff.lead)


# Adds a file, and with made=True everything that is made of it; gives the evidence.
Add = Callable[..., Evidence]


@pytest.fixture
def add(store: Session, files: Storage, school: School, tmp_path: Path) -> Add:
    """See Add."""

    def run(content: bytes, media_type: str, filename: str, *, made: bool = True) -> Evidence:
        evidence = make_evidence(
            store, school, files, tmp_path, content=content, media_type=media_type, filename=filename
        )
        digest = digest_of(store, evidence)
        derivations.request(store, school_id=school.id, sha256=digest, now=NOW)
        if made:
            derivations.run_within(store, files, school_id=school.id, digests=[digest], now=NOW)
        store.commit()
        return evidence

    return run


def digest_of(store: Session, evidence: Evidence) -> str:
    return store.scalars(
        select(EvidenceVersion.sha256).where(EvidenceVersion.evidence_id == evidence.id)
    ).one()


def version(evidence: Evidence) -> str:
    return f"/evidence/{evidence.id}/versions/1"


def ask(browser: Browser, address: str, **options: Any) -> Any:
    """The answer, read to its end."""
    with browser.get(address, **options) as answer:
        answer.get_data()
    return answer


# ---- Bytes ----


def test_a_photo_is_served_without_place_and_device_also_as_a_download(lead: Browser, add: Add) -> None:
    address = f"{version(add(PHOTO, 'image/jpeg', '升旗.jpg'))}/file"
    for asked in (address, f"{address}?download=1"):
        answer = ask(lead, asked)
        assert answer.status_code == 200
        assert answer.mimetype == "image/jpeg"
        assert b"Huawei" not in answer.data and answer.data != PHOTO


def test_a_heic_goes_out_as_a_jpeg_under_a_name_that_says_so(lead: Browser, add: Add) -> None:
    evidence = add(heic(scene(), phone_exif()), "image/heic", "IMG_0412.HEIC")
    answer = ask(lead, f"{version(evidence)}/file?download=1")
    assert answer.mimetype == "image/jpeg"
    assert 'filename="IMG_0412.jpg"' in answer.headers["Content-Disposition"]
    assert b"Huawei" not in answer.data


def test_while_the_copy_is_in_the_making_nobody_gets_the_original(lead: Browser, add: Add) -> None:
    answer = ask(lead, f"{version(add(PHOTO, 'image/jpeg', '升旗.jpg', made=False))}/file")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "10"
    assert answer.headers["Cache-Control"] == "no-store"
    assert b"JFIF" not in answer.data and b"Exif" not in answer.data


def test_where_no_copy_can_be_made_nobody_gets_the_original_either(lead: Browser, add: Add) -> None:
    answer = ask(lead, f"{version(add(b'JFIF and no more', 'image/jpeg', '升旗.jpg'))}/file")
    assert answer.status_code == 422
    assert b"JFIF" not in answer.data


def test_sound_is_there_at_once_and_in_ranges(lead: Browser, add: Add) -> None:
    evidence = add(sound(65), "audio/wav", "校歌.wav", made=False)
    answer = ask(lead, f"{version(evidence)}/file", headers={"Range": "bytes=0-3"})
    assert (answer.status_code, answer.data) == (206, b"RIFF")
    assert "<audio controls" in lead.get(f"/evidence/{evidence.id}").get_data(as_text=True)


# ---- Pages ----


def test_a_page_comes_as_an_image_in_each_size_and_only_in_these(lead: Browser, add: Add) -> None:
    evidence = add(pdf("教代会", "学校章程"), "application/pdf", "纪要.pdf")
    widths = []
    for size in ("thumbnail", "page", "page_large"):
        answer = ask(lead, f"{version(evidence)}/pages/1/{size}")
        assert (answer.status_code, answer.mimetype) == (200, "image/webp")
        assert answer.headers["Cache-Control"].startswith("private")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        widths.append(len(answer.data))
    assert widths == sorted(widths)
    for wrong in ("pages/3/page", "pages/2/thumbnail", "pages/1/original", "pages/0/page"):
        assert lead.get(f"{version(evidence)}/{wrong}").status_code == 404


def test_a_page_that_is_not_drawn_is_asked_for_by_whoever_wants_to_see_it(
    lead: Browser, add: Add, app: Flask
) -> None:
    evidence = add(pdf("教代会"), "application/pdf", "纪要.pdf")
    queue = app.extensions["portfolio"].jobs
    before = queue.waiting()
    assert lead.get(f"{version(evidence)}/pages/75/page").status_code == 404
    assert lead.get(f"{version(evidence)}/pages/99999/page").status_code == 404
    assert queue.waiting() == before + 1


def test_a_pages_text_is_cut_where_it_is_longer_than_anybody_reads(
    lead: Browser, add: Add, store: Session
) -> None:
    evidence = add(pdf("教代会", "学校章程"), "application/pdf", "纪要.pdf")
    reply = lead.get(f"{version(evidence)}/pages/2/text").json
    assert "学校章程" in reply["text"] and reply["cut"] is False
    store.execute(update(PageText).where(PageText.page == 2).values(text="长" * 50_000))
    store.commit()
    reply = lead.get(f"{version(evidence)}/pages/2/text").json
    assert (len(reply["text"]), reply["cut"]) == (40_000, True)
    assert lead.get(f"{version(evidence)}/pages/9/text").json == {"text": "", "cut": False}


def test_the_evidence_page_opens_at_the_page_asked_for_and_pages_are_links(lead: Browser, add: Add) -> None:
    evidence = add(pdf("第一页的话", "第二页的话", "第三页的话"), "application/pdf", "纪要.pdf")
    page = ask(lead, f"/evidence/{evidence.id}?page=2").get_data(as_text=True)
    assert "第二页的话" in page and "第一页的话" not in page
    assert f'src="{version(evidence)}/pages/2/page"' in page
    assert re.search(
        rf"{version(evidence)}/pages/2/page \d+w, {version(evidence)}/pages/2/page_large \d+w", page
    )
    assert f'href="/evidence/{evidence.id}?page=1#viewer"' in page
    assert f'href="/evidence/{evidence.id}?page=3#viewer"' in page
    assert "第三页的话" in lead.get(f"/evidence/{evidence.id}?page=99").get_data(as_text=True)
    for odd in ("0", "-1", "x", "99999999999999999999"):
        assert "第一页的话" in lead.get(f"/evidence/{evidence.id}?page={odd}").get_data(as_text=True)


def test_text_and_csv_are_shown_as_text_whatever_is_in_them(lead: Browser, add: Add) -> None:
    hostile = "姓名,班级\n<script>alert(1)</script>,一班\n".encode("gb18030")
    evidence = add(hostile, "text/csv", "名单.csv")
    page = ask(lead, f"/evidence/{evidence.id}").get_data(as_text=True)
    assert "姓名" in page
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_a_scan_that_nobody_could_read_is_marked(lead: Browser, add: Add) -> None:
    evidence = add(encoded(scene(), "PDF"), "application/pdf", "扫描件.pdf")
    page = ask(lead, f"/evidence/{evidence.id}").get_data(as_text=True)
    assert "扫描件，没有文字。" in page
    library = lead.get(f"/schools/{evidence.school_id}/evidence")
    assert "扫描件，无文字" in library.get_data(as_text=True)


def test_thumbnails_stand_in_the_list_and_in_the_gallery(lead: Browser, add: Add) -> None:
    evidence = add(pdf("教代会"), "application/pdf", "纪要.pdf")
    for view in ("", "?view=gallery"):
        page = ask(lead, f"/schools/{evidence.school_id}/evidence{view}").get_data(as_text=True)
        assert f'src="{version(evidence)}/pages/1/thumbnail"' in page


# ---- How far it is ----


def test_what_is_in_the_making_says_so_and_is_asked_for_again(
    lead: Browser, add: Add, store: Session
) -> None:
    evidence = add(pdf("教代会"), "application/pdf", "纪要.pdf", made=False)
    assert lead.get(f"{version(evidence)}/derivation").json == {"state": "waiting"}
    assert "data-making" in lead.get(f"/evidence/{evidence.id}").get_data(as_text=True)
    store.execute(update(Derivation).values(state=DerivationState.DONE))
    store.commit()
    assert lead.get(f"{version(evidence)}/derivation").json == {"state": "done"}
    assert "data-making" not in lead.get(f"/evidence/{evidence.id}").get_data(as_text=True)


def test_a_failure_has_its_reason_on_the_card_and_a_button_to_try_again(
    lead: Browser, add: Add, store: Session, school: School, app: Flask
) -> None:
    evidence = add(b"%PDF-1.7 and no more", "application/pdf", "纪要.pdf")
    dossier = make_dossier(store, school)
    cite(store, dossier, "C14", evidence)
    store.commit()
    retry = f'action="{version(evidence)}/derivation"'
    element = f"/dossiers/{dossier.id}/elements/C14"
    for address in (f"/evidence/{evidence.id}", version(evidence), element):
        page = ask(lead, address).get_data(as_text=True)
        assert "文件已损坏，或内容与扩展名不符。" in page, address
        assert retry in page, address

    answer = lead.post(f"{version(evidence)}/derivation", {"next": element})
    assert (answer.status_code, answer.headers["Location"]) == (302, element)
    assert lead.get(f"{version(evidence)}/derivation").json == {"state": "waiting"}
    assert app.extensions["portfolio"].jobs.waiting() == 1
    assert lead.post(f"{version(evidence)}/derivation").status_code == 422


def test_who_only_reads_is_offered_no_second_try(
    observer: Browser, add: Add, log_in: LogIn, staff: Staff
) -> None:
    evidence = add(b"%PDF-1.7 and no more", "application/pdf", "纪要.pdf")
    assert "/derivation" not in observer.get(f"/evidence/{evidence.id}").get_data(as_text=True).replace(
        "data-viewer", ""
    )
    assert observer.post(f"{version(evidence)}/derivation").status_code == 403


# ---- Others ----


def test_an_expert_sees_the_cited_page_first_and_only_the_public_copy(
    add: Add, store: Session, school: School, log_in: LogIn
) -> None:
    dossier: Dossier = make_dossier(store, school)
    score_all(store, dossier)
    minutes = add(pdf("第一页的话", "第二页的话"), "application/pdf", "纪要.pdf")
    photo = add(PHOTO, "image/jpeg", "升旗.jpg")
    cite(store, dossier, "C1", minutes, page=2)
    cite(store, dossier, "C2", photo)
    scene_ = make_scene(store, dossier=dossier)
    store.commit()
    expert = log_in(scene_.experts[0])
    desk = f"/reviews/{scene_.reviews[0].id}/elements"
    page = expert.get(f"{desk}/C1").get_data(as_text=True)
    assert f'src="{version(minutes)}/pages/2/page"' in page
    assert "第二页的话" in page
    assert "第一页的话" in expert.get(f"{desk}/C1?page=1").get_data(as_text=True)
    assert f'src="{version(photo)}/pages/1/page"' in expert.get(f"{desk}/C2").get_data(as_text=True)
    assert b"Huawei" not in ask(expert, f"{version(photo)}/file").data
    package = expert.get(f"/packages/{scene_.package.id}").get_data(as_text=True)
    assert f'href="{version(minutes)}?page=2#viewer"' in package
    assert "第二页的话" in expert.get(f"{version(minutes)}?page=2").get_data(as_text=True)


def test_the_submission_page_names_the_pictures_it_waits_for(
    lead: Browser, add: Add, store: Session, school: School
) -> None:
    dossier = make_dossier(store, school)
    photo = add(PHOTO, "image/jpeg", "升旗.jpg", made=False)
    cite(store, dossier, "C1", photo)
    store.commit()
    page = ask(lead, f"/dossiers/{dossier.id}/submission")
    assert "尚无公开副本的图片" in page.get_data(as_text=True)
    assert f'href="/evidence/{photo.id}#viewer"' in page.get_data(as_text=True)
