"""A school's people, looked after by its lead or by the bureau."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from portfolio import navigation, web
from portfolio.blueprints.forms import Typed, refused
from portfolio.blueprints.links import invite_as_typed, show_link
from portfolio.errors import DomainError
from portfolio.models import Invitation, Membership, Role, User
from portfolio.policy import Permission
from portfolio.queries import places
from portfolio.queries import staff as queries
from portfolio.queries.places import SchoolAt
from portfolio.services import invitations, roles

blueprint = Blueprint("staff", __name__)
INVITABLE = [Role.CONTRIBUTOR, Role.LEAD, Role.PRINCIPAL]


@blueprint.get("/schools/<int:school_id>/people")
@web.guard(Permission.SCHOOL_INVITE, places.school)
def people(at: SchoolAt) -> Any:
    """The school's staff, open invitations, and the form to invite."""
    return _people_page(at, {})


@blueprint.post("/schools/<int:school_id>/invitations")
@web.guard(Permission.SCHOOL_INVITE, places.school)
def invite(at: SchoolAt) -> Any:
    """Invite somebody to the staff; the answer shows the link, once."""
    typed = Typed(request.form)
    try:
        navigation.stand_on(at.school, at.dossier)
        back = url_for("staff.people", school_id=at.school.id)
        return invite_as_typed(typed, school_id=at.school.id, back=back)
    except DomainError as error:
        return _refused(at.school.id, refused(error))


@blueprint.post("/schools/<int:school_id>/invitations/<int:invitation_id>/revocation")
@web.guard(Permission.SCHOOL_INVITE, queries.school_invitation)
def revoke_invitation(held: Invitation, school_id: int) -> Any:
    """Take back a link."""
    invitations.revoke_invitation(web.db(), actor=web.actor(), now=web.now(), invitation=held)
    flash(_("The link for %(name)s no longer works.", name=held.name), "ok")
    return redirect(url_for("staff.people", school_id=school_id))


@blueprint.post("/schools/<int:school_id>/people/<int:user_id>/new-password")
@web.guard(Permission.SCHOOL_INVITE, queries.school_member)
def offer_new_password(user: User, school_id: int) -> Any:
    """A link with which somebody of the staff chooses another password; shown once."""
    name, lifetime = user.name, web.settings().invitation_lifetime
    try:
        token = invitations.offer_new_password(
            web.db(), actor=web.actor(), now=web.now(), lifetime=lifetime, user=user, school_id=school_id
        )
    except DomainError as error:
        return _refused(school_id, refused(error))
    return show_link(token, name=name, role=None, back=url_for("staff.people", school_id=school_id))


@blueprint.post("/schools/<int:school_id>/roles/<int:membership_id>/removal")
@web.guard(Permission.SCHOOL_INVITE, queries.school_role)
def take_role(held: Membership, school_id: int) -> Any:
    """Take a role at this school from somebody."""
    name = held.user.name
    try:
        roles.take_role(web.db(), actor=web.actor(), now=web.now(), membership=held, name=name)
    except DomainError as error:
        return _refused(school_id, refused(error))
    flash(_("%(name)s no longer has this role.", name=name), "ok")
    return redirect(url_for("staff.people", school_id=school_id))


def _refused(school_id: int, errors: Mapping[str, str]) -> Any:
    at, _place = places.school(web.db(), school_id=school_id)
    return _people_page(at, request.form, errors), 422


def _people_page(at: SchoolAt, typed: Mapping[str, str], errors: Mapping[str, str] | None = None) -> str:
    navigation.stand_on(at.school, at.dossier)
    return render_template(
        "staff/people.html",
        school=at.school,
        people=queries.staff_of(web.db(), at.school.id),
        invitations=queries.open_invitations(web.db(), now=web.now(), school_id=at.school.id),
        invitable=INVITABLE,
        typed=typed,
        errors=errors or {},
    )
