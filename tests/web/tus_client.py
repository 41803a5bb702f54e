"""A person who speaks tus through the test client, header by header."""

from __future__ import annotations

import base64
from typing import Any

from tests.conftest import Browser

BODY = "application/offset+octet-stream"
PDF = b"%PDF-1.7 " + "党支部会议记录".encode() * 200


def metadata(**said: str) -> str:
    """Upload-Metadata."""
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in said.items())


class Tus:
    """Requests of one person to one school's upload endpoint."""

    def __init__(self, browser: Browser, school_id: int) -> None:
        self.client = browser.client
        self.endpoint = f"/schools/{school_id}/evidence/uploads"
        self._token = browser.token()

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any) -> Any:
        """Any request of the protocol; a header given as "" is left out."""
        sent = {"Tus-Resumable": "1.0.0", "X-CSRFToken": self._token, **(headers or {})}
        return self.client.open(
            path, method=method, headers={name: value for name, value in sent.items() if value}, **options
        )

    def create(
        self,
        length: int | str = len(PDF),
        headers: dict[str, str] | None = None,
        body: bytes = b"",
        **said: str,
    ) -> Any:
        """POST: announce an upload."""
        sent = {
            "Upload-Length": str(length),
            "Upload-Metadata": metadata(**{"filename": "会议记录.pdf", **said}),
        }
        options = {"data": body, "content_type": BODY} if body else {}
        return self.ask("POST", self.endpoint, {**sent, **(headers or {})}, **options)

    def begun(self, length: int = len(PDF), **said: str) -> str:
        """The address of a new upload."""
        answer = self.create(length, None, b"", **said)
        assert answer.status_code == 201, answer.get_data(as_text=True)
        return str(answer.headers["Location"])

    def patch(self, url: str, body: bytes, offset: int | str = 0, **headers: str) -> Any:
        """PATCH: send bytes from an offset on."""
        sent = {
            "Upload-Offset": str(offset),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        return self.ask("PATCH", url, sent, data=body, content_type=BODY)

    def head(self, url: str) -> Any:
        """HEAD: how far it is."""
        return self.ask("HEAD", url)
