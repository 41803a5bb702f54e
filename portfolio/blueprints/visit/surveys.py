"""Questionnaires: a sheet of results is previewed, then taken in whole or not at all."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from flask import Response, flash, redirect, request
from flask_babel import gettext as _
from flask_babel import ngettext

from portfolio import web, wording
from portfolio.blueprints.documents import download
from portfolio.blueprints.visit.root import VISIT, address, blueprint, page, rubric_for, undone
from portfolio.documents import surveysheet
from portfolio.documents.worksheet import MOST_BYTES
from portfolio.errors import DomainError
from portfolio.models import Assignment
from portfolio.policy import Permission
from portfolio.queries import places
from portfolio.queries import surveys as queries
from portfolio.queries.surveys import SurveyAt
from portfolio.services import surveys as service
from portfolio.services.surveys import Plan
from rubric.agenda import surveyed


@blueprint.get(f"{VISIT}/surveys")
@web.guard(Permission.VISIT_READ, places.visit)
def surveys(assignment: Assignment) -> Any:
    """The results there are, and the way to bring in more."""
    return _page(assignment)


@blueprint.get(f"{VISIT}/surveys/template.xlsx")
@web.guard(Permission.VISIT_READ, places.visit)
def survey_template(assignment: Assignment) -> Response:
    """An empty sheet with the elements whose methods name a questionnaire."""
    rubric = rubric_for(assignment)
    codes = surveyed(rubric)
    rows = [(element.code, element.text) for element in rubric.elements if element.code in codes]
    school = assignment.package.dossier.school.name
    made = surveysheet.template(f"{school}　问卷统计", rows)
    called = _("Questionnaire results")
    return download(made, f"{school} {called}", "xlsx")


@blueprint.post(f"{VISIT}/surveys")
@web.guard(Permission.VISIT_WRITE, places.visit)
def preview_survey(assignment: Assignment) -> Any:
    """What a sheet would bring in; nothing is taken in yet."""
    sent = request.files.get("sheet")
    data = sent.read(MOST_BYTES + 1) if sent is not None else b""
    title = request.form.get("title", "")
    again = undone(assignment)
    try:
        return _page(again, plan=_plan(again, data), data=data, title=title)
    except DomainError as error:
        return _page(again, title=title, error=wording.explain(error)), 422


@blueprint.post(f"{VISIT}/surveys/results")
@web.guard(Permission.VISIT_WRITE, places.visit)
def take_in_survey(assignment: Assignment) -> Any:
    """Take in what was previewed, all of it or nothing."""
    data, title = _sent_again(request.form.get("sheet", "")), request.form.get("title", "")
    try:
        planned = _plan(assignment, data)
        service.take_in(
            web.db(),
            actor=web.actor(),
            now=web.now(),
            assignment=assignment,
            title=title,
            planned=planned,
            data=data,
        )
    except DomainError as error:
        return _refused(undone(assignment), data, title, error)
    flash(ngettext("%(num)s question taken in", "%(num)s questions taken in", len(planned.questions)), "ok")
    return redirect(address("surveys", assignment))


@blueprint.post(f"{VISIT}/surveys/<int:survey_id>/withdrawal")
@web.guard(Permission.VISIT_WRITE, queries.survey)
def withdraw_survey(at: SurveyAt) -> Any:
    """Take the results of a sheet back."""
    service.withdraw(web.db(), actor=web.actor(), now=web.now(), assignment=at.assignment, survey=at.survey)
    flash(_("These results are taken back; they stay on record."), "ok")
    return redirect(address("surveys", at.assignment))


def _plan(assignment: Assignment, data: bytes) -> Plan:
    if not data:
        raise DomainError("sheet_missing", field="sheet")
    return service.plan(surveysheet.read(data), rubric_for(assignment))


def _sent_again(typed: str) -> bytes:
    """The sheet as the preview carries it; nothing if it isn't one."""
    try:
        return base64.b64decode(typed, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _refused(assignment: Assignment, data: bytes, title: str, error: DomainError) -> Any:
    """The preview again, with why nothing was taken in."""
    words = wording.explain(error)
    try:
        return _page(assignment, plan=_plan(assignment, data), data=data, title=title, error=words), 422
    except DomainError:
        return _page(assignment, title=title, error=words), 422


def _page(
    assignment: Assignment,
    *,
    plan: Plan | None = None,
    data: bytes = b"",
    title: str = "",
    error: str | None = None,
) -> str:
    rubric = rubric_for(assignment)
    codes = [element.code for element in rubric.elements]
    return page(
        "surveys",
        assignment,
        rubric=rubric,
        surveys=queries.surveys(web.db(), assignment),
        asked=queries.answers(web.db(), assignment, codes),
        plan=plan,
        sheet=base64.b64encode(data).decode(),
        title=title,
        error=error,
    )
