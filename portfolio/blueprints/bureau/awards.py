"""Certificates: the list to read and print, awarding and revoking."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from portfolio import web
from portfolio.blueprints.bureau.root import all_cycles, blueprint
from portfolio.blueprints.forms import Typed, keys, refused
from portfolio.errors import DomainError, NotFound
from portfolio.models import Certificate, Cycle
from portfolio.policy import Permission
from portfolio.queries import awards as queries
from portfolio.queries import bureau_places, results
from portfolio.queries.awards import Show, Validity
from portfolio.services import awards as services


@blueprint.get("/bureau/certificates")
@web.guard(Permission.CITY_READ)
def certificates() -> Any:
    """All certificates, or those of a cycle or a validity; and who can be awarded one."""
    return _page(show_asked())


@blueprint.post("/bureau/cycles/<int:cycle_id>/certificates")
@web.guard(Permission.CITY_MANAGE, bureau_places.cycle)
def award(held: Cycle) -> Any:
    """Award the title on the results chosen: all of them, or none."""
    wanted = keys(request.form.getlist("assignment"))
    try:
        chosen = results.named(web.db(), web.actor(), held, wanted)
        awarded = services.award(web.db(), actor=web.actor(), now=web.now(), cycle=held, results=chosen)
    except DomainError as error:
        return _page(Show(cycle_id=held.id), refused(error), typed=request.form), 422
    flash(
        ngettext("%(num)s certificate is awarded.", "%(num)s certificates are awarded.", len(awarded)), "ok"
    )
    return redirect(url_for("bureau.certificates", cycle=held.id))


@blueprint.post("/bureau/certificates/<int:certificate_id>/revocation")
@web.guard(Permission.CITY_MANAGE, queries.certificate)
def revoke_certificate(held: Certificate) -> Any:
    """Take a title back, with a reason that stays on record."""
    reason = request.form.get("reason", "")
    try:
        services.revoke(web.db(), actor=web.actor(), now=web.now(), certificate=held, reason=reason)
    except DomainError as error:
        words = next(iter(refused(error).values()))
        return _page(show_asked(), {f"revoke-{held.id}": words}, typed=request.form), 422
    flash(_("%(number)s is revoked; it stays on record.", number=held.number), "ok")
    return redirect(web.local_target(request.form.get("next")) or url_for("bureau.certificates"))


def show_asked() -> Show:
    """Which certificates the address asks for."""
    asked = Typed(request.args)
    validity = asked.text("state")
    return Show(
        cycle_id=asked.key("cycle"), validity=Validity(validity) if validity in set(Validity) else None
    )


def _page(
    show: Show, errors: Mapping[str, str] | None = None, *, typed: Mapping[str, str] | None = None
) -> str:
    cycles = all_cycles()
    held = next((cycle for cycle in cycles if cycle.id == show.cycle_id), None)
    if held is None and show.cycle_id is not None:
        raise NotFound()
    offering = held or (cycles[0] if cycles else None)
    return render_template(
        "bureau/certificates.html",
        cycles=cycles,
        cycle=held,
        offering=offering,
        show=show,
        found=queries.register(web.db(), show, now=web.now()),
        awardable=queries.awardable(web.db(), web.actor(), offering) if offering else [],
        validities=list(Validity),
        typed=typed or {},
        chosen=keys(request.form.getlist("assignment")),
        errors=errors or {},
    )
