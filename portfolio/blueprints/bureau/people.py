"""Accounts of the whole city: invited, renamed, given roles, closed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from portfolio import web
from portfolio.blueprints.bureau.root import blueprint
from portfolio.blueprints.forms import Typed, refused
from portfolio.blueprints.links import invite_as_typed, show_link
from portfolio.errors import DomainError
from portfolio.models import Invitation, Membership, Role, User
from portfolio.policy import Permission
from portfolio.queries import staff as queries
from portfolio.services import accounts as services
from portfolio.services import invitations, roles

# Chairs are named when a panel is formed.
INVITABLE = [role for role in Role if role is not Role.CHAIR]


@blueprint.get("/bureau/accounts")
@web.guard(Permission.CITY_READ)
def accounts() -> Any:
    """Everybody, by role and name; open invitations; the form to invite."""
    return _accounts_page({})


@blueprint.post("/bureau/invitations")
@web.guard(Permission.CITY_MANAGE)
def invite() -> Any:
    """Invite somebody to a role; the answer shows the link, once."""
    typed = Typed(request.form)
    try:
        return invite_as_typed(typed, school_id=typed.key("school_id"), back=url_for("bureau.accounts"))
    except DomainError as error:
        return _accounts_page(request.form, refused(error)), 422


@blueprint.post("/bureau/invitations/<int:invitation_id>/revocation")
@web.guard(Permission.CITY_MANAGE, queries.invitation)
def revoke_invitation(held: Invitation) -> Any:
    """Take back a link."""
    invitations.revoke_invitation(web.db(), actor=web.actor(), now=web.now(), invitation=held)
    flash(_("The link for %(name)s no longer works.", name=held.name), "ok")
    return redirect(url_for("bureau.accounts"))


@blueprint.get("/bureau/accounts/<int:user_id>")
@web.guard(Permission.CITY_READ, queries.person)
def person(user: User) -> Any:
    """A person: their name, roles, and whether the account is open."""
    return _person_page(user)


@blueprint.post("/bureau/accounts/<int:user_id>/name")
@web.guard(Permission.CITY_MANAGE, queries.person)
def rename(user: User) -> Any:
    """Correct a person's name."""
    try:
        roles.rename(web.db(), actor=web.actor(), now=web.now(), user=user, name=request.form.get("name", ""))
    except DomainError as error:
        return _person_page(user, refused(error)), 422
    flash(_("The name is corrected."), "ok")
    return redirect(url_for("bureau.person", user_id=user.id))


@blueprint.post("/bureau/accounts/<int:user_id>/roles")
@web.guard(Permission.CITY_MANAGE, queries.person)
def give_role(user: User) -> Any:
    """Give a person a further role."""
    typed = Typed(request.form)
    try:
        role = typed.one_of("role", Role, "role_unknown")
        typed.check()
        assert role is not None
        roles.give_role(
            web.db(), actor=web.actor(), now=web.now(), user=user, role=role, school_id=typed.key("school_id")
        )
    except DomainError as error:
        return _person_page(user, refused(error)), 422
    flash(_("The role is given."), "ok")
    return redirect(url_for("bureau.person", user_id=user.id))


@blueprint.post("/bureau/roles/<int:membership_id>/removal")
@web.guard(Permission.CITY_MANAGE, queries.role_held)
def take_role(held: Membership) -> Any:
    """Take a role from a person."""
    user = held.user
    try:
        roles.take_role(web.db(), actor=web.actor(), now=web.now(), membership=held, name=user.name)
    except DomainError as error:
        return _person_page(user, refused(error)), 422
    flash(_("The role is taken."), "ok")
    return redirect(url_for("bureau.person", user_id=user.id))


@blueprint.post("/bureau/accounts/<int:user_id>/closing")
@web.guard(Permission.CITY_MANAGE, queries.person)
def close_account(user: User) -> Any:
    """Close an account; its log-ins end at once."""
    try:
        services.disable(web.db(), actor=web.actor(), now=web.now(), user=user)
    except DomainError as error:
        return _person_page(user, refused(error)), 422
    flash(_("The account is closed; its log-ins have ended."), "ok")
    return redirect(url_for("bureau.person", user_id=user.id))


@blueprint.post("/bureau/accounts/<int:user_id>/opening")
@web.guard(Permission.CITY_MANAGE, queries.person)
def open_account(user: User) -> Any:
    """Open a closed account again."""
    services.enable(web.db(), actor=web.actor(), now=web.now(), user=user)
    flash(_("The account is open again."), "ok")
    return redirect(url_for("bureau.person", user_id=user.id))


@blueprint.post("/bureau/accounts/<int:user_id>/new-password")
@web.guard(Permission.CITY_MANAGE, queries.person)
def offer_new_password(user: User) -> Any:
    """A link with which the person chooses another password; shown once."""
    try:
        token = invitations.offer_new_password(
            web.db(), actor=web.actor(), now=web.now(), lifetime=web.settings().invitation_lifetime, user=user
        )
    except DomainError as error:
        return _person_page(user, refused(error)), 422
    return show_link(token, name=user.name, role=None, back=url_for("bureau.person", user_id=user.id))


def sought() -> tuple[Role | None, str]:
    """The role and the letters of a name that the address asks for."""
    role, name = request.args.get("role", ""), request.args.get("name", "").strip()
    return Role(role) if role in list(Role) else None, name


def _accounts_page(typed: Mapping[str, str], errors: Mapping[str, str] | None = None) -> str:
    chosen, name = sought()
    manages = web.may(Permission.CITY_MANAGE)
    return render_template(
        "bureau/accounts.html",
        found=queries.accounts(web.db(), role=chosen, name=name, page=request.args.get("page", 1, type=int)),
        chosen=chosen,
        name=name,
        invitations=queries.open_invitations(web.db(), now=web.now()),
        schools=queries.school_names(web.db()) if manages else [],
        roles=list(Role),
        invitable=INVITABLE,
        typed=typed,
        errors=errors or {},
    )


def _person_page(user: User, errors: Mapping[str, str] | None = None) -> str:
    manages = web.may(Permission.CITY_MANAGE)
    return render_template(
        "bureau/person.html",
        person=queries.account(web.db(), user),
        schools=queries.school_names(web.db()) if manages else [],
        invitable=INVITABLE,
        typed=request.form,
        errors=errors or {},
    )
