"""Hostile files over the real upload route, each with the answer it must get; originals of those taken stay safe."""

from __future__ import annotations

import hashlib
import io
import resource
import signal
import stat
import threading
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portfolio.db import begin_write
from portfolio.models import Blob, Derivation, DerivationState, Dossier, Evidence, EvidenceVersion, PageText
from portfolio.services import derivations
from portfolio.storage import Storage
from tests.conftest import Browser
from tests.derive.samples import (
    document_xml,
    encoded,
    encrypted_pdf,
    package_with,
    pdf,
    png_header,
    scene,
    word,
)
from tests.factories import NOW, Staff
from tests.web.conftest import LogIn
from tests.web.tus_client import BODY, Tus

MIB = 1024 * 1024
Content = bytes | Callable[[], bytes]
HTML = b"<!doctype html><html><body><script>alert(1)</script></body></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(2)</script></svg>'
EXE = b"MZ\x90\0\x03\0\0\0" + b"\0" * 200 + b"This program cannot be run in DOS mode."
ENTITY = '<!DOCTYPE w [<!ENTITY stolen SYSTEM "file:///etc/passwd">]>'


def zipped(*entries: tuple[str | zipfile.ZipInfo, bytes], **options: Any) -> bytes:
    """A ZIP with these entries."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return made.getvalue()


def link_to(target: str, name: str = "照片.jpg") -> tuple[zipfile.ZipInfo, bytes]:
    """An entry that is a symbolic link."""
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return entry, target.encode()


def in_gbk(name: str, content: bytes) -> bytes:
    """A ZIP as Chinese Windows packs it: the name in GBK, without the flag that says UTF-8."""
    stand_in = "x" * len(name.encode("gbk"))
    return zipped((stand_in, content)).replace(stand_in.encode(), name.encode("gbk"))


def with_junk_before(content: bytes) -> bytes:
    """A PDF that begins with what a scanner's mail gateway put there: libmagic sees plain data, readers a PDF."""
    return b"\0\x01SCANNER-7\r\n" + content


@pytest.fixture
def tus(lead: Browser, dossier: Dossier) -> Tus:
    return Tus(lead, dossier.school_id)


