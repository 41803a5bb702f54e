"""The self-assessment report: its introductions are written here, the rest of it is what the dossier says."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portfolio import navigation, web, wording
from portfolio.blueprints.documents import download
from portfolio.documents import report_docx, report_pdf
from portfolio.editions import rubric_of
from portfolio.errors import DomainError, NotFound, Refused, StaleWrite
from portfolio.models import Dossier, DossierState
from portfolio.policy import Permission, Place
from portfolio.queries import places
from portfolio.queries import report as queries
from portfolio.services import reports
from portfolio.services.dossiers import LONGEST_JUSTIFICATION, based_on
from rubric.model import Indicator

blueprint = Blueprint("reporting", __name__)
_WRITERS = {"docx": report_docx.document, "pdf": report_pdf.document}


def _part(session: Session, *, dossier_id: int, indicator: str) -> tuple[tuple[Dossier, Indicator], Place]:
    """A dossier and the A-indicator of its rubric that is written about."""
    dossier, place = places.dossier(session, dossier_id=dossier_id)
    rubric = rubric_of(session, dossier.cycle.rubric_digest)
    found = next((each for each in rubric.indicators if each.code == indicator), None)
    if found is None:
        raise NotFound()
    return (dossier, found), place


def _dossier(session: Session, *, dossier_id: int, **_written: str) -> tuple[Dossier, Place]:
    """The dossier, whatever its report is written as."""
    return places.dossier(session, dossier_id=dossier_id)


@blueprint.get("/dossiers/<int:dossier_id>/report")
@web.guard(Permission.DOSSIER_READ, places.dossier)
def report(dossier: Dossier) -> Any:
    """The introductions, to write and to read."""
    return _page(dossier)


@blueprint.post("/dossiers/<int:dossier_id>/report/<indicator>")
@web.guard(Permission.REPORT_WRITE, _part)
def introduce(part: tuple[Dossier, Indicator]) -> Any:
    """Save an introduction; what was typed stays on the page if it can't be."""
    dossier, indicator = part
    typed = request.form.get("text", "")
    try:
        reports.introduce(
            web.db(),
            actor=web.actor(),
            now=web.now(),
            dossier=dossier,
            indicator=indicator.code,
            text=typed,
            version=based_on(request.form.get("version")),
        )
    except StaleWrite:
        return _refused(dossier, indicator, typed, stale=True), 409
    except Refused as refused:
        words = "".join(wording.errors_by_field(refused).values())
        return _refused(dossier, indicator, typed, error=words), 422
    except DomainError as error:
        if error.field is None:
            raise
        return _refused(dossier, indicator, typed, error=wording.explain(error)), 422
    flash(_("Saved"), "ok")
    return redirect(url_for("reporting.report", dossier_id=dossier.id, _anchor=indicator.code))


@blueprint.get("/dossiers/<int:dossier_id>/report.<any(docx, pdf):extension>")
@web.guard(Permission.DOSSIER_READ, _dossier)
def document(dossier: Dossier, extension: str) -> Response:
    """The whole report as the dossier stands."""
    made = queries.report(web.db(), dossier, at=web.now())
    return download(_WRITERS[extension](made), made.title, extension)


def _refused(
    dossier: Dossier, indicator: Indicator, typed: str, *, error: str | None = None, stale: bool = False
) -> str:
    web.refuse()
    again = places.dossier(web.db(), dossier_id=dossier.id)[0]
    return _page(again, refused=indicator.code, typed=typed, error=error, stale=stale)


def _page(
    dossier: Dossier,
    *,
    refused: str | None = None,
    typed: str = "",
    error: str | None = None,
    stale: bool = False,
) -> str:
    navigation.stand_on(dossier.school, dossier)
    editable = dossier.state is not DossierState.SIGNING
    return render_template(
        "documents/report.html",
        dossier=dossier,
        rubric=rubric_of(web.db(), dossier.cycle.rubric_digest),
        written=queries.introductions(web.db(), dossier.id),
        may_write=editable and web.may(Permission.REPORT_WRITE, Place(school_id=dossier.school_id)),
        longest=LONGEST_JUSTIFICATION,
        refused=refused,
        typed=typed,
        error=error,
        stale=stale,
    )
