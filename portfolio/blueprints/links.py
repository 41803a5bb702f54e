"""One-time links: shown to the person who made them, once, on the answer itself."""

from __future__ import annotations

from typing import Any

from flask import render_template, url_for

from portfolio import web
from portfolio.models import Role


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
