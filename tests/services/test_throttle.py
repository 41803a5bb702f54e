"""Guessing is slowed; the owner is not kept out."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from portfolio.db import begin_write, make_sessions
from portfolio.models import Role, Throttle
from portfolio.services import log_ins, throttle
from tests.factories import NOW, PASSWORD, make_user

NONE = timedelta(0)


def fail(
    session: Session,
    times: int,
    *,
    username: str = "owner",
    address: str = "1.1.1.1",
    known: bool = False,
    at: datetime = NOW,
) -> None:
    """So many wrong passwords."""
    for _ in range(times):
        throttle.count_failure(session, throttle.counters(username, address, known_device=known), now=at)


def wait(
    session: Session,
    *,
    username: str = "owner",
    address: str = "1.1.1.1",
    known: bool = False,
    at: datetime = NOW,
) -> timedelta:
    """How long the next try must wait."""
    return throttle.wait(session, throttle.counters(username, address, known_device=known), now=at)


def test_the_first_tries_are_free_and_then_each_failure_doubles_the_pause(session: Session) -> None:
    seen = []
    for _ in range(12):
        seen.append(wait(session).total_seconds())
        fail(session, 1)
    assert seen == [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60]


def test_the_pause_runs_down_with_the_clock(session: Session) -> None:
    fail(session, 8)
    assert wait(session) == timedelta(seconds=16)
    assert wait(session, at=NOW + timedelta(seconds=10)) == timedelta(seconds=6)
    assert wait(session, at=NOW + timedelta(seconds=16)) == NONE


def test_another_account_and_another_address_are_not_slowed_by_a_few_failures(session: Session) -> None:
    fail(session, 10)
    assert wait(session, username="neighbour") == NONE
    assert wait(session, address="2.2.2.2") == NONE


def test_an_address_that_tries_many_accounts_is_slowed_for_all(session: Session) -> None:
    for number in range(32):
        fail(session, 1, username=f"user{number}")
    assert wait(session, username="yet another") == timedelta(seconds=4)
    assert wait(session, username="yet another", address="2.2.2.2") == NONE


def test_an_account_tried_from_many_addresses_is_slowed_from_everywhere(session: Session) -> None:
    for number in range(22):
        fail(session, 1, address=f"10.0.0.{number}")
    assert wait(session, address="2.2.2.2") == timedelta(seconds=4)


def test_no_attack_keeps_the_owner_waiting_on_a_device_they_have_used(session: Session) -> None:
    fail(session, 200)
    for number in range(200):
        fail(session, 1, address=f"10.0.{number}.1")
    assert wait(session) > NONE and wait(session, address="2.2.2.2") > NONE
    assert wait(session, known=True) == NONE, "not even behind the same address"


def test_a_known_device_is_slowed_by_its_own_failures(session: Session) -> None:
    fail(session, 6, known=True)
    assert wait(session, known=True) == timedelta(seconds=4)
    assert wait(session) == NONE


def test_failures_are_forgotten_after_an_hour(session: Session) -> None:
    fail(session, 30)
    fail(session, 1, at=NOW + timedelta(hours=1, seconds=1))
    assert set(session.scalars(select(Throttle.failures))) == {1}


def test_the_owner_s_log_in_forgives_the_account_from_there(session: Session) -> None:
    fail(session, 10)
    throttle.forgive(session, throttle.counters("owner", "1.1.1.1", known_device=False))
    assert wait(session) == NONE


@pytest.mark.parametrize("known", [False, True])
def test_a_slowed_try_is_not_even_checked(session: Session, known: bool) -> None:
    user = make_user(session, Role.EXPERT)

    def attempt(password: str, at: datetime) -> log_ins.LogIn:
        return log_ins.log_in(
            session,
            username=user.username,
            password=password,
            address="1.1.1.1",
            known_device=known,
            now=at,
            lifetime=timedelta(hours=12),
        )

    for _ in range(5):
        attempt("wrong", NOW)
    slowed = attempt(PASSWORD, NOW)
    assert (slowed.token, slowed.refusal, slowed.wait) == (None, "log_in_slowed", timedelta(seconds=1))
    assert attempt(PASSWORD, NOW + timedelta(seconds=1)).token


def test_failures_at_the_same_moment_are_all_counted(engine: Engine) -> None:
    def one() -> None:
        with make_sessions(engine)() as own:
            begin_write(own)
            fail(own, 1)
            own.commit()

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with make_sessions(engine)() as reading:
        assert set(reading.scalars(select(Throttle.failures))) == {6}
