"""One final score an element: set by the chair, and taken back."""

from __future__ import annotations

from typing import Any

from flask import flash, jsonify, redirect, request
from flask_babel import gettext as _
from flask_babel import ngettext

from portfolio import web, wording
from portfolio.blueprints.forms import unsaved
from portfolio.blueprints.settlement.page import page
from portfolio.blueprints.settlement.root import (
    TABLE,
    blueprint,
    follows_the_school,
    table_address,
    undone,
)
from portfolio.errors import Refused, StaleWrite
from portfolio.jsonbody import read_json
from portfolio.models import Assignment, Determination
from portfolio.policy import Permission
from portfolio.queries import places
from portfolio.queries import settlement as queries
from portfolio.services import agreement
from portfolio.services import settlement as service
from portfolio.services.dossiers import based_on
from portfolio.templating import score


@blueprint.put(f"{TABLE}/elements/<code>")
@web.guard(Permission.SETTLEMENT_WRITE, queries.element)
def settle_element(assignment: Assignment, code: str) -> Any:
    """Settle: 200 {version, saved_at, progress}, 409 {current}, 422 {errors}."""
    try:
        settled = _settle(assignment, code, read_json(request))
    except (Refused, StaleWrite) as error:
        return unsaved(error, _as_json)
    progress = service.progress(web.db(), assignment)
    return jsonify(
        version=settled.version,
        saved_at=web.now().isoformat(),
        progress={"done": progress.done, "total": progress.total},
    )


@blueprint.post(f"{TABLE}/elements/<code>")
@web.guard(Permission.SETTLEMENT_WRITE, queries.element)
def submit_element(assignment: Assignment, round_id: int, package_id: int, code: str) -> Any:
    """The same as a form, then on to the next element; for browsers without scripts."""
    typed = dict(request.form)
    try:
        _settle(assignment, code, typed)
    except Refused as refused:
        errors = wording.errors_by_field(refused)
        return page(undone(round_id, package_id), code=code, typed=typed, errors=errors), 422
    except StaleWrite:
        return page(undone(round_id, package_id), code=code, typed=typed, stale=True), 409
    return redirect(web.local_target(typed.get("next")) or table_address(assignment))


@blueprint.post(f"{TABLE}/agreed")
@web.guard(Permission.SETTLEMENT_WRITE, places.settlement)
def settle_agreed(assignment: Assignment) -> Any:
    """Settle the elements that were listed, where all experts still agree."""
    settled = agreement.settle_agreed(
        web.db(),
        actor=web.actor(),
        now=web.now(),
        assignment=assignment,
        codes=set(request.form.get("elements", "").split()),
        follows=follows_the_school(),
    )
    flash(ngettext("%(num)s element is settled.", "%(num)s elements are settled.", len(settled)), "ok")
    return redirect(table_address(assignment))


@blueprint.post(f"{TABLE}/elements/<code>/undo")
@web.guard(Permission.SETTLEMENT_WRITE, queries.element)
def undo(assignment: Assignment, round_id: int, package_id: int, code: str) -> Any:
    """Take the final score back: the one before it stands again, or the element is open."""
    try:
        restored = service.undo(
            web.db(),
            actor=web.actor(),
            now=web.now(),
            assignment=assignment,
            code=code,
            version=based_on(request.form.get("version")),
        )
    except StaleWrite:
        return page(undone(round_id, package_id), code=code, stale=True), 409
    words = (
        _("%(code)s is open again.")
        if restored is None
        else _("%(code)s has its final score of before again.")
    )
    flash(words % {"code": code}, "ok")
    return redirect(table_address(assignment, code))


def _settle(assignment: Assignment, code: str, typed: dict[str, Any]) -> Determination:
    """Settle what came as JSON or as a form; a score that isn't named is an empty one."""
    given = typed.get("score")
    return service.settle(
        web.db(),
        actor=web.actor(),
        now=web.now(),
        assignment=assignment,
        code=code,
        score_text="" if given is None else str(given),
        rule=str(typed.get("rule") or ""),
        reason=str(typed.get("reason") or ""),
        version=based_on(typed.get("version")),
    )


def _as_json(row: object) -> dict[str, Any] | None:
    if not isinstance(row, Determination):
        return None
    return {
        "score": None if row.score is None else score(row.score),
        "rule": row.rule.value,
        "reason": row.reason,
        "version": row.version,
        "saved_at": row.settled_at.isoformat(),
    }
