"""The upload endpoint speaks tus 1.0.0: every header, every refusal, and nobody else's upload."""

from __future__ import annotations

import base64
import errno
import hashlib
import io
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portfolio import arrivals
from portfolio.db import begin_write
from portfolio.models import Blob, Citation, Dossier, Evidence, EvidenceVersion, Role, Upload, User
from portfolio.queries.evidence import sheet
from portfolio.storage import StorageFull
from tests.conftest import Browser, Clock
from tests.factories import Staff, make_dossier, make_evidence, make_staff, make_user
from tests.web.tus_client import BODY, PDF, Tus


@pytest.fixture
def tus(log_in: Callable[[User], Browser], staff: Staff, dossier: Dossier) -> Tus:
    return Tus(log_in(staff.contributor), dossier.school_id)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "uploads"


def count(store: Session, model: type) -> int:
    store.rollback()
    return store.scalar(select(func.count()).select_from(model)) or 0


def sha256(body: bytes) -> str:
    return "sha256 " + base64.b64encode(hashlib.sha256(body).digest()).decode()


# ---- The way it goes ----


def test_options_say_what_the_endpoint_can_do(tus: Tus) -> None:
    answer = tus.ask("OPTIONS", tus.endpoint, {"Tus-Resumable": ""})
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert answer.headers["Tus-Extension"] == "creation,creation-with-upload,checksum,expiration,termination"
    assert answer.headers["Tus-Max-Size"] == str(200 * 1024 * 1024)
    assert answer.headers["Tus-Checksum-Algorithm"] == "sha1,sha256,md5"


def test_a_file_in_three_chunks_becomes_evidence(tus: Tus, store: Session, dossier: Dossier) -> None:
    created = tus.create(element="C38", school_year="2024", kind="minutes", title="支部会议")
    assert created.status_code == 201
    assert created.headers["Tus-Resumable"] == "1.0.0"
    assert created.headers["Upload-Expires"].endswith("GMT")
    url = created.headers["Location"]
    for start in (0, 1000, 2000):
        answer = tus.patch(
            url, PDF[start : start + 1000], start, Upload_Checksum=sha256(PDF[start : start + 1000])
        )
        assert answer.status_code == 204
    assert "Evidence-Location" not in answer.headers
    last = tus.patch(url, PDF[3000:], 3000)
    assert last.status_code == 204
    assert last.headers["Upload-Offset"] == str(len(PDF))
    evidence_id = int(re.fullmatch(r"/evidence/(\d+)", last.headers["Evidence-Location"])[1])  # type: ignore[index]
    made = store.get_one(Evidence, evidence_id)
    assert (made.title, made.kind) == ("支部会议", "minutes")
    assert sheet(store, evidence_id=evidence_id).years == {2024}
    assert store.scalars(select(Citation.element)).all() == ["C38"]
    with tus.client.get(f"/evidence/{evidence_id}/versions/1/file") as file:
        assert file.data == PDF


def test_the_first_bytes_may_come_with_the_announcement(tus: Tus, store: Session) -> None:
    begun = tus.create(body=PDF[:100])
    assert (begun.status_code, begun.headers["Upload-Offset"]) == (201, "100")
    rest = tus.patch(begun.headers["Location"], PDF[100:], 100)
    assert rest.headers["Evidence-Location"]
    whole = tus.create(body=PDF, filename="另一份.pdf")
    assert (whole.status_code, whole.headers["Upload-Offset"]) == (201, str(len(PDF)))
    assert whole.headers["Evidence-Duplicate-Of"] == rest.headers["Evidence-Location"]
    assert (
        tus.head(whole.headers["Location"]).headers["Evidence-Location"] == whole.headers["Evidence-Location"]
    )
    assert count(store, Blob) == 1


def test_head_says_how_far_it_is_and_what_was_said(tus: Tus) -> None:
    url = tus.begun()
    tus.patch(url, PDF[:10])
    answer = tus.head(url)
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (200, "10")
    assert answer.headers["Upload-Length"] == str(len(PDF))
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Upload-Metadata"].startswith("filename ")
    assert "Upload-Expires" in answer.headers


def test_a_finished_upload_answers_the_same_again(tus: Tus, store: Session) -> None:
    url = tus.begun()
    first = tus.patch(url, PDF)
    for again in (tus.patch(url, b"", len(PDF)), tus.head(url)):
        assert again.headers["Evidence-Location"] == first.headers["Evidence-Location"]
        assert again.headers["Upload-Offset"] == str(len(PDF))
    assert tus.patch(url, b"x", 0).status_code == 409
    assert count(store, Evidence) == 1


