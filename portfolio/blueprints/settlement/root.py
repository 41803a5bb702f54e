"""The one blueprint that the table's pages share, and their addresses."""

from __future__ import annotations

from flask import Blueprint, url_for
from flask_babel import gettext as _

from portfolio import web
from portfolio.models import Assignment
from portfolio.policy import Place
from portfolio.queries import places

blueprint = Blueprint("settlement", __name__)
TABLE = "/rounds/<int:round_id>/settlement/<int:package_id>"


def table_address(assignment: Assignment, element: str | None = None) -> str:
    """The table, with an element open beside it."""
    return url_for(
        "settlement.table",
        round_id=assignment.round_id,
        package_id=assignment.package_id,
        element=element,
    )


def undone(round_id: int, package_id: int) -> Assignment:
    """Undo what was written; the assignment as it stands."""
    web.refuse()
    return places.settlement(web.db(), round_id=round_id, package_id=package_id)[0]


def place_of(assignment: Assignment) -> Place:
    """Where the table stands, for what its page offers a chair."""
    return Place(school_id=assignment.package.school_id, panel_ids=frozenset({assignment.panel_id}))


def follows_the_school() -> str:
    """The reason where experts wrote none and give what the school claimed."""
    return _("The panel agrees with the self-score of the school.")
