"""A large file over tus (core, creation): how fast, and what it costs a worker in memory."""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench.server import Server
from bench.visitor import Visitor

CHUNK = 8 * 1024 * 1024  # bytes
SAMPLE_EVERY = 0.02  # seconds
# How an MP4 begins; what follows need not be a film for the server to store it.
_BEGINNING = b"\0\0\0\x18ftypisom\0\0\2\0isomiso2"


@dataclass(frozen=True)
class Upload:
    """Bytes a second while sending, until the answer to the last chunk, and of hashing and writing alone."""

    sending: float
    in_all: float
    disk: float
    growth: int  # bytes by which the workers together grew at most


class Memory:
    """The most the workers weighed together while the block ran."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.before = self.most = 0

    def __enter__(self) -> Memory:
        self.before = self.most = sum(self._server.memory())
        self._thread.start()
        return self

    def _watch(self) -> None:
        while not self._ended.wait(SAMPLE_EVERY):
            self.most = max(self.most, sum(self._server.memory()))

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()


def upload(server: Server, visitor: Visitor, endpoint: str, data: Path, size: int) -> Upload:
    """Send `size` bytes through the endpoint of a school."""
    disk = _hashed_and_written(data, size)
    with Memory(server) as memory:
        started = time.perf_counter()
        address = _announce(visitor, endpoint, size)
        last = _send(visitor, address, size)
        ended = time.perf_counter()
    return Upload(
        sending=(size - CHUNK) / (last - started),
        in_all=size / (ended - started),
        disk=disk,
        growth=memory.most - memory.before,
    )


def _announce(visitor: Visitor, endpoint: str, size: int) -> str:
    name = base64.b64encode("升旗仪式.mp4".encode()).decode()
    headers = {
        "Tus-Resumable": "1.0.0",
        "Upload-Length": str(size),
        "Upload-Metadata": f"filename {name}",
        "X-CSRFToken": visitor.token(),
    }
    answer = visitor.line("POST", endpoint, b"", headers)
    assert answer.status == 201, f"{endpoint} answered {answer.status}: {answer.text[:200]}"
    return urlsplit(answer.headers["location"]).path


def _send(visitor: Visitor, address: str, size: int) -> float:
    """Send chunk by chunk; returns when the last one, whose answer waits for the stored file, was begun."""
    chunk = _BEGINNING + os.urandom(CHUNK - len(_BEGINNING))
    offset, began = 0, 0.0
    while offset < size:
        piece = chunk[: min(CHUNK, size - offset)]
        headers = {
            "Tus-Resumable": "1.0.0",
            "Upload-Offset": str(offset),
            "Content-Type": "application/offset+octet-stream",
            "X-CSRFToken": visitor.token(),
        }
        began = time.perf_counter()
        answer = visitor.line("PATCH", address, piece, headers)
        assert answer.status == 204, f"offset {offset} answered {answer.status}: {answer.text[:200]}"
        offset += len(piece)
    assert "evidence-location" in answer.headers, "the last answer names no evidence"
    return began


def _hashed_and_written(folder: Path, size: int) -> float:
    """Bytes a second that this machine hashes (SHA-256) and writes to the same disk, without any server."""
    chunk, digest = os.urandom(CHUNK), hashlib.sha256()
    with tempfile.TemporaryFile(dir=folder) as file:
        started = time.perf_counter()
        for _ in range(size // CHUNK):
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
        return size / (time.perf_counter() - started)
