"""Accounts: links that work once, passwords, log-ins that end at once, roles given and taken."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from portfolio.db import begin_write, make_sessions
from portfolio.errors import DomainError, NotFound
from portfolio.models import AuditEvent, Invitation, LoginSession, Membership, Role, School, User
from portfolio.queries.people import logged_in
from portfolio.services import accounts, invitations, log_ins, passwords, roles
from portfolio.tokens import digest_of
from tests.factories import NOW, PASSWORD, actor_for, bureau_actor, make_school, make_staff, make_user
from tests.panel_factory import make_scene

WEEK = timedelta(days=7)
LATER = NOW + timedelta(hours=1)
HALF_DAY = timedelta(hours=12)
NEW_PASSWORD = "a quite different sentence"


def invite(session: Session, role: Role = Role.LEAD, school: School | None = None, name: str = "王芳") -> str:
    """A fresh invitation's token."""
    school_id = school.id if school else None
    return invitations.invite(
        session,
        actor=bureau_actor(session),
        now=NOW,
        lifetime=WEEK,
        name=name,
        role=role,
        school_id=school_id,
    )


def accept(session: Session, token: str, *, username: str = "wangfang", password: str = PASSWORD) -> User:
    """Accept an invitation an hour later."""
    return accounts.accept(session, token=token, username=username, name="王芳", password=password, now=LATER)


def refusal(call: Callable[[], object]) -> tuple[str, str | None]:
    """The code and field with which a call is refused."""
    with pytest.raises(DomainError) as caught:
        call()
    return caught.value.code, caught.value.field


def offer(session: Session, user: User, *, by: User, school: School | None = None) -> str:
    """A link for a new password."""
    return invitations.offer_new_password(
        session,
        actor=actor_for(session, by),
        now=NOW,
        lifetime=WEEK,
        user=user,
        school_id=school.id if school else None,
    )


# ---- Invitations ----


def test_an_accepted_invitation_makes_an_account_with_the_role_offered(session: Session) -> None:
    school = make_school(session)
    user = accept(session, invite(session, Role.LEAD, school), username=" WangFang ")
    held = session.scalars(select(Membership).where(Membership.user_id == user.id)).one()
    assert (user.username, held.role, held.school_id) == ("wangfang", Role.LEAD, school.id)
    assert user.password_hash is not None and user.password_hash.startswith("$argon2id$")


def test_only_the_digest_of_a_link_is_stored_and_the_trail_holds_neither(session: Session) -> None:
    token = invite(session, Role.OBSERVER)
    invitation = session.scalars(select(Invitation)).one()
    assert invitation.token_sha256 == digest_of(token)
    told = [str((event.before, event.after)) for event in session.scalars(select(AuditEvent))]
    assert told and not any(token in line or invitation.token_sha256 in line for line in told)


def test_a_link_works_once(session: Session) -> None:
    token = invite(session, Role.OBSERVER)
    accept(session, token)
    assert refusal(lambda: accept(session, token, username="another")) == ("invitation_used", None)


def test_a_link_expires_at_its_hour(session: Session) -> None:
    token = invite(session, Role.OBSERVER)
    invitations.open_invitation(session, token=token, now=NOW + WEEK - timedelta(seconds=1))
    assert (
        refusal(lambda: invitations.open_invitation(session, token=token, now=NOW + WEEK))[0]
        == "invitation_expired"
    )


def test_a_link_taken_back_no_longer_works(session: Session) -> None:
    token = invite(session, Role.OBSERVER)
    invitation = session.scalars(select(Invitation)).one()
    invitations.revoke_invitation(session, actor=bureau_actor(session), now=NOW, invitation=invitation)
    assert refusal(lambda: accept(session, token))[0] == "invitation_revoked"


def test_a_used_link_can_not_be_taken_back(session: Session) -> None:
    accept(session, invite(session, Role.OBSERVER))
    invitation, actor = session.scalars(select(Invitation)).one(), bureau_actor(session)
    revoke = lambda: invitations.revoke_invitation(session, actor=actor, now=NOW, invitation=invitation)  # noqa: E731
    assert refusal(revoke)[0] == "invitation_used"


def test_an_unknown_link_is_not_found(session: Session) -> None:
    with pytest.raises(NotFound):
        invitations.open_invitation(session, token="nothing", now=NOW)