def test_an_upload_can_be_given_up(tus: Tus, folder: Path) -> None:
    url = tus.begun()
    tus.patch(url, PDF[:10])
    assert tus.ask("DELETE", url).status_code == 204
    assert list(folder.iterdir()) == []
    assert tus.head(url).status_code == 404
    finished = tus.begun()
    tus.patch(finished, PDF)
    assert tus.ask("DELETE", finished).status_code == 409


def test_clients_that_can_only_post_say_the_method_in_a_header(tus: Tus) -> None:
    url = tus.begun()
    headers = {"X-HTTP-Method-Override": "PATCH", "Upload-Offset": "0"}
    assert tus.ask("POST", url, headers, data=PDF[:10], content_type=BODY).status_code == 204
    assert tus.head(url).headers["Upload-Offset"] == "10"
    assert tus.ask("POST", url, {"X-HTTP-Method-Override": "DELETE"}).status_code == 204
    assert tus.head(url).status_code == 404
    assert tus.ask("POST", tus.begun(), {"X-HTTP-Method-Override": "GET"}).status_code == 405


def test_a_new_version_is_an_upload_that_names_its_evidence(tus: Tus, store: Session) -> None:
    first = tus.create(body=PDF).headers["Evidence-Location"]
    newer = tus.create(len(PDF) + 1, body=PDF + b"!", evidence=first.split("/")[-1], reason="修订")
    assert newer.headers["Evidence-Location"] == first
    store.rollback()
    versions = store.execute(select(EvidenceVersion.number, EvidenceVersion.reason)).all()
    assert sorted(versions) == [(1, ""), (2, "修订")]


# ---- What is refused ----


@pytest.mark.parametrize("version", ["", "0.2.2", "2.0.0"])
@pytest.mark.parametrize("method", ["POST", "HEAD", "PATCH", "DELETE"])
def test_another_version_of_the_protocol_is_refused(tus: Tus, method: str, version: str) -> None:
    url = tus.endpoint if method == "POST" else tus.begun()
    answer = tus.ask(method, url, {"Tus-Resumable": version})
    assert (answer.status_code, answer.headers["Tus-Version"]) == (412, "1.0.0")


@pytest.mark.parametrize("length", ["", "-1", "abc", "1.5", "１０", "1" * 19])
def test_a_length_that_is_no_number_of_bytes_is_refused(tus: Tus, length: str) -> None:
    assert tus.create(length).status_code == 400


def test_an_empty_file_is_refused_in_words(tus: Tus, store: Session) -> None:
    answer = tus.create(0, headers={"Accept": "application/json", "Accept-Language": "en"})
    assert answer.status_code == 422
    assert answer.json["code"] == "upload_empty"
    assert count(store, Upload) == 0


def test_a_file_beyond_the_limit_is_refused_with_the_limit(tus: Tus) -> None:
    answer = tus.create(200 * 1024 * 1024 + 1, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json["limit"]) == (413, 200 * 1024 * 1024)
    assert "200" in answer.json["error"]


@pytest.mark.parametrize(
    "header", ["filename !!!", "filename " + base64.b64encode(b"\xff\xfe\xff").decode(), "k " + "QUFB" * 3000]
)
def test_a_description_that_can_t_be_read_is_refused(tus: Tus, header: str) -> None:
    assert tus.create(headers={"Upload-Metadata": header}).status_code == 400


def test_a_wrong_offset_changes_nothing(tus: Tus) -> None:
    url = tus.begun()
    tus.patch(url, PDF[:10])
    for offset in (0, 9, 11, len(PDF)):
        assert tus.patch(url, b"xyz", offset).status_code == 409
    for nonsense in ("", "-1", "ten"):
        assert tus.patch(url, b"xyz", nonsense).status_code == 400
    assert tus.head(url).headers["Upload-Offset"] == "10"


@pytest.mark.parametrize("content_type", ["application/pdf", "multipart/form-data; boundary=x", ""])
def test_a_body_of_another_type_is_refused(tus: Tus, content_type: str) -> None:
    url = tus.begun()
    answer = tus.ask("PATCH", url, {"Upload-Offset": "0"}, data=PDF, content_type=content_type)
    assert answer.status_code == 415
    assert tus.head(url).headers["Upload-Offset"] == "0"
    sent = {"Upload-Length": "4"}
    assert tus.ask("POST", tus.endpoint, sent, data=b"abcd", content_type="text/plain").status_code == 415


