"""The panel's documents: one page that lists them, and each of them to download."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portfolio import web
from portfolio.blueprints.documents import FORMATS, download, form, shown
from portfolio.documents import (
    notice,
    office_template,
    panel_docx,
    panel_pdf,
    panel_report,
    panel_xlsx,
    paper_docx,
    paper_pdf,
    visit_record,
)
from portfolio.documents.panel_table import PanelTable
from portfolio.documents.paper import Paper
from portfolio.documents.placeholders import KNOWN, Fields, of_notice, of_report
from portfolio.models import Assignment, Review, TemplateKind
from portfolio.policy import Permission, Place
from portfolio.queries import form as form_queries
from portfolio.queries import notices, office_templates, places, visit_records
from portfolio.queries import panel_documents as queries

blueprint = Blueprint("panel_documents", __name__)
PAPERS = "/rounds/<int:round_id>/packages/<int:package_id>"
TEXT_FORMATS = "any(docx, pdf)"
_TABLE_WRITERS = {"docx": panel_docx.document, "xlsx": panel_xlsx.workbook, "pdf": panel_pdf.document}
_PAPER_WRITERS = {"docx": paper_docx.document, "pdf": paper_pdf.document}


def _review(session: Session, *, review_id: int, **_written: str) -> tuple[Review, Place]:
    """The review, whatever its sheet is written as."""
    return places.review(session, review_id=review_id)


def _assignment(
    session: Session, *, round_id: int, package_id: int, **_written: str
) -> tuple[Assignment, Place]:
    """The package's assignment in a round, whatever is written of it."""
    return places.settlement(session, round_id=round_id, package_id=package_id)


@blueprint.get(f"{PAPERS}/documents")
@web.guard(Permission.PANEL_DOCUMENTS_READ, places.settlement)
def listing(assignment: Assignment) -> Any:
    """Which documents there are of this review, and when those open that don't yet."""
    is_open = queries.is_open(web.db(), web.actor(), assignment)
    return render_template(
        "documents/panel.html",
        assignment=assignment,
        package=assignment.package,
        is_open=is_open,
        sheets=queries.sheets(web.db(), assignment),
        my_id=web.actor().user_id,
    )


@blueprint.get(f"/reviews/<int:review_id>/sheet.<{FORMATS}:extension>")
@web.guard(Permission.SHEET_READ, _review)
def sheet(review: Review, extension: str) -> Response:
    """An expert's score sheet: their own at any time, to the others once the panel's scores are open."""
    queries.check_sheet(web.db(), web.actor(), review)
    return _table(queries.sheet(web.db(), review), review.assignment, _("Score sheet"), extension)


@blueprint.get(f"{PAPERS}/summary.<{FORMATS}:extension>")
@web.guard(Permission.PANEL_DOCUMENTS_READ, _assignment)
def summary(assignment: Assignment, extension: str) -> Response:
    """Self, each expert, median, spread, final, and why."""
    queries.check_open(web.db(), web.actor(), assignment)
    return _table(queries.scores(web.db(), assignment), assignment, _("Summary of scores"), extension)


@blueprint.get(f"{PAPERS}/form.<{FORMATS}:extension>")
@web.guard(Permission.PANEL_DOCUMENTS_READ, _assignment)
def panel_form(assignment: Assignment, extension: str) -> Response:
    """The official form with what this panel settled, once its review is closed."""
    queries.check_closed(web.db(), web.actor(), assignment)
    sheet = form_queries.of_assignment(web.db(), assignment, shown=shown())
    return form(sheet, extension, _name(assignment, ""))


@blueprint.get(f"{PAPERS}/notice.<{TEXT_FORMATS}:extension>")
@web.guard(Permission.RESULT_READ, _assignment)
def result_notice(assignment: Assignment, extension: str) -> Response:
    """The published result as a letter to the school."""
    said = notices.notice(web.db(), web.actor(), assignment)
    name = _name(assignment, _("Result notice"))
    return _paper(notice.paper(said), of_notice(said), TemplateKind.NOTICE, name, extension)


@blueprint.get(f"{PAPERS}/report.<{TEXT_FORMATS}:extension>")
@web.guard(Permission.PANEL_REPORT_READ, _assignment)
def report(assignment: Assignment, extension: str) -> Response:
    """The panel's report with the rectification list: closed for the panel and the office, published for the school."""
    said = notices.report(web.db(), web.actor(), assignment)
    name = _name(assignment, _("Report of the panel"))
    return _paper(panel_report.paper(said), of_report(said), TemplateKind.REPORT, name, extension)


@blueprint.get(f"{PAPERS}/visit.<{TEXT_FORMATS}:extension>")
@web.guard(Permission.PANEL_DOCUMENTS_READ, _assignment)
def visit(assignment: Assignment, extension: str) -> Response:
    """The record of the visit: agenda, findings, draws, questionnaires."""
    made = visit_record.paper(visit_records.record(web.db(), web.actor(), assignment))
    return download(_PAPER_WRITERS[extension](made), _name(assignment, _("Record of the visit")), extension)


def _paper(paper: Paper, fields: Fields, kind: TemplateKind, name: str, extension: str) -> Response:
    """The paper; as Word in the office's own layout, where it has one."""
    own = office_templates.in_use(web.db(), kind) if extension == "docx" else None
    if own is None:
        return download(_PAPER_WRITERS[extension](paper), name, extension)
    made = office_template.filled(own, fields, KNOWN[kind], title=paper.title, at=paper.at)
    return download(made, name, extension)


def _table(table: PanelTable, assignment: Assignment, kind: str, extension: str) -> Response:
    return download(_TABLE_WRITERS[extension](table), _name(assignment, kind), extension)


def _name(assignment: Assignment, kind: str) -> str:
    """What the file is called: school, kind, round."""
    return " ".join(filter(None, (assignment.package.dossier.school.name, kind, assignment.panel.round.name)))
