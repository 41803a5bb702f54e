"""Mail: one letter to one address, through the server an installation names."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP as LINES
from email.utils import format_datetime, make_msgid
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from config import Settings
from portfolio.days import SCHOOL_TIME

_SECONDS = 20


class MailFailed(Exception):
    """A letter didn't go out. The message says why and never names an address; `lasting`: so would the next."""

    def __init__(self, reason: str, *, lasting: bool = True) -> None:
        super().__init__(reason)
        self.lasting = lasting


@dataclass(frozen=True, slots=True)
class Letter:
    """What is sent, to whom, and its date."""

    to: str = field(repr=False)
    subject: str
    text: str
    at: datetime


class Mailer:
    """A connection to the mail server, opened with the first letter and closed with the block.

    A letter has one addressee and names no other address than the installation's own.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._connection: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hang_up()

    def send(self, letter: Letter) -> None:
        """Hand a letter to the server. Raises MailFailed."""
        try:
            connection = self._connection or self._open()
            connection.sendmail(self.settings.mail_from, [letter.to], self._written(letter))
        except smtplib.SMTPRecipientsRefused as error:
            with suppress(smtplib.SMTPException, OSError):
                connection.rset()
            raise MailFailed("the server refused the recipient", lasting=False) from error
        except smtplib.SMTPAuthenticationError as error:
            self._hang_up()
            raise MailFailed("the server refused the user name or password") from error
        except smtplib.SMTPResponseException as error:
            self._hang_up()
            raise MailFailed(f"the server answered with code {error.smtp_code}", lasting=False) from error
        except (smtplib.SMTPException, OSError) as error:
            self._hang_up()
            raise MailFailed(f"the server can't be spoken to: {type(error).__name__}") from error

    def _open(self) -> smtplib.SMTP:
        chosen = self.settings
        options: dict[str, Any] = {
            "timeout": _SECONDS,
            "local_hostname": urlsplit(chosen.public_url).hostname or "localhost",
        }
        if chosen.smtp_security == "tls":
            options["context"] = ssl.create_default_context()
            opened: smtplib.SMTP = smtplib.SMTP_SSL(chosen.smtp_host, chosen.smtp_port, **options)
        else:
            opened = smtplib.SMTP(chosen.smtp_host, chosen.smtp_port, **options)
        self._connection = opened
        if chosen.smtp_security == "starttls":
            opened.starttls(context=ssl.create_default_context())
        if chosen.smtp_user:
            opened.login(chosen.smtp_user, chosen.smtp_password)
        return opened

    def _hang_up(self) -> None:
        if self._connection is not None:
            with suppress(smtplib.SMTPException, OSError):
                self._connection.quit()
            self._connection = None

    def _written(self, letter: Letter) -> bytes:
        message = EmailMessage(policy=LINES)
        sender = self.settings.mail_from
        message["From"], message["To"], message["Subject"] = sender, letter.to, letter.subject
        message["Date"] = format_datetime(letter.at.astimezone(SCHOOL_TIME))
        # Not this machine's own name, which is nobody's business.
        message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].strip("<> "))
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter.text)
        return message.as_bytes()


def is_on(settings: Settings) -> bool:
    """Whether this installation sends mail."""
    return bool(settings.smtp_host)