def test_a_damaged_chunk_is_refused_and_dropped(tus: Tus) -> None:
    url = tus.begun()
    tus.patch(url, PDF[:10])
    assert tus.patch(url, b"y" * 20, 10, Upload_Checksum=sha256(b"x" * 20)).status_code == 460
    assert tus.head(url).headers["Upload-Offset"] == "10"
    assert tus.create(body=PDF, headers={"Upload-Checksum": sha256(b"other")}).status_code == 460


@pytest.mark.parametrize("checksum", ["crc32 AAAA", "sha256", "sha256 ???", "SHA256 AAAA"])
def test_a_checksum_of_an_unknown_kind_is_refused(tus: Tus, checksum: str) -> None:
    assert tus.patch(tus.begun(), PDF[:10], Upload_Checksum=checksum).status_code in (400, 460)


def test_more_than_was_announced_is_refused(tus: Tus) -> None:
    url = tus.begun(10)
    assert tus.patch(url, PDF[:11]).status_code == 413
    assert tus.head(url).headers["Upload-Offset"] == "0"


def test_an_upload_that_is_being_written_is_locked(tus: Tus, folder: Path) -> None:
    url = tus.begun()
    with arrivals.held(folder, url.split("/")[-1]):
        assert tus.patch(url, PDF[:10]).status_code == 423
        assert tus.ask("DELETE", url).status_code == 423
    assert tus.patch(url, PDF[:10]).status_code == 204


def test_an_expired_upload_is_gone_and_soon_forgotten(
    tus: Tus, clock: Clock, store: Session, folder: Path
) -> None:
    url = tus.begun()
    clock.now += timedelta(hours=11)  # within the log-in
    store.rollback()
    begin_write(store)
    store.scalars(select(Upload)).one().expires_at = clock.now
    store.commit()
    assert tus.head(url).status_code == 410
    assert tus.patch(url, PDF).status_code == 410
    tus.begun()
    assert tus.head(url).status_code == 404
    assert len(list(folder.iterdir())) == 1


def test_what_is_not_on_the_list_is_refused_for_good_and_removed(
    tus: Tus, store: Session, folder: Path
) -> None:
    body = b"<!doctype html><script>alert(1)</script>"
    url = tus.begun(len(body), filename="说明.html")
    first = tus.patch(url, body, Accept="application/json")
    assert (first.status_code, first.json["code"]) == (415, "file_active_content")
    assert list(folder.iterdir()) == []
    again = tus.patch(url, b"", len(body), Accept="application/json")
    assert (again.status_code, again.json) == (415, first.json)
    assert tus.head(url).status_code == 415
    assert count(store, Evidence) == 0
    whole = tus.create(len(body), body=body)
    assert whole.status_code == 415
    assert list(folder.iterdir()) == []


def test_a_cut_line_keeps_what_came(tus: Tus) -> None:
    url = tus.begun()
    cut = {"input_stream": io.BytesIO(PDF[:700]), "content_type": BODY}
    tus.ask("PATCH", url, {"Upload-Offset": "0", "Content-Length": "2000"}, **cut)
    assert tus.head(url).headers["Upload-Offset"] == "700"
    assert tus.patch(url, PDF[700:], 700).headers["Evidence-Location"]


def test_a_cut_line_with_a_checksum_keeps_nothing_of_the_chunk(tus: Tus) -> None:
    url = tus.begun()
    headers = {"Upload-Offset": "0", "Content-Length": "2000", "Upload-Checksum": sha256(PDF[:2000])}
    tus.ask("PATCH", url, headers, input_stream=io.BytesIO(PDF[:700]), content_type=BODY)
    assert tus.head(url).headers["Upload-Offset"] == "0"


def test_a_full_disk_is_said_and_the_upload_goes_on_later(tus: Tus, monkeypatch: pytest.MonkeyPatch) -> None:
    url = tus.begun()
    tus.patch(url, PDF[:10])

    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patched:
        patched.setattr(arrivals, "_write_whole", full)
        assert tus.patch(url, PDF[10:], 10).status_code == 507
    assert tus.head(url).headers["Upload-Offset"] == "10"
    assert tus.patch(url, PDF[10:], 10).headers["Evidence-Location"]