@pytest.mark.parametrize(
    ("role", "with_school", "code"),
    [
        (Role.LEAD, False, "role_needs_school"),
        (Role.EXPERT, True, "role_needs_school"),
        (Role.CHAIR, False, "role_not_invitable"),
    ],
)
def test_an_invitation_names_a_school_for_school_staff_only(
    session: Session, role: Role, with_school: bool, code: str
) -> None:
    school = make_school(session) if with_school else None
    assert refusal(lambda: invite(session, role, school)) == (code, "role")


def test_an_invitation_needs_a_name_and_a_school_of_the_list(session: Session) -> None:
    actor = bureau_actor(session)
    assert refusal(lambda: invite(session, Role.OBSERVER, name=" \t")) == ("name_empty", "name")
    assert refusal(lambda: invite(session, Role.OBSERVER, name="王" * 201)) == ("name_long", "name")
    unknown = lambda: invitations.invite(  # noqa: E731
        session, actor=actor, now=NOW, lifetime=WEEK, name="王芳", role=Role.LEAD, school_id=12345
    )
    assert refusal(unknown) == ("school_unknown", "school_id")


def test_a_name_is_kept_on_one_line_without_control_characters(session: Session) -> None:
    accounts.add_user(session, username="wangfang", name=" 王\x00\n 芳 ", password=PASSWORD, now=NOW)
    assert session.scalars(select(User.name).where(User.username == "wangfang")).one() == "王 芳"


def _together(engine: Engine, *calls: Callable[[Session], object]) -> list[str]:
    """Run the calls at the same moment, each in a transaction of its own: "done", or the refusal's code."""
    start, ended = threading.Barrier(len(calls)), ["died"] * len(calls)

    def run(at: int) -> None:
        with make_sessions(engine)() as opened:
            start.wait()
            begin_write(opened)
            try:
                calls[at](opened)
                opened.commit()
                ended[at] = "done"
            except DomainError as error:
                opened.rollback()
                ended[at] = error.code

    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(ended)


def test_the_same_link_accepted_twice_at_once_makes_one_account(engine: Engine, session: Session) -> None:
    token = invite(session, Role.OBSERVER)
    session.commit()
    ended = _together(
        engine, lambda s: accept(s, token, username="first"), lambda s: accept(s, token, username="second")
    )
    assert ended == ["done", "invitation_used"]
    assert session.scalar(select(func.count()).where(User.username.in_(["first", "second"]))) == 1


def test_a_link_taken_back_while_it_is_accepted_ends_one_way_or_the_other(
    engine: Engine, session: Session
) -> None:
    token = invite(session, Role.OBSERVER)
    actor, key = bureau_actor(session), session.scalars(select(Invitation.id)).one()
    session.commit()

    def revoke(own: Session) -> None:
        invitations.revoke_invitation(own, actor=actor, now=NOW, invitation=own.get_one(Invitation, key))

    ended = _together(engine, lambda s: accept(s, token, username="first"), revoke)
    made = session.scalar(select(func.count()).where(User.username == "first"))
    assert (ended, made) in [(["done", "invitation_revoked"], 0), (["done", "invitation_used"], 1)]


def test_two_who_choose_the_same_user_name_at_once_get_one_account(engine: Engine, session: Session) -> None:
    tokens = [invite(session, Role.OBSERVER), invite(session, Role.OBSERVER)]
    session.commit()
    assert _together(engine, *(lambda s, t=token: accept(s, t) for token in tokens)) == [
        "done",
        "username_taken",
    ]


# ---- Passwords ----


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short one", "password_short"),
        ("x" * 129, "password_long"),
        ("abababababab", "password_guessable"),
        ("my-WangFang-2026", "password_guessable"),
    ],
)
def test_a_weak_password_is_refused_beside_its_field(session: Session, password: str, code: str) -> None:
    token = invite(session, Role.OBSERVER)
    assert refusal(lambda: accept(session, token, password=password)) == (code, "password")


@pytest.mark.parametrize("username", ["", "ab", "has blank", "王芳", ".dot", "x" * 121, "a\x00bc"])
def test_a_malformed_user_name_is_refused(session: Session, username: str) -> None:
    token = invite(session, Role.OBSERVER)
    assert refusal(lambda: accept(session, token, username=username)) == ("username_malformed", "username")


