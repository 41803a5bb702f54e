"""All the Flask glue there is: the session boundary, guards, languages, headers."""

from __future__ import annotations

import hashlib
import inspect
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, wraps
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from flask import Flask, Request, Response, abort, current_app, g, redirect, request, session, url_for
from flask_login import LoginManager, UserMixin, current_user
from flask_wtf import CSRFProtect
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from werkzeug.routing import IntegerConverter, Map
from werkzeug.wrappers import Response as AnyResponse

from config import Settings
from portfolio import jobs
from portfolio.db import begin_write
from portfolio.jobs import Jobs
from portfolio.policy import NOWHERE, Actor, Permission, Place, allows, shows
from portfolio.queries.people import LoggedInRow, logged_in
from portfolio.storage import Storage

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LOCALES = ("zh", "en")
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; media-src 'self'; frame-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

View = TypeVar("View", bound=Callable[..., Any])

login_manager = LoginManager()
csrf = CSRFProtect()


@dataclass(frozen=True)
class Services:
    """What the application was composed of."""

    settings: Settings
    sessions: sessionmaker[Session]
    storage: Storage
    jobs: Jobs
    clock: Callable[[], datetime]


class PlainParameters(ImmutableMultiDict[str, Any]):
    """Form fields and query parameters without NUL, which PostgreSQL can't hold."""

    def __init__(self, pairs: Any = ()) -> None:
        items = pairs.items(multi=True) if isinstance(pairs, MultiDict) else pairs
        super().__init__([(key, _without_nul(value)) for key, value in items])


def _without_nul(value: Any) -> Any:
    return value.replace("\0", "") if isinstance(value, str) else value


class PlainRequest(Request):
    """A request whose parameters can be stored."""

    parameter_storage_class = PlainParameters


class Account(UserMixin):
    """The logged-in person, for Flask-Login: identified by the token of this log-in, not by the account."""

    def __init__(self, token: str, row: LoggedInRow) -> None:
        self.token = token
        self.actor = row.actor
        self.username = row.username
        self.locale = row.locale
        self.theme = row.theme

    def get_id(self) -> str:
        """What the cookie holds."""
        return self.token


def services() -> Services:
    """What create_app composed."""
    return cast(Services, current_app.extensions["portfolio"])


def settings() -> Settings:
    """This installation's settings."""
    return services().settings


def now() -> datetime:
    """The moment this request happens, the same throughout it."""
    if "now" not in g:
        g.now = services().clock()
    return cast(datetime, g.now)


def db() -> Session:
    """This request's session: reading on safe methods, writing from its first statement on others."""
    if "db" not in g:
        g.db = services().sessions()
        if request.method not in SAFE_METHODS and not _streams():
            begin_write(g.db)
    return cast(Session, g.db)


def _streams() -> bool:
    view = current_app.view_functions.get(request.endpoint or "")
    return bool(getattr(view, "streams", False))


def streams(view: View) -> View:
    """Marks a view that receives long bodies: it reads first, and begins its own write when the body is in."""
    view.streams = True  # type: ignore[attr-defined]
    return view


def actor() -> Actor:
    """Who is asking; only where a guard has let them in."""
    return cast(Account, current_user).actor


def refuse() -> None:
    """Undo what this request wrote: its answer is a refusal, which is logged."""
    if "db" in g:
        g.db.rollback()
    if request.method not in SAFE_METHODS and not g.get("refused"):
        person = current_user.actor.user_id if current_user.is_authenticated else "nobody"
        current_app.logger.warning("refused: %s %s as %s", request.method, request.path, person)
    g.refused = True


# ---- Guards ----


# Finds the thing an address names and where it stands; raises NotFound if there is none.
Locator = Callable[..., tuple[Any, Place]]


def public(view: View) -> View:
    """Declares that anybody may ask, logged in or not."""
    view.permission = None  # type: ignore[attr-defined]
    return view


