"""One-time links: shown to the person who made them, once, on the answer itself."""

from __future__ import annotations

from typing import Any

from flask import render_template, url_for

from portfolio import web
from portfolio.blueprints.forms import Typed
from portfolio.models import Role
from portfolio.services import invitations


def invite_as_typed(typed: Typed, *, school_id: int | None, back: str) -> Any:
    """Invite whom the form names to the role it names; the page with the link. Raises DomainError by field."""
    role = typed.one_of("role", Role, "role_unknown")
    typed.check()
    assert role is not None
    name = typed.text("name")
    token = invitations.invite(
        web.db(),
        actor=web.actor(),
        now=web.now(),
        lifetime=web.settings().invitation_lifetime,
        name=name,
        role=role,
        school_id=school_id,
    )
    return show_link(token, name=name, role=role, back=back)


def show_link(token: str, *, name: str, role: Role | None, back: str) -> Any:
    """The page with the link. Not a redirect, a flash or a cookie: those would keep the token somewhere."""
    page = render_template(
        "staff/link.html",
        link=url_for("auth.invitation", token=token, _external=True),
        name=name,
        role=role,
        expires_at=web.now() + web.settings().invitation_lifetime,
        back=back,
    )
    return page, 200, {"Cache-Control": "no-store"}
