"""One element: its wording, score, justification, citations, materials."""

from __future__ import annotations

from typing import Any

from flask import flash, g, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _

from portfolio import navigation, web, wording
from portfolio.blueprints.dossier.root import blueprint, is_of
from portfolio.blueprints.forms import Typed, refused, unsaved
from portfolio.days import day_of
from portfolio.editions import rubric_of
from portfolio.errors import DomainError, NotFound, Refused, StaleWrite
from portfolio.jsonbody import read_json
from portfolio.models import DossierState, SelfAssessment
from portfolio.policy import Permission, Place
from portfolio.queries import carry, figures, people, places, supplements
from portfolio.queries import dossier as queries
from portfolio.queries.places import ElementAt
from portfolio.queries.proven import proofs_of
from portfolio.queries.standing import Standing, standing
from portfolio.services import checklists, dossiers
from portfolio.templating import score
from rubric.model import Element, Rubric


@blueprint.get("/dossiers/<int:dossier_id>/elements/<code>")
@web.guard(Permission.DOSSIER_READ, places.element)
def element(at: ElementAt) -> Any:
    """One element: its wording, score, justification, citations."""
    return _element_page(at)


@blueprint.put("/dossiers/<int:dossier_id>/elements/<code>")
@web.guard(Permission.ELEMENT_SCORE, places.element)
def save_element(at: ElementAt) -> Any:
    """Save as typed: 200 {version, saved_at, totals}, 409 {current}, 422 {errors}."""
    body = read_json(request)
    score_typed = body.get("score")
    try:
        version = _save(
            at,
            None if score_typed is None else str(score_typed),
            str(body.get("justification", "")),
            body.get("version"),
        )
    except (Refused, StaleWrite) as error:
        return unsaved(error, _as_json)
    rubric = rubric_of(web.db(), at.dossier.cycle.rubric_digest)
    totals = queries.claims(web.db(), at.dossier.id, rubric)
    return jsonify(version=version, saved_at=web.now().isoformat(), totals=wording.totals_in_json(totals))


@blueprint.post("/dossiers/<int:dossier_id>/elements/<code>")
@web.guard(Permission.ELEMENT_SCORE, places.element)
def submit_element(at: ElementAt) -> Any:
    """The same save as a form, for browsers without scripts."""
    form = request.form
    typed = None if form.get("unscore") or not form.get("score", "").strip() else form["score"]
    try:
        _save(at, typed, form.get("justification", ""), form.get("version"))
    except Refused as refused:
        web.refuse()
        return _element_page(_again(at), typed=dict(form), errors=wording.errors_by_field(refused)), 422
    except StaleWrite:
        web.refuse()
        return _element_page(_again(at), typed=dict(form), stale=True), 409
    flash(_("Saved"), "ok")
    return redirect(url_for("dossier.element", dossier_id=at.dossier.id, code=at.assessment.element))


@blueprint.post("/dossiers/<int:dossier_id>/elements/<code>/assignee")
@web.guard(Permission.ELEMENT_ASSIGN, places.element)
def assign(at: ElementAt) -> Any:
    """Give the element to somebody, by a day."""
    typed = Typed(request.form)
    try:
        due_on = typed.day("due_on")
        typed.check()
        dossiers.assign_element(
            web.db(),
            actor=web.actor(),
            now=web.now(),
            dossier=at.dossier,
            assessment=at.assessment,
            user_id=typed.key("assignee"),
            due_on=due_on,
        )
    except DomainError as error:
        errors = refused(error)
        return _element_page(_again(at), assigned=dict(request.form), errors=errors), 422
    return redirect(url_for("dossier.element", dossier_id=at.dossier.id, code=at.assessment.element))


@blueprint.post("/dossiers/<int:dossier_id>/elements/<code>/materials/<material>")
@web.guard(Permission.MATERIAL_TICK, places.material)
def tick(at: ElementAt, material: str) -> Any:
    """Tick an expected material by hand, with a reason."""
    reason = request.form.get("reason", "")
    try:
        checklists.tick(
            web.db(),
            actor=web.actor(),
            now=web.now(),
            dossier=at.dossier,
            element=_element_of(at),
            material=material,
            reason=reason,
        )
    except DomainError as error:
        if error.field is None:
            raise
        errors = refused(error)
        return _element_page(_again(at), ticking={material: reason}, errors=errors), 422
    return _to_material(at, material)


@blueprint.post("/dossiers/<int:dossier_id>/elements/<code>/materials/<material>/undo")
@web.guard(Permission.MATERIAL_TICK, places.material)
def untick(at: ElementAt, material: str) -> Any:
    """Take a tick back."""
    checklists.untick(
        web.db(),
        actor=web.actor(),
        now=web.now(),
        dossier=at.dossier,
        element=_element_of(at),
        material=material,
    )
    return _to_material(at, material)


