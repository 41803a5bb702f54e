"""A person at a browser, over a real connection or inside this process, by the addresses that stay."""

from __future__ import annotations

import http.client
import json
import re
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Protocol
from urllib.parse import urlencode, urlsplit

from flask.testing import FlaskClient

from bench.server import Account


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


class Line(Protocol):
    """Sends one request."""

    def __call__(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer: ...


class OverHttp:
    """One kept-alive connection with its cookies."""

    def __init__(self, address: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(address).netloc)
        self._cookies: SimpleCookie = SimpleCookie()

    def __call__(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in self._cookies.items())
        response = self._ask(method, path, body, headers | ({"Cookie": cookie} if cookie else {}))
        content = response.read()
        for header in response.headers.get_all("Set-Cookie", []):
            self._cookies.load(header)
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, content)

    def _ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> http.client.HTTPResponse:
        """Send; once more if the server had closed a line that was idle for long."""
        try:
            self._connection.request(method, path, body or None, headers)
            return self._connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionError):
            self._connection.close()
            self._connection.request(method, path, body or None, headers)
            return self._connection.getresponse()


class InProcess:
    """The application called directly, where statements can be counted."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client

    def __call__(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        response = self._client.open(path, method=method, data=body, headers=headers)
        return Answer(response.status_code, {k.lower(): v for k, v in response.headers}, response.data)


class Visitor:
    """Somebody who is logged in, or nobody yet."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self._token = ""

    def get(self, path: str) -> Answer:
        return self.line("GET", path, b"", {"Accept": "text/html"})

    def put(self, path: str, value: object) -> Answer:
        body = json.dumps(value).encode()
        return self.line("PUT", path, body, {"Content-Type": "application/json", "X-CSRFToken": self.token()})

    def token(self) -> str:
        """The CSRF token of this log-in, read once."""
        if not self._token:
            found = re.search(r'name="csrf-token" content="([^"]+)"', self.read("/account").text)
            assert found, "a page without its CSRF token"
            self._token = found[1]
        return self._token

    def read(self, path: str) -> Answer:
        """GET, following redirects."""
        answer = self.get(path)
        while answer.status in (301, 302, 303):
            answer = self.get(path_of(answer))
        return answer

    def log_in(self, account: Account) -> str:
        """Log in; returns the path where this person's work begins."""
        form = {"username": account["username"], "password": account["password"], "csrf_token": self.token()}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self.line("POST", "/login", urlencode(form).encode(), headers)
        assert answer.status == 302, f"log-in of {account['username']} answered {answer.status}"
        self._token = ""
        home = self.get("/")
        return path_of(home)


def path_of(answer: Answer) -> str:
    """Where a redirect leads."""
    return urlsplit(answer.headers["location"]).path


def link(answer: Answer, pattern: str) -> str | None:
    """The first link on a page that leads to such a path."""
    found = re.search(rf'href="({pattern})["?#]', answer.text)
    return found[1] if found else None
