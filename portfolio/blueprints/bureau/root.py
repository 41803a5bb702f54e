"""The one blueprint that the bureau's pages share, and how an address names a cycle."""

from __future__ import annotations

from flask import Blueprint, request

from portfolio import web
from portfolio.blueprints.forms import Typed
from portfolio.errors import NotFound
from portfolio.models import Cycle
from portfolio.queries import progress

blueprint = Blueprint("bureau", __name__)


def all_cycles() -> list[Cycle]:
    """All cycles, the newest first."""
    return progress.all_cycles(web.db())


def cycle_asked() -> tuple[list[Cycle], Cycle | None]:
    """All cycles, and the one that the address names or else the newest. Raises NotFound for one there isn't."""
    cycles = all_cycles()
    asked = Typed(request.args).key("cycle")
    held = next((cycle for cycle in cycles if asked in (None, cycle.id)), None)
    if held is None and asked is not None:
        raise NotFound()
    return cycles, held
