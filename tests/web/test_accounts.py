"""Invitation links in the browser: shown once, opened once, and the account pages behind them."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.models import AuditEvent, Invitation, Membership, Role, User
from tests.conftest import Browser, Clock
from tests.factories import PASSWORD, make_school, make_staff, make_user

LogIn = Callable[..., Browser]
NewBrowser = Callable[[], Browser]
NEW_PASSWORD = "a quite different sentence"


def link_on(page: str) -> str:
    """The path of the one-time link a page shows."""
    found = re.search(r'id="link" value="http://localhost(/invitations/[^"]+)"', page)
    assert found, page
    return html.unescape(found[1])


def invited(clerk: Browser, **form: object) -> str:
    """Invite as the bureau; returns the link's path."""
    answer = clerk.post("/bureau/invitations", {"name": "孙红", "role": "observer", **form})
    assert answer.status_code == 200
    return link_on(answer.get_data(as_text=True))


def test_the_link_is_shown_on_the_answer_and_nowhere_else(store: Session, clerk: Browser) -> None:
    answer = clerk.post("/bureau/invitations", {"name": "孙红", "role": "observer"})
    token = link_on(answer.get_data(as_text=True)).rsplit("/", 1)[1]
    assert answer.headers["Cache-Control"] == "no-store"
    assert token not in str(answer.headers)
    for path in ("/bureau/accounts", "/bureau/audit", "/account"):
        assert token not in clerk.get(path).get_data(as_text=True)
    rows = [str(vars(row)) for table in (Invitation, AuditEvent) for row in store.scalars(select(table))]
    assert rows and not any(token in row for row in rows)


def test_an_invited_person_makes_an_account_and_is_in(
    store: Session, clerk: Browser, browser: NewBrowser
) -> None:
    school = make_school(store)
    store.commit()
    link, guest = invited(clerk, role="lead", school_id=school.id), browser()
    assert "孙红" in guest.get(link).get_data(as_text=True)
    form = {"name": "孙红", "username": "sunhong", "password": PASSWORD, "csrf_token": guest.token()}
    assert guest.client.post(link, data=form).status_code == 302
    assert guest.get("/account").status_code == 200
    held = store.scalars(select(Membership).join(User).where(User.username == "sunhong")).one()
    assert (held.role, held.school_id) == (Role.LEAD, school.id)


def test_a_refused_account_keeps_what_was_typed_and_the_link(clerk: Browser, browser: NewBrowser) -> None:
    link, guest = invited(clerk), browser()
    form = {"name": "孙 红", "username": "sunhong", "password": "short", "csrf_token": guest.token()}
    answer = guest.client.post(link, data=form)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'value="孙 红"' in page and 'value="sunhong"' in page and 'id="f-password-error"' in page
    assert guest.client.post(link, data={**form, "password": PASSWORD}).status_code == 302


def test_a_spent_an_expired_and_a_revoked_link_say_why(
    store: Session, clerk: Browser, browser: NewBrowser, clock: Clock
) -> None:
    spent, revoked, expired, guest = invited(clerk), invited(clerk, name="周敏"), invited(clerk), browser()
    form = {"name": "孙红", "username": "sunhong", "password": PASSWORD, "csrf_token": guest.token()}
    guest.client.post(spent, data=form)
    key = store.scalars(select(Invitation.id).where(Invitation.name == "周敏")).one()
    assert clerk.post(f"/bureau/invitations/{key}/revocation").status_code == 302
    assert clerk.post(f"/bureau/invitations/{key}/revocation").status_code == 422
    stranger = browser()
    for link in (spent, revoked):
        assert stranger.get(link).status_code == 422
    clock.now += timedelta(days=7)
    assert stranger.get(expired).status_code == 422
    assert stranger.get("/invitations/unknown").status_code == 404


def test_a_new_password_link_lets_its_owner_in_and_nobody_else(
    store: Session, clerk: Browser, browser: NewBrowser, log_in: LogIn
) -> None:
    user = make_user(store, Role.EXPERT)
    store.commit()
    old = log_in(user)
    link = link_on(clerk.post(f"/bureau/accounts/{user.id}/new-password").get_data(as_text=True))
    assert old.get("/account").status_code == 200, "the link alone changes nothing"
    guest = browser()
    form = {"password": NEW_PASSWORD, "csrf_token": guest.token()}
    assert guest.client.post(link, data=form).status_code == 302
    assert guest.get("/account").status_code == 200
    assert old.get("/account").status_code == 302
    browser().log_in(user, NEW_PASSWORD)


def test_a_closed_account_can_not_be_opened_with_a_link_of_before(
    store: Session, clerk: Browser, browser: NewBrowser
) -> None:
    user = make_user(store, Role.EXPERT)
    store.commit()
    link = link_on(clerk.post(f"/bureau/accounts/{user.id}/new-password").get_data(as_text=True))
    assert clerk.post(f"/bureau/accounts/{user.id}/closing").status_code == 302
    guest = browser()
    form = {"password": NEW_PASSWORD, "csrf_token": guest.token()}
    assert guest.client.post(link, data=form).status_code == 422
    assert clerk.post(f"/bureau/accounts/{user.id}/new-password").status_code == 422


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"name": " ", "role": "observer"}, "name"),
        ({"name": "孙红", "role": "headmaster"}, "role"),
        ({"name": "孙红", "role": "lead"}, "role"),
        ({"name": "孙红", "role": "lead", "school_id": "12345"}, "school_id"),
        ({"name": "孙红", "role": "chair"}, "role"),
    ],
)
def test_a_refused_invitation_says_so_beside_the_field(
    store: Session, clerk: Browser, form: dict[str, str], field: str
) -> None:
    answer = clerk.post("/bureau/invitations", form)
    assert answer.status_code == 422
    assert f'id="f-{field}-error"' in answer.get_data(as_text=True)
    assert store.scalars(select(Invitation)).all() == []


def test_the_bureau_names_people_gives_roles_and_takes_them(store: Session, clerk: Browser) -> None:
    user, school = make_user(store, Role.EXPERT, name="王方"), make_school(store)
    store.commit()
    person = f"/bureau/accounts/{user.id}"
    assert clerk.post(f"{person}/name", {"name": "王芳"}).status_code == 302
    assert clerk.post(f"{person}/name", {"name": ""}).status_code == 422
    assert clerk.post(f"{person}/roles", {"role": "lead", "school_id": school.id}).status_code == 302
    assert clerk.post(f"{person}/roles", {"role": "lead"}).status_code == 422
    page = clerk.get(person).get_data(as_text=True)
    assert "王芳" in page and school.name in page
    held = store.scalars(select(Membership.id).where(Membership.school_id == school.id)).one()
    assert clerk.post(f"/bureau/roles/{held}/removal").status_code == 302
    assert (
        school.name
        not in clerk.get(f"/bureau/accounts?name={user.username}")
        .get_data(as_text=True)
        .split("<tbody>")[1]
        .split("</tbody>")[0]
    )


def test_accounts_are_found_by_role_and_by_name(store: Session, clerk: Browser) -> None:
    staff = make_staff(store, make_school(store))
    expert = make_user(store, Role.EXPERT, name="50% 王")
    store.commit()
    by_role = clerk.get("/bureau/accounts?role=expert").get_data(as_text=True)
    assert expert.username in by_role and staff.lead.username not in by_role
    by_name = clerk.get("/bureau/accounts", query_string={"name": "50%"}).get_data(as_text=True)
    assert expert.username in by_name and staff.lead.username not in by_name
