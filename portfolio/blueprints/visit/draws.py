"""Random samples of lists: drawn on the page, each with all that is needed to draw it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import redirect, request

from portfolio import web, wording
from portfolio.blueprints.visit.root import VISIT, address, blueprint, page, rubric_for, undone
from portfolio.errors import Refused
from portfolio.models import Assignment
from portfolio.policy import Permission
from portfolio.queries import places
from portfolio.queries import visit as queries
from portfolio.services import draws as service
from rubric.agenda import agenda

# What checks one lot on any machine with the usual tools.
COMMAND = "printf '%s' 'SEED:17' | sha256sum"
FIELDS = ("title", "lines", "count", "size", "reason")


@blueprint.get(f"{VISIT}/draws")
@web.guard(Permission.VISIT_READ, places.visit)
def draws(assignment: Assignment) -> Any:
    """The draws on record, and the form for the next."""
    return _page(assignment, {name: request.args.get(name, "") for name in ("title", "count", "size")})


@blueprint.post(f"{VISIT}/draws")
@web.guard(Permission.VISIT_WRITE, places.visit)
def draw(assignment: Assignment) -> Any:
    """Draw; what is drawn stays on record."""
    typed = {name: request.form.get(name, "") for name in FIELDS}
    try:
        made = service.draw_sample(web.db(), actor=web.actor(), now=web.now(), assignment=assignment, **typed)
    except Refused as refused:
        return _page(undone(assignment), typed, wording.errors_by_field(refused)), 422
    return redirect(address("draws", assignment, _anchor=f"draw-{made.number}"))


def _page(assignment: Assignment, typed: Mapping[str, str], errors: Mapping[str, str] | None = None) -> str:
    lists = dict.fromkeys(name for item in agenda(rubric_for(assignment)) for name in item.lists)
    return page(
        "draws",
        assignment,
        draws=queries.draws(web.db(), assignment),
        lists=list(lists),
        command=COMMAND,
        typed=typed,
        errors=errors or {},
    )
