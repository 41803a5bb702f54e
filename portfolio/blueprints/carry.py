"""Starting a dossier from the school's last one: first to look at, then to do."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import ngettext

from portfolio import navigation, web, wording
from portfolio.errors import DomainError
from portfolio.models import Dossier, DossierState
from portfolio.policy import Permission
from portfolio.queries import carry as queries
from portfolio.queries import places
from portfolio.services import carrying

blueprint = Blueprint("carry", __name__)


@blueprint.get("/dossiers/<int:dossier_id>/carry-over")
@web.guard(Permission.CARRY_OVER, places.dossier)
def preview(dossier: Dossier) -> Any:
    """What would come over, before anything does."""
    return _page(dossier)


@blueprint.post("/dossiers/<int:dossier_id>/carry-over")
@web.guard(Permission.CARRY_OVER, places.dossier)
def carry_over(dossier: Dossier) -> Any:
    """Take it over."""
    try:
        plan = carrying.carry_over(web.db(), actor=web.actor(), now=web.now(), dossier=dossier)
    except DomainError as error:
        words = wording.explain(error)
        web.refuse()
        again, _place = places.dossier(web.db(), dossier_id=dossier.id)
        return _page(again, error=words), 422
    count = len(plan.citations)
    flash(ngettext("%(num)s citation came over.", "%(num)s citations came over.", count), "ok")
    return redirect(url_for("dossier.home", dossier_id=dossier.id))


def _page(dossier: Dossier, *, error: str = "") -> str:
    navigation.stand_on(dossier.school, dossier)
    return render_template(
        "carry/preview.html",
        dossier=dossier,
        plan=queries.plan(web.db(), dossier),
        carried=queries.carried(web.db(), dossier.id),
        editable=dossier.state is not DossierState.SIGNING,
        error=error,
    )
