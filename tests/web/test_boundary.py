"""What holds at the edge of every request: forged forms, reads that write, headers, refusals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portfolio import create_app, web
from portfolio.errors import DomainError
from portfolio.models import Role, School
from portfolio.policy import Permission
from tests.conftest import Browser, settings_in
from tests.factories import make_school, make_user

LogIn = Callable[..., Browser]


def schools(store: Session) -> int:
    """How many schools there are, as committed."""
    store.rollback()
    return store.scalar(select(func.count()).select_from(School)) or 0


@pytest.fixture
def pages(tmp_path: Path, sqlite_url: str) -> Flask:
    """An application of its own: these tests add addresses to it."""
    return create_app(settings_in(tmp_path, sqlite_url))


@pytest.mark.parametrize("header", [None, "wrong"])
def test_a_post_without_its_token_is_refused_and_changes_nothing(
    store: Session, log_in: LogIn, header: str | None
) -> None:
    clerk = make_user(store, Role.BUREAU)
    store.commit()
    headers = {"X-CSRFToken": header} if header else {}
    asked = {"name": "青槐路学校", "district": "未央区", "stage": "primary"}
    answer = log_in(clerk).client.post("/bureau/schools", data=asked, headers=headers)
    assert answer.status_code == 400
    assert schools(store) == 0


def test_the_token_of_another_log_in_is_refused(store: Session, log_in: LogIn) -> None:
    clerk, other = make_user(store, Role.BUREAU), make_user(store, Role.BUREAU)
    store.commit()
    foreign = log_in(other).token()
    asked = {"name": "青槐路学校", "district": "未央区", "stage": "primary"}
    answer = log_in(clerk).client.post("/bureau/schools", data=asked, headers={"X-CSRFToken": foreign})
    assert answer.status_code == 400
    assert schools(store) == 0


def test_what_a_get_writes_is_not_kept(app: Flask, store: Session, log_in: LogIn) -> None:
    @app.get("/test/writes")
    @web.guard(Permission.OWN_ACCOUNT)
    def writes() -> str:
        make_school(web.db())
        return "written"

    user = make_user(store, Role.BUREAU)
    store.commit()
    browser = log_in(user)
    for method in ("GET", "HEAD"):
        assert browser.client.open("/test/writes", method=method).status_code == 200
    assert schools(store) == 0


@pytest.mark.parametrize("failure", [DomainError("name_empty"), DomainError("not_found")])
def test_what_a_refused_request_wrote_is_not_kept(
    app: Flask, store: Session, log_in: LogIn, failure: DomainError
) -> None:
    @app.post("/test/refuses")
    @web.guard(Permission.OWN_ACCOUNT)
    def refuses() -> str:
        make_school(web.db())
        raise failure

    user = make_user(store, Role.BUREAU)
    store.commit()
    assert log_in(user).post("/test/refuses").status_code == 422
    assert schools(store) == 0


def test_an_endpoint_that_declares_no_permission_is_not_there(
    app: Flask, store: Session, log_in: LogIn
) -> None:
    app.get("/test/undeclared")(lambda: "open")
    user = make_user(store, Role.BUREAU)
    store.commit()
    assert log_in(user).get("/test/undeclared").status_code == 404


@pytest.mark.parametrize(
    "path", ["/login", "/bureau", "/account", "/nothing", "/healthz", "/static/css/app.css"]
)
def test_every_answer_carries_the_headers_that_protect_it(store: Session, log_in: LogIn, path: str) -> None:
    clerk = make_user(store, Role.BUREAU)
    store.commit()
    with log_in(clerk).get(path) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy and "unsafe-inline" not in policy
        assert "frame-ancestors 'none'" in policy and "object-src 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert "Strict-Transport-Security" not in answer.headers, "only where the address is https"


@pytest.mark.parametrize(
    "path", ["/bureau", "/bureau/cycles", "/bureau/accounts", "/bureau/audit", "/account"]
)
def test_pages_hold_no_inline_script_or_style(store: Session, log_in: LogIn, path: str) -> None:
    clerk = make_user(store, Role.BUREAU)
    store.commit()
    page = log_in(clerk).get(path).get_data(as_text=True)
    assert "style=" not in page and "<style" not in page and "onclick" not in page
    assert page.count("<script") == page.count('<script type="module" src=')


def test_pages_of_people_are_not_kept_by_shared_caches(store: Session, log_in: LogIn) -> None:
    clerk = make_user(store, Role.BUREAU)
    store.commit()
    assert log_in(clerk).get("/bureau").headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "/bureau/cycles/99999999999999999999",
        "/bureau?cycle=99999999999999999999",
        "/bureau/panels?cycle=9999999999999999",
        "/schools/99999999999999999999/people",
    ],
)
def test_an_id_too_large_to_be_one_is_simply_not_there(store: Session, log_in: LogIn, path: str) -> None:
    clerk = make_user(store, Role.BUREAU)
    store.commit()
    assert log_in(clerk).get(path).status_code in (200, 404)


def test_a_script_that_others_import_is_asked_for_again_and_one_with_its_version_is_not(app: Flask) -> None:
    client = app.test_client()
    with client.get("/static/js/put.js") as imported, client.get("/static/js/put.js?v=1") as named:
        assert imported.headers["Cache-Control"] == "no-cache"
        assert "max-age=31536000" in named.headers["Cache-Control"]
