"""Reminders by mail, sent at once."""

from __future__ import annotations

import argparse
from collections import Counter
from datetime import UTC, datetime

from portfolio import mail
from portfolio.commands.installation import CannotRun, opened
from portfolio.services import reminders


def remind(_arguments: argparse.Namespace) -> int:
    """Send what is due and say how much that was; 1 if a letter didn't go."""
    with opened() as place:
        if not mail.is_on(place.settings):
            raise CannotRun(
                "mail is off: set PORTFOLIO_SMTP_HOST, PORTFOLIO_MAIL_FROM and PORTFOLIO_URL to send reminders"
            )
        place.require_schema()
        with mail.Mailer(place.settings) as mailer:
            outcome = reminders.send_due(place.sessions, mailer, now=datetime.now(UTC))
    print(f"Reminders sent: {outcome.sent}.")
    for reason, times in Counter(outcome.failures).items():
        print(f"Not sent: {times} ({reason}); the next run tries again.")
    return 1 if outcome.failures else 0