def test_a_new_password_ends_all_log_ins_and_older_links(session: Session) -> None:
    user, clerk = make_user(session, Role.EXPERT), make_user(session, Role.BUREAU)
    cookie = log_ins.start_session(session, user=user, address="", now=NOW, lifetime=HALF_DAY)
    older, newer = offer(session, user, by=clerk), offer(session, user, by=clerk)
    accept(session, newer, password=NEW_PASSWORD)
    assert logged_in(session, token=cookie, now=NOW) is None
    assert refusal(lambda: accept(session, older))[0] == "invitation_revoked"
    passwords.confirm(session, actor=actor_for(session, user), password=NEW_PASSWORD)


def test_changing_a_password_keeps_this_log_in_only_and_takes_back_links(session: Session) -> None:
    user = make_user(session, Role.EXPERT)
    here, there = (
        log_ins.start_session(session, user=user, address="", now=NOW, lifetime=HALF_DAY) for _ in range(2)
    )
    link = offer(session, user, by=make_user(session, Role.BUREAU))
    actor = actor_for(session, user)
    change = lambda current: accounts.change_password(  # noqa: E731
        session, actor=actor, now=NOW, current=current, new=NEW_PASSWORD, keep_token=here
    )
    assert refusal(lambda: change("wrong")) == ("password_wrong", "current")
    change(PASSWORD)
    assert logged_in(session, token=here, now=NOW) is not None
    assert logged_in(session, token=there, now=NOW) is None
    assert refusal(lambda: accept(session, link))[0] == "invitation_revoked"


def test_a_lead_gets_new_password_links_for_the_school_s_own(session: Session) -> None:
    school = make_school(session)
    staff = make_staff(session, school)
    assert offer(session, staff.contributor, by=staff.lead, school=school)


@pytest.mark.parametrize("further", [Role.BUREAU, Role.OBSERVER, Role.EXPERT, Role.CONTRIBUTOR])
def test_a_lead_gets_no_link_for_those_who_work_elsewhere_too(session: Session, further: Role) -> None:
    school = make_school(session)
    staff = make_staff(session, school)
    elsewhere = make_school(session).id if further is Role.CONTRIBUTOR else None
    accounts.grant(session, user=staff.contributor, role=further, school_id=elsewhere)
    refused = refusal(lambda: offer(session, staff.contributor, by=staff.lead, school=school))
    assert refused[0] == "password_link_bureau_only"
    assert offer(session, staff.contributor, by=make_user(session, Role.BUREAU))


def test_a_lead_can_not_become_the_principal_who_signs(session: Session) -> None:
    school = make_school(session)
    staff = make_staff(session, school)
    assert refusal(lambda: offer(session, staff.principal, by=staff.lead, school=school))[0] == (
        "password_link_bureau_only"
    )


# ---- Log-ins and closed accounts ----


def log_in(session: Session, user: User, password: str = PASSWORD) -> log_ins.LogIn:
    """Try to log in."""
    return log_ins.log_in(
        session,
        username=user.username,
        password=password,
        address="10.0.0.1",
        known_device=False,
        now=NOW,
        lifetime=HALF_DAY,
    )


def test_a_log_in_is_a_row_that_names_only_the_digest_of_its_cookie(session: Session) -> None:
    user = make_user(session, Role.EXPERT)
    token = log_in(session, user).token
    assert token is not None
    row = session.scalars(select(LoginSession)).one()
    assert (row.token_sha256, row.user_id) == (digest_of(token), user.id)
    found = logged_in(session, token=token, now=NOW)
    assert found is not None and found.actor.user_id == user.id


def test_a_log_in_ends_at_its_hour_and_by_logging_out(session: Session) -> None:
    user = make_user(session, Role.EXPERT)
    token = log_in(session, user).token
    assert token is not None
    assert logged_in(session, token=token, now=NOW + HALF_DAY) is None
    log_ins.log_out(session, token=token, actor=actor_for(session, user), now=NOW)
    assert logged_in(session, token=token, now=NOW) is None


