"""A real database and store for every test, migrated once and copied."""

from __future__ import annotations

import gc
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config import Settings
from portfolio import compose, create_app
from portfolio.db import begin_write, make_engine, make_sessions
from portfolio.migrate import migrate
from portfolio.models import User
from portfolio.storage import Storage
from portfolio.storage.local import LocalStorage
from tests.databases import Databases
from tests.factories import NOW, PASSWORD
from tests.servers.postgres import PostgresServer

pytest_plugins = ["tests.fixtures_servers", "tests.fixtures_browser", "tests.plugin_requirements"]


def pytest_collection_finish() -> None:
    """Modules and collected tests stay to the end: looking for garbage among them took a tenth of a run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite database."""
    path = tmp_path_factory.mktemp("template") / "portfolio.sqlite3"
    engine = make_engine(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgres_databases(postgres_server: PostgresServer) -> Databases:
    """The databases of a PostgreSQL server."""
    return Databases(postgres_server.url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty migrated database on each engine. Tests of services, queries and migrations run on both."""
    with fresh(request, request.param, tmp_path) as url:
        yield url


@contextmanager
def fresh(request: pytest.FixtureRequest, kind: str, folder: Path) -> Iterator[str]:
    """An empty migrated database on the engine asked for."""
    if kind == "sqlite":
        yield _copy_of(request.getfixturevalue("sqlite_template"), folder)
        return
    databases: Databases = request.getfixturevalue("postgres_databases")
    with databases.lend() as url:
        yield url


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh migrated SQLite database, for tests of pages."""
    return _copy_of(sqlite_template, tmp_path)


def _copy_of(template: Path, folder: Path) -> str:
    path = folder / "portfolio.sqlite3"
    shutil.copyfile(template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on a fresh database."""
    made = make_engine(database_url)
    yield made
    made.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A writing session on a fresh database; what a test wants to keep it commits."""
    with make_sessions(engine)() as opened:
        begin_write(opened)
        yield opened
        opened.rollback()


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    """An empty local store."""
    return LocalStorage(tmp_path / "files")


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        """The time it was set to."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The application's clock."""
    return Clock()


def settings_in(folder: Path, database_url: str) -> Settings:
    """The settings of an application in a folder."""
    return Settings(
        data_folder=folder,
        secret_key="a secret only tests know",
        database_url=database_url,
        testing=True,
    )


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application, put together once: its rules and templates take longer to compile than most tests last."""
    folder = tmp_path_factory.mktemp("pages")
    return create_app(settings_in(folder, f"sqlite:///{folder / 'none.sqlite3'}"))


@pytest.fixture
def app(pages: Flask, sqlite_url: str, tmp_path: Path, clock: Clock) -> Iterator[Flask]:
    """The application on a fresh database and store (in `tmp_path`)."""
    (tmp_path / "files").mkdir(exist_ok=True)
    composed = compose(settings_in(tmp_path, sqlite_url), clock=clock)
    pages.extensions["portfolio"] = composed
    yield pages
    composed.sessions.kw["bind"].dispose()


@pytest.fixture
def store(app: Flask) -> Iterator[Session]:
    """A session on the application's database to set a scene with: commit before asking the application."""
    with app.extensions["portfolio"].sessions() as opened:
        yield opened


class Browser:
    """A client that carries its CSRF token, as a page's scripts do."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def token(self) -> str:
        """The page's CSRF token."""
        page = self.client.get("/account", follow_redirects=True).get_data(as_text=True)
        found = re.search(r'name="csrf-token" content="([^"]+)"', page)
        assert found, page
        return found[1]

    def log_in(self, user: User | str, password: str = PASSWORD) -> Browser:
        """Log in through the form."""
        username = user if isinstance(user, str) else user.username
        answer = self.client.post(
            "/login", data={"username": username, "password": password, "csrf_token": self.token()}
        )
        assert answer.status_code == 302, answer.get_data(as_text=True)
        return self

    def get(self, path: str, **options: Any) -> Any:
        """GET."""
        return self.client.get(path, **options)

    def send(self, method: str, path: str, **options: Any) -> Any:
        """Any other method, with the CSRF token in its header."""
        headers = {"X-CSRFToken": self.token(), **options.pop("headers", {})}
        return self.client.open(path, method=method, headers=headers, **options)

    def put(self, path: str, json: object) -> Any:
        """PUT JSON."""
        return self.send("PUT", path, json=json)

    def post(self, path: str, data: object = None, **options: Any) -> Any:
        """POST a form."""
        return self.send("POST", path, data=data, **options)


@pytest.fixture
def browser(app: Flask) -> Callable[[], Browser]:
    """Makes a client of its own for each person of a test."""
    return lambda: Browser(app.test_client())


@pytest.fixture
def log_in(browser: Callable[[], Browser]) -> Callable[[User], Browser]:
    """A browser in which the person has logged in."""
    return lambda user: browser().log_in(user)
