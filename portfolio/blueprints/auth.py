"""Coming in: log-in, invitations, one's own account, language."""

from __future__ import annotations

from math import ceil
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user, login_user, logout_user
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import text

from portfolio import navigation, web
from portfolio.errors import DomainError
from portfolio.models import User
from portfolio.policy import Permission
from portfolio.queries.people import logged_in
from portfolio.services import accounts, addresses, invitations, log_ins
from portfolio.services.rows import normal_username
from portfolio.wording import explain, refusal

blueprint = Blueprint("auth", __name__)
DEVICE_COOKIE = "known_device"
A_YEAR = 365 * 24 * 3600


@blueprint.get("/healthz")
@web.public
def health() -> Any:
    """Whether the database answers."""
    web.db().execute(text("SELECT 1"))
    return {"status": "ok"}


@blueprint.get("/")
@web.guard(Permission.OWN_ACCOUNT)
def home() -> Any:
    """To where this person's work begins."""
    return redirect(navigation.home(web.db(), web.actor()))


@blueprint.get("/welcome")
@web.guard(Permission.OWN_ACCOUNT)
def no_cycle() -> Any:
    """For those whose work has not begun: no cycle is open, or no role was given."""
    return render_template("auth/no_cycle.html")


@blueprint.get("/login")
@web.public
def log_in() -> Any:
    """The log-in form."""
    if current_user.is_authenticated:
        return redirect(url_for("auth.home"))
    return render_template("auth/log_in.html", target=web.local_target(request.args.get("next")))


@blueprint.post("/login")
@web.public
def try_log_in() -> Any:
    """A try to log in. A failed one is counted, so this commits in both cases."""
    form = request.form
    username = normal_username(form.get("username", ""))
    outcome = log_ins.log_in(
        web.db(),
        username=username,
        password=form.get("password", ""),
        address=request.remote_addr or "",
        known_device=username in _known_here(),
        now=web.now(),
        lifetime=web.settings().session_lifetime,
    )
    target = web.local_target(form.get("next"))
    if outcome.token is None or outcome.user is None:
        seconds = ceil(outcome.wait.total_seconds())
        words = refusal(outcome.refusal or "log_in_refused", {"seconds": seconds})
        page = render_template(
            "auth/log_in.html", target=target, error=words, username=form.get("username", "")
        )
        return page, 429 if seconds else 422, {"Retry-After": str(seconds)} if seconds else {}
    return _enter(outcome.token, username, target)


@blueprint.post("/logout")
@web.guard(Permission.OWN_ACCOUNT)
def log_out() -> Any:
    """End this log-in."""
    log_ins.log_out(web.db(), token=current_user.token, actor=web.actor(), now=web.now())
    logout_user()
    return redirect(url_for("auth.log_in"))


@blueprint.get("/invitations/<token>")
@web.public
def invitation(token: str) -> Any:
    """What an invitation offers."""
    offered = invitations.open_invitation(web.db(), token=token, now=web.now())
    return render_template(
        "auth/invitation.html", invitation=offered, typed={"name": offered.name}, errors={}
    )


@blueprint.post("/invitations/<token>")
@web.public
def accept_invitation(token: str) -> Any:
    """Make the account, or set the new password, and go in."""
    form = request.form
    try:
        user = accounts.accept(
            web.db(),
            token=token,
            username=form.get("username", ""),
            name=form.get("name", ""),
            password=form.get("password", ""),
            now=web.now(),
        )
    except DomainError as error:
        if error.field is None:
            raise
        web.refuse()
        offered = invitations.open_invitation(web.db(), token=token, now=web.now())
        page = render_template(
            "auth/invitation.html", invitation=offered, typed=form, errors={error.field: explain(error)}
        )
        return page, 422
    opened = log_ins.start_session(
        web.db(),
        user=user,
        address=request.remote_addr or "",
        now=web.now(),
        lifetime=web.settings().session_lifetime,
    )
    return _enter(opened, user.username, None)


@blueprint.get("/account")
@web.guard(Permission.OWN_ACCOUNT)
def account() -> Any:
    """One's own account: name, language, theme, password."""
    return _account_page()


@blueprint.post("/account/password")
@web.guard(Permission.OWN_ACCOUNT)
def change_password() -> Any:
    """Choose another password."""
    try:
        accounts.change_password(
            web.db(),
            actor=web.actor(),
            now=web.now(),
            current=request.form.get("current", ""),
            new=request.form.get("password", ""),
            keep_token=current_user.token,
        )
    except DomainError as error:
        web.refuse()
        return _account_page({error.field or "password": explain(error)}), 422
    flash(_("Your password is changed. All other log-ins have ended."), "ok")
    return redirect(url_for("auth.account"))


@blueprint.post("/account/theme")
@web.guard(Permission.OWN_ACCOUNT)
def choose_theme() -> Any:
    """Light or dark, kept with the account."""
    chosen = request.form.get("theme")
    web.db().get_one(User, web.actor().user_id).theme = chosen if chosen in ("light", "dark") else None
    return redirect(url_for("auth.account"))


@blueprint.post("/account/email")
@web.guard(Permission.OWN_ACCOUNT)
def choose_address() -> Any:
    """Where one's reminders go; nowhere if nothing is given."""
    typed = request.form.get("email", "")
    try:
        addresses.choose_address(web.db(), actor=web.actor(), now=web.now(), address=typed)
    except DomainError as error:
        web.refuse()
        return _account_page({"email": explain(error)}), 422
    flash(_("Saved"), "ok")
    return redirect(url_for("auth.account"))


@blueprint.post("/language")
@web.public
def choose_language() -> Any:
    """Chinese or English: with the account, or in the cookie before log-in."""
    chosen = request.form.get("locale")
    if chosen in web.LOCALES:
        session["locale"] = chosen
        if current_user.is_authenticated:
            web.db().get_one(User, web.actor().user_id).locale = chosen
    return redirect(web.local_target(request.form.get("next")) or url_for("auth.home"))


def _account_page(errors: dict[str, str] | None = None) -> str:
    standing = navigation.own_ground(web.db(), web.actor())
    if standing:
        navigation.stand_on(standing.school, standing.dossier)
    address = addresses.address_of(web.db().get_one(User, web.actor().user_id)) or ""
    return render_template(
        "auth/account.html", errors=errors or {}, address=request.form.get("email", address)
    )


def _enter(token: str, username: str, target: str | None) -> Any:
    """Begin a log-in: a fresh cookie, and this browser remembered as one the person has used."""
    web.db().flush()
    row = logged_in(web.db(), token=token, now=web.now())
    assert row is not None
    kept = session.get("locale")
    session.clear()
    if kept:
        session["locale"] = kept
    login_user(web.Account(token, row))
    response = make_response(redirect(target or url_for("auth.home")))
    devices = [*dict.fromkeys([username, *_known_here()])][:8]
    response.set_cookie(
        DEVICE_COOKIE,
        _signer().dumps(devices),
        max_age=A_YEAR,
        httponly=True,
        samesite="Lax",
        secure=web.settings().https,
    )
    return response


def _known_here() -> list[str]:
    """The accounts that have been logged in to from this browser."""
    try:
        return [str(name) for name in _signer().loads(request.cookies.get(DEVICE_COOKIE, ""))]
    except BadSignature:
        return []


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(web.settings().secret_key, salt="known-device")