@pytest.mark.parametrize("case", ["wrong password", "no such account", "no password yet", "closed"])
def test_every_refused_log_in_reads_the_same(session: Session, case: str) -> None:
    user = make_user(session, Role.EXPERT)
    if case == "no such account":
        user = User(username="nobody")
    if case == "no password yet":
        user.password_hash = None
    if case == "closed":
        accounts.disable(session, actor=bureau_actor(session), now=NOW, user=user)
    session.flush()
    tried = log_in(session, user, "wrong" if case == "wrong password" else PASSWORD)
    assert (tried.token, tried.refusal) == (None, "log_in_refused")


def test_closing_an_account_ends_its_log_ins_and_links_at_once(session: Session) -> None:
    user, clerk = make_user(session, Role.EXPERT), make_user(session, Role.BUREAU)
    token, link = log_in(session, user).token, offer(session, user, by=clerk)
    accounts.disable(session, actor=actor_for(session, clerk), now=NOW, user=user)
    assert token and logged_in(session, token=token, now=NOW) is None
    assert refusal(lambda: accept(session, link))[0] == "invitation_revoked"
    assert refusal(lambda: offer(session, user, by=clerk))[0] == "account_closed"
    accounts.enable(session, actor=actor_for(session, clerk), now=NOW, user=user)
    assert logged_in(session, token=token, now=NOW) is None, "what was ended stays ended"
    assert log_in(session, user).token


def test_nobody_closes_their_own_account(session: Session) -> None:
    clerk = make_user(session, Role.BUREAU)
    actor = actor_for(session, clerk)
    assert (
        refusal(lambda: accounts.disable(session, actor=actor, now=NOW, user=clerk))[0]
        == "cannot_disable_self"
    )


# ---- Roles and names ----


def test_a_person_holds_roles_in_several_places_each_once(session: Session) -> None:
    user, actor, school = make_user(session, Role.EXPERT), bureau_actor(session), make_school(session)
    for _ in range(2):
        roles.give_role(session, actor=actor, now=NOW, user=user, role=Role.LEAD, school_id=school.id)
    held = session.scalars(select(Membership.role).where(Membership.user_id == user.id)).all()
    assert sorted(held) == [Role.EXPERT, Role.LEAD]
    assert session.scalar(select(func.count()).where(AuditEvent.action == "role:given")) == 1


def test_a_role_taken_is_gone_for_the_next_request(session: Session) -> None:
    school = make_school(session)
    staff = make_staff(session, school)
    token = log_in(session, staff.contributor).token
    assert token
    held = session.scalars(select(Membership).where(Membership.user_id == staff.contributor.id)).one()
    roles.take_role(
        session, actor=actor_for(session, staff.lead), now=NOW, membership=held, name=staff.contributor.name
    )
    found = logged_in(session, token=token, now=NOW)
    assert found is not None and found.actor.grants == frozenset()


@pytest.mark.parametrize("role", [Role.BUREAU, Role.LEAD])
def test_nobody_takes_the_role_they_act_by_from_themselves(session: Session, role: Role) -> None:
    user = make_user(session, role, school=make_school(session) if role is Role.LEAD else None)
    held = session.scalars(select(Membership).where(Membership.user_id == user.id)).one()
    actor = actor_for(session, user)
    take = lambda: roles.take_role(session, actor=actor, now=NOW, membership=held, name=user.name)  # noqa: E731
    assert refusal(take)[0] == "cannot_take_own_role"


def test_a_role_in_a_panel_stays_with_the_panel(session: Session) -> None:
    scene = make_scene(session)
    held = session.scalars(select(Membership).where(Membership.user_id == scene.chair.id)).one()
    actor = bureau_actor(session)
    take = lambda: roles.take_role(session, actor=actor, now=NOW, membership=held, name="")  # noqa: E731
    assert refusal(take)[0] == "role_kept_by_panel"


def test_a_corrected_name_is_kept_with_what_it_was(session: Session) -> None:
    user = make_user(session, Role.EXPERT, name="王方")
    for _ in range(2):
        roles.rename(session, actor=bureau_actor(session), now=NOW, user=user, name=" 王芳 ")
    event = session.scalars(select(AuditEvent).where(AuditEvent.action == "user:renamed")).one()
    assert (user.name, event.before, event.after) == ("王芳", {"name": "王方"}, {"name": "王芳"})
