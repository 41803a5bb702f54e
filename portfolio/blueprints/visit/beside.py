"""What the visit brought for one element, for those who sit at the table of all scores."""

from __future__ import annotations

from typing import Any

from portfolio import web
from portfolio.blueprints.visit.root import VISIT, blueprint, page, rubric_for
from portfolio.errors import NotFound
from portfolio.models import Assignment
from portfolio.policy import Permission
from portfolio.queries import settlement as queries
from portfolio.queries.beside import beside_settlement
from portfolio.queries.rounds import still_blind


@blueprint.get(f"{VISIT}/elements/<code>")
@web.guard(Permission.SETTLEMENT_READ, queries.element)
def beside(assignment: Assignment, code: str) -> Any:
    """The panel's findings and the questionnaires' answers; js/beside.js puts them into the table's page.

    Raises NotFound for an earlier round's where the reader is still to judge in a later one.
    """
    if assignment.closed_at and still_blind(web.db(), web.actor(), assignment.package.dossier):
        raise NotFound()
    return page(
        "element",
        assignment,
        element=rubric_for(assignment).element(code),
        beside=beside_settlement(web.db(), assignment, code),
        my_id=web.actor().user_id,
    )