def guard(
    permission: Permission, locate: Locator | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declares what a view needs. The located thing becomes the view's first argument.

    What a person may not see is 404, what they see but may not do is 403.
    """

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        taken = set(inspect.signature(view).parameters)

        @wraps(view)
        def guarded(**arguments: Any) -> Any:
            if not current_user.is_authenticated:
                return _ask_to_log_in()
            if locate is None:
                require(permission)
                return view(**arguments)
            thing, place = locate(db(), **arguments)
            require(permission, place)
            return view(thing, **{name: value for name, value in arguments.items() if name in taken})

        guarded.permission = permission  # type: ignore[attr-defined]
        return guarded

    return decorate


def require(permission: Permission, place: Place = NOWHERE) -> None:
    """404 for what the actor may not see, 403 for what they see but may not do."""
    if allows(actor(), permission, place):
        return
    abort(403 if shows(actor(), permission, place) else 404)


def may(permission: Permission, place: Place = NOWHERE) -> bool:
    """Whether the actor may; for what a page offers."""
    return bool(current_user.is_authenticated) and allows(actor(), permission, place)


def wants_json() -> bool:
    """Whether a script is asking."""
    accept = request.accept_mimetypes
    return request.is_json or accept.best_match(["text/html", "application/json"]) == "application/json"


def _ask_to_log_in() -> AnyResponse:
    if wants_json() or request.method not in SAFE_METHODS:
        abort(401)
    return redirect(url_for("auth.log_in", next=request.full_path.rstrip("?")))


def local_target(target: str | None) -> str | None:
    """A path of this site to go on to, or None for anything else."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return None
    parts = urlsplit(target)
    return None if parts.scheme or parts.netloc else target


# ---- The request's boundary ----


class RowId(IntegerConverter):
    """`<int:…>` in an address, no larger than an id can be: engines fail on what they can't hold."""

    def __init__(self, map: Map) -> None:
        super().__init__(map, max=2**53 - 1)


def init(app: Flask, composed: Services) -> None:
    """Wire the glue into the application."""
    app.url_map.converters["int"] = RowId
    app.extensions["portfolio"] = composed
    app.request_class = PlainRequest
    login_manager.init_app(app)
    login_manager.session_protection = None  # log-ins are rows: they end there
    csrf.init_app(app)
    app.before_request(_deny_undeclared)
    app.after_request(_finish)
    app.after_request(_protect)
    app.teardown_request(_close)


@login_manager.user_loader
def _load(token: str) -> Account | None:
    row = logged_in(db(), token=token, now=now())
    return Account(token, row) if row else None


def _deny_undeclared() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    if view is not None and not hasattr(view, "permission"):
        abort(404)


def _finish(response: Response) -> Response:
    """The one commit of a request that changes something and wasn't refused; then the jobs it asked for."""
    if "db" in g and request.method not in SAFE_METHODS and not g.get("refused"):
        g.db.commit()
        services().jobs.send(jobs.asked(g.db))
    return response


def _protect(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "geolocation=(), microphone=()")
    if request.endpoint == "static" and "v" not in request.args:
        # A module that another imports: its address doesn't change with it.
        headers["Cache-Control"] = "no-cache"
    if request.endpoint not in ("static", "bootstrap.static"):
        headers.setdefault("Cache-Control", "private, no-cache")
    if settings().https:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response


def _close(_error: BaseException | None) -> None:
    opened = g.pop("db", None)
    if opened is not None:
        opened.close()


def declare_assets(app: Flask) -> None:
    """Style sheets and scripts are for everybody."""
    for endpoint in ("static", "bootstrap.static"):
        app.view_functions[endpoint] = public(_own(app.view_functions[endpoint]))


def _own(view: Callable[..., Any]) -> Callable[..., Any]:
    """The view as a function of ours: a declaration can be put on it."""
    return wraps(view)(lambda **arguments: view(**arguments))


# ---- Language and assets ----


def locale() -> str:
    """zh unless the person chose English; kept with the account, or in the cookie before log-in."""
    chosen = current_user.locale if current_user.is_authenticated else session.get("locale")
    return chosen if chosen in LOCALES else LOCALES[0]


def asset(filename: str) -> str:
    """The address of a file of ours, which changes when the file does."""
    return url_for(
        "static", filename=filename, v=_fingerprint(Path(current_app.static_folder or "") / filename)
    )


@cache
def _fingerprint(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:8] if path.is_file() else secrets.token_hex(4)


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)
