"""The agenda: what to do at the school, ticked off item by item."""

from __future__ import annotations

from typing import Any

from flask import jsonify, redirect, request

from portfolio import web
from portfolio.blueprints.visit.root import VISIT, address, blueprint, page, rubric_for
from portfolio.jsonbody import read_json
from portfolio.models import Assignment
from portfolio.policy import Permission
from portfolio.queries import places
from portfolio.queries import visit as queries
from portfolio.services import visits


@blueprint.get(VISIT)
@web.guard(Permission.VISIT_READ, places.visit)
def agenda(assignment: Assignment) -> Any:
    """What to do at the school, by channel, where the dossier has gaps first."""
    rubric = rubric_for(assignment)
    return page("agenda", assignment, rubric=rubric, agenda=queries.agenda(web.db(), assignment, rubric))


@blueprint.put(f"{VISIT}/agenda/<item>")
@web.guard(Permission.VISIT_WRITE, places.visit)
def save_tick(assignment: Assignment, item: str) -> Any:
    """Tick an item off, or open it again: {done}."""
    _tick(assignment, item, done=bool(read_json(request).get("done")))
    return jsonify(saved_at=web.now().isoformat())


@blueprint.post(f"{VISIT}/agenda/<item>")
@web.guard(Permission.VISIT_WRITE, places.visit)
def submit_tick(assignment: Assignment, item: str) -> Any:
    """The same as a form."""
    _tick(assignment, item, done=request.form.get("done") == "1")
    return redirect(address("agenda", assignment, _anchor=item))


def _tick(assignment: Assignment, item: str, *, done: bool) -> None:
    visits.tick(web.db(), actor=web.actor(), now=web.now(), assignment=assignment, item=item, done=done)
