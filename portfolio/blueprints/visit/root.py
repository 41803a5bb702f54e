"""The one blueprint that the visit's pages share, their addresses, and what each of them shows."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request, url_for

from portfolio import web
from portfolio.editions import rubric_of
from portfolio.models import Assignment
from portfolio.queries import places
from rubric.model import Rubric

blueprint = Blueprint("visit", __name__)
VISIT = "/rounds/<int:round_id>/visit/<int:package_id>"


def address(endpoint: str, assignment: Assignment, **more: Any) -> str:
    """A page of this visit."""
    return url_for(
        f"visit.{endpoint}", round_id=assignment.round_id, package_id=assignment.package_id, **more
    )


def rubric_for(assignment: Assignment) -> Rubric:
    """The rubric of the package that the visit is about."""
    return rubric_of(web.db(), assignment.package.rubric_digest)


def undone(assignment: Assignment) -> Assignment:
    """Undo what was written; the assignment as it stands."""
    round_id, package_id = assignment.round_id, assignment.package_id
    web.refuse()
    return places.visit(web.db(), round_id=round_id, package_id=package_id)[0]


def page(template: str, assignment: Assignment, **shown: Any) -> str:
    """A page of the visit."""
    return render_template(
        f"visit/{template}.html",
        assignment=assignment,
        package=assignment.package,
        at=lambda endpoint, **more: address(endpoint, assignment, **more),
        open=assignment.closed_at is None,
        here=request.endpoint,
        **shown,
    )
