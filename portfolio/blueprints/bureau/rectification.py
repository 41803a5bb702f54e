"""What published results left to be put right, in the whole city."""

from __future__ import annotations

from typing import Any

from flask import render_template

from portfolio import web
from portfolio.blueprints.bureau.root import blueprint
from portfolio.policy import Permission
from portfolio.queries import rectifying as queries


@blueprint.get("/bureau/rectification")
@web.guard(Permission.CITY_READ)
def rectification_items() -> Any:
    """Every item that isn't done: to re-check first, then the longest overdue."""
    return render_template("result/city.html", waiting=queries.city(web.db(), now=web.now()))
