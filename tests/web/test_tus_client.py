"""Foreign clients against a live server: a tus library, a cut line, two at once, and the memory it takes."""

from __future__ import annotations

import base64
import hashlib
import http.client
import io
import json
import os
import shutil
import socket
import subprocess
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from tusclient import client as tus_library
from werkzeug.serving import make_server

from portfolio.db import begin_write
from portfolio.models import Blob, Evidence, EvidenceVersion, User
from tests.conftest import Browser
from tests.factories import make_dossier, make_staff
from tests.fixtures_servers import absent
from tests.web.tus_client import BODY, metadata

MEGABYTE = 1024 * 1024


@dataclass
class Live:
    """A running server, and the headers of somebody who has logged in."""

    port: int
    school_id: int
    headers: dict[str, str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def endpoint(self) -> str:
        return f"{self.url}/schools/{self.school_id}/evidence/uploads"

    def begun(self, length: int, filename: str = "a.txt") -> str:
        headers = {
            "Tus-Resumable": "1.0.0",
            "Upload-Length": str(length),
            "Upload-Metadata": metadata(filename=filename),
        }
        answer = requests.post(self.endpoint, headers={**self.headers, **headers}, timeout=10)
        assert answer.status_code == 201, answer.text
        return answer.headers["Location"]

    def offset(self, path: str) -> int:
        answer = requests.head(
            self.url + path, headers={**self.headers, "Tus-Resumable": "1.0.0"}, timeout=10
        )
        return int(answer.headers["Upload-Offset"])


@pytest.fixture
def live(app: Flask, store: Session, log_in: Callable[[User], Browser]) -> Iterator[Live]:
    begin_write(store)
    dossier = make_dossier(store)
    lead = make_staff(store, dossier.school).lead
    store.commit()
    browser = log_in(lead)
    token = browser.token()
    cookie = browser.client.get_cookie("portfolio")
    assert cookie
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Live(server.port, dossier.school_id, {"Cookie": f"portfolio={cookie.value}", "X-CSRFToken": token})
    server.shutdown()
    thread.join()
    server.server_close()


def text_of(size: int) -> bytes:
    return base64.b64encode(os.urandom(size))[:size]


def test_a_foreign_client_uploads_in_chunks_with_checksums(live: Live, store: Session) -> None:
    content = text_of(300_000)
    client = tus_library.TusClient(live.endpoint, headers=live.headers)
    uploader = client.uploader(
        file_stream=io.BytesIO(content),
        chunk_size=64 * 1024,
        metadata={"filename": "2023年会议记录.txt", "element": "C38"},
        upload_checksum=True,
    )
    uploader.upload()
    assert store.scalars(select(EvidenceVersion.filename)).one() == "2023年会议记录.txt"
    assert store.scalars(select(EvidenceVersion.sha256)).one() == hashlib.sha256(content).hexdigest()


def test_a_foreign_client_goes_on_after_a_break(live: Live, store: Session) -> None:
    content = text_of(200_000)
    client = tus_library.TusClient(live.endpoint, headers=live.headers)
    first = client.uploader(
        file_stream=io.BytesIO(content), chunk_size=64 * 1024, metadata={"filename": "a.txt"}
    )
    first.upload_chunk()
    second = client.uploader(file_stream=io.BytesIO(content), chunk_size=64 * 1024, url=first.url)
    assert second.offset == 64 * 1024
    second.upload()
    assert store.scalars(select(EvidenceVersion.sha256)).one() == hashlib.sha256(content).hexdigest()


class TusJs:
    """tus-js-client under Node, installed once from its lock file, outside the project."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def upload(self, live: Live, file: Path, **more: object) -> dict[str, Any]:
        """What became of one upload, and the offsets it was sent from."""
        asked = {
            "endpoint": live.endpoint,
            "headers": live.headers,
            "file": str(file),
            "metadata": {"filename": "2023年会议记录.txt", "element": "C38"},
            "chunkSize": 64 * 1024,
        }
        done = subprocess.run(
            ["node", "upload.mjs"],
            input=json.dumps(asked | more),
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return dict(json.loads(done.stdout))


@pytest.fixture(scope="session")
def tus_js(tmp_path_factory: pytest.TempPathFactory) -> TusJs:
    missing = [program for program in ("node", "npm") if shutil.which(program) is None]
    if missing:
        absent("tus-js-client", f"{' and '.join(missing)} not on PATH (Debian: nodejs, npm)")
    folder = shutil.copytree(
        Path(__file__).parents[1] / "tusjs",
        tmp_path_factory.mktemp("tus-js") / "client",
        ignore=shutil.ignore_patterns("node_modules"),
    )
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        absent("tus-js-client", f"npm ci failed: {done.stderr.strip()[-300:]}")
    return TusJs(folder)


def test_another_foreign_client_uploads_in_chunks(
    live: Live, store: Session, tus_js: TusJs, tmp_path: Path
) -> None:
    content = text_of(300_000)
    file = tmp_path / "source.txt"
    file.write_bytes(content)
    said = tus_js.upload(live, file)
    assert said["url"].startswith(live.endpoint)
    assert said["offsets"] == list(range(0, 300_000, 64 * 1024))
    version = store.scalars(select(EvidenceVersion)).one()
    assert (version.filename, version.sha256) == ("2023年会议记录.txt", hashlib.sha256(content).hexdigest())


def test_another_foreign_client_goes_on_in_a_new_process(
    live: Live, store: Session, tus_js: TusJs, tmp_path: Path
) -> None:
    content = text_of(300_000)
    file, memory = tmp_path / "source.txt", str(tmp_path / "memory.json")
    file.write_bytes(content)
    cut = tus_js.upload(live, file, memory=memory, stopAfter=128 * 1024)
    assert cut["stopped"] == 128 * 1024
    assert store.scalar(select(func.count()).select_from(Evidence)) == 0
    store.rollback()
    said = tus_js.upload(live, file, memory=memory)
    assert said["offsets"][0] >= 128 * 1024
    assert store.scalars(select(EvidenceVersion.sha256)).one() == hashlib.sha256(content).hexdigest()


def test_another_foreign_client_hears_why_a_file_is_refused(
    live: Live, tus_js: TusJs, tmp_path: Path
) -> None:
    file = tmp_path / "page.pdf"
    file.write_bytes(b"<!doctype html><html><script>alert(1)</script></html>")
    said = tus_js.upload(live, file)
    assert said["status"] == 415
    assert "script" in said["error"] or "网页" in said["error"]


def test_a_body_cut_in_the_middle_goes_on_where_it_stopped(live: Live, store: Session) -> None:
    content = text_of(500_000)
    path = live.begun(len(content))
    with socket.create_connection(("127.0.0.1", live.port), timeout=10) as line:
        headers = {
            **live.headers,
            "Host": "127.0.0.1",
            "Tus-Resumable": "1.0.0",
            "Upload-Offset": "0",
            "Content-Type": BODY,
            "Content-Length": str(len(content)),
        }
        head = f"PATCH {path} HTTP/1.1\r\n" + "".join(
            f"{name}: {value}\r\n" for name, value in headers.items()
        )
        line.sendall(head.encode() + b"\r\n" + content[:300_000])
    offset = _settled(live, path)
    assert 0 < offset <= 300_000
    answer = requests.patch(
        live.url + path,
        data=content[offset:],
        headers={
            **live.headers,
            "Tus-Resumable": "1.0.0",
            "Upload-Offset": str(offset),
            "Content-Type": BODY,
        },
        timeout=10,
    )
    assert answer.headers["Evidence-Location"]
    assert store.scalars(select(EvidenceVersion.sha256)).one() == hashlib.sha256(content).hexdigest()


def _settled(live: Live, path: str) -> int:
    """The offset, once the server has noticed that the line is cut."""
    before = -1
    for _ in range(200):
        offset = live.offset(path)
        if offset == before and offset > 0:
            return offset
        before = offset
        threading.Event().wait(0.05)
    return before


def test_the_same_file_sent_by_two_at_once_is_stored_once(live: Live, store: Session, tmp_path: Path) -> None:
    content = text_of(400_000)
    failures: list[Exception] = []

    def send() -> None:
        try:
            client = tus_library.TusClient(live.endpoint, headers=live.headers)
            client.uploader(
                file_stream=io.BytesIO(content), chunk_size=100_000, metadata={"filename": "a.txt"}
            ).upload()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert store.scalar(select(func.count()).select_from(Evidence)) == 2
    assert store.scalar(select(func.count()).select_from(Blob)) == 1
    assert len([path for path in (tmp_path / "files").rglob("*") if path.is_file()]) == 1


def test_a_body_of_unknown_length_is_bounded_by_what_was_announced(live: Live, store: Session) -> None:
    content = text_of(100_000)
    path = live.begun(len(content))
    pieces = (content[start : start + 30_000] for start in range(0, len(content), 30_000))
    headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": BODY}
    answer = requests.patch(live.url + path, data=pieces, headers={**live.headers, **headers}, timeout=10)
    assert answer.headers["Evidence-Location"]
    assert store.scalars(select(EvidenceVersion.sha256)).one() == hashlib.sha256(content).hexdigest()


def test_a_large_file_costs_no_more_memory_than_a_small_one(live: Live) -> None:
    piece = text_of(MEGABYTE)
    _send(live, piece, 1)  # what a worker's first upload loads is not the upload's own
    tracemalloc.start()
    _send(live, piece, 2)
    _, small = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    _send(live, piece, 64)
    _, large = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert large - small < MEGABYTE


def _send(live: Live, piece: bytes, times: int) -> None:
    """Upload one piece so many times over, as one file in one request."""
    size = len(piece) * times
    line = http.client.HTTPConnection("127.0.0.1", live.port, timeout=60)
    line.putrequest("PATCH", live.begun(size))
    sent = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": BODY, "Content-Length": str(size)}
    for name, value in (live.headers | sent).items():
        line.putheader(name, value)
    line.endheaders()
    for _ in range(times):
        line.send(piece)
    answer = line.getresponse()
    line.close()
    assert answer.getheader("Evidence-Location")
