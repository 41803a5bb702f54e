"""The panel's discussion of an element."""

from __future__ import annotations

from typing import Any

from flask import redirect, request

from portfolio import web, wording
from portfolio.blueprints.settlement.page import page
from portfolio.blueprints.settlement.root import TABLE, blueprint, table_address, undone
from portfolio.errors import Refused
from portfolio.models import Assignment
from portfolio.policy import Permission
from portfolio.queries import settlement as queries
from portfolio.services import discussion as service


@blueprint.post(f"{TABLE}/elements/<code>/remarks")
@web.guard(Permission.SETTLEMENT_DISCUSS, queries.element)
def remark(assignment: Assignment, round_id: int, package_id: int, code: str) -> Any:
    """Say something, agree or disagree."""
    form = request.form
    try:
        service.remark(
            web.db(),
            actor=web.actor(),
            now=web.now(),
            assignment=assignment,
            code=code,
            stance=form.get("stance", ""),
            words=form.get("words", ""),
        )
    except Refused as refused:
        errors = wording.errors_by_field(refused)
        return page(undone(round_id, package_id), code=code, remark=dict(form), errors=errors), 422
    return redirect(table_address(assignment, code) + "#thread")
