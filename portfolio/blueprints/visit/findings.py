"""Findings: written down where they are made, also while the line is cut, and taken back by their writer."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import flash, jsonify, redirect, request
from flask_babel import gettext as _

from portfolio import web, wording
from portfolio.blueprints.forms import unsaved
from portfolio.blueprints.visit.root import VISIT, address, blueprint, page, rubric_for, undone
from portfolio.errors import Refused, StaleWrite
from portfolio.jsonbody import read_json
from portfolio.models import Assignment, Finding
from portfolio.policy import Permission
from portfolio.queries import findings as queries
from portfolio.queries import places
from portfolio.queries.findings import FindingAt
from portfolio.services import findings as service
from portfolio.services.dossiers import based_on
from portfolio.services.findings import Note
from rubric.model import Channel


@blueprint.get(f"{VISIT}/findings")
@web.guard(Permission.VISIT_READ, places.visit)
def findings(assignment: Assignment) -> Any:
    """What I found, and the form for the next."""
    return _page(assignment)


@blueprint.put(f"{VISIT}/findings/<uuid:token>")
@web.guard(Permission.VISIT_WRITE, places.visit)
def save_finding(assignment: Assignment, token: uuid.UUID) -> Any:
    """Save as typed: 200 {version, saved_at, id}, 409 {current}, 422 {errors}."""
    typed = read_json(request)
    try:
        finding = _save(assignment, str(token), typed, _moment(typed.get("noted_at")))
    except (Refused, StaleWrite) as error:
        return unsaved(error, _as_json)
    return jsonify(version=finding.version, saved_at=finding.saved_at.isoformat(), id=finding.id)


@blueprint.post(f"{VISIT}/findings")
@web.guard(Permission.VISIT_WRITE, places.visit)
def submit_finding(assignment: Assignment) -> Any:
    """The same save as a form, for browsers without scripts."""
    typed: dict[str, Any] = dict(request.form)
    try:
        finding = _save(assignment, typed.get("token", ""), typed, None)
    except Refused as refused:
        return _page(undone(assignment), typed=typed, errors=wording.errors_by_field(refused)), 422
    except StaleWrite:
        return _page(undone(assignment), typed=typed, stale=True), 409
    return redirect(address("findings", assignment, _anchor=f"f-{finding.id}"))


@blueprint.post(f"{VISIT}/findings/<int:finding_id>/withdrawal")
@web.guard(Permission.FINDING_WRITE, queries.finding)
def withdraw_finding(at: FindingAt) -> Any:
    """Take a finding back."""
    service.withdraw(web.db(), actor=web.actor(), now=web.now(), assignment=at.assignment, finding=at.finding)
    flash(_("The finding is taken back; it stays on record."), "ok")
    return redirect(address("findings", at.assignment))


def _save(assignment: Assignment, token: str, typed: Mapping[str, Any], noted_at: datetime | None) -> Finding:
    """Save what came as JSON or as a form."""
    note = Note(
        channel=str(typed.get("channel") or ""),
        words=str(typed.get("words") or ""),
        codes=str(typed.get("codes") or ""),
        contradicts=bool(typed.get("contradicts")),
        noted_at=noted_at,
    )
    return service.note(
        web.db(),
        actor=web.actor(),
        now=web.now(),
        assignment=assignment,
        token=token,
        version=based_on(typed.get("version")),
        typed=note,
    )


def _moment(text: object) -> datetime | None:
    """The device's moment, if it is one."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _as_json(row: object) -> dict[str, Any]:
    assert isinstance(row, Finding)
    described = service.described(web.db(), row)
    return {
        **{name: described[name] for name in ("channel", "words", "contradicts")},
        "codes": " ".join(described["elements"]),
        "version": row.version,
        "saved_at": row.saved_at.isoformat(),
    }


def _page(
    assignment: Assignment,
    *,
    typed: Mapping[str, Any] | None = None,
    errors: Mapping[str, str] | None = None,
    stale: bool = False,
) -> str:
    found = queries.own_findings(web.db(), assignment, web.actor())
    asked = {"channel": request.args.get("channel", ""), "codes": request.args.get("elements", "")}
    return page(
        "findings",
        assignment,
        found=found,
        rubric=rubric_for(assignment),
        channels=Channel,
        typed=typed,
        blank={"token": str(uuid.uuid4()), "version": 0, **asked},
        errors=errors or {},
        stale=stale,
        most_photos=service.MOST_PHOTOS,
    )
