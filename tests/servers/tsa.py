"""A time stamping authority on loopback: OpenSSL's own (`openssl ts`), answering over HTTP as RFC 3161 says."""

from __future__ import annotations

import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
_CONFIG = """\
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[tsa]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[policy]
dir = {folder}
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
certs = {folder}/ca.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ordering = no
tsa_name = yes
ess_cert_id_chain = no
"""


class TimeStampAuthority:
    """Runs while the block lasts; `ca` is the file with its certificate, `other_ca` one of somebody else's.

    `answer` may be set to bytes that are sent instead of a stamp, `status` to another code than 200.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ca, self.other_ca = folder / "ca.pem", folder / "other.pem"
        self.asked: list[bytes] = []
        self.answer: bytes | None = None
        self.status = 200
        self._server: ThreadingHTTPServer | None = None

    @staticmethod
    def why_not() -> str | None:
        """Why it can't run here, or None."""
        return None if shutil.which("openssl") else "there is no openssl on PATH (Debian: openssl)"

    @property
    def url(self) -> str:
        """Where it answers."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}/tsr"

    def __enter__(self) -> Self:
        self.folder.mkdir(exist_ok=True)
        (self.folder / "tsa.cnf").write_text(_CONFIG.format(folder=self.folder))
        (self.folder / "serial").write_text("01\n")
        self._certify()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def reset(self) -> None:
        """As at the beginning."""
        self.asked.clear()
        self.answer, self.status = None, 200

    def stamped(self, query: bytes) -> bytes:
        """OpenSSL's response to a query."""
        (self.folder / "query.tsq").write_bytes(query)
        self._openssl(
            *("ts", "-reply", "-config", "tsa.cnf", "-section", "policy"),
            *("-queryfile", "query.tsq", "-out", "answer.tsr"),
        )
        return (self.folder / "answer.tsr").read_bytes()

    def _certify(self) -> None:
        for name in ("ca", "other"):
            self._openssl(
                *(
                    "req",
                    "-x509",
                    "-newkey",
                    "rsa:2048",
                    "-nodes",
                    "-days",
                    "30",
                    "-subj",
                    f"/CN=Test {name}",
                ),
                *("-keyout", f"{name}.key", "-out", f"{name}.pem"),
            )
        self._openssl(
            *(
                "req",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-subj",
                "/CN=Test TSA",
                "-keyout",
                "tsa.key",
                "-out",
                "tsa.csr",
            )
        )
        self._openssl(
            *("x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "30"),
            *("-set_serial", "2", "-extfile", "tsa.cnf", "-extensions", "tsa", "-out", "tsa.pem"),
        )

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True, timeout=60)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        authority = self

        class Handler(BaseHTTPRequestHandler):
            """Answers a query."""

            def do_POST(self) -> None:
                query = self.rfile.read(int(self.headers["Content-Length"]))
                authority.asked.append(query)
                body = authority.stamped(query) if authority.answer is None else authority.answer
                self.send_response(authority.status)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: tests read nothing from standard error."""

        return Handler
