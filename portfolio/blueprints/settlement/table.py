"""The table's page, opening it, and stepping aside as its chair."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _

from portfolio import web
from portfolio.blueprints.panel import state
from portfolio.blueprints.settlement.page import page
from portfolio.blueprints.settlement.root import TABLE, blueprint, table_address
from portfolio.models import Assignment, User
from portfolio.policy import Permission
from portfolio.queries import places
from portfolio.services import panels
from portfolio.services import settlement as service


@blueprint.get(TABLE)
@web.guard(Permission.SETTLEMENT_READ, places.settlement)
def table(assignment: Assignment) -> Any:
    """The table of all scores, with one element open beside it."""
    return page(assignment)


@blueprint.post(f"{TABLE}/opening")
@web.guard(Permission.SETTLEMENT_WRITE, places.settlement)
def open_table(assignment: Assignment) -> Any:
    """Show the panel all scores; from then on nobody corrects their own."""
    service.open_table(web.db(), actor=web.actor(), now=web.now(), assignment=assignment)
    return redirect(table_address(assignment))


@blueprint.post(f"{TABLE}/statement")
@web.guard(Permission.SETTLEMENT_TAKE, places.settlement)
def sign_statement(assignment: Assignment) -> Any:
    """The chair signs that nothing ties them to the school: its pages open."""
    return state(assignment, assignment.package_id, table_address(assignment))


@blueprint.post(f"{TABLE}/conflict")
@web.guard(Permission.SETTLEMENT_TAKE, places.settlement)
def declare_conflict(assignment: Assignment) -> Any:
    """The chair keeps away from a school; its packages are gone from the next request on."""
    school = assignment.package.dossier.school
    panels.declare_conflict(
        web.db(),
        actor=web.actor(),
        now=web.now(),
        user=web.db().get_one(User, web.actor().user_id),
        school=school,
        reason=request.form.get("reason", ""),
    )
    flash(_("You review nothing of %(school)s any more.", school=school.name), "ok")
    return redirect(url_for("panel.packages"))
