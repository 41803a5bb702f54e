"""Reminders by mail, sent at once."""

from __future__ import annotations

import argparse
from collections import Counter
from datetime import UTC, datetime

from portfolio import mail
from portfolio.commands.installation import CannotRun, opened
from portfolio.services import calling, reminders


def remind(_arguments: argparse.Namespace) -> int:
    """Send what is due and say how much that was; 1 if a letter didn't go."""
    with opened() as place:
        if not mail.is_on(place.settings):
            raise CannotRun(
                "mail is off: set PORTFOLIO_SMTP_HOST, PORTFOLIO_MAIL_FROM and PORTFOLIO_URL to send reminders"
            )
        place.require_schema()
        now = datetime.now(UTC)
        with place.writing() as session:
            calling.note_due(session, now=now, days=place.settings.remind_days)
        with mail.Mailer(place.settings) as mailer:
            of_elements = reminders.send_due(place.sessions, mailer, now=now)
            of_panels = calling.send_noted(place.sessions, mailer, now=now)
    print(f"Reminders sent: {of_elements.sent + of_panels.sent}.")
    failures = of_elements.failures + of_panels.failures
    for reason, times in Counter(failures).items():
        print(f"Not sent: {times} ({reason}); the next run tries again.")
    return 1 if failures else 0
