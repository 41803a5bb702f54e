"""The audit trail."""

from __future__ import annotations

import json
from typing import Any

from flask import render_template, request

from portfolio import web
from portfolio.audit import Action
from portfolio.blueprints.bureau.root import blueprint
from portfolio.blueprints.forms import Typed
from portfolio.policy import Permission
from portfolio.queries.staff import school_names
from portfolio.queries.trail import trail


@blueprint.get("/bureau/audit")
@web.guard(Permission.AUDIT_READ)
def audit_trail() -> Any:
    """What happened, newest first, a hundred at a time."""
    asked = Typed(request.args)
    action, person = asked.text("action"), asked.text("person")
    chosen = Action(action) if action in list(Action) else None
    school_id = asked.key("school")
    return render_template(
        "bureau/audit.html",
        trail=trail(
            web.db(),
            school_id=school_id,
            person=person,
            action=chosen,
            older_than=asked.key("older_than"),
        ),
        schools=school_names(web.db()),
        school_id=school_id,
        person=person,
        chosen=chosen,
        actions=list(Action),
        spelled=spelled,
    )


def spelled(values: dict[str, Any]) -> str:
    """An event's values, readable."""
    return json.dumps(values, ensure_ascii=False, indent=1)
