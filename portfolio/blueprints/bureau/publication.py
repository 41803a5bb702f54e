"""Publishing one result or many: choose, see what each school will be told, publish all or none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import ngettext

from portfolio import web
from portfolio.blueprints.bureau.root import blueprint, cycle_asked
from portfolio.blueprints.forms import keys, refused
from portfolio.errors import DomainError
from portfolio.models import Cycle
from portfolio.policy import Permission
from portfolio.queries import bureau_places, calls
from portfolio.queries import results as queries
from portfolio.services.publishing import publish_many


@blueprint.get("/bureau/publication")
@web.guard(Permission.CITY_READ)
def publication() -> Any:
    """The closed reviews of a cycle (the newest by default) whose results aren't published."""
    cycles, held = cycle_asked()
    return render_template(
        "bureau/publication.html",
        cycles=cycles,
        cycle=held,
        results=queries.to_publish(web.db(), web.actor(), held) if held else [],
        my_calls=calls.my_calls(web.db(), web.actor()),
    )


@blueprint.get("/bureau/cycles/<int:cycle_id>/publication")
@web.guard(Permission.CITY_MANAGE, bureau_places.cycle)
def publication_preview(held: Cycle) -> Any:
    """What each of the schools chosen will be told."""
    return _preview(held, keys(request.args.getlist("assignment")))


@blueprint.post("/bureau/cycles/<int:cycle_id>/publication")
@web.guard(Permission.CITY_MANAGE, bureau_places.cycle)
def publish_results(held: Cycle) -> Any:
    """Publish the results chosen: all, or none with the reason beside each that can't be."""
    wanted = keys(request.form.getlist("assignment"))
    try:
        assignments = queries.chosen(web.db(), wanted, held)
        publish_many(web.db(), actor=web.actor(), now=web.now(), assignments=assignments)
    except DomainError as error:
        errors = refused(error)
        return _preview(bureau_places.cycle(web.db(), cycle_id=held.id)[0], wanted, errors), 422
    flash(ngettext("%(num)s result is published.", "%(num)s results are published.", len(assignments)), "ok")
    return redirect(url_for("bureau.publication", cycle=held.id))


def _preview(held: Cycle, wanted: Collection[int], errors: Mapping[str, str] | None = None) -> str:
    return render_template(
        "bureau/publishing.html",
        cycle=held,
        results=queries.named(web.db(), web.actor(), held, wanted),
        errors=errors or {},
    )
