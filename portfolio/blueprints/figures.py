"""Basic figures: one short form, saved as one types, and what the rubric's measures make of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _

from portfolio import navigation, web, wording
from portfolio.blueprints.evidence.routes import offer_undo
from portfolio.blueprints.forms import Typed, refused
from portfolio.editions import rubric_of
from portfolio.errors import DomainError, NotFound, Refused, StaleWrite
from portfolio.jsonbody import read_json
from portfolio.models import Dossier, DossierState
from portfolio.policy import Permission, Place
from portfolio.queries import figures as queries
from portfolio.queries import places
from portfolio.queries.figures import Entry
from portfolio.queries.places import ElementAt
from portfolio.queries.proven import is_result, measure_at
from portfolio.services import figures as services
from portfolio.services.dossiers import based_on
from portfolio.services.proofs import cite_result

blueprint = Blueprint("figures", __name__)


@blueprint.get("/dossiers/<int:dossier_id>/figures")
@web.guard(Permission.DOSSIER_READ, places.dossier)
def sheet(dossier: Dossier) -> Any:
    """All figures, what they feed, and the measures' results."""
    return _page(dossier)


@blueprint.post("/dossiers/<int:dossier_id>/figures")
@web.guard(Permission.FIGURE_WRITE, places.dossier)
def submit(dossier: Dossier) -> Any:
    """The whole form at once, for browsers without scripts: all of it or nothing."""
    try:
        _enter(dossier, _typed(dossier))
    except Refused as error:
        return _page_again(dossier, errors=refused(error)), 422
    except StaleWrite as stale:
        web.refuse()
        return _page_again(dossier, stale=_by_field(stale)), 409
    flash(_("Saved"), "ok")
    return redirect(url_for("figures.sheet", dossier_id=dossier.id))


@blueprint.put("/dossiers/<int:dossier_id>/figures/<figure>/<int:year>")
@web.guard(Permission.FIGURE_WRITE, queries.figure_at)
def save(dossier: Dossier, figure: str, year: int) -> Any:
    """Save one figure as typed: 200 {version, value, saved_at}, 409 {current, error}, 422 {errors}."""
    body = read_json(request)
    try:
        typed = services.Typed(figure, year, str(body.get("value") or ""), based_on(body.get("version")))
        versions = _enter(dossier, [typed])
    except Refused as error:
        # held against another figure: worth another try once that one has changed
        beside = all(each.code in ("figure_above", "figure_below") for each in error.errors.values())
        return jsonify(errors=refused(error), beside=beside), 422
    except StaleWrite as stale:
        web.refuse()
        (entry,) = _by_field(stale).values()
        return jsonify(current=_told(entry), error=_stale_words(entry)), 409
    entry = queries.entries(web.db(), dossier.id).get((figure, year), Entry(figure, year))
    return jsonify(version=versions[typed.field], value=entry.shown, saved_at=web.now().isoformat())


@blueprint.get("/dossiers/<int:dossier_id>/figures/<figure>/<int:year>/proof")
@web.guard(Permission.FIGURE_WRITE, queries.figure_at)
def proofs(dossier: Dossier, figure: str, year: int) -> Any:
    """What may prove a figure."""
    return _proofs_page(dossier, figure, year)


@blueprint.post("/dossiers/<int:dossier_id>/figures/<figure>/<int:year>/proof")
@web.guard(Permission.FIGURE_WRITE, queries.figure_at)
def prove(dossier: Dossier, figure: str, year: int) -> Any:
    """Name the file that proves a figure, or none."""
    typed = Typed(request.form)
    page = typed.text("page")
    try:
        services.prove(
            web.db(),
            actor=web.actor(),
            now=web.now(),
            dossier=dossier,
            figure=figure,
            year=year,
            evidence_id=typed.key("evidence_id"),
            page=int(page) if page.isdecimal() and len(page) <= 6 else None,
        )
    except NotFound:
        raise
    except DomainError as error:
        errors = refused(error)
        again, _place = places.dossier(web.db(), dossier_id=dossier.id)
        return _proofs_page(again, figure, year, errors), 422
    return redirect(url_for("figures.sheet", dossier_id=dossier.id, _anchor=f"f-{figure}-{year}"))


