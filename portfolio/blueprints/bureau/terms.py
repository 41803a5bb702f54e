"""What results of a cycle are published by: pass mark, bands, how long a title stands, windows for answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from portfolio import web
from portfolio.blueprints.bureau.root import blueprint
from portfolio.blueprints.forms import Typed, refused
from portfolio.errors import DomainError
from portfolio.models import Cycle
from portfolio.policy import Permission
from portfolio.queries import bureau_places
from portfolio.queries.result_terms import bands_of
from portfolio.services import result_terms as service
from portfolio.templating import score
from rubric.scoring import Band

MOST_BANDS = 4


@blueprint.get("/bureau/cycles/<int:cycle_id>/terms")
@web.guard(Permission.CITY_MANAGE, bureau_places.cycle)
def result_terms(held: Cycle) -> Any:
    """The terms as they stand, and the form that sets them."""
    return _page(held, _stands(held))


@blueprint.post("/bureau/cycles/<int:cycle_id>/terms")
@web.guard(Permission.CITY_MANAGE, bureau_places.cycle)
def set_terms(held: Cycle) -> Any:
    """Set them all; once a result is out, only how long a title is valid where nobody said so yet."""
    try:
        _set(held, Typed(request.form))
    except DomainError as error:
        errors = refused(error)
        again, _place = bureau_places.cycle(web.db(), cycle_id=held.id)
        return _page(again, request.form, errors), 422
    flash(_("Saved"), "ok")
    return redirect(url_for("bureau.cycle", cycle_id=held.id))


def _set(held: Cycle, typed: Typed) -> None:
    given: dict[str, Any] = {"actor": web.actor(), "now": web.now(), "cycle": held}
    if not service.is_any_published(web.db(), held):
        service.set_terms(web.db(), **given, **_terms(typed, held))
        return
    years = typed.whole("award_years")
    typed.check()
    service.name_years(web.db(), **given, years=years)


def _terms(typed: Typed, held: Cycle) -> dict[str, Any]:
    """The terms as typed; a band's row that is empty is none. Raises Refused."""
    rows = [n for n in range(1, MOST_BANDS + 1) if typed.text(f"band_{n}") or typed.text(f"minimum_{n}")]
    terms = {
        "pass_mark": typed.points("pass_mark") if typed.text("pass_mark") else None,
        "bands": [Band(typed.text(f"band_{n}"), typed.points(f"minimum_{n}")) for n in rows],
        "award_years": typed.whole("award_years") if typed.text("award_years") else None,
        "answer_days": {each.position: typed.whole(f"answer_days_{each.position}") for each in held.rounds},
    }
    typed.check()
    return terms


def _stands(held: Cycle) -> dict[str, str]:
    typed = {
        "pass_mark": score(held.pass_mark, ""),
        "award_years": str(held.award_years or ""),
        **{f"answer_days_{each.position}": str(each.answer_days) for each in held.rounds},
    }
    for n, band in enumerate(bands_of(held), start=1):
        typed |= {f"band_{n}": band.name, f"minimum_{n}": score(band.minimum)}
    return typed


def _page(held: Cycle, typed: Mapping[str, str], errors: Mapping[str, str] | None = None) -> str:
    return render_template(
        "result/terms.html",
        cycle=held,
        typed=typed,
        errors=errors or {},
        rows=range(1, MOST_BANDS + 1),
        fixed=service.is_any_published(web.db(), held),
    )