def test_a_full_store_keeps_all_that_came_and_finishes_later(
    tus: Tus, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = tus.begun()
    storage = app.extensions["portfolio"].storage

    def full(*_arguments: object) -> None:
        raise StorageFull

    with monkeypatch.context() as patched:
        patched.setattr(storage, "put", full)
        assert tus.patch(url, PDF).status_code == 507
    assert tus.head(url).headers["Upload-Offset"] == str(len(PDF))
    assert tus.patch(url, b"", len(PDF)).headers["Evidence-Location"]


def test_killed_between_store_and_commit_nothing_is_half_there(
    tus: Tus, store: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    from portfolio.services import uploads

    url = tus.begun()

    def killed(*_arguments: object, **_more: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(uploads, "conclude", killed)
        with pytest.raises(SystemExit):
            tus.patch(url, PDF)
    assert (count(store, Evidence), count(store, Blob)) == (0, 0)
    assert tus.head(url).status_code == 404, "the client starts again"
    assert tus.create(body=PDF).headers["Evidence-Location"]


# ---- Whose it is ----


def test_a_request_without_the_csrf_token_is_refused(tus: Tus) -> None:
    assert tus.create(headers={"X-CSRFToken": ""}).status_code == 400
    assert tus.ask("PATCH", tus.begun(), {"X-CSRFToken": ""}).status_code == 400


def test_another_school_has_no_upload_endpoint_here(
    log_in: Callable[[User], Browser], store: Session, tus: Tus, dossier: Dossier
) -> None:
    url = tus.begun()
    begin_write(store)
    stranger = make_staff(store, make_dossier(store).school).lead
    store.commit()
    other = Tus(log_in(stranger), dossier.school_id)
    assert other.ask("OPTIONS", other.endpoint).status_code == 404
    assert other.create().status_code == 404
    assert other.head(url).status_code == 404
    assert other.patch(url, PDF).status_code == 404
    assert other.ask("DELETE", url).status_code == 404
    own_school = next(iter(store.scalars(select(Dossier.school_id).where(Dossier.id != dossier.id))))
    elsewhere = url.replace(str(dossier.school_id), str(own_school))
    assert other.head(elsewhere).status_code == 404
    assert other.patch(elsewhere, PDF).status_code == 404
    assert tus.head(url).headers["Upload-Offset"] == "0"


def test_a_colleague_has_no_part_in_an_upload(
    log_in: Callable[[User], Browser], tus: Tus, staff: Staff, dossier: Dossier
) -> None:
    url = tus.begun()
    colleague = Tus(log_in(staff.lead), dossier.school_id)
    assert colleague.head(url).status_code == 404
    assert colleague.patch(url, PDF).status_code == 404
    assert colleague.ask("DELETE", url).status_code == 404


def test_who_may_only_read_may_not_upload(
    log_in: Callable[[User], Browser], staff: Staff, dossier: Dossier, store: Session
) -> None:
    begin_write(store)
    observer, expert = make_user(store, Role.OBSERVER), make_user(store, Role.EXPERT)
    store.commit()
    assert Tus(log_in(staff.principal), dossier.school_id).create().status_code == 403
    assert Tus(log_in(observer), dossier.school_id).create().status_code == 403
    assert Tus(log_in(expert), dossier.school_id).create().status_code == 404


def test_evidence_of_another_school_gets_no_new_version(
    tus: Tus, store: Session, app: Flask, tmp_path: Path
) -> None:
    begin_write(store)
    theirs = make_evidence(store, make_dossier(store).school, app.extensions["portfolio"].storage, tmp_path)
    store.commit()
    assert tus.create(evidence=str(theirs.id)).status_code == 404


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("长" * 300 + ".pdf", "长" * 196 + ".pdf"),
        ("👩‍🏫课堂📷.pdf", "👩‍🏫课堂📷.pdf"),
        ("تقرير.pdf", "تقرير.pdf"),
        ("a\u202efdp.exe.pdf", "afdp.exe.pdf"),
        ("一\r\nSet-Cookie: a=b.pdf", "一Set-Cookie: a=b.pdf"),
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\资料\\计划.pdf", "计划.pdf"),
        ("a\0b.pdf", "ab.pdf"),
    ],
)
def test_names_in_any_language_come_back_and_never_reach_the_disk(
    tus: Tus, store: Session, tmp_path: Path, sent: str, shown: str
) -> None:
    answer = tus.create(body=PDF, filename=sent)
    assert answer.status_code == 201
    assert store.scalars(select(EvidenceVersion.filename)).one() == shown
    page = tus.client.get(answer.headers["Evidence-Location"]).get_data(as_text=True)
    assert shown.split(".")[0] in page
    with tus.client.get(answer.headers["Evidence-Location"] + "/versions/1/file") as file:
        assert "a=b" not in file.headers.get("Set-Cookie", "")
    stored = {path.name for path in (tmp_path / "files").rglob("*") if path.is_file()}
    assert stored == {hashlib.sha256(PDF).hexdigest()}
