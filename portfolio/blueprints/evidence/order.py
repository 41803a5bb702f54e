"""Keeping order: many pieces changed at once, the trash and the way back out of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.datastructures import MultiDict

from portfolio import navigation, web
from portfolio.blueprints.evidence.finding import hits_in_trash, words_in
from portfolio.blueprints.evidence.routes import blueprint, offer_undo, small_number
from portfolio.errors import DomainError
from portfolio.models import EvidenceKind
from portfolio.policy import Permission, Place
from portfolio.queries import places
from portfolio.queries.places import EvidenceAt, SchoolAt
from portfolio.queries.trash import SHOWN, trash_page
from portfolio.services import bulk as service
from portfolio.services import trash as trash_service
from portfolio.services.bulk import (
    AddYear,
    Change,
    Cite,
    Outcome,
    RemoveYear,
    Restore,
    SetKind,
    Trash,
    Uncite,
)
from portfolio.templating import school_year
from portfolio.wording import KINDS, explain

LONGEST_ID = 16  # digits


@blueprint.post("/schools/<int:school_id>/evidence/bulk")
@web.guard(Permission.EVIDENCE_WRITE, places.school)
def bulk(at: SchoolAt, school_id: int) -> Any:
    """One change to all pieces chosen; what is refused is named, piece by piece."""
    web.require(Permission.CITATION_WRITE, Place(school_id=school_id))
    back = web.local_target(request.form.get("next")) or url_for("evidence.library", school_id=school_id)
    try:
        change = _change(request.form, at)
        outcome = service.change_many(
            web.db(),
            actor=web.actor(),
            now=web.now(),
            school_id=school_id,
            ids=_ids(request.form),
            change=change,
        )
    except DomainError as error:
        if web.wants_json():
            raise
        web.refuse()
        return _result(school_id, back, error=explain(error)), 422
    _tell(change, outcome, url_for("evidence.bulk", school_id=school_id), back)
    if outcome.refused:
        return _result(school_id, back, outcome=outcome), 200 if outcome.changed else 422
    return redirect(back)


def _ids(form: MultiDict[str, str]) -> Iterator[int]:
    """The pieces chosen: one a field, as checkboxes send them, or several with spaces between."""
    for field in form.getlist("ids"):
        for word in field.split():
            if word.isascii() and word.isdecimal() and len(word) <= LONGEST_ID:
                yield int(word)


def _change(form: MultiDict[str, str], at: SchoolAt) -> Change:
    """The change asked for. Raises DomainError (kind_unknown, year_missing, element_missing, not_found)."""
    match form.get("do", ""):
        case "kind":
            if form.get("kind") not in set(EvidenceKind):
                raise DomainError("kind_unknown", field="kind")
            return SetKind(EvidenceKind(form["kind"]))
        case "add_year":
            return AddYear(_year(form))
        case "remove_year":
            return RemoveYear(_year(form))
        case "cite":
            return Cite(*_element(form, at))
        case "uncite":
            return Uncite(*_element(form, at))
        case "trash":
            return Trash()
        case "restore":
            return Restore()
    raise DomainError("change_missing")


def _year(form: MultiDict[str, str]) -> int:
    year = small_number(form.get("year", ""))
    if year is None:
        raise DomainError("year_missing", field="year")
    return year


def _element(form: MultiDict[str, str], at: SchoolAt) -> tuple[int, str]:
    """The dossier, and the element's code as typed: the service knows whether there is such a one."""
    if at.dossier is None or not form.get("element"):
        raise DomainError("element_missing", field="element")
    return at.dossier.id, form["element"]


def _tell(change: Change, outcome: Outcome, address: str, back: str) -> None:
    """Say what was done on the next page, with its undo where there is one."""
    count = len(outcome.changed)
    if not count:
        if not outcome.refused:
            flash(_("Nothing had to be changed."), "ok")
    elif outcome.undo is None:
        flash(_said(change, count), "ok")
    else:
        ids = " ".join(map(str, outcome.changed))
        offer_undo(_said(change, count), address, ids=ids, next=back, **_fields(outcome.undo))


def _said(change: Change, count: int) -> str:
    match change:
        case SetKind(kind):
            return ngettext(
                "%(num)s piece is now of the kind: %(kind)s",
                "%(num)s pieces are now of the kind: %(kind)s",
                count,
                kind=KINDS[kind],
            )
        case AddYear(year):
            return ngettext(
                "%(num)s piece speaks for %(year)s too",
                "%(num)s pieces speak for %(year)s too",
                count,
                year=school_year(year),
            )
        case RemoveYear(year):
            return ngettext(
                "%(num)s piece no longer speaks for %(year)s",
                "%(num)s pieces no longer speak for %(year)s",
                count,
                year=school_year(year),
            )
        case Cite(_dossier, element):
            return ngettext(
                "%(num)s piece cited for %(element)s",
                "%(num)s pieces cited for %(element)s",
                count,
                element=element,
            )
        case Uncite(_dossier, element):
            return ngettext(
                "%(num)s piece no longer cited for %(element)s",
                "%(num)s pieces no longer cited for %(element)s",
                count,
                element=element,
            )
        case Trash():
            return ngettext("%(num)s piece put into the trash", "%(num)s pieces put into the trash", count)
        case Restore():
            return ngettext(
                "%(num)s piece taken out of the trash", "%(num)s pieces taken out of the trash", count
            )


def _fields(change: Change) -> dict[str, object]:
    """The fields that ask for this change."""
    match change:
        case SetKind(kind):
            return {"do": "kind", "kind": kind.value}
        case AddYear(year):
            return {"do": "add_year", "year": year}
        case RemoveYear(year):
            return {"do": "remove_year", "year": year}
        case Cite(_dossier, element):
            return {"do": "cite", "element": element}
        case Uncite(_dossier, element):
            return {"do": "uncite", "element": element}
        case Trash():
            return {"do": "trash"}
        case Restore():
            return {"do": "restore"}


def _result(school_id: int, back: str, *, outcome: Outcome | None = None, error: str | None = None) -> str:
    """What was left as it is, and why."""
    at = places.school(web.db(), school_id=school_id)[0]
    navigation.stand_on(at.school, at.dossier)
    return render_template(
        "evidence/bulk.html", school=at.school, outcome=outcome, error=error, explain=explain, back=back
    )


@blueprint.get("/schools/<int:school_id>/evidence/trash")
@web.guard(Permission.EVIDENCE_LIST, places.school)
def trash(at: SchoolAt, school_id: int) -> Any:
    """What was thrown away in the last 30 days, or what of it a search found."""
    navigation.stand_on(at.school, at.dossier)
    q = words_in(request.args)
    return render_template(
        "evidence/trash.html",
        school=at.school,
        q=q,
        hits=hits_in_trash(at, q) if q else None,
        rows=() if q else trash_page(web.db(), school_id=school_id),
        most=SHOWN,
        kept=trash_service.KEPT,
        may_write=web.may(Permission.EVIDENCE_DELETE, Place(school_id=school_id)),
    )


@blueprint.post("/evidence/<int:evidence_id>/restore")
@web.guard(Permission.EVIDENCE_DELETE, places.evidence)
def restore(at: EvidenceAt, evidence_id: int) -> Any:
    """Take it out of the trash."""
    piece = trash_service.restore_evidence(
        web.db(), actor=web.actor(), now=web.now(), evidence_id=at.evidence.id
    )
    flash(_("Taken out of the trash: %(title)s", title=piece.title), "ok")
    target = web.local_target(request.form.get("next"))
    return redirect(target or url_for("evidence.show", evidence_id=evidence_id))
