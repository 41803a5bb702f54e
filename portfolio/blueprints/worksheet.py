"""The working sheet: taken along, filled in offline, previewed, and taken in whole or not at all."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from portfolio import navigation, web, wording
from portfolio.blueprints.documents import download
from portfolio.blueprints.sheets import carried_sheet, to_carry, uploaded_sheet
from portfolio.documents import worksheet as document
from portfolio.errors import DomainError, StaleWrite
from portfolio.models import Dossier
from portfolio.policy import Permission
from portfolio.queries import places
from portfolio.queries.standing import standing
from portfolio.queries.supplements import asked_of
from portfolio.services import worksheets
from portfolio.services.worksheets import Plan

blueprint = Blueprint("worksheet", __name__)


@blueprint.get("/dossiers/<int:dossier_id>/worksheet")
@web.guard(Permission.WORKSHEET_USE, places.dossier)
def worksheet(dossier: Dossier) -> Any:
    """Take it along, bring it back."""
    return _page(dossier)


@blueprint.get("/dossiers/<int:dossier_id>/worksheet.xlsx")
@web.guard(Permission.WORKSHEET_USE, places.dossier)
def export(dossier: Dossier) -> Response:
    """All elements with what is scored and written so far."""
    stands = standing(web.db(), dossier, now=web.now(), with_uncited=False)
    lines = [
        document.Line(e.code, e.text, e.points, row.score, row.justification, row.version)
        for e in stands.rubric.elements
        if (row := stands.assessments.get(e.code)) is not None
    ]
    title = f"{dossier.school.name}　{dossier.cycle.name}"
    made = document.workbook(title, lines, dossier_id=dossier.id, rubric_digest=stands.rubric.digest)
    return download(made, f"{dossier.school.name} {_('Working sheet')}", "xlsx")


@blueprint.post("/dossiers/<int:dossier_id>/worksheet")
@web.guard(Permission.WORKSHEET_USE, places.dossier)
def preview(dossier: Dossier) -> Any:
    """What a sheet would change; nothing is changed yet."""
    web.refuse()
    again = places.dossier(web.db(), dossier_id=dossier.id)[0]
    try:
        data = uploaded_sheet()
        return _page(again, plan=_plan(again, data), data=data)
    except DomainError as error:
        return _page(again, error=wording.explain(error)), 422


@blueprint.post("/dossiers/<int:dossier_id>/worksheet/changes")
@web.guard(Permission.WORKSHEET_USE, places.dossier)
def take_in(dossier: Dossier) -> Any:
    """Do what was previewed, all of it or nothing."""
    try:
        changed = _apply(dossier, carried_sheet())
    except (DomainError, StaleWrite) as error:
        web.refuse()
        return _refused(dossier.id, error)
    flash(ngettext("%(num)s element changed", "%(num)s elements changed", changed), "ok")
    return redirect(url_for("dossier.home", dossier_id=dossier.id))


def _plan(dossier: Dossier, data: bytes) -> Plan:
    stands = standing(web.db(), dossier, now=web.now(), with_uncited=False)
    return worksheets.plan(
        document.read(data),
        actor=web.actor(),
        now=web.now(),
        dossier=dossier,
        rubric=stands.rubric,
        standing=stands.assessments,
        asked=asked_of(web.db(), dossier),
    )


def _apply(dossier: Dossier, data: bytes) -> int:
    planned = _plan(dossier, data)
    stands = standing(web.db(), dossier, now=web.now(), with_uncited=False)
    return worksheets.apply(
        web.db(),
        actor=web.actor(),
        now=web.now(),
        dossier=dossier,
        rubric=stands.rubric,
        standing=stands.assessments,
        planned=planned,
        previewed=request.form.get("digest", ""),
        overwrite=request.form.getlist("overwrite"),
    )


def _refused(dossier_id: int, error: DomainError) -> Any:
    """The preview again, from the dossier as it stands."""
    dossier = places.dossier(web.db(), dossier_id=dossier_id)[0]
    words = wording.explain(error)
    try:
        data = carried_sheet()
        return _page(dossier, plan=_plan(dossier, data), data=data, error=words), 409
    except DomainError:
        return _page(dossier, error=words), 422


def _page(dossier: Dossier, *, plan: Plan | None = None, data: bytes = b"", error: str | None = None) -> str:
    navigation.stand_on(dossier.school, dossier)
    return render_template(
        "documents/worksheet.html",
        dossier=dossier,
        plan=plan,
        sheet=to_carry(data),
        error=error,
    )
