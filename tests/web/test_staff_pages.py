"""A school's people, looked after by its lead: what the lead may, and where it ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.models import Invitation, Membership, Role, School, User
from portfolio.services import accounts
from tests.conftest import Browser
from tests.factories import Staff, make_school, make_staff, make_user
from tests.web.test_accounts import link_on

LogIn = Callable[..., Browser]


@pytest.fixture
def school(store: Session) -> School:
    """A school."""
    return make_school(store)


@pytest.fixture
def staff(store: Session, school: School) -> Staff:
    """Its people."""
    made = make_staff(store, school)
    store.commit()
    return made


def role_of(store: Session, user: User) -> int:
    """The id of the person's first role."""
    store.rollback()
    return store.scalars(select(Membership.id).where(Membership.user_id == user.id)).one()


def test_the_lead_sees_the_staff_and_only_the_roles_held_here(
    store: Session, school: School, staff: Staff, log_in: LogIn
) -> None:
    elsewhere = make_school(store, "别处学校")
    accounts.grant(store, user=staff.contributor, role=Role.LEAD, school_id=elsewhere.id)
    stranger = make_user(store, Role.CONTRIBUTOR, school=elsewhere)
    store.commit()
    page = log_in(staff.lead).get(f"/schools/{school.id}/people").get_data(as_text=True)
    assert all(user.username in page for user in (staff.lead, staff.principal, staff.contributor))
    assert stranger.username not in page and "别处学校" not in page


def test_the_menu_leads_the_lead_to_the_people_and_nobody_else(
    staff: Staff, school: School, log_in: LogIn
) -> None:
    address = f'href="/schools/{school.id}/people"'
    assert address in log_in(staff.lead).get("/account").get_data(as_text=True)
    assert address not in log_in(staff.contributor).get("/account").get_data(as_text=True)


@pytest.mark.parametrize("role", ["contributor", "lead", "principal"])
def test_the_lead_invites_to_the_school_s_own_roles(
    store: Session, school: School, staff: Staff, log_in: LogIn, role: str
) -> None:
    other = make_school(store)
    store.commit()
    answer = log_in(staff.lead).post(
        f"/schools/{school.id}/invitations", {"name": "孙红", "role": role, "school_id": other.id}
    )
    assert answer.status_code == 200 and link_on(answer.get_data(as_text=True))
    invitation = store.scalars(select(Invitation)).one()
    assert (invitation.role, invitation.school_id) == (role, school.id), (
        "the school is the page's, not the form's"
    )


@pytest.mark.parametrize("role", ["bureau", "observer", "expert", "chair", ""])
def test_the_lead_can_not_invite_to_anything_else(
    store: Session, school: School, staff: Staff, log_in: LogIn, role: str
) -> None:
    answer = log_in(staff.lead).post(f"/schools/{school.id}/invitations", {"name": "孙红", "role": role})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and 'id="f-role-error"' in page and 'value="孙红"' in page
    assert store.scalars(select(Invitation)).all() == []


def test_the_lead_takes_back_a_link(store: Session, school: School, staff: Staff, log_in: LogIn) -> None:
    lead = log_in(staff.lead)
    lead.post(f"/schools/{school.id}/invitations", {"name": "孙红", "role": "contributor"})
    key = store.scalars(select(Invitation.id)).one()
    assert "孙红" in lead.get(f"/schools/{school.id}/people").get_data(as_text=True)
    assert lead.post(f"/schools/{school.id}/invitations/{key}/revocation").status_code == 302
    store.rollback()
    assert store.get_one(Invitation, key).revoked_at is not None


def test_the_lead_helps_with_a_forgotten_password_but_not_the_principal_s(
    school: School, staff: Staff, log_in: LogIn
) -> None:
    lead, people = log_in(staff.lead), f"/schools/{school.id}/people"
    assert link_on(lead.post(f"{people}/{staff.contributor.id}/new-password").get_data(as_text=True))
    refused = lead.post(f"{people}/{staff.principal.id}/new-password")
    assert refused.status_code == 422 and "/invitations/" not in refused.get_data(as_text=True).replace(
        f"/schools/{school.id}/invitations", ""
    )


@pytest.mark.parametrize("further", [Role.BUREAU, Role.OBSERVER, Role.EXPERT])
def test_the_lead_gets_no_link_into_an_account_that_reaches_further(
    store: Session, school: School, staff: Staff, log_in: LogIn, further: Role
) -> None:
    accounts.grant(store, user=staff.contributor, role=further)
    store.commit()
    answer = log_in(staff.lead).post(f"/schools/{school.id}/people/{staff.contributor.id}/new-password")
    assert answer.status_code == 422 and 'role="alert"' in answer.get_data(as_text=True)
    assert store.scalars(select(Invitation)).all() == []


def test_the_bureau_helps_everybody_from_the_same_page(
    store: Session, school: School, staff: Staff, log_in: LogIn
) -> None:
    clerk = make_user(store, Role.BUREAU)
    store.commit()
    answer = log_in(clerk).post(f"/schools/{school.id}/people/{staff.principal.id}/new-password")
    assert link_on(answer.get_data(as_text=True))


def test_a_removed_role_is_gone_at_the_next_request(
    store: Session, school: School, staff: Staff, log_in: LogIn
) -> None:
    contributor, lead = log_in(staff.contributor), log_in(staff.lead)
    key = role_of(store, staff.contributor)
    assert contributor.get(f"/schools/{school.id}/evidence").status_code == 200
    assert lead.post(f"/schools/{school.id}/roles/{key}/removal").status_code == 302
    assert contributor.get(f"/schools/{school.id}/evidence").status_code == 404


def test_the_lead_keeps_their_own_role(store: Session, school: School, staff: Staff, log_in: LogIn) -> None:
    key = role_of(store, staff.lead)
    assert log_in(staff.lead).post(f"/schools/{school.id}/roles/{key}/removal").status_code == 422
    assert role_of(store, staff.lead) == key


def test_nothing_of_another_school_is_within_reach(
    store: Session, school: School, staff: Staff, log_in: LogIn
) -> None:
    other = make_school(store)
    others = make_staff(store, other)
    store.commit()
    theirs, lead = role_of(store, others.contributor), log_in(staff.lead)
    assert lead.get(f"/schools/{other.id}/people").status_code == 404
    assert lead.post(f"/schools/{other.id}/invitations", {"name": "孙红", "role": "lead"}).status_code == 404
    # through one's own school's address
    assert lead.post(f"/schools/{school.id}/people/{others.contributor.id}/new-password").status_code == 404
    assert lead.post(f"/schools/{school.id}/roles/{theirs}/removal").status_code == 404
    log_in(others.lead).post(f"/schools/{other.id}/invitations", {"name": "孙红", "role": "lead"})
    store.rollback()
    key = store.scalars(select(Invitation.id)).one()
    assert lead.post(f"/schools/{school.id}/invitations/{key}/revocation").status_code == 404
