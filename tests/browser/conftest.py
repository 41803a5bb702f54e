"""A real server on a fresh store, and people in browsers of their own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[2]
PORTFOLIO = Path(sys.executable).with_name("portfolio")


@dataclass(frozen=True)
class Server:
    """A running installation."""

    address: str
    data: Path

    def portfolio(self, *arguments: str) -> str:
        """What the `portfolio` command prints on this installation."""
        done = subprocess.run(
            [str(PORTFOLIO), *arguments],
            env=_environment(self.data),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """The product as `make run` starts it, on an empty store."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    running = Server(f"http://127.0.0.1:{port}", tmp_path / "data")
    running.portfolio("migrate")
    command = [str(PORTFOLIO), "serve", "--port", str(port)]
    with (tmp_path / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command, env=_environment(running.data), cwd=ROOT, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            _wait_for(running.address, process)
            yield running
        finally:
            process.terminate()
            process.wait(timeout=20)


def _environment(data: Path) -> dict[str, str]:
    foreign = ("DATABASE_URL", "STORAGE_URL", "PORTFOLIO_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return {**kept, "PORTFOLIO_DATA": str(data)}


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        assert process.poll() is None, "the server ended"
        try:
            urllib.request.urlopen(f"{address}/healthz", timeout=1)
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the server did not answer")


@pytest.fixture
def visitor(chromium: Browser, server: Server) -> Iterator[Callable[..., Page]]:
    """Opens a page for one person, with cookies of their own; fails on any error the browser reports."""
    contexts = []
    errors: list[str] = []

    def open_page(width: int = 1440, height: int = 900) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": height}, locale="zh-CN", base_url=server.address
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console", lambda said: errors.append(said.text) if _is_own_error(said.type, said.text) else None
        )
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []


def _is_own_error(kind: str, text: str) -> bool:
    # A refused save is answered 409 or 422; Chromium reports that as well, and it is no error of the page's.
    return kind == "error" and not any(code in text for code in ("409", "422", "429"))
