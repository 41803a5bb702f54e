"""Reminders around a panel's review: who gets which, once each, in the page and by mail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session, sessionmaker

from config import Settings
from portfolio.db import make_sessions
from portfolio.errors import DomainError
from portfolio.mail import Mailer
from portfolio.models import Call, Membership, PanelReminder, Role, Round, User
from portfolio.queries.calls import calls_by_hand, my_calls
from portfolio.queries.progress import package_ways
from portfolio.services import calling, panels, publishing
from portfolio.services.mailing import Outcome
from tests.factories import NOW, actor_for, bureau_actor, make_user
from tests.panel_factory import Scene, make_scene
from tests.servers.smtp import SmtpServer

DAYS = (7, 1)


@pytest.fixture
def scene(session: Session) -> Scene:
    made = make_scene(session, experts=2)
    session.execute(update(Round).values(review_by=NOW + timedelta(days=20)))
    return made


def noted(session: Session) -> list[tuple[Call, int]]:
    rows = session.execute(
        select(PanelReminder.call, PanelReminder.user_id).order_by(PanelReminder.noted_at, PanelReminder.call)
    )
    return [(call, user_id) for call, user_id in rows]


def test_experts_are_reminded_before_the_deadline_and_once_past_it_each_once(
    session: Session, scene: Scene
) -> None:
    scene.hand_in(0)
    late = scene.experts[1].id
    at = {day: NOW + timedelta(days=day) for day in (0, 13, 14, 19, 20, 21, 30)}
    counts = {
        day: [calling.note_due(session, now=now, days=DAYS) for _again in range(2)] for day, now in at.items()
    }
    assert counts == {0: [0, 0], 13: [1, 0], 14: [0, 0], 19: [1, 0], 20: [0, 0], 21: [1, 0], 30: [0, 0]}
    assert noted(session) == [
        (Call.REVIEW_DUE, late),
        (Call.REVIEW_DUE, late),
        (Call.REVIEW_LATE, late),
    ]


def test_a_deadline_that_was_moved_is_reminded_of_anew(session: Session, scene: Scene) -> None:
    assert calling.note_due(session, now=NOW + timedelta(days=19), days=DAYS) == 2
    session.execute(update(Round).values(review_by=NOW + timedelta(days=40)))
    assert calling.note_due(session, now=NOW + timedelta(days=39), days=DAYS) == 2


def test_the_chair_is_called_when_all_reviews_are_in_and_nothing_is_settled(
    session: Session, scene: Scene
) -> None:
    scene.hand_in(0)
    assert calling.note_due(session, now=NOW, days=DAYS) == 0
    scene.hand_in(1)
    assert calling.note_due(session, now=NOW, days=DAYS) == 1
    assert noted(session) == [(Call.SETTLE, scene.chair.id)]
    assert [call.call for call in my_calls(session, scene.chair_actor)] == [Call.SETTLE]


def test_the_bureau_is_called_when_a_review_is_closed_until_its_result_is_published(
    session: Session, scene: Scene
) -> None:
    bureau = make_user(session, Role.BUREAU)
    for number in range(2):
        scene.hand_in(number)
    scene.settle_all()
    scene.close()
    offices = session.scalar(select(func.count()).where(Membership.role == Role.BUREAU)) or 0
    assert calling.note_due(session, now=NOW, days=DAYS) == offices >= 1
    assert {call for call, _user in noted(session)} == {Call.PUBLISH}
    actor = actor_for(session, bureau)
    assert [call.call for call in my_calls(session, actor)] == [Call.PUBLISH]
    publishing.publish(session, actor=actor, now=NOW, assignment=scene.assignment)
    assert my_calls(session, actor) == []
    assert calling.note_due(session, now=NOW, days=DAYS) == 0


def test_a_reminder_leaves_the_page_once_it_is_done_or_its_reader_stepped_aside(
    session: Session, scene: Scene
) -> None:
    calling.note_due(session, now=NOW + timedelta(days=19), days=DAYS)
    assert [len(my_calls(session, scene.actor(number))) for number in range(2)] == [1, 1]
    scene.hand_in(0)
    panels.declare_conflict(
        session,
        actor=scene.actor(1),
        now=NOW,
        user=scene.experts[1],
        school=scene.school,
        reason="亲属在该校任教",
    )
    assert [len(my_calls(session, scene.actor(number))) for number in range(2)] == [0, 0]


def test_by_hand_everybody_whose_turn_it_is_gets_one_reminder_a_day(session: Session, scene: Scene) -> None:
    session.execute(update(Round).values(review_by=None))
    scene.hand_in(0)
    office = bureau_actor(session)
    ways = package_ways(session, cycle_id=scene.cycle.id)
    would = [(each.call, each.person.user_id) for each in calls_by_hand(session, ways, now=NOW)]
    assert would == [(Call.REVIEW_DUE, scene.experts[1].id)]
    calling.remind(session, actor=office, now=NOW, cycle=scene.cycle)
    assert noted(session) == would
    with pytest.raises(DomainError, match="nobody_to_remind"):
        calling.remind(session, actor=office, now=NOW + timedelta(minutes=5), cycle=scene.cycle)
    calling.remind(session, actor=office, now=NOW + timedelta(days=1), cycle=scene.cycle)
    assert len(noted(session)) == 2
    assert my_calls(session, scene.actor(1))[0].by_hand


def test_closed_accounts_and_those_who_stepped_aside_are_not_reminded(session: Session, scene: Scene) -> None:
    scene.experts[0].disabled_at = NOW
    panels.declare_conflict(
        session,
        actor=scene.actor(1),
        now=NOW,
        user=scene.experts[1],
        school=scene.school,
        reason="亲属在该校任教",
    )
    assert calling.note_due(session, now=NOW + timedelta(days=19), days=DAYS) == 0


# ---- By mail ----


@pytest.fixture
def sessions(engine: Engine) -> sessionmaker[Session]:
    return make_sessions(engine)


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as running:
        yield running


def mailer_for(server: SmtpServer) -> Mailer:
    return Mailer(
        Settings.model_validate(
            {
                "data_folder": Path("/nowhere"),
                "secret_key": "a secret only tests know",
                "database_url": "sqlite:////nowhere/x",
                "smtp_host": "127.0.0.1",
                "smtp_port": server.port,
                "mail_from": "portfolio@edu.example.cn",
                "public_url": "https://portfolio.example.cn/",
            }
        )
    )


def test_what_is_noted_goes_by_mail_once_and_not_after_it_is_done(
    session: Session, scene: Scene, sessions: sessionmaker[Session], server: SmtpServer
) -> None:
    first, second = scene.experts
    first.email, second.email = "first@panel.example.cn", "second@panel.example.cn"
    due = NOW + timedelta(days=19)
    calling.note_due(session, now=due, days=DAYS)
    scene.hand_in(0)
    session.commit()
    with mailer_for(server) as mailer:
        assert calling.send_noted(sessions, mailer, now=due) == Outcome(sent=1)
        assert calling.send_noted(sessions, mailer, now=due) == Outcome(sent=0)
    (letter,) = server.delivered
    assert letter.recipients == ("second@panel.example.cn",)
    assert scene.school.name in letter.text
    assert "https://portfolio.example.cn/reviews" in letter.text


def test_a_letter_that_did_not_go_out_is_tried_again(
    session: Session, scene: Scene, sessions: sessionmaker[Session], server: SmtpServer
) -> None:
    for expert in scene.experts:
        expert.email = f"expert{expert.id}@panel.example.cn"
    due = NOW + timedelta(days=19)
    calling.note_due(session, now=due, days=DAYS)
    session.commit()
    server.refused.add(scene.experts[0].email or "")
    with mailer_for(server) as mailer:
        outcome = calling.send_noted(sessions, mailer, now=due)
    assert (outcome.sent, len(outcome.failures)) == (1, 1)
    server.refused.clear()
    with mailer_for(server) as mailer:
        assert calling.send_noted(sessions, mailer, now=due).sent == 1


def test_nothing_is_mailed_to_somebody_without_an_address(
    session: Session, scene: Scene, sessions: sessionmaker[Session], server: SmtpServer
) -> None:
    session.execute(update(User).values(email=""))
    calling.note_due(session, now=NOW + timedelta(days=19), days=DAYS)
    session.commit()
    with mailer_for(server) as mailer:
        assert calling.send_noted(sessions, mailer, now=NOW + timedelta(days=19)) == Outcome(sent=0)
