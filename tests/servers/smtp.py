"""A mail server on loopback that speaks SMTP (RFC 5321) and keeps what it is given."""

from __future__ import annotations

import asyncio
import base64
import ssl
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as POLICY
from types import TracebackType
from typing import Self, cast


@dataclass(frozen=True)
class Delivered:
    """A message with the envelope it came in."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes
    encrypted: bool

    @property
    def message(self) -> EmailMessage:
        """The message, read."""
        return message_from_bytes(self.data, policy=POLICY)

    @property
    def text(self) -> str:
        """Its text."""
        return cast(str, self.message.get_content())


class SmtpServer:
    """Runs in a thread of its own while the block lasts; refuses recipients and log-ins as told."""

    def __init__(
        self,
        *,
        refused: Iterable[str] = (),
        login: tuple[str, str] | None = None,
        certificate: ssl.SSLContext | None = None,
    ) -> None:
        self.refused = set(refused)
        self.login = login
        self.certificate = certificate
        self.delivered: list[Delivered] = []
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._talk, "127.0.0.1", 0)

    async def _stop(self) -> None:
        self._server.close()
        await self._server.wait_closed()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _Conversation(self, reader, writer).hold()
        finally:
            writer.close()


class _Conversation:
    """One client's session."""

    def __init__(
        self, server: SmtpServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.server, self.reader, self.writer = server, reader, writer
        self.sender = ""
        self.recipients: list[str] = []
        self.encrypted = False
        self.known = server.login is None

    async def hold(self) -> None:
        """Answer line by line until the client leaves."""
        await self.say("220 localhost ready")
        while line := (await self.reader.readline()).decode("ascii", "replace").strip():
            verb, _, rest = line.partition(" ")
            match verb.upper():
                case "QUIT":
                    await self.say("221 bye")
                    return
                case "STARTTLS" if self.server.certificate is not None:
                    await self.say("220 go ahead")
                    await self.writer.start_tls(self.server.certificate)
                    self.encrypted = True
                case "DATA":
                    await self.take_data()
                case other:
                    await self.say(self.answer(other, rest))

    def answer(self, verb: str, rest: str) -> str:
        """The answer to a command that is one line."""
        match verb:
            case "EHLO":
                offers = ["AUTH PLAIN"] if self.server.login else []
                if self.server.certificate is not None and not self.encrypted:
                    offers.append("STARTTLS")
                lines = ["localhost", *offers]
                return "\r\n".join(
                    f"250{' ' if at == len(lines) - 1 else '-'}{words}" for at, words in enumerate(lines)
                )
            case "AUTH":
                given = base64.b64decode(rest.removeprefix("PLAIN ")).decode().split("\0")[1:]
                self.known = tuple(given) == self.server.login
                return "235 welcome" if self.known else "535 no"
            case "MAIL" if not self.known:
                return "530 log in first"
            case "MAIL":
                self.sender, self.recipients = _address(rest), []
                return "250 ok"
            case "RCPT" if _address(rest) in self.server.refused:
                return "550 no such mailbox"
            case "RCPT":
                self.recipients.append(_address(rest))
                return "250 ok"
            case "RSET" | "NOOP":
                return "250 ok"
            case _:
                return "502 not known here"

    async def take_data(self) -> None:
        """Take a message up to its lone dot."""
        await self.say("354 go on")
        lines = []
        while (line := await self.reader.readline()) != b".\r\n":
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        self.server.delivered.append(
            Delivered(self.sender, tuple(self.recipients), b"".join(lines), self.encrypted)
        )
        await self.say("250 kept")

    async def say(self, words: str) -> None:
        """Send a line."""
        self.writer.write(words.encode("ascii") + b"\r\n")
        await self.writer.drain()


def _address(rest: str) -> str:
    return rest[rest.index("<") + 1 : rest.index(">")]
