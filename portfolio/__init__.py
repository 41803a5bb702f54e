"""The portfolio application."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask
from flask_babel import Babel
from flask_bootstrap import Bootstrap5
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.middleware.proxy_fix import ProxyFix

from config import Settings
from portfolio.db import make_engine, make_sessions
from portfolio.editions import GAP_WEIGHTS
from portfolio.jobs import Jobs
from portfolio.services import background
from portfolio.storage import Storage
from portfolio.storage.factory import from_url

if TYPE_CHECKING:
    from portfolio.web import Services

ROOT = Path(__file__).resolve().parent.parent
BLUEPRINTS = (
    "auth",
    "dossier",
    "work",
    "carry",
    "figures",
    "evidence",
    "uploads",
    "package",
    "changes",
    "supplement",
    "documents",
    "panel_documents",
    "office",
    "errands",
    "reporting",
    "worksheet",
    "panel",
    "settlement",
    "visit",
    "panelreport",
    "answers",
    "rectification",
    "staff",
    "bureau",
    "lists",
)


def create_app(settings: Settings, *, clock: Callable[[], datetime] | None = None) -> Flask:
    """The application, composed. Raises DatabaseMisconfigured, StorageMisconfigured."""
    # Here and not above: whoever wants only the store or a service must not load every page.
    from portfolio import errorpages, templating, web

    app = Flask(__name__, template_folder=str(ROOT / "templates"))
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.https,
        SESSION_COOKIE_NAME="portfolio",
        MAX_CONTENT_LENGTH=2 * 1024 * 1024,
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(days=365),
        WTF_CSRF_TIME_LIMIT=None,  # as long as the log-in: nobody's text is refused for having taken an hour
        WTF_CSRF_SSL_STRICT=False,
        BOOTSTRAP_SERVE_LOCAL=True,
        BABEL_DEFAULT_LOCALE=web.LOCALES[0],
        BABEL_DEFAULT_TIMEZONE="Asia/Shanghai",
        TESTING=settings.testing,
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    Babel(app, locale_selector=web.locale)
    Bootstrap5(app)
    web.init(app, compose(settings, clock=clock))
    errorpages.init(app)
    templating.init(app, compiled=settings.templates_folder)
    for name in BLUEPRINTS:
        app.register_blueprint(import_module(f"portfolio.blueprints.{name}").blueprint)
    web.declare_assets(app)
    return app


def compose(settings: Settings, *, clock: Callable[[], datetime] | None = None) -> Services:
    """What the pages stand on. Raises DatabaseMisconfigured, StorageMisconfigured."""
    from portfolio.web import Services, utc_now

    sessions = make_sessions(make_engine(settings.database_url), info={GAP_WEIGHTS: settings.read_weights()})
    storage = from_url(settings.storage_url, settings.data_folder)
    clock = clock or utc_now
    jobs = make_jobs(settings, sessions=sessions, storage=storage, clock=clock)
    return Services(settings=settings, sessions=sessions, storage=storage, jobs=jobs, clock=clock)


def make_jobs(
    settings: Settings,
    *,
    sessions: sessionmaker[Session],
    storage: Storage,
    clock: Callable[[], datetime],
) -> Jobs:
    """The installation's background jobs, with what does them."""
    jobs = Jobs(settings.database_url, settings.data_folder)
    background.register(jobs, settings=settings, sessions=sessions, storage=storage, clock=clock)
    return jobs
