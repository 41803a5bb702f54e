"""Whoever asked for long work gets one letter when it is over, in their language; who has seen it, none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from config import Settings
from portfolio.db import make_sessions
from portfolio.models import Errand, ErrandKind, ErrandState, Role
from portfolio.services import errand_letters
from tests.factories import NOW, make_school, make_user
from tests.servers.smtp import SmtpServer


@pytest.fixture
def sessions(engine: Engine) -> sessionmaker[Session]:
    return make_sessions(engine)


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as running:
        yield running


def settings_for(server: SmtpServer) -> Settings:
    return Settings.model_validate(
        {
            "data_folder": "/nonexistent",
            "secret_key": "a secret only tests know",
            "database_url": "sqlite:////nonexistent/x",
            "smtp_host": "127.0.0.1",
            "smtp_port": server.port,
            "mail_from": "portfolio@example.cn",
            "public_url": "https://portfolio.example.cn",
        }
    )


def errand(
    session: Session, state: ErrandState, *, email: str = "lead@example.cn", seen: bool = False
) -> int:
    school = make_school(session)
    user = make_user(session, Role.LEAD, school=school)
    user.email = email
    row = Errand(
        kind=ErrandKind.SCHOOL,
        subject=f"school:{school.id}",
        school_id=school.id,
        asked_by=user.id,
        asked_at=NOW,
        state=state,
        finished_at=NOW,
        failure="bytes_changed" if state is ErrandState.FAILED else None,
        filename="学校档案.zip" if state is ErrandState.DONE else None,
        seen_at=NOW if seen else None,
    )
    session.add(row)
    session.commit()
    return row.id


@pytest.mark.parametrize(
    ("state", "words"),
    [(ErrandState.DONE, "您要的文件已备好"), (ErrandState.FAILED, "您要的文件未能生成")],
)
def test_one_letter_goes_and_says_where_to_look(
    session: Session, sessions: sessionmaker[Session], server: SmtpServer, state: ErrandState, words: str
) -> None:
    errand_id = errand(session, state)
    for _time in range(2):
        errand_letters.tell(settings_for(server), sessions, errand_id, clock=lambda: NOW)
    (letter,) = server.delivered
    assert letter.recipients == ("lead@example.cn",)
    assert letter.message["Subject"] == words
    assert "https://portfolio.example.cn/errands" in letter.text
    assert ("学校档案.zip" in letter.text) is (state is ErrandState.DONE)


@pytest.mark.parametrize("options", [{"seen": True}, {"email": ""}], ids=["seen", "no address"])
def test_nobody_is_written_to_who_needs_no_letter(
    session: Session, sessions: sessionmaker[Session], server: SmtpServer, options: dict[str, object]
) -> None:
    errand_id = errand(session, ErrandState.DONE, **options)  # type: ignore[arg-type]
    errand_letters.tell(settings_for(server), sessions, errand_id, clock=lambda: NOW)
    assert server.delivered == []


def test_what_was_cancelled_is_not_written_about(
    session: Session, sessions: sessionmaker[Session], server: SmtpServer
) -> None:
    errand_letters.tell(
        settings_for(server), sessions, errand(session, ErrandState.CANCELLED), clock=lambda: NOW
    )
    assert server.delivered == []
