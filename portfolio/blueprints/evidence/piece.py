"""One piece of evidence: its description, its files, and what rests on it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date as Date
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from portfolio import navigation, web
from portfolio.blueprints.evidence.offers import offers_of
from portfolio.blueprints.evidence.routes import (
    blueprint,
    may_cite,
    offer_undo,
    recent_years,
    rubric_for,
    small_number,
)
from portfolio.blueprints.evidence.viewing import opened_at
from portfolio.errors import DomainError, NotFound, Refused, StaleWrite
from portfolio.models import EvidenceKind
from portfolio.policy import Permission, Place
from portfolio.queries import derived, places
from portfolio.queries import evidence as queries
from portfolio.queries.places import EvidenceAt
from portfolio.services import evidence as service
from portfolio.services import trash
from portfolio.services.evidence import Description
from portfolio.services.wishes import read_years
from portfolio.wording import explain


@blueprint.get("/evidence/<int:evidence_id>")
@web.guard(Permission.EVIDENCE_READ, places.evidence)
def show(at: EvidenceAt) -> Any:
    """One piece of evidence: description, files, citations."""
    return sheet_page(at)


@blueprint.post("/evidence/<int:evidence_id>")
@web.guard(Permission.EVIDENCE_WRITE, places.evidence)
def describe(at: EvidenceAt, evidence_id: int) -> Any:
    """Save the description; over somebody else's newer one it is refused, with both shown."""
    typed = request.form
    try:
        said = _description(typed)
        version = small_number(typed.get("version", "")) or 0
        service.describe(
            web.db(),
            actor=web.actor(),
            now=web.now(),
            evidence=at.evidence,
            description=said,
            version=version,
        )
    except Refused as refused:
        web.refuse()
        return sheet_page(evidence_again(evidence_id), typed=typed, errors=_by_field(refused)), 422
    except StaleWrite as stale:
        web.refuse()
        return _conflict(evidence_again(evidence_id), said, stale.current), 409
    flash(_("Saved"), "ok")
    return redirect(url_for("evidence.show", evidence_id=evidence_id))


@blueprint.post("/evidence/<int:evidence_id>/delete")
@web.guard(Permission.EVIDENCE_DELETE, places.evidence)
def delete(at: EvidenceAt, evidence_id: int) -> Any:
    """Put it into the trash, unless something rests on it; the next page offers to take it back."""
    title, school_id = at.evidence.title, at.school.id
    try:
        trash.trash_evidence(web.db(), actor=web.actor(), now=web.now(), evidence_id=evidence_id)
    except NotFound:
        raise
    except DomainError as error:
        web.refuse()
        return sheet_page(evidence_again(evidence_id), errors={"delete": explain(error)}), 422
    words = _("In the trash: %(title)s", title=title)
    offer_undo(words, url_for("evidence.restore", evidence_id=evidence_id))
    return redirect(url_for("evidence.library", school_id=school_id))


def sheet_page(
    at: EvidenceAt,
    *,
    typed: MultiDict[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    passage: Mapping[str, Any] | None = None,
) -> str:
    """The page; `typed` is a refused description, `passage` a refused citation."""
    navigation.stand_on(at.school, at.dossier)
    place = Place(school_id=at.school.id)
    sheet = queries.sheet(web.db(), evidence_id=at.evidence.id)
    kept_until = at.evidence.trashed_at + trash.KEPT if at.evidence.trashed_at else None
    return render_template(
        "evidence/show.html",
        evidence=at.evidence,
        school=at.school,
        dossier=at.dossier,
        rubric=rubric_for(at.dossier),
        sheet=sheet,
        form=typed or _form_of(at, sheet),
        chosen_years=set(typed.getlist("years")) if typed else {str(y) for y in sheet.years},
        recent_years=recent_years(at.dossier),
        kinds=list(EvidenceKind),
        errors=errors or {},
        passage=passage or {},
        may_restore=kept_until is not None and web.may(Permission.EVIDENCE_DELETE, place),
        kept_until=kept_until,
        may_write=kept_until is None and web.may(Permission.EVIDENCE_WRITE, place),
        may_cite=kept_until is None and may_cite(at),
        offers=None if kept_until else offers_of(at, sheet),
        view=derived.viewing(
            web.db(), school_id=at.school.id, sha256=sheet.newest.sha256, page=opened_at(None)
        ),
    )


def _form_of(at: EvidenceAt, sheet: queries.EvidenceSheet) -> dict[str, str]:
    """The description as its form shows it."""
    recent = recent_years(at.dossier)
    return {
        "title": at.evidence.title,
        "kind": at.evidence.kind.value,
        "other_years": ", ".join(str(year) for year in sorted(sheet.years) if year not in recent),
        "date": at.evidence.date.isoformat() if at.evidence.date else "",
        "remark": at.evidence.remark,
        "version": str(at.evidence.version),
    }


def _description(typed: MultiDict[str, str]) -> Description:
    """The description as typed. Raises Refused by field."""
    errors: dict[str, DomainError] = {}
    kind = typed.get("kind", "")
    if kind not in set(EvidenceKind):
        errors["kind"] = DomainError("kind_unknown", field="kind")
    years: list[int] = []
    try:
        years = read_years(" ".join([*typed.getlist("years"), typed.get("other_years", "")]))
    except DomainError as error:
        errors["years"] = error
    day = None
    try:
        day = Date.fromisoformat(typed["date"]) if typed.get("date", "").strip() else None
    except ValueError:
        errors["date"] = DomainError("date_malformed", field="date")
    said = Description(
        title=typed.get("title", ""),
        kind=EvidenceKind.OTHER if "kind" in errors else EvidenceKind(kind),
        years=frozenset(years),
        date=day,
        remark=typed.get("remark", "").replace("\r\n", "\n"),
    )
    if errors:
        raise Refused(errors)
    return said


def _conflict(at: EvidenceAt, mine: Description, theirs: object) -> str:
    """Both descriptions side by side; either can be kept."""
    navigation.stand_on(at.school, at.dossier)
    return render_template(
        "evidence/conflict.html", evidence=at.evidence, mine=mine, theirs=theirs, version=at.evidence.version
    )


def evidence_again(evidence_id: int) -> EvidenceAt:
    """The evidence as it stands after a refusal has undone everything."""
    return places.evidence(web.db(), evidence_id=evidence_id)[0]


def _by_field(refused: Refused) -> dict[str, str]:
    return {name: explain(error) for name, error in refused.errors.items()}
