"""Citing: evidence tied to elements, from the element's page or the evidence's, each act with its undo."""

from __future__ import annotations

from typing import Any

from flask import flash, jsonify, redirect, request, url_for
from flask_babel import gettext as _

from portfolio import web
from portfolio.blueprints.evidence.piece import evidence_again, sheet_page
from portfolio.blueprints.evidence.routes import blueprint, offer_undo
from portfolio.errors import DomainError, NotFound
from portfolio.models import Citation
from portfolio.policy import Permission
from portfolio.queries import places
from portfolio.queries.evidence import citation_at
from portfolio.queries.places import ElementAt, EvidenceAt
from portfolio.services import citations
from portfolio.services.citations import Passage
from portfolio.wording import explain


@blueprint.post("/dossiers/<int:dossier_id>/elements/<code>/citations")
@web.guard(Permission.CITATION_WRITE, places.element)
def cite(at: ElementAt) -> Any:
    """Cite evidence for an element."""
    named = request.form.get("evidence_id", "")
    if not (named.isdecimal() and len(named) <= 16):
        raise NotFound()
    return _cite(at.dossier.id, at.assessment.element, int(named))


@blueprint.post("/evidence/<int:evidence_id>/citations")
@web.guard(Permission.CITATION_WRITE, places.evidence)
def cite_for(at: EvidenceAt, evidence_id: int) -> Any:
    """Cite this evidence for an element of the school's newest dossier."""
    if at.dossier is None:
        raise NotFound()
    return _cite(at.dossier.id, request.form.get("element", "").strip().upper(), evidence_id)


@blueprint.post("/citations/<int:citation_id>")
@web.guard(Permission.CITATION_WRITE, citation_at)
def change_citation(citation: Citation, citation_id: int) -> Any:
    """Another passage, another remark."""
    evidence_id, element = citation.evidence_id, citation.element
    try:
        stood = citations.change_citation(
            web.db(),
            actor=web.actor(),
            now=web.now(),
            citation=citation,
            passage=citations.read_passage(request.form),
        )
    except DomainError as error:
        return _refused(evidence_id, error, citation_id=citation_id)
    action = url_for("evidence.change_citation", citation_id=citation_id)
    return _done(citation, _("Changed: citation for %(element)s", element=element), action, _fields(stood))


@blueprint.post("/citations/<int:citation_id>/delete")
@web.guard(Permission.CITATION_WRITE, citation_at)
def uncite(citation: Citation) -> Any:
    """Take a citation back."""
    stood = Passage(citation.page_from, citation.page_to, citation.remark)
    try:
        citations.uncite(web.db(), actor=web.actor(), now=web.now(), citation=citation)
    except DomainError as error:
        return _refused(citation.evidence_id, error)
    action = url_for("evidence.cite", dossier_id=citation.dossier_id, code=citation.element)
    fields = {"evidence_id": citation.evidence_id, **_fields(stood)}
    return _done(citation, _("No longer cited for %(element)s", element=citation.element), action, fields)


def _cite(dossier_id: int, element: str, evidence_id: int) -> Any:
    try:
        citation = citations.cite(
            web.db(),
            actor=web.actor(),
            now=web.now(),
            dossier_id=dossier_id,
            element=element,
            evidence_id=evidence_id,
            passage=citations.read_passage(request.form),
        )
    except DomainError as error:
        return _refused(evidence_id, error)
    action = url_for("evidence.uncite", citation_id=citation.id)
    return _done(citation, _("Cited for %(element)s", element=element), action, {})


def _done(citation: Citation, words: str, undo: str, fields: dict[str, Any]) -> Any:
    """The answer to an act: JSON for a script, else back to the page, which offers the undo."""
    if web.wants_json():
        offer = {"action": undo, "fields": fields, "label": _("Undo")}
        return jsonify(_described(citation) | {"words": words, "undo": offer})
    target = web.local_target(request.form.get("next"))
    target = target or url_for("evidence.show", evidence_id=citation.evidence_id)
    offer_undo(words, undo, next=target, **fields)
    return redirect(target)


def _described(citation: Citation) -> dict[str, Any]:
    evidence = places.evidence(web.db(), evidence_id=citation.evidence_id)[0].evidence
    return {
        "citation_id": citation.id,
        "evidence_id": citation.evidence_id,
        "title": evidence.title,
        "element": citation.element,
        "page_from": citation.page_from,
        "page_to": citation.page_to,
        "remark": citation.remark,
    }


def _fields(passage: Passage) -> dict[str, Any]:
    return {"page_from": passage.page_from, "page_to": passage.page_to, "remark": passage.remark}


def _refused(evidence_id: int, error: DomainError, *, citation_id: int | None = None) -> Any:
    """What was typed, on the evidence's page, beside the reason; a script gets the usual JSON."""
    if isinstance(error, NotFound) or web.wants_json():
        raise error
    web.refuse()
    passage = {
        **request.form.to_dict(),
        "citation_id": citation_id,
        "error": explain(error),
        "field": error.field,
    }
    flash(explain(error), "gap")
    return sheet_page(evidence_again(evidence_id), passage=passage), 422
