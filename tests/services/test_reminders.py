"""Reminders by mail: to the owner, in their language, once, and nobody else's address in it."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session, sessionmaker

from config import Settings
from portfolio.days import day_of
from portfolio.db import make_sessions
from portfolio.mail import Mailer
from portfolio.models import Dossier, DossierState, Membership, Reminder, SelfAssessment, User
from portfolio.services import reminders
from portfolio.services.mailing import Outcome
from tests.factories import NOW, Staff, cite, make_dossier, make_evidence, make_staff, score_all
from tests.fixtures_servers import absent
from tests.servers.smtp import SmtpServer

TODAY = day_of(NOW)
SENDER = "portfolio@edu.example.cn"


@dataclass
class Scene:
    """A dossier with two owners who can be written to."""

    dossier: Dossier
    staff: Staff


@pytest.fixture
def scene(session: Session) -> Scene:
    dossier = make_dossier(session)
    staff = make_staff(session, dossier.school)
    staff.contributor.email, staff.lead.email = "teacher@school.example.cn", "lead@school.example.cn"
    session.commit()
    return Scene(dossier, staff)


@pytest.fixture
def sessions(engine: Engine) -> sessionmaker[Session]:
    return make_sessions(engine)


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as running:
        yield running


def settings_for(server: SmtpServer, **others: object) -> Settings:
    chosen: dict[str, object] = {
        "data_folder": Path("/nowhere"),
        "secret_key": "a secret only tests know",
        "database_url": "sqlite:////nowhere/x",
        "smtp_host": "localhost" if server.certificate else "127.0.0.1",
        "smtp_port": server.port,
        "mail_from": SENDER,
        "public_url": "https://portfolio.example.cn/",
    }
    return Settings.model_validate(chosen | others)


def give(session: Session, scene: Scene, code: str, owner: User | None, due_on: date | None) -> None:
    session.execute(
        update(SelfAssessment)
        .where(SelfAssessment.dossier_id == scene.dossier.id, SelfAssessment.element == code)
        .values(assignee_id=owner.id if owner else None, due_on=due_on)
    )
    session.commit()


def run(
    sessions: sessionmaker[Session], server: SmtpServer, *, days_later: int = 0, **others: object
) -> Outcome:
    with Mailer(settings_for(server, **others)) as mailer:
        return reminders.send_due(sessions, mailer, now=NOW + timedelta(days=days_later))


def test_the_owner_gets_one_letter_with_what_is_due_and_where_to_do_it(
    session: Session, sessions: sessionmaker[Session], scene: Scene, server: SmtpServer
) -> None:
    give(session, scene, "C38", scene.staff.contributor, TODAY + timedelta(days=5))
    give(session, scene, "C1", scene.staff.contributor, TODAY + timedelta(days=7))
    assert run(sessions, server) == Outcome(sent=1)
    (letter,) = server.delivered
    assert (letter.sender, letter.recipients) == (SENDER, ("teacher@school.example.cn",))
    assert letter.message["Subject"] == "您有 2 个要素即将到期，最早 2026年11月28日"
    assert f"{scene.staff.contributor.name}，您好：" in letter.text
    assert "- C38 校本培训与经费，2026年11月28日 前完成：未评" in letter.text
    assert f"https://portfolio.example.cn/dossiers/{scene.dossier.id}/work/mine" in letter.text


def test_a_letter_names_no_address_but_its_own(
    session: Session, sessions: sessionmaker[Session], scene: Scene, server: SmtpServer
) -> None:
    give(session, scene, "C38", scene.staff.contributor, TODAY)
    give(session, scene, "C1", scene.staff.lead, TODAY)
    assert run(sessions, server).sent == 2
    for letter in server.delivered:
        (recipient,) = letter.recipients
        others = {"teacher@school.example.cn", "lead@school.example.cn"} - {recipient}
        assert letter.message["To"] == recipient
        assert not any(other.encode() in letter.data or other in letter.text for other in others)
        assert (letter.message["Cc"], letter.message["Bcc"]) == (None, None)


def test_each_reminder_goes_once_however_often_the_timer_runs(
    session: Session, sessions: sessionmaker[Session], scene: Scene, server: SmtpServer
) -> None:
    give(session, scene, "C38", scene.staff.contributor, TODAY + timedelta(days=7))
    sent = [run(sessions, server, days_later=day).sent for day in (0, 0, 1, 5, 6, 6, 7, 8)]
    assert sent == [1, 0, 0, 0, 1, 0, 0, 0]
    session.rollback()
    rows = session.scalars(select(Reminder).order_by(Reminder.days_before.desc())).all()
    assert [(row.element, row.days_before, row.user_id) for row in rows] == [
        ("C38", 7, scene.staff.contributor.id),
        ("C38", 1, scene.staff.contributor.id),
    ]
    assert all(row.sent_at is not None for row in rows)


def test_a_new_day_or_a_new_owner_is_reminded_anew(
    session: Session, sessions: sessionmaker[Session], scene: Scene, server: SmtpServer
) -> None:
    give(session, scene, "C38", scene.staff.contributor, TODAY + timedelta(days=7))
    run(sessions, server)
    give(session, scene, "C38", scene.staff.contributor, TODAY + timedelta(days=6))
    run(sessions, server)
    give(session, scene, "C38", scene.staff.lead, TODAY + timedelta(days=6))
    run(sessions, server)
    assert [letter.recipients[0].partition("@")[0] for letter in server.delivered] == [
        "teacher",
        "teacher",
        "lead",
    ]


def test_a_letter_comes_in_the_persons_language(
    session: Session, sessions: sessionmaker[Session], scene: Scene, server: SmtpServer
) -> None:
    scene.staff.contributor.locale = "en"
    give(session, scene, "C38", scene.staff.contributor, TODAY + timedelta(days=1))
    run(sessions, server)
    (letter,) = server.delivered
    assert letter.message["Subject"] == "1 element of yours is due by Nov 24, 2026"
    assert "due by Nov 24, 2026: Unscored" in letter.text


def test_nobody_is_reminded_of_what_is_done_overdue_or_no_longer_theirs(
    session: Session,
    sessions: sessionmaker[Session],
    scene: Scene,
    server: SmtpServer,
    tmp_path: Path,
    storage: object,
) -> None:
    score_all(session, scene.dossier)
    evidence = make_evidence(session, scene.dossier.school, storage, tmp_path)  # type: ignore[arg-type]
    cite(session, scene.dossier, "C38", evidence)
    session.commit()
    give(session, scene, "C38", scene.staff.contributor, TODAY)  # done
    give(session, scene, "C1", scene.staff.contributor, TODAY - timedelta(days=1))  # overdue: on the pages
    give(session, scene, "C2", scene.staff.contributor, None)
    give(session, scene, "C3", None, TODAY)
    give(session, scene, "C4", scene.staff.contributor, TODAY + timedelta(days=8))  # not yet
    assert run(sessions, server).sent == 0
    give(session, scene, "C5", scene.staff.contributor, TODAY)
    session.execute(
        update(Membership)
        .where(Membership.user_id == scene.staff.contributor.id)
        .values(school_id=make_dossier(session).school_id)
    )
    session.commit()
    assert run(sessions, server).sent == 0
    assert server.delivered == []


@pytest.mark.parametrize("state", [DossierState.SUBMITTED, DossierState.PUBLISHED])
def test_nobody_is_reminded_once_the_dossier_is_in(
    session: Session,
    sessions: sessionmaker[Session],
    scene: Scene,
    server: SmtpServer,
    state: DossierState,
) -> None:
    give(session, scene, "C38", scene.staff.contributor, TODAY)
    scene.dossier.state = state
    session.commit()
    assert run(sessions, server).sent == 0


@pytest.mark.parametrize("email", ["", None])
def test_who_wants_no_mail_or_has_no_address_gets_none(
    session: Session, sessions: sessionmaker[Session], scene: Scene, server: SmtpServer, email: str | None
) -> None:
    scene.staff.contributor.email = email
    give(session, scene, "C38", scene.staff.contributor, TODAY)
    assert run(sessions, server).sent == 0


def test_a_user_name_that_is_an_address_is_where_mail_goes_until_another_is_chosen(
    session: Session, sessions: sessionmaker[Session], scene: Scene, server: SmtpServer
) -> None:
    scene.staff.contributor.email, scene.staff.contributor.username = None, "wang@school.example.cn"
    give(session, scene, "C38", scene.staff.contributor, TODAY)
    run(sessions, server)
    assert server.delivered[0].recipients == ("wang@school.example.cn",)


def test_a_refused_recipient_keeps_nobody_else_waiting_and_is_tried_again(
    session: Session, sessions: sessionmaker[Session], scene: Scene
) -> None:
    give(session, scene, "C38", scene.staff.contributor, TODAY)
    give(session, scene, "C1", scene.staff.lead, TODAY)
    with SmtpServer(refused=["teacher@school.example.cn"]) as server:
        outcome = run(sessions, server)
        assert outcome == Outcome(sent=1, failures=("the server refused the recipient",))
        assert "@" not in str(outcome)
        server.refused.clear()
        assert run(sessions, server).sent == 1


def test_a_server_that_is_away_loses_no_reminder(
    session: Session, sessions: sessionmaker[Session], scene: Scene
) -> None:
    give(session, scene, "C38", scene.staff.contributor, TODAY)
    give(session, scene, "C1", scene.staff.lead, TODAY)
    with SmtpServer() as gone:
        pass
    outcome = run(sessions, gone)
    assert outcome == Outcome(failures=("the server can't be spoken to: ConnectionRefusedError",))
    with SmtpServer() as server:
        assert run(sessions, server).sent == 2


def test_a_sender_that_was_stopped_midway_sends_nothing_twice(
    session: Session, sessions: sessionmaker[Session], scene: Scene, server: SmtpServer
) -> None:
    give(session, scene, "C38", scene.staff.contributor, TODAY)
    (due,) = reminders.due(session, now=NOW, days=(7, 1))
    assert reminders.claim(session, due, now=NOW)
    session.commit()
    assert run(sessions, server).sent == 0
    session.rollback()
    assert session.scalars(select(Reminder.sent_at)).one() is None


def test_two_runs_at_the_same_moment_share_the_work(
    session: Session, sessions: sessionmaker[Session], scene: Scene
) -> None:
    give(session, scene, "C38", scene.staff.contributor, TODAY)
    (one,) = reminders.due(session, now=NOW, days=(7, 1))
    (other,) = reminders.due(session, now=NOW, days=(7, 1))
    first = reminders.claim(session, one, now=NOW)
    session.commit()
    assert (len(first), reminders.claim(session, other, now=NOW)) == (1, {})


def test_the_server_is_logged_in_to(session: Session, sessions: sessionmaker[Session], scene: Scene) -> None:
    give(session, scene, "C38", scene.staff.contributor, TODAY)
    with SmtpServer(login=("portfolio", "the mail password")) as server:
        wrong = run(sessions, server, smtp_user="portfolio", smtp_password="another")
        assert wrong.failures == ("the server refused the user name or password",)
        assert run(sessions, server, smtp_user="portfolio", smtp_password="the mail password").sent == 1


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A certificate for localhost that this test's process trusts."""
    if shutil.which("openssl") is None:
        absent("A certificate for TLS", "openssl is not installed")
    key, public = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *subject]
    subprocess.run([*made, "-keyout", str(key), "-out", str(public)], check=True, capture_output=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(public))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, key)
    return context


def test_starttls_encrypts_and_checks_the_servers_name(
    session: Session, sessions: sessionmaker[Session], scene: Scene, certificate: ssl.SSLContext
) -> None:
    give(session, scene, "C38", scene.staff.contributor, TODAY)
    with SmtpServer(certificate=certificate) as server:
        wrong = run(sessions, server, smtp_security="starttls", smtp_host="127.0.0.1")
        assert wrong.failures == ("the server can't be spoken to: SSLCertVerificationError",)
        assert run(sessions, server, smtp_security="starttls").sent == 1
        assert [letter.encrypted for letter in server.delivered] == [True]
