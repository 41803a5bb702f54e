"""The library, one piece of evidence, its files and citations, as people and scripts meet them."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.db import begin_write
from portfolio.models import Citation, Dossier, DossierState, Evidence, EvidenceVersion, Role, User
from portfolio.queries.evidence import sheet
from portfolio.storage import Storage
from tests.conftest import Browser
from tests.counting import statements
from tests.factories import Staff, cite, make_dossier, make_evidence, make_staff, make_user
from tests.package_factory import make_package

LogIn = Callable[[User], Browser]


@pytest.fixture
def storage(app: Flask) -> Storage:
    return app.extensions["portfolio"].storage  # type: ignore[no-any-return]


@pytest.fixture
def minutes(store: Session, dossier: Dossier, staff: Staff, storage: Storage, tmp_path: Path) -> Evidence:
    begin_write(store)
    made = make_evidence(store, dossier.school, storage, tmp_path, title="教代会纪要", by=staff.lead)
    store.commit()
    return made


def page_of(answer: object) -> str:
    return answer.get_data(as_text=True)  # type: ignore[attr-defined,no-any-return]


# ---- The library ----


def test_the_library_shows_titles_versions_and_citing_elements(
    lead: Browser, store: Session, dossier: Dossier, minutes: Evidence
) -> None:
    begin_write(store)
    cite(store, dossier, "C14", minutes)
    store.commit()
    page = page_of(lead.get(f"/schools/{dossier.school_id}/evidence"))
    assert "教代会纪要" in page
    assert f'href="/dossiers/{dossier.id}/elements/C14"' in page
    assert "data-upload" in page
    assert "教代会纪要" in page_of(lead.get(f"/schools/{dossier.school_id}/evidence?view=gallery"))
    assert "教代会纪要" not in page_of(lead.get(f"/schools/{dossier.school_id}/evidence?cited=uncited"))


def test_an_address_that_makes_no_sense_shows_everything(
    lead: Browser, dossier: Dossier, minutes: Evidence
) -> None:
    odd = "?cited=maybe&kind=novel&year=0x7&order=random&page=-3&view=cinema"
    assert "教代会纪要" in page_of(lead.get(f"/schools/{dossier.school_id}/evidence{odd}"))


def test_fifty_pieces_make_a_page(
    lead: Browser, store: Session, dossier: Dossier, storage: Storage, tmp_path: Path, staff: Staff
) -> None:
    begin_write(store)
    for number in range(51):
        make_evidence(store, dossier.school, storage, tmp_path, title=f"材料{number:02}", by=staff.lead)
    store.commit()
    address = f"/schools/{dossier.school_id}/evidence?order=title"
    first, second = page_of(lead.get(address)), page_of(lead.get(address + "&page=2"))
    assert "材料49" in first
    assert "材料50" not in first
    assert "材料50" in second


def test_the_library_takes_six_statements_and_no_more_at_twice_the_data(
    app: Flask,
    lead: Browser,
    store: Session,
    dossier: Dossier,
    storage: Storage,
    tmp_path: Path,
    minutes: Evidence,
) -> None:
    engine = app.extensions["portfolio"].sessions.kw["bind"]

    def counted() -> int:
        with statements(engine) as seen:
            assert lead.get(f"/schools/{dossier.school_id}/evidence").status_code == 200
        return len(seen)

    counted()  # a worker reads the rubric once
    before = counted()
    begin_write(store)
    for number in range(20):
        more = make_evidence(store, dossier.school, storage, tmp_path, title=str(number))
        cite(store, dossier, f"C{number + 1}", more)
    store.commit()
    assert counted() == before
    assert before <= 6


def test_who_only_reads_sees_no_drop_zone(
    log_in: LogIn, staff: Staff, dossier: Dossier, minutes: Evidence
) -> None:
    principal = log_in(staff.principal)
    assert "data-upload" not in page_of(principal.get(f"/schools/{dossier.school_id}/evidence"))
    page = page_of(principal.get(f"/evidence/{minutes.id}"))
    assert "data-upload" not in page
    assert 'name="title"' not in page


def test_the_picker_offers_what_the_element_does_not_cite(
    lead: Browser, store: Session, dossier: Dossier, minutes: Evidence
) -> None:
    address = f"/schools/{dossier.school_id}/evidence/pick?element=C14&dossier={dossier.id}&q=教代会"
    fragment = page_of(lead.get(address))
    assert f'value="{minutes.id}"' in fragment
    assert "<html" not in fragment
    begin_write(store)
    cite(store, dossier, "C14", minutes)
    store.commit()
    assert f'value="{minutes.id}"' not in page_of(lead.get(address))
    assert lead.get(f"/schools/{dossier.school_id}/evidence/pick?element=C14&dossier=1").status_code == 404


# ---- Uploading with a plain form ----


def form_of(lead: Browser, *files: tuple[bytes, str], **fields: str) -> dict[str, object]:
    return {"csrf_token": lead.token(), "files": [(io.BytesIO(data), name) for data, name in files], **fields}


def test_a_form_uploads_several_files_and_says_what_became_of_each(
    lead: Browser, store: Session, dossier: Dossier, tmp_path: Path
) -> None:
    form = form_of(
        lead, ("会议记录".encode(), "记录.txt"), (b"", "空.pdf"), (b"MZ" + b"\0" * 99, "a.exe"), element="C5"
    )
    here = f"/dossiers/{dossier.id}/elements/C5"
    answer = lead.client.post(f"/schools/{dossier.school_id}/evidence", data={**form, "next": here})
    assert (answer.status_code, answer.headers["Location"]) == (302, here)
    assert store.scalars(select(EvidenceVersion.filename)).all() == ["记录.txt"]
    assert store.scalars(select(Citation.element)).all() == ["C5"]
    assert list((tmp_path / "uploads").iterdir()) == []
    page = page_of(lead.get(f"/schools/{dossier.school_id}/evidence"))
    assert page.count('class="notice"') == 3
    assert "空.pdf" in page


def test_a_form_without_files_or_token_or_rights_changes_nothing(
    lead: Browser, log_in: LogIn, staff: Staff, dossier: Dossier, store: Session, tmp_path: Path
) -> None:
    address = f"/schools/{dossier.school_id}/evidence"
    file = (b"abc", "a.txt")
    assert lead.client.post(address, data={"csrf_token": lead.token()}).status_code == 422
    assert lead.client.post(address, data={**form_of(lead, file), "csrf_token": ""}).status_code == 400
    principal = log_in(staff.principal)
    assert principal.client.post(address, data=form_of(principal, file)).status_code == 403
    assert store.scalars(select(Evidence)).all() == []
    folder = tmp_path / "uploads"
    assert not folder.exists() or list(folder.iterdir()) == []


def test_a_form_goes_on_only_within_this_site(lead: Browser, dossier: Dossier) -> None:
    form = form_of(lead, (b"abc", "a.txt"), next="https://evil.example/")
    answer = lead.client.post(f"/schools/{dossier.school_id}/evidence", data=form)
    assert answer.headers["Location"] == f"/schools/{dossier.school_id}/evidence"


# ---- One piece ----


def described(minutes: Evidence, **changes: object) -> dict[str, object]:
    said = {
        "title": "新标题",
        "kind": "report",
        "years": ["2025"],
        "other_years": "2018",
        "date": "2025-05-01",
    }
    return {**said, "remark": "备注", "version": str(minutes.version), **changes}


def test_a_description_is_saved(lead: Browser, store: Session, minutes: Evidence) -> None:
    assert lead.post(f"/evidence/{minutes.id}", described(minutes)).status_code == 302
    store.rollback()
    store.refresh(minutes)
    assert (minutes.title, minutes.kind, str(minutes.date)) == ("新标题", "report", "2025-05-01")
    assert sheet(store, evidence_id=minutes.id).years == {2018, 2025}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title": " "}, "title"),
        ({"kind": "novel"}, "kind"),
        ({"other_years": "去年"}, "other_years"),
        ({"date": "2025-02-30"}, "date"),
        ({"remark": "长" * 2001}, "remark"),
    ],
)
def test_a_wrong_field_is_named_and_all_that_was_typed_stays(
    lead: Browser, store: Session, minutes: Evidence, wrong: dict[str, str], field: str
) -> None:
    typed = described(minutes, **wrong)
    answer = lead.post(f"/evidence/{minutes.id}", typed)
    page = page_of(answer)
    assert answer.status_code == 422
    assert f'id="f-{field}-error"' in page
    if field != "title":
        assert 'value="新标题"' in page
    store.rollback()
    store.refresh(minutes)
    assert minutes.title == "教代会纪要"


def test_a_stale_description_gets_a_page_with_both(lead: Browser, minutes: Evidence) -> None:
    lead.post(f"/evidence/{minutes.id}", described(minutes, title="先保存的"))
    answer = lead.post(f"/evidence/{minutes.id}", described(minutes, title="后保存的"))
    page = page_of(answer)
    assert answer.status_code == 409
    assert "先保存的" in page
    assert "后保存的" in page
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version
    assert lead.post(f"/evidence/{minutes.id}", described(minutes, version=version[1])).status_code == 302


def test_evidence_goes_into_the_trash_unless_something_rests_on_it(
    lead: Browser, store: Session, dossier: Dossier, minutes: Evidence
) -> None:
    begin_write(store)
    cite(store, dossier, "C14", minutes)
    store.commit()
    refused = lead.post(f"/evidence/{minutes.id}/delete")
    assert refused.status_code == 422
    assert "C14" in page_of(refused)
    begin_write(store)
    store.delete(store.scalars(select(Citation)).one())
    store.commit()
    assert lead.post(f"/evidence/{minutes.id}/delete").status_code == 302
    library = page_of(lead.get(f"/schools/{dossier.school_id}/evidence"))
    assert f'href="/evidence/{minutes.id}"' not in library


def test_evidence_in_a_package_shows_which_and_stays(
    lead: Browser, store: Session, dossier: Dossier, minutes: Evidence
) -> None:
    begin_write(store)
    cite(store, dossier, "C14", minutes)
    package = make_package(store, dossier)
    store.delete(store.scalars(select(Citation)).one())
    store.commit()
    assert f'href="/packages/{package.id}"' in page_of(lead.get(f"/evidence/{minutes.id}"))
    assert lead.post(f"/evidence/{minutes.id}/delete").status_code == 422
    assert lead.get(f"/evidence/{minutes.id}").status_code == 200


# ---- Citations ----


def test_citing_offers_its_undo_once(
    lead: Browser, store: Session, dossier: Dossier, minutes: Evidence
) -> None:
    here = f"/evidence/{minutes.id}"
    answer = lead.post(
        f"/dossiers/{dossier.id}/elements/C14/citations",
        {"evidence_id": minutes.id, "page_from": "3", "page_to": "5", "remark": "第三章", "next": here},
    )
    assert answer.headers["Location"] == here
    made = store.scalars(select(Citation)).one()
    assert (made.element, made.page_from, made.page_to, made.remark) == ("C14", 3, 5, "第三章")
    assert f'action="/citations/{made.id}/delete" role="status"' in page_of(lead.get(here))
    assert 'class="toast-bar"' not in page_of(lead.get(here))


def test_taking_a_citation_back_can_be_undone_with_all_it_said(
    lead: Browser, store: Session, dossier: Dossier, minutes: Evidence
) -> None:
    begin_write(store)
    made = cite(store, dossier, "C14", minutes, page=3)
    made.remark = "第三章"
    store.commit()
    answer = lead.send("POST", f"/citations/{made.id}/delete", headers={"Accept": "application/json"})
    undo = answer.json["undo"]
    store.rollback()
    assert store.scalars(select(Citation.id)).all() == []
    lead.post(undo["action"], {name: value for name, value in undo["fields"].items() if value is not None})
    store.rollback()
    again = store.scalars(select(Citation).where(Citation.element == "C14")).one()
    assert (again.evidence_id, again.page_from, again.remark) == (minutes.id, 3, "第三章")


def test_a_changed_passage_can_be_undone(
    lead: Browser, store: Session, dossier: Dossier, minutes: Evidence
) -> None:
    begin_write(store)
    made = cite(store, dossier, "C14", minutes, page=3)
    store.commit()
    headers = {"Accept": "application/json"}
    answer = lead.send(
        "POST", f"/citations/{made.id}", headers=headers, data={"page_from": "9", "remark": "新"}
    )
    assert (answer.json["page_from"], answer.json["remark"]) == (9, "新")
    undo = answer.json["undo"]
    assert undo["fields"] == {"page_from": 3, "page_to": None, "remark": ""}


def test_a_script_hears_what_was_cited(lead: Browser, dossier: Dossier, minutes: Evidence) -> None:
    address = f"/dossiers/{dossier.id}/elements/C14/citations"
    headers = {"Accept": "application/json"}
    answer = lead.send("POST", address, headers=headers, data={"evidence_id": minutes.id})
    assert answer.json["title"] == "教代会纪要"
    assert answer.json["evidence_id"] == minutes.id
    refused = lead.send("POST", address, headers=headers, data={"evidence_id": minutes.id})
    assert (refused.status_code, refused.json["code"]) == (422, "already_cited")


def test_a_refused_citation_keeps_what_was_typed(lead: Browser, dossier: Dossier, minutes: Evidence) -> None:
    typed = {"element": "C14", "page_from": "7", "page_to": "3", "remark": "写了很久"}
    answer = lead.post(f"/evidence/{minutes.id}/citations", typed)
    page = page_of(answer)
    assert answer.status_code == 422
    assert 'value="写了很久"' in page
    assert '<option value="C14" selected>' in page


def test_citing_waits_while_the_principal_signs(
    lead: Browser, store: Session, dossier: Dossier, minutes: Evidence
) -> None:
    begin_write(store)
    held = store.get_one(Dossier, dossier.id)
    held.state, held.handed_over_at = DossierState.SIGNING, held.created_at
    store.commit()
    address = f"/dossiers/{dossier.id}/elements/C14/citations"
    assert lead.post(address, {"evidence_id": minutes.id}).status_code == 422
    assert "evidence/cite" not in page_of(lead.get(f"/evidence/{minutes.id}"))


# ---- Files ----


@pytest.fixture
def stored(
    store: Session, dossier: Dossier, staff: Staff, storage: Storage, tmp_path: Path
) -> Callable[..., str]:
    """The address of a file with this content, name and type."""

    def make(content: bytes, filename: str, media_type: str) -> str:
        begin_write(store)
        made = make_evidence(
            store,
            dossier.school,
            storage,
            tmp_path,
            content=content,
            filename=filename,
            media_type=media_type,
            by=staff.lead,
        )
        store.commit()
        return f"/evidence/{made.id}/versions/1/file"

    return make


def test_a_pdf_opens_in_place_under_its_own_name(lead: Browser, stored: Callable[..., str]) -> None:
    with lead.get(stored(b"%PDF-1.7 abc", "2023年党支部会议记录.pdf", "application/pdf")) as answer:
        headers = answer.headers
        assert headers["Content-Type"] == "application/pdf"
        assert headers["Content-Disposition"].startswith("inline;")
        assert "filename*=UTF-8''2023%E5%B9%B4%E5%85%9A" in headers["Content-Disposition"]
        assert headers["Content-Security-Policy"] == "frame-ancestors 'self'"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "private, max-age=31536000, immutable"
        assert "Set-Cookie" not in headers or "Cookie" in headers["Vary"]


def test_a_download_is_asked_for(lead: Browser, stored: Callable[..., str]) -> None:
    with lead.get(stored(b"%PDF-1.7 abc", "a.pdf", "application/pdf") + "?download=1") as answer:
        assert answer.headers["Content-Disposition"].startswith("attachment;")


@pytest.mark.parametrize(
    ("filename", "media_type"),
    [
        ("a.html", "text/html"),
        ("a.svg", "image/svg+xml"),
        ("a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.zip", "application/zip"),
        ("a.csv", "text/csv"),
    ],
)
def test_nothing_active_opens_in_place(
    lead: Browser, stored: Callable[..., str], filename: str, media_type: str
) -> None:
    with lead.get(stored(b"<script>alert(1)</script>", filename, media_type)) as answer:
        headers = answer.headers
        assert headers["Content-Disposition"].startswith("attachment;")
        assert "sandbox" in headers["Content-Security-Policy"]
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert not headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        ("会议记录".encode(), "text/plain; charset=utf-8"),
        ("会议记录".encode("gb18030"), "text/plain; charset=gb18030"),
        ("会议记录".encode("utf-16"), "text/plain; charset=utf-16"),
        (b"\xff\xff\xff", "text/plain"),
    ],
)
def test_a_text_is_plain_in_the_characters_it_was_written_in(
    lead: Browser, stored: Callable[..., str], content: bytes, content_type: str
) -> None:
    with lead.get(stored(content, "a.txt", "text/plain")) as answer:
        assert answer.headers["Content-Type"] == content_type


def test_a_part_of_a_file_can_be_asked_for_and_an_unchanged_one_is_not_sent_again(
    lead: Browser, stored: Callable[..., str]
) -> None:
    address = stored(b"%PDF-0123456789", "a.pdf", "application/pdf")
    with lead.get(address, headers={"Range": "bytes=5-7"}) as part:
        assert (part.status_code, part.data) == (206, b"012")
        assert part.headers["Content-Range"] == "bytes 5-7/15"
        tag = part.headers["ETag"]
    with lead.get(address, headers={"If-None-Match": tag}) as same:
        assert (same.status_code, same.data) == (304, b"")
    with lead.get(address, headers={"Range": "bytes=99-"}) as beyond:
        assert beyond.status_code == 416


def test_a_file_of_a_remote_store_is_served_the_same_way(
    lead: Browser, stored: Callable[..., str], storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = stored(b"%PDF-0123456789", "a.pdf", "application/pdf")
    monkeypatch.setattr(storage, "local_path", lambda *_key: None)
    with lead.get(address) as whole:
        assert (whole.status_code, whole.data) == (200, b"%PDF-0123456789")
        assert whole.headers["Content-Length"] == "15"
    with lead.get(address, headers={"Range": "bytes=5-7"}) as part:
        assert (part.status_code, part.data) == (206, b"012")
    with lead.get(address, headers={"If-None-Match": whole.headers["ETag"]}) as same:
        assert same.status_code == 304


def test_missing_bytes_are_said(
    lead: Browser, stored: Callable[..., str], storage: Storage, dossier: Dossier
) -> None:
    address = stored(b"%PDF-1", "丢失.pdf", "application/pdf")
    for digest in list(storage.digests(dossier.school_id)):
        storage.delete(dossier.school_id, digest)
    answer = lead.get(address)
    assert answer.status_code == 404
    assert "丢失.pdf" in page_of(answer)


# ---- Whose it is ----


def test_another_school_finds_nothing(
    log_in: LogIn, store: Session, dossier: Dossier, minutes: Evidence
) -> None:
    begin_write(store)
    made = cite(store, dossier, "C14", minutes)
    theirs = make_dossier(store)
    stranger = make_staff(store, theirs.school).lead
    store.commit()
    browser = log_in(stranger)
    for address in (
        f"/schools/{dossier.school_id}/evidence",
        f"/schools/{dossier.school_id}/evidence/pick?element=C1",
        f"/evidence/{minutes.id}",
        f"/evidence/{minutes.id}/versions/1/file",
    ):
        assert browser.get(address).status_code == 404
    for address, form in (
        (f"/schools/{dossier.school_id}/evidence", {}),
        (f"/evidence/{minutes.id}", described(minutes)),
        (f"/evidence/{minutes.id}/delete", {}),
        (f"/evidence/{minutes.id}/citations", {"element": "C1"}),
        (f"/dossiers/{dossier.id}/elements/C1/citations", {"evidence_id": minutes.id}),
        (f"/dossiers/{theirs.id}/elements/C1/citations", {"evidence_id": minutes.id}),
        (f"/citations/{made.id}", {"page_from": "1"}),
        (f"/citations/{made.id}/delete", {}),
    ):
        assert browser.post(address, form).status_code == 404, address
    assert store.scalars(select(Citation.id)).all() == [made.id]


def test_an_observer_reads_and_an_unassigned_expert_does_not(
    log_in: LogIn, store: Session, minutes: Evidence
) -> None:
    begin_write(store)
    observer, expert = make_user(store, Role.OBSERVER), make_user(store, Role.EXPERT)
    store.commit()
    address = f"/evidence/{minutes.id}/versions/1/file"
    with log_in(observer).get(address) as answer:
        assert answer.status_code == 200
    assert log_in(expert).get(address).status_code == 404
