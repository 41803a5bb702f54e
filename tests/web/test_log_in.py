"""Coming in and going out: the cookie, the row behind it, and what ends them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.db import begin_write
from portfolio.models import LoginSession, Role, User
from portfolio.services import accounts
from tests.conftest import Browser, Clock
from tests.factories import PASSWORD, bureau_actor, make_user

LogIn = Callable[..., Browser]
NewBrowser = Callable[[], Browser]
NEW_PASSWORD = "a quite different sentence"


def a_person(store: Session, username: str = "") -> User:
    """Somebody who can log in."""
    user = make_user(store, Role.BUREAU, username=username)
    store.commit()
    return user


def try_log_in(browser: Browser, username: str, password: str = PASSWORD, **more: str):
    """Fill in the form."""
    return browser.client.post(
        "/login", data={"username": username, "password": password, "csrf_token": browser.token(), **more}
    )


def is_in(browser: Browser) -> bool:
    """Whether the browser's cookie still opens the account."""
    return browser.get("/account").status_code == 200


def test_whoever_is_not_logged_in_is_sent_to_the_form_and_on_from_there(
    store: Session, browser: NewBrowser
) -> None:
    user, fresh = a_person(store), browser()
    sent = fresh.get("/bureau/audit?action=user:joined")
    assert sent.status_code == 302
    assert sent.headers["Location"] == "/login?next=/bureau/audit?action%3Duser:joined"
    answer = try_log_in(fresh, user.username, next="/bureau/audit")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/bureau/audit")


@pytest.mark.parametrize(
    "target",
    [
        "https://elsewhere.example/",
        "//elsewhere.example",
        "/\\elsewhere.example",
        "javascript:alert(1)",
        "elsewhere",
    ],
)
def test_a_foreign_target_is_not_followed(store: Session, browser: NewBrowser, target: str) -> None:
    user, fresh = a_person(store), browser()
    assert 'name="next" value=""' in fresh.get("/login", query_string={"next": target}).get_data(as_text=True)
    assert try_log_in(fresh, user.username, next=target).headers["Location"] == "/"


def test_a_wrong_password_keeps_what_was_typed_but_the_password(store: Session, browser: NewBrowser) -> None:
    user, fresh = a_person(store), browser()
    answer = try_log_in(fresh, user.username, "not the password")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert f'value="{user.username}"' in page and "not the password" not in page
    assert not is_in(fresh)


def test_after_too_many_tries_the_form_says_how_long_to_wait(
    store: Session, browser: NewBrowser, clock: Clock
) -> None:
    user, fresh = a_person(store), browser()
    codes = [try_log_in(fresh, user.username, "wrong").status_code for _ in range(6)]
    assert codes == [422] * 4 + [429] * 2
    slowed = try_log_in(fresh, user.username)
    assert (slowed.status_code, slowed.headers["Retry-After"]) == (429, "1")
    clock.now += timedelta(seconds=1)
    assert try_log_in(fresh, user.username).status_code == 302


def test_the_owner_s_own_browser_is_not_slowed_by_others(
    store: Session, browser: NewBrowser, log_in: LogIn
) -> None:
    user, stranger = a_person(store), browser()
    own = log_in(user)
    own.post("/logout")
    for _ in range(7):
        try_log_in(stranger, user.username, "wrong")
    assert try_log_in(stranger, user.username).status_code == 429
    assert try_log_in(own, user.username).status_code == 302


def test_a_forged_mark_of_a_known_browser_counts_for_nothing(store: Session, browser: NewBrowser) -> None:
    user, stranger = a_person(store), browser()
    stranger.client.set_cookie("known_device", f'["{user.username}"].forged')
    for _ in range(5):
        try_log_in(stranger, user.username, "wrong")
    assert try_log_in(stranger, user.username).status_code == 429


def test_logging_out_kills_the_cookie_at_once_wherever_it_was_copied(
    store: Session, browser: NewBrowser, log_in: LogIn
) -> None:
    own, copy = log_in(a_person(store)), browser()
    stolen = own.client.get_cookie("portfolio")
    assert stolen is not None
    copy.client.set_cookie("portfolio", stolen.value)
    assert is_in(copy)
    assert own.post("/logout").status_code == 302
    assert not is_in(own) and not is_in(copy)
    store.rollback()
    assert all(row.ended_at for row in store.scalars(select(LoginSession)))


def test_a_get_does_not_log_out(store: Session, log_in: LogIn) -> None:
    own = log_in(a_person(store))
    assert own.get("/logout").status_code == 405
    assert is_in(own)


def test_a_closed_account_is_out_at_its_next_request(store: Session, log_in: LogIn) -> None:
    user = a_person(store)
    own = log_in(user)
    begin_write(store)
    accounts.disable(store, actor=bureau_actor(store), now=user.created_at, user=store.get_one(User, user.id))
    store.commit()
    assert not is_in(own)
    assert try_log_in(own, user.username).status_code == 422


def test_a_log_in_ends_by_itself(store: Session, log_in: LogIn, clock: Clock) -> None:
    own = log_in(a_person(store))
    clock.now += timedelta(hours=12)
    assert not is_in(own)


def test_a_changed_password_ends_the_other_log_ins(store: Session, log_in: LogIn) -> None:
    user = a_person(store)
    here, there = log_in(user), log_in(user)
    refused = here.post("/account/password", {"current": "wrong", "password": NEW_PASSWORD})
    assert refused.status_code == 422 and is_in(there)
    assert here.post("/account/password", {"current": PASSWORD, "password": NEW_PASSWORD}).status_code == 302
    assert is_in(here) and not is_in(there)
    assert try_log_in(there, user.username).status_code == 422
    assert try_log_in(there, user.username, NEW_PASSWORD).status_code == 302


def test_a_cookie_set_before_the_log_in_is_worth_nothing_after_it(
    store: Session, browser: NewBrowser, log_in: LogIn
) -> None:
    victim, attacker = browser(), browser()
    attacker.token()
    planted = attacker.client.get_cookie("portfolio")
    assert planted is not None
    victim.client.set_cookie("portfolio", planted.value)
    victim.log_in(a_person(store))
    after = victim.client.get_cookie("portfolio")
    assert after is not None and after.value != planted.value
    assert is_in(victim) and not is_in(attacker)


def test_each_log_in_has_a_cookie_of_its_own(store: Session, log_in: LogIn) -> None:
    user = a_person(store)
    cookies = {log_in(user).client.get_cookie("portfolio").value for _ in range(2)}  # type: ignore[union-attr]
    assert len(cookies) == 2


def test_the_cookies_are_out_of_reach_of_scripts_and_other_sites(store: Session, browser: NewBrowser) -> None:
    answer = try_log_in(browser(), a_person(store).username)
    cookies = answer.headers.getlist("Set-Cookie")
    assert len(cookies) == 2
    assert all("HttpOnly" in cookie and "SameSite=Lax" in cookie for cookie in cookies)


def test_a_script_is_told_to_log_in_instead_of_being_sent_to_a_page(browser: NewBrowser) -> None:
    answer = browser().get("/bureau", headers={"Accept": "application/json"})
    assert answer.status_code == 401 and answer.is_json


def test_a_user_name_is_taken_as_it_is_typed_on_any_keyboard(store: Session, browser: NewBrowser) -> None:
    a_person(store, username="wang.fang")
    assert try_log_in(browser(), " Ｗang.FANG ").status_code == 302