@blueprint.post("/dossiers/<int:dossier_id>/elements/<code>/preview")
@web.guard(Permission.DOSSIER_READ, places.element)
def preview(_at: ElementAt) -> Any:
    """A justification as it will be read."""
    return render_template("dossier/_preview.html", text=request.form.get("justification", ""))


def _to_material(at: ElementAt, material: str) -> Any:
    return redirect(
        url_for(
            "dossier.element",
            dossier_id=at.dossier.id,
            code=at.assessment.element,
            _anchor=f"m-{material}",
        )
    )


def _save(at: ElementAt, typed: str | None, justification: str, version: Any) -> int:
    return dossiers.score_element(
        web.db(),
        actor=web.actor(),
        now=web.now(),
        dossier=at.dossier,
        assessment=at.assessment,
        element=_element_of(at),
        score=typed,
        justification=justification,
        version=dossiers.based_on(version),
    )


def _again(at: ElementAt) -> ElementAt:
    """The element as it stands after a refusal was rolled back."""
    return places.element(web.db(), dossier_id=at.dossier.id, code=at.assessment.element)[0]


def _element_of(at: ElementAt) -> Element:
    return _element(rubric_of(web.db(), at.dossier.cycle.rubric_digest), at.assessment.element)


def _element(rubric: Rubric, code: str) -> Element:
    try:
        return rubric.element(code)
    except KeyError:
        raise NotFound() from None


def _element_page(
    at: ElementAt,
    *,
    typed: dict[str, str] | None = None,
    assigned: dict[str, str] | None = None,
    ticking: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    stale: bool = False,
) -> str:
    dossier, assessment = at.dossier, at.assessment
    navigation.stand_on(dossier.school, dossier)
    g.element_code = assessment.element
    place = Place(school_id=dossier.school_id, person_id=assessment.assignee_id)
    stands = standing(web.db(), dossier, now=web.now(), with_uncited=False, to_school=is_of(dossier))
    here = _element(stands.rubric, assessment.element)
    measured = figures.results_of(stands.figures, dossier, here)
    may_assign = web.may(Permission.ELEMENT_ASSIGN, place)
    asked = supplements.by_id(web.db(), stands.request_id)
    names, staff = people.around_element(
        web.db(),
        school_id=dossier.school_id,
        of={assessment.saved_by, assessment.assignee_id},
        staff=may_assign,
    )
    opened = asked is None or asked.opens(assessment.element, web.now())
    editable = dossier.state is not DossierState.SIGNING and opened
    return render_template(
        "dossier/element.html",
        dossier=dossier,
        assessment=assessment,
        element=here,
        stands=stands,
        rubric=stands.rubric,
        gaps=[gap for gap in stands.readiness.gaps if gap.element == assessment.element],
        next_gap=_next_gap(stands, assessment.element),
        cards=queries.citation_cards(web.db(), dossier.id, assessment.element),
        saved_by=names.get(assessment.saved_by),
        staff=staff,
        may_score=editable and web.may(Permission.ELEMENT_SCORE, place),
        may_cite=editable and web.may(Permission.CITATION_WRITE, place),
        may_assign=may_assign and editable,
        asked=asked,
        lines=stands.checklist(here),
        ticks=stands.ticks.get(here.code, {}),
        may_tick=editable and web.may(Permission.MATERIAL_TICK, place),
        ticking=ticking or {},
        measured=measured,
        proofs=proofs_of(web.db(), dossier, here.code, measured),
        last_time=carry.last_time(web.db(), dossier, assessment.element),
        left=stands.left,
        owner=names.get(assessment.assignee_id),
        last_day=day_of(asked.request.due_at if asked and opened else dossier.cycle.submit_by),
        typed=typed,
        assigned=assigned,
        errors=errors or {},
        current=assessment if stale else None,
    )


def _next_gap(stands: Standing, code: str) -> str | None:
    """The next element, after this one and around, that isn't quiet."""
    codes = [e.code for e in stands.rubric.elements]
    here = codes.index(code)
    around = codes[here + 1 :] + codes[:here]
    return next((c for c in around if stands.readiness.statuses[c] != "ok"), None)


def _as_json(row: SelfAssessment) -> dict[str, Any]:
    return {
        "score": None if row.score is None else score(row.score),
        "justification": row.justification,
        "version": row.version,
        "saved_at": row.saved_at.isoformat() if row.saved_at else None,
        "saved_by": queries.person_name(web.db(), row.saved_by),
    }
