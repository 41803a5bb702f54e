"""Schools: the list, and one school's people and dossiers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from portfolio import navigation, web
from portfolio.blueprints.bureau.root import blueprint
from portfolio.blueprints.forms import Typed, refused
from portfolio.errors import DomainError
from portfolio.models import Stage
from portfolio.policy import Permission
from portfolio.queries import places
from portfolio.queries import staff as queries
from portfolio.queries.places import SchoolAt
from portfolio.services import cycles as services


@blueprint.get("/bureau/schools")
@web.guard(Permission.CITY_READ)
def schools() -> Any:
    """All schools, or those whose name or district has these letters."""
    return _schools_page({})


@blueprint.post("/bureau/schools")
@web.guard(Permission.CITY_MANAGE)
def add_school() -> Any:
    """Add a school."""
    typed = Typed(request.form)
    try:
        stage = typed.one_of("stage", Stage, "stage_unknown")
        typed.check()
        school = services.add_school(
            web.db(),
            actor=web.actor(),
            now=web.now(),
            name=typed.text("name"),
            district=typed.text("district"),
            stage=stage or Stage.PRIMARY,
            boarding="boarding" in request.form,
        )
    except DomainError as error:
        return _schools_page(request.form, refused(error)), 422
    flash(_("%(school)s is on the list. Invite its lead now.", school=school.name), "ok")
    return redirect(url_for("staff.people", school_id=school.id))


@blueprint.get("/bureau/schools/<int:school_id>")
@web.guard(Permission.CITY_READ, places.school)
def school(at: SchoolAt) -> Any:
    """A school's people, open invitations and dossiers."""
    navigation.stand_on(at.school, at.dossier)
    return render_template(
        "bureau/school.html",
        school=at.school,
        people=queries.staff_of(web.db(), at.school.id),
        invitations=queries.open_invitations(web.db(), now=web.now(), school_id=at.school.id),
        dossiers=queries.dossiers_of(web.db(), at.school.id),
    )


def _schools_page(typed: Mapping[str, str], errors: Mapping[str, str] | None = None) -> str:
    name = request.args.get("name", "").strip()
    return render_template(
        "bureau/schools.html",
        rows=queries.schools(web.db(), name=name),
        name=name,
        stages=list(Stage),
        typed=typed,
        errors=errors or {},
    )
