"""Closing: proposed by the chair, signed by an expert."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request
from flask_babel import gettext as _

from portfolio import web, wording
from portfolio.blueprints.settlement.page import page
from portfolio.blueprints.settlement.root import TABLE, blueprint, table_address, undone
from portfolio.errors import DomainError
from portfolio.models import Assignment
from portfolio.policy import Permission
from portfolio.queries import places
from portfolio.services import closing as service
from portfolio.services.dossiers import based_on


@blueprint.post(f"{TABLE}/close")
@web.guard(Permission.SETTLEMENT_WRITE, places.settlement)
def propose_closing(assignment: Assignment, round_id: int, package_id: int) -> Any:
    """Propose to close with the panel's opinion; an expert signs."""
    opinion = request.form.get("opinion", "")
    try:
        service.propose(web.db(), actor=web.actor(), now=web.now(), assignment=assignment, opinion=opinion)
    except DomainError as error:
        words = wording.explain(error)
        return page(undone(round_id, package_id), opinion=opinion, errors={"opinion": words}), 422
    flash(_("Proposed. One of the experts signs, then the review is closed."), "ok")
    return redirect(table_address(assignment))


@blueprint.post(f"{TABLE}/close/withdrawal")
@web.guard(Permission.SETTLEMENT_WRITE, places.settlement)
def withdraw_closing(assignment: Assignment) -> Any:
    """Take the proposal back, to settle something anew."""
    service.withdraw(web.db(), actor=web.actor(), now=web.now(), assignment=assignment)
    flash(_("Withdrawn: final scores can be changed again."), "ok")
    return redirect(table_address(assignment))


@blueprint.post(f"{TABLE}/close/signature")
@web.guard(Permission.SETTLEMENT_SIGN, places.settlement)
def sign_closing(assignment: Assignment, round_id: int, package_id: int) -> Any:
    """Sign as second person: the review is closed."""
    form = request.form
    try:
        service.sign(
            web.db(),
            actor=web.actor(),
            now=web.now(),
            assignment=assignment,
            number=based_on(form.get("number")),
            password=form.get("password", ""),
        )
    except DomainError as error:
        words = wording.explain(error)
        return page(undone(round_id, package_id), errors={"password": words}), 422
    flash(_("Signed and closed. The bureau publishes the result."), "ok")
    return redirect(table_address(assignment))