@pytest.fixture
def storage(app: Flask) -> Storage:
    found: Storage = app.extensions["portfolio"].storage
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where uploads grow."""
    return tmp_path / "uploads"


def sent(tus: Tus, content: Content, name: str) -> Any:
    """The answer to a file sent as the page sends it: announced, then its bytes."""
    data = content if isinstance(content, bytes) else content()
    created = tus.create(len(data), None, b"", filename=name)
    if created.status_code != 201:
        return created
    return tus.ask(
        "PATCH",
        created.headers["Location"],
        {"Upload-Offset": "0", "Accept": "application/json"},
        data=data,
        content_type=BODY,
    )


def make_derivatives(store: Session, storage: Storage) -> None:
    """What a worker does with the one file there is."""
    store.rollback()
    begin_write(store)
    blob = store.scalars(select(Blob)).one()
    derivations.run_within(store, storage, school_id=blob.school_id, digests=[blob.sha256], now=NOW)
    store.commit()


def nothing_is_left(store: Session, folder: Path, tmp_path: Path) -> bool:
    """No evidence, no bytes in the store, no half-grown file."""
    files = [path for root in (folder, tmp_path / "files") for path in root.rglob("*") if path.is_file()]
    store.rollback()
    return not files and store.scalar(select(func.count()).select_from(Evidence)) == 0


# ---- What is not taken ----

REFUSED: dict[str, tuple[Content, str, int, str]] = {
    "html named pdf": (HTML, "通知.pdf", 415, "file_active_content"),
    "html named jpg": (HTML, "合影.jpg", 415, "file_active_content"),
    "html after blank lines": (b"\n\r\n " + HTML, "通知.txt", 415, "file_active_content"),
    "exe named pdf": (EXE, "通知.pdf", 415, "file_not_on_list"),
    "exe named jpg": (EXE, "合影.jpg", 415, "file_not_on_list"),
    "svg with a script": (SVG, "校徽.svg", 415, "file_active_content"),
    "svg named png": (b'<?xml version="1.0"?>' + SVG, "校徽.png", 415, "file_active_content"),
    "web page with a pdf behind it": (lambda: HTML + pdf("学校"), "通知.pdf", 415, "file_active_content"),
    "pdf named as a program": (lambda: pdf("学校"), "通知.pdf.exe", 415, "file_mismatch"),
    "java program that is a zip": (
        lambda: zipped(("META-INF/MANIFEST.MF", b"Main-Class: a"), ("a.class", b"\xca\xfe\xba\xbe")),
        "资料.zip", 415, "file_not_on_list",
    ),
    "word with macros": (
        lambda: package_with(word("甲"), "word/vbaProject.bin", b"Sub AutoOpen()"),
        "计划.docx", 415, "file_not_on_list",
    ),
    "zip cut short": (lambda: zipped(("a.txt", b"a" * 500))[:60], "资料.zip", 415, "file_unreadable_archive"),
    "zip of nothing": (lambda: zipped(), "资料.zip", 422, "file_empty"),
    "script for the shell": (b"#!/bin/sh\nrm -rf /\n", "记录.txt", 415, "file_active_content"),
    "bytes that are nothing": (bytes(range(256)) * 8, "记录.pdf", 415, "file_unknown_type"),
    "nothing at all": (b"", "空.pdf", 422, "upload_empty"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_may_not_come_in_is_refused_with_its_reason_and_leaves_nothing(
    tus: Tus, store: Session, folder: Path, tmp_path: Path, case: str
) -> None:
    content, name, status, code = REFUSED[case]
    answer = sent(tus, content, name)
    if case == "nothing at all":  # refused before a byte is sent, by a client that asks for no JSON
        assert (answer.status_code, answer.mimetype) == (status, "text/plain")
    else:
        assert (answer.status_code, answer.json["code"]) == (status, code)
        assert answer.json["error"]
    assert nothing_is_left(store, folder, tmp_path)


def test_one_byte_beyond_the_limit_is_refused_with_the_limit_and_leaves_nothing(
    app: Flask, tus: Tus, store: Session, folder: Path, tmp_path: Path
) -> None:
    parts = app.extensions["portfolio"]
    app.extensions["portfolio"] = replace(
        parts, settings=parts.settings.model_copy(update={"max_upload_bytes": MIB})
    )
    answer = tus.create(MIB + 1, {"Accept": "application/json"}, b"")
    assert (answer.status_code, answer.json["limit"]) == (413, MIB)
    assert "1" in answer.json["error"]
    assert nothing_is_left(store, folder, tmp_path)
    assert tus.create(MIB).status_code == 201


def test_more_bytes_than_were_announced_are_refused(tus: Tus, store: Session) -> None:
    url = tus.begun(10)
    answer = tus.patch(url, b"x" * 11)
    assert answer.status_code == 413
    assert tus.head(url).headers["Upload-Offset"] == "0"


def test_a_full_disk_is_said_and_the_upload_goes_on_once_there_is_room(
    tus: Tus, store: Session, folder: Path
) -> None:
    content = b"%PDF-1.7 " + b"a" * (3 * MIB)
    url = tus.begun(len(content))
    with no_file_longer_than(2 * MIB):
        answer = tus.patch(url, content)
    assert answer.status_code == 507
    assert answer.get_data(as_text=True).strip()
    (growing,) = folder.iterdir()
    assert growing.stat().st_size == 0
    assert tus.head(url).headers["Upload-Offset"] == "0"
    assert "Evidence-Location" in tus.patch(url, content).headers
    assert store.scalars(select(EvidenceVersion.sha256)).one() == hashlib.sha256(content).hexdigest()


class no_file_longer_than:  # noqa: N801 (reads as what it does)
    """The kernel refuses to write beyond this size, as a full disk or a quota would."""

    def __init__(self, size: int) -> None:
        self._size = size

    def __enter__(self) -> None:
        self._limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        self._handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self._size, self._limits[1]))

    def __exit__(self, *_: object) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self._limits)
        signal.signal(signal.SIGXFSZ, self._handler)


# ---- What is taken, and does no harm ----


@dataclass(frozen=True)
class Taken:
    """A file that comes in as this type; `state` and `failure` are what becomes of its derivatives."""

    content: Content
    name: str
    media_type: str
    state: DerivationState = DerivationState.DONE
    failure: str | None = None


FAILED = DerivationState.FAILED
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
TAKEN = {
    "docx that expands a thousandfold": Taken(
        lambda: package_with(word("甲"), "word/media/image1.bmp", b"\0" * (64 * MIB)),
        "计划.docx", DOCX, FAILED, "expands_too_much",
    ),
    "docx that asks for a file of the server": Taken(
        lambda: package_with(
            word("甲"),
            "word/document.xml",
            document_xml("&stolen;", declaration=ENTITY),
        ),
        "计划.docx", DOCX, FAILED, "unreadable",
    ),
    "png of 30,000 by 30,000": Taken(
        lambda: png_header(30_000, 30_000), "合影.png", "image/png", FAILED, "too_many_pixels"
    ),
    "pdf cut short": Taken(
        lambda: pdf("学校")[:4000], "通知.pdf", "application/pdf", FAILED, "unreadable"
    ),
    "pdf with a password": Taken(encrypted_pdf, "通知.pdf", "application/pdf", FAILED, "encrypted"),
    "pdf that libmagic misreads and readers open": Taken(
        lambda: with_junk_before(pdf("校务会议纪要")), "纪要.pdf", "application/pdf"
    ),
    "picture with a web page behind it": Taken(
        lambda: encoded(scene(), "JPEG") + HTML, "合影.jpg", "image/jpeg"
    ),
    "picture that is a script as well": Taken(
        b"GIF89a/*" + b"\0" * 20 + b"*/=1;alert(1);" + HTML, "合影.gif", "image/gif", FAILED, "unreadable"
    ),
    "pdf that is a zip as well": Taken(
        lambda: pdf("学校") + zipped(("a.exe", EXE)), "通知.pdf", "application/pdf"
    ),
    "zip bomb": Taken(
        lambda: zipped(("a.txt", b"\0" * (64 * MIB))), "资料.zip", "application/zip", FAILED, "unsupported"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TAKEN)
def test_what_is_taken_harms_nobody_and_its_original_stays_as_it_was(
    tus: Tus, store: Session, storage: Storage, case: str
) -> None:
    hostile = TAKEN[case]
    content = hostile.content if isinstance(hostile.content, bytes) else hostile.content()
    digest = hashlib.sha256(content).hexdigest()
    answer = sent(tus, content, hostile.name)
    assert answer.status_code == 204, answer.get_data(as_text=True)
    blob = store.scalars(select(Blob)).one()
    assert (blob.sha256, blob.media_type) == (digest, hostile.media_type)
    make_derivatives(store, storage)
    made = store.scalars(select(Derivation)).one()
    assert (made.state, made.failure) == (hostile.state, hostile.failure)
    assert "root:" not in "".join(store.scalars(select(PageText.text)))
    with storage.open(made.school_id, digest) as body:
        assert hashlib.sha256(body.read()).hexdigest() == digest


@pytest.mark.parametrize("case", ["pdf that is a zip as well", "pdf that libmagic misreads and readers open"])
def test_a_file_of_two_types_is_served_as_the_one_it_was_taken_for(tus: Tus, case: str) -> None:
    answer = sent(tus, TAKEN[case].content, TAKEN[case].name)
    with tus.client.get(answer.headers["Evidence-Location"] + "/versions/1/file") as file:
        assert file.mimetype == "application/pdf"
        assert file.headers["X-Content-Type-Options"] == "nosniff"


def test_the_original_of_a_picture_with_a_page_behind_it_is_not_what_a_browser_gets(
    tus: Tus, store: Session, storage: Storage
) -> None:
    content = encoded(scene(), "JPEG") + HTML
    answer = sent(tus, content, "合影.jpg")
    make_derivatives(store, storage)
    with tus.client.get(answer.headers["Evidence-Location"] + "/versions/1/file") as file:
        assert file.mimetype == "image/jpeg"
        assert b"<script>" not in file.get_data()


# ---- What lies in a ZIP ----

# entry → what the report must say of it: None where it is taken, else words of the reason
ARCHIVES: dict[str, tuple[Content, dict[str, str | None]]] = {
    "entry that expands a thousandfold": (
        lambda: zipped(("大.txt", b"a" * (64 * MIB)), ("小.txt", "一份记录".encode())),
        {"大.txt": "200", "小.txt": None},
    ),
    "zip within a zip": (
        lambda: zipped(("里面.zip", zipped(("大.txt", b"\0" * (64 * MIB))))),
        {"里面.zip": None},
    ),
    "paths that lead outside": (
        lambda: zipped(
            ("../../evil.txt", b"evil one"), ("/etc/cron.d/evil.txt", b"evil two"), ("C:\\evil.txt", b"3"),
            ("好.txt", b"good"),
        ),
        {"evil.txt": "out of", "etc/cron.d/evil.txt": "out of", "C:/evil.txt": "out of", "好.txt": None},
    ),
    "symbolic links": (
        lambda: zipped(link_to("/etc/passwd"), ("好.txt", b"good")),
        {"照片.jpg": "link", "好.txt": None},
    ),
    "name in gbk": (lambda: in_gbk("教代会会议记录.txt", b"minutes"), {"教代会会议记录.txt": None}),
    "program among the files": (
        lambda: zipped(("setup.exe", EXE), ("网页.pdf", HTML), ("好.txt", b"good"), ("空.txt", b"")),
        {"setup.exe": "Windows program", "网页.pdf": "script", "好.txt": None, "空.txt": "empty"},
    ),
    "damaged entry": (
        lambda: zipped(("坏.txt", b"a" * 5000), ("好.txt", b"good")).replace(
            zlib.compress(b"a" * 5000, wbits=-15), b"\xff" * len(zlib.compress(b"a" * 5000, wbits=-15))
        ),
        {"坏.txt": "damaged", "好.txt": None},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ARCHIVES)
def test_each_entry_of_a_zip_gets_its_own_answer(
    tus: Tus, lead: Browser, store: Session, folder: Path, tmp_path: Path, case: str
) -> None:
    content, entries = ARCHIVES[case]
    lead.post("/language", {"locale": "en"})
    location = sent(tus, content, "资料.zip").headers["Evidence-Location"]
    page = lead.post(f"{location}/opening").get_data(as_text=True)
    rows = page.split("<tr>")[2:]
    assert len(rows) == len(entries)
    for name, reason in entries.items():
        (row,) = (row for row in rows if f">{name}<" in row)
        assert "Taken" in row if reason is None else reason in row, row
    titles = set(store.scalars(select(EvidenceVersion.filename)))
    assert titles == {"资料.zip"} | {name for name, reason in entries.items() if reason is None}
    assert list(folder.iterdir()) == []
    assert not (tmp_path / "evil.txt").exists()


# ---- Names ----

NAMES = {
    "up a folder": ("../../../etc/passwd.txt", "passwd.txt"),
    "up a folder of windows": ("..\\..\\boot.txt", "boot.txt"),
    "nul": ("会议\0记录.txt", "会议记录.txt"),
    "device": ("CON", "CON"),
    "device with an extension": ("aux.txt", "aux.txt"),
    "three hundred characters": ("长" * 300 + ".txt", "长" * 196 + ".txt"),
    "text turned round": ("通知\u202etxt.exe.txt", "通知txt.exe.txt"),
    "emoji": ("🎉运动会👩‍🏫.txt", "🎉运动会👩‍🏫.txt"),
    "quotes": ("\"引号\" 'x' <b>.txt", "\"引号\" 'x' <b>.txt"),
    "line breaks": ("一\r\n二\n.txt", "一二.txt"),
    "only dots": ("...", "未命名"),
    "percent": ("100%25 完成.txt", "100%25 完成.txt"),
}  # fmt: skip


@pytest.mark.parametrize("case", NAMES)
def test_names_are_shown_as_they_were_given_and_never_reach_the_disk(
    tus: Tus, store: Session, tmp_path: Path, case: str
) -> None:
    given, shown = NAMES[case]
    content = "一份会议记录".encode()
    answer = sent(tus, content, given)
    assert answer.status_code == 204, answer.get_data(as_text=True)
    assert store.scalars(select(EvidenceVersion.filename)).one() == shown
    location = answer.headers["Evidence-Location"]
    with tus.client.get(f"{location}/versions/1/file?download=1") as file:
        disposition = file.headers["Content-Disposition"]
        assert file.status_code == 200
    assert "\n" not in disposition
    assert disposition.startswith("attachment")
    page = tus.client.get(location).get_data(as_text=True)
    assert "<b>.txt" not in page
    stored = {path.name for path in (tmp_path / "files").rglob("*") if path.is_file()}
    assert stored == {hashlib.sha256(content).hexdigest()}


# ---- The same file twice at the same moment ----


@pytest.fixture
def two(log_in: LogIn, staff: Staff, dossier: Dossier) -> tuple[Tus, Tus]:
    """Two people of one school."""
    return Tus(log_in(staff.lead), dossier.school_id), Tus(log_in(staff.contributor), dossier.school_id)


def test_the_same_file_twice_at_the_same_moment_is_stored_once_and_pointed_at(
    two: tuple[Tus, Tus], store: Session, tmp_path: Path
) -> None:
    content = b"%PDF-1.7 " + b"a" * MIB
    urls = [tus.begun(len(content)) for tus in two]
    together = threading.Barrier(2)
    answers: dict[int, Any] = {}

    def send(which: int) -> None:
        together.wait(timeout=10)
        answers[which] = two[which].patch(urls[which], content)

    threads = [threading.Thread(target=send, args=(which,)) for which in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert [answers[which].status_code for which in range(2)] == [204, 204]
    pointed = [answers[which].headers.get("Evidence-Duplicate-Of") for which in range(2)]
    assert sorted(location is None for location in pointed) == [False, True]
    assert store.scalar(select(func.count()).select_from(Blob)) == 1
    assert store.scalar(select(func.count()).select_from(Evidence)) == 2
    assert len([path for path in (tmp_path / "files").rglob("*") if path.is_file()]) == 1
