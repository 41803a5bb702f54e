"""The office's own templates for documents: uploaded, looked at with example data, taken into use, put away."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from portfolio import web, wording
from portfolio.blueprints.documents import download
from portfolio.documents.placeholders import KNOWN
from portfolio.documents.starter import starter
from portfolio.errors import DomainError
from portfolio.models import DocumentTemplate, TemplateKind
from portfolio.policy import Permission
from portfolio.queries import office_templates as queries
from portfolio.services import office_templates as services

blueprint = Blueprint("office", __name__)
PAPER = "any(notice, report):paper"
FILE = "/bureau/templates/files/<int:template_id>"


@blueprint.get("/bureau/templates")
@web.guard(Permission.CITY_READ)
def templates() -> Any:
    """What is in use, what is on record, and which placeholders there are."""
    return _page()


@blueprint.get(f"/bureau/templates/<{PAPER}>/starter.docx")
@web.guard(Permission.CITY_READ)
def begin(paper: str) -> Response:
    """The built-in layout as a template to begin with."""
    kind = TemplateKind(paper)
    return download(starter(kind), f"{wording.TEMPLATE_KINDS[kind]} {_('template')}", "docx")


@blueprint.post(f"/bureau/templates/<{PAPER}>")
@web.guard(Permission.CITY_MANAGE)
def upload(paper: str) -> Any:
    """Take in a template; it is used for nothing yet."""
    sent = request.files.get("template")
    try:
        template = services.upload(
            web.db(),
            actor=web.actor(),
            now=web.now(),
            kind=TemplateKind(paper),
            filename=(sent.filename if sent else "") or "",
            data=sent.read(services.MOST_BYTES + 1) if sent else b"",
        )
    except DomainError as error:
        web.refuse()
        return _page(refused=paper, error=wording.explain(error)), 422
    said = _("%(name)s is on record. Look at it with example data, then take it into use.")
    flash(said % {"name": template.filename}, "ok")
    return redirect(url_for("office.templates", _anchor=paper))


@blueprint.get(f"{FILE}.docx")
@web.guard(Permission.CITY_READ, queries.template)
def original(template: DocumentTemplate) -> Response:
    """A template as it was uploaded."""
    return download(template.content, template.filename.removesuffix(".docx"), "docx")


@blueprint.get(f"{FILE}/example.docx")
@web.guard(Permission.CITY_READ, queries.template)
def example(template: DocumentTemplate) -> Response:
    """A template with a made-up school's result in it."""
    made = services.filled_example(template.content, template.kind)
    return download(made, f"{template.filename.removesuffix('.docx')} {_('example')}", "docx")


@blueprint.post(f"{FILE}/use")
@web.guard(Permission.CITY_MANAGE, queries.template)
def take_up(template: DocumentTemplate) -> Any:
    """Make documents from it from now on."""
    services.take_up(web.db(), actor=web.actor(), now=web.now(), template=template)
    flash(_("%(name)s is in use.", name=template.filename), "ok")
    return redirect(url_for("office.templates", _anchor=template.kind.value))


@blueprint.post(f"/bureau/templates/<{PAPER}>/built-in")
@web.guard(Permission.CITY_MANAGE)
def put_away(paper: str) -> Any:
    """Back to the built-in layout."""
    services.put_away(web.db(), actor=web.actor(), now=web.now(), kind=TemplateKind(paper))
    flash(_("The built-in layout is in use again."), "ok")
    return redirect(url_for("office.templates", _anchor=paper))


def _page(*, refused: str | None = None, error: str | None = None) -> str:
    return render_template(
        "documents/templates.html",
        templates=queries.templates(web.db()),
        known=KNOWN,
        most_kilobytes=services.MOST_BYTES // 1024,
        refused=refused,
        error=error,
    )
