"""Where a round came to scores far from those of the round before it, over all schools of a cycle."""

from __future__ import annotations

from typing import Any

from flask import render_template

from portfolio import web
from portfolio.blueprints.bureau.root import blueprint
from portfolio.editions import rubric_of
from portfolio.models import Cycle
from portfolio.policy import Permission
from portfolio.queries import bureau_places
from portfolio.queries.round_differences import large_differences


@blueprint.get("/bureau/cycles/<int:cycle_id>/differences")
@web.guard(Permission.CITY_READ, bureau_places.cycle)
def differences(held: Cycle) -> Any:
    """Large differences between the rounds of a cycle, the widest first."""
    return render_template(
        "bureau/differences.html",
        cycle=held,
        rubric=rubric_of(web.db(), held.rubric_digest),
        found=large_differences(web.db(), web.actor(), held),
    )