@blueprint.post("/dossiers/<int:dossier_id>/elements/<code>/measures/<measure>/citation")
@web.guard(Permission.CITATION_WRITE, measure_at)
def cite(at: ElementAt, code: str, measure: str) -> Any:
    """Cite a measure's result: the file that proves it, at its page, the result as remark."""
    dossier = at.dossier
    rubric = rubric_of(web.db(), dossier.cycle.rubric_digest)
    results = queries.results_of(queries.figures_of(web.db(), dossier), dossier, rubric.element(code))
    result = next(each for each in results if each.measure.code == measure)
    if not is_result(result):  # a figure was taken back meanwhile
        raise DomainError("no_proof")
    citation, stood = cite_result(
        web.db(),
        actor=web.actor(),
        now=web.now(),
        dossier=dossier,
        element=code,
        result=result,
        evidence_id=Typed(request.form).key("evidence_id") or 0,
        words=wording.stated(result, rubric),
    )
    page = url_for("dossier.element", dossier_id=dossier.id, code=code)
    if stood is None:
        undo = url_for("evidence.uncite", citation_id=citation.id)
        offer_undo(_("Cited for %(element)s", element=code), undo, next=page)
    else:
        undo = url_for("evidence.change_citation", citation_id=citation.id)
        offer_undo(_("Changed: citation for %(element)s", element=code), undo, next=page, **asdict(stood))
    return redirect(f"{page}#measure-{measure}")


def _enter(dossier: Dossier, typed: list[services.Typed]) -> dict[str, int]:
    return services.enter(
        web.db(),
        actor=web.actor(),
        now=web.now(),
        dossier=dossier,
        rubric=rubric_of(web.db(), dossier.cycle.rubric_digest),
        typed=typed,
    )


def _typed(dossier: Dossier) -> list[services.Typed]:
    """Every field of the form that came back."""
    asked = queries.asked_years(rubric_of(web.db(), dossier.cycle.rubric_digest), dossier)
    entries = (Entry(figure, year) for figure, years in asked.items() for year in years)
    return [
        services.Typed(
            each.figure,
            each.year,
            request.form[each.field],
            based_on(request.form.get(f"version-{each.field}")),
        )
        for each in entries
        if each.field in request.form
    ]


def _by_field(stale: StaleWrite) -> dict[str, Entry]:
    assert isinstance(stale.current, list)
    return {entry.field: entry for entry in stale.current}


def _stale_words(entry: Entry) -> str:
    name, shown = entry.saved_by or _("Somebody"), entry.shown or _("nothing")
    return _("%(name)s saved %(value)s meanwhile. Save again to keep yours.", name=name, value=shown)


def _told(entry: Entry) -> dict[str, Any]:
    return {"value": entry.shown, "version": entry.version, "saved_by": entry.saved_by}


def _page_again(
    dossier: Dossier, *, errors: dict[str, str] | None = None, stale: dict[str, Entry] | None = None
) -> str:
    """The form as it was typed, after a refusal; a stale field is from now on based on what stands."""
    again, _place = places.dossier(web.db(), dossier_id=dossier.id)
    words = {field: _stale_words(entry) for field, entry in (stale or {}).items()}
    return _page(again, typed=dict(request.form), errors=(errors or {}) | words, stale=stale or {})


def _page(
    dossier: Dossier,
    *,
    typed: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    stale: dict[str, Entry] | None = None,
) -> str:
    navigation.stand_on(dossier.school, dossier)
    editable = dossier.state is not DossierState.SIGNING
    place = Place(school_id=dossier.school_id)
    return render_template(
        "figures/sheet.html",
        dossier=dossier,
        sheet=queries.sheet(web.db(), dossier),
        may_write=editable and web.may(Permission.FIGURE_WRITE, place),
        editable=editable,
        verdicts=wording.VERDICTS,
        typed=typed or {},
        errors=errors or {},
        stale=stale or {},
    )


def _proofs_page(dossier: Dossier, figure: str, year: int, errors: dict[str, str] | None = None) -> str:
    navigation.stand_on(dossier.school, dossier)
    row = queries.row_of(queries.sheet(web.db(), dossier), figure)
    entry = next((each for each in row.entries if each.year == year), None) if row else None
    if row is None or entry is None:
        raise NotFound()
    return render_template(
        "figures/proof.html",
        dossier=dossier,
        row=row,
        entry=entry,
        offers=queries.offers(web.db(), dossier, row),
        errors=errors or {},
    )
