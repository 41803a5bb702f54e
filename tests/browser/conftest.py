"""A real server on a store of its own, and people in browsers of their own."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page, Route

PATIENCE = 30_000  # milliseconds for what must come: a busy machine is no failure
expect.set_options(timeout=PATIENCE)
ROOT = Path(__file__).resolve().parents[2]
PORTFOLIO = Path(sys.executable).with_name("portfolio")


@dataclass(frozen=True)
class Server:
    """A running installation."""

    address: str
    data: Path

    def portfolio(self, *arguments: str) -> str:
        """What the `portfolio` command prints on this installation."""
        return portfolio_on(self.data, *arguments)


@dataclass(frozen=True)
class Demonstration:
    """A running installation with the demonstration's schools, and how its people log in."""

    server: Server
    passwords: dict[str, str]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """The product as `make run` starts it, on an empty store."""
    data = tmp_path / "data"
    portfolio_on(data, "migrate")
    with serving(data) as running:
        yield running


@pytest.fixture(scope="session")
def demo_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration, loaded once; to be copied, not served."""
    data = tmp_path_factory.mktemp("demonstration") / "data"
    (data.parent / "accounts.json").write_text(portfolio_on(data, "demo", "--json"), encoding="utf-8")
    return data


@pytest.fixture(scope="module")
def demo(demo_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    """A server on the demonstration, shared by a module's tests: they change only what is theirs."""
    with _demonstration(demo_data, tmp_path_factory.mktemp("demo")) as running:
        yield running


@contextmanager
def _demonstration(loaded: Path, folder: Path) -> Iterator[Demonstration]:
    """A server on a copy of what was loaded."""
    accounts = json.loads((loaded.parent / "accounts.json").read_text(encoding="utf-8"))
    with serving(shutil.copytree(loaded, folder / "data")) as running:
        yield Demonstration(running, {one["username"]: one["password"] for one in accounts})


@contextmanager
def serving(data: Path) -> Iterator[Server]:
    """The product on a migrated store."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    running = Server(f"http://127.0.0.1:{port}", data)
    command = [str(PORTFOLIO), "serve", "--port", str(port)]
    with (data.parent / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command, env=_environment(data), cwd=ROOT, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            _wait_for(running.address, process)
            yield running
        finally:
            process.terminate()
            process.wait(timeout=20)


def portfolio_on(data: Path, *arguments: str) -> str:
    """What the `portfolio` command prints on this data folder."""
    done = subprocess.run(
        [str(PORTFOLIO), *arguments],
        env=_environment(data),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _environment(data: Path) -> dict[str, str]:
    foreign = ("DATABASE_URL", "STORAGE_URL", "PORTFOLIO_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return {**kept, "PORTFOLIO_DATA": str(data)}


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(1200):  # a minute: the machine may be busy with other tests
        assert process.poll() is None, "the server ended"
        try:
            urllib.request.urlopen(f"{address}/healthz", timeout=1)
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the server did not answer")


# A page is marked until all of it has come, its scripts too.
ARRIVING = """
new MutationObserver((_, first) => {
  document.documentElement?.setAttribute("data-arriving", "");
  first.disconnect();
}).observe(document, { childList: true });
addEventListener("load", () => document.documentElement.removeAttribute("data-arriving"));
"""


def _wait_for_scripts(page: Page) -> None:
    """From now on nothing is done to a page that is still on its way: people take longer to look at it."""
    page.add_locator_handler(page.locator("[data-arriving]"), lambda: page.wait_for_load_state())


# Opens a page in a browser context of its own: window(width=…, height=…, any option of a context).
Window = Callable[..., "Page"]


@contextmanager
def windows(chromium: Browser, address: str) -> Iterator[Window]:
    """Windows on an installation; in the end no script has failed and nothing was blocked in any of them."""
    contexts = []
    errors: list[str] = []

    def open_window(width: int = 1440, height: int = 900, **options: Any) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            locale="zh-CN",
            base_url=address,
            reduced_motion="reduce",  # what is looked at has come to rest
            **options,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.add_init_script(ARRIVING)
        _wait_for_scripts(page)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if _is_own_error(said) else None)
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture
def visitor(chromium: Browser, server: Server) -> Iterator[Window]:
    """Opens a page for one person, with cookies of their own; fails on any error the browser reports."""
    with windows(chromium, server.address) as open_window:
        yield open_window


# Opens a page of the demonstration for somebody: person("chair"), with the options of a window.
Person = Callable[..., "Page"]


@pytest.fixture
def person(chromium: Browser, demo: Demonstration) -> Iterator[Person]:
    """People of the demonstration that the module's tests share."""
    with _people(chromium, demo) as enter:
        yield enter


@pytest.fixture
def person_apart(chromium: Browser, demo_data: Path, tmp_path: Path) -> Iterator[Person]:
    """People of a demonstration that is this test's alone: what it changes, it changes for nobody else."""
    with _demonstration(demo_data, tmp_path) as demo, _people(chromium, demo) as enter:
        yield enter


@contextmanager
def _people(chromium: Browser, demo: Demonstration) -> Iterator[Person]:
    with windows(chromium, demo.server.address) as open_window:

        def enter(username: str, **options: Any) -> Page:
            page = open_window(**options)
            log_in(page, username, demo.passwords[username])
            return page

        yield enter


def log_in(page: Page, username: str, password: str) -> None:
    """Through the form, as people do."""
    page.goto("/login")
    page.fill("[name=username]", username)
    page.fill("[name=password]", password)
    page.click("main form .btn-primary")
    page.wait_for_selector(".app-head")


@contextmanager
def line_cut(page: Page) -> Iterator[None]:
    """The page without a line, once all of it has come: a script that is still on its way would never arrive."""
    page.wait_for_load_state()
    context = page.context
    context.set_offline(True)
    yield
    context.set_offline(False)


@contextmanager
def held_back(page: Page, pattern: str | re.Pattern[str]) -> Iterator[list[Route]]:
    """Requests of the page to such an address wait until the end of the block."""
    held: list[Route] = []
    holding = True
    page.route(pattern, lambda route: held.append(route) if holding else route.continue_())
    yield held
    holding = False
    for route in held:
        route.continue_()


@contextmanager
def before_the_scripts(page: Page, script: str = "drafts") -> Iterator[None]:
    """The page anew, over a line so slow that what is done inside is done before this script has come."""
    page.remove_locator_handler(page.locator("[data-arriving]"))
    with held_back(page, f"**/js/{script}.js*") as held:
        page.reload(wait_until="commit")
        yield
        wait_until(page, lambda: bool(held))
    _wait_for_scripts(page)


def wait_until(page: Page, is_so: Callable[[], bool]) -> None:
    """Wait as long as a page waits by itself; its own waiting evaluates text, which the policy of ours forbids."""
    for _ in range(PATIENCE // 50):
        if is_so():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not come to be so")


def _is_own_error(said: ConsoleMessage) -> bool:
    # Chromium reports what the server refuses and a line that is cut as well; they are no errors of a page's.
    # So it does a mark of ours (ARRIVING) that a sandboxed file does not let in.
    if re.search(r"Blocked script execution in '[^']+/file'", said.text):
        return False
    answered = re.search(r"status of 4\d\d|net::ERR_", said.text) and "/static/" not in said.location["url"]
    return said.type == "error" and not answered
