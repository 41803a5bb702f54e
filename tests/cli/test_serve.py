"""`portfolio serve`: answers, says where, and refuses what can't work."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

import pytest

from tests.cli.conftest import Run

Serve = Callable[..., AbstractContextManager[str]]


@pytest.mark.usefixtures("migrated")
def test_it_answers_where_it_says(serving: Serve) -> None:
    with serving() as address, urllib.request.urlopen(f"{address}/healthz", timeout=10) as answer:
        assert json.load(answer)["status"] == "ok"
        with urllib.request.urlopen(f"{address}/login", timeout=10) as page:
            assert page.status == 200
            assert "</html>" in page.read().decode()


@pytest.mark.usefixtures("migrated")
def test_it_answers_while_many_slow_bodies_come_in(serving: Serve) -> None:
    with serving() as address, ThreadPoolExecutor() as pool:
        host, port = address.removeprefix("http://").split(":")
        slow = [socket.create_connection((host, int(port))) for _ in range(12)]
        for connection in slow:
            connection.sendall(b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nusername=")
        answers = pool.map(
            lambda _: urllib.request.urlopen(f"{address}/healthz", timeout=10).status, range(8)
        )
        assert set(answers) == {200}
        for connection in slow:
            connection.close()


@pytest.mark.usefixtures("migrated")
def test_a_proxy_nobody_named_is_not_believed(serving: Serve) -> None:
    forged = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example", "X-Forwarded-For": "10.0.0.1"}
    with serving() as address:
        request = urllib.request.Request(f"{address}/", headers=forged)
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.url.startswith(address)


@pytest.mark.usefixtures("migrated")
def test_a_port_in_use_is_named(portfolio: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = portfolio("serve", "--port", port)
    assert done.returncode == 2
    assert f"127.0.0.1 port {port} can't be served: another program is listening there" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.usefixtures("migrated")
def test_an_address_that_is_not_ours_is_named(portfolio: Run) -> None:
    done = portfolio("serve", "--host", "192.0.2.1")
    assert done.returncode == 2
    assert "192.0.2.1 port 8000 can't be served" in done.stderr
