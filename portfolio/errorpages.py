"""Refusals and failures as pages for people and JSON for scripts."""

from __future__ import annotations

from typing import Any

from flask import Flask, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from portfolio import web
from portfolio.errors import DomainError, NotFound
from portfolio.wording import explain


def init(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(NotFound, lambda error: _answer(404, explain(error)))
    app.register_error_handler(DomainError, _refused)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _failed)


def _refused(error: DomainError) -> Any:
    web.refuse()
    if web.wants_json():
        return jsonify(errors={error.field or "": explain(error)}, code=error.code), 422
    return _page(422, explain(error))


def _stale_form(_error: CSRFError) -> Any:
    return _answer(
        400, _("This page is no longer valid. Please load it again; what you typed is still in the form.")
    )


def _http(error: HTTPException) -> Any:
    code = error.code or 500
    if code < 400:
        return error
    if code == 401 and not web.wants_json() and request.method in web.SAFE_METHODS:
        return redirect(url_for("auth.log_in"))
    return _answer(code, _words(code))


def _failed(error: Exception) -> Any:
    from flask import current_app

    if current_app.testing and not isinstance(error, HTTPException):
        raise error
    current_app.logger.exception("failed: %s %s", request.method, request.path)
    return _answer(500, _words(500))


def _answer(code: int, words: str) -> Any:
    web.refuse()
    return (jsonify(error=words), code) if web.wants_json() else _page(code, words)


def _page(code: int, words: str) -> Any:
    return render_template("errors/error.html", code=code, words=words), code


def _words(code: int) -> str:
    match code:
        case 401:
            return _("Please log in again. What you typed is kept in this browser.")
        case 403:
            return _("You may see this, but not change it.")
        case 404 | 405:
            return _("There is nothing here, or nothing for you.")
        case 413:
            return _("This is too large.")
        case 429:
            return _("Too many tries. Please wait a little.")
        case code if code >= 500:
            return _("Something failed on our side. Nothing was changed. Please try again.")
        case _:
            return _("This request could not be understood.")
