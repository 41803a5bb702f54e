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
    school_id, person, chosen = sought()
    return render_template(
        "bureau/audit.html",
        trail=trail(
            web.db(),
            school_id=school_id,
            person=person,
            action=chosen,
            older_than=Typed(request.args).key("older_than"),
        ),
        schools=school_names(web.db()),
        school_id=school_id,
        person=person,
        chosen=chosen,
        actions=list(Action),
        spelled=spelled,
    )


def sought() -> tuple[int | None, str, Action | None]:
    """The school, the person and the action that the address asks for."""
    asked = Typed(request.args)
    action = asked.text("action")
    return asked.key("school"), asked.text("person"), Action(action) if action in list(Action) else None


def spelled(values: dict[str, Any]) -> str:
    """An event's values, readable."""
    return json.dumps(values, ensure_ascii=False, indent=1)
