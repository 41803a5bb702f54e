"""`portfolio remind`, as a timer runs it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.days import day_of
from portfolio.models import SelfAssessment
from tests.cli.conftest import Run
from tests.factories import make_dossier, make_staff
from tests.servers.smtp import SmtpServer

ADDRESS = "teacher@school.example.cn"


@pytest.fixture
def due(database: Session) -> None:
    """An element that falls due tomorrow, and its owner's address."""
    dossier = make_dossier(database)
    owner = make_staff(database, dossier.school).contributor
    owner.email = ADDRESS
    row = database.scalars(
        select(SelfAssessment).where(SelfAssessment.dossier_id == dossier.id, SelfAssessment.element == "C38")
    ).one()
    row.assignee_id, row.due_on = owner.id, day_of(datetime.now(UTC)) + timedelta(days=1)
    database.commit()


def mailing(server: SmtpServer) -> dict[str, str]:
    return {
        "PORTFOLIO_SMTP_HOST": "127.0.0.1",
        "PORTFOLIO_SMTP_PORT": str(server.port),
        "PORTFOLIO_MAIL_FROM": "portfolio@edu.example.cn",
        "PORTFOLIO_URL": "https://portfolio.example.cn",
    }


@pytest.mark.usefixtures("due")
def test_mail_is_off_until_a_server_is_named(portfolio: Run) -> None:
    done = portfolio("remind")
    assert done.returncode == 2
    assert "mail is off: set PORTFOLIO_SMTP_HOST" in done.stderr
    assert done.stdout == ""


@pytest.mark.usefixtures("due")
def test_a_timer_sends_each_reminder_once_and_prints_no_address(portfolio: Run) -> None:
    with SmtpServer() as server:
        first, second = (portfolio("remind", **mailing(server)) for _ in range(2))
        assert [letter.recipients for letter in server.delivered] == [(ADDRESS,)]
    assert (first.returncode, first.stdout) == (0, "Reminders sent: 1.\n")
    assert (second.returncode, second.stdout) == (0, "Reminders sent: 0.\n")
    assert ADDRESS not in first.stdout + first.stderr


@pytest.mark.usefixtures("due")
def test_a_refusal_is_told_without_the_address_and_fails_the_timer(portfolio: Run) -> None:
    with SmtpServer(refused=[ADDRESS]) as server:
        done = portfolio("remind", **mailing(server))
    assert done.returncode == 1
    assert "Not sent: 1 (the server refused the recipient); the next run tries again." in done.stdout
    assert ADDRESS not in done.stdout + done.stderr


@pytest.mark.usefixtures("migrated")
@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"PORTFOLIO_SMTP_HOST": "mail.example.cn"}, "needs PORTFOLIO_MAIL_FROM"),
        ({"PORTFOLIO_SMTP_SECURITY": "ssl"}, "PORTFOLIO_SMTP_SECURITY: "),
        ({"PORTFOLIO_REMIND_DAYS": "soon"}, "PORTFOLIO_REMIND_DAYS: "),
        ({"PORTFOLIO_REMIND_DAYS": "61"}, "PORTFOLIO_REMIND_DAYS: "),
    ],
)
def test_wrong_mail_settings_are_explained_in_one_line_without_the_password(
    portfolio: Run, variables: dict[str, str], words: str, data: Path
) -> None:
    done = portfolio("remind", PORTFOLIO_SMTP_PASSWORD="hunter2", **variables)
    assert done.returncode == 2
    assert words in done.stderr
    assert "hunter2" not in done.stderr
    assert done.stderr.count("\n") == 1
