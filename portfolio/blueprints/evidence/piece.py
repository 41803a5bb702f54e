"""One piece of evidence: its description, its files, and what rests on it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date as Date
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from portfolio import navigation, web
from portfolio.blueprints.evidence.routes import blueprint, rubric_for, small_number
from portfolio.delivery import deliver
from portfolio.errors import DomainError, NotFound, Refused, StaleWrite
from portfolio.models import Dossier, DossierState, EvidenceKind
from portfolio.policy import Permission, Place
from portfolio.queries import evidence as queries
from portfolio.queries import places
from portfolio.queries.places import EvidenceAt, FileAt
from portfolio.services import evidence as service
from portfolio.services import uploads
from portfolio.services.evidence import Description
from portfolio.storage import BlobMissing, StorageUnavailable
from portfolio.wording import explain
from rubric.gaps import school_year_of

RECENT_YEARS = 5


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
    """Delete it, unless something rests on it."""
    title, school_id = at.evidence.title, at.school.id
    try:
        service.delete_evidence(web.db(), actor=web.actor(), now=web.now(), evidence=at.evidence)
    except NotFound:
        raise
    except DomainError as error:
        web.refuse()
        return sheet_page(evidence_again(evidence_id), errors={"delete": explain(error)}), 422
    flash(_("Deleted: %(title)s", title=title), "ok")
    return redirect(url_for("evidence.library", school_id=school_id))


@blueprint.get("/evidence/<int:evidence_id>/versions/<int:number>/file")
@web.guard(Permission.FILE_READ, places.file_version)
def file(at: FileAt) -> Any:
    """The bytes of one version, under the name it was uploaded with."""
    version, blob = at.version, at.blob
    try:
        return deliver(
            web.services().storage,
            school_id=version.school_id,
            sha256=version.sha256,
            size=blob.size,
            media_type=blob.media_type,
            filename=version.filename,
            download="download" in request.args,
        )
    except BlobMissing as error:
        raise NotFound("bytes_missing", title=version.filename) from error
    except StorageUnavailable:
        abort(503)


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
    editable = at.dossier is not None and at.dossier.state is not DossierState.SIGNING
    return render_template(
        "evidence/show.html",
        evidence=at.evidence,
        school=at.school,
        dossier=at.dossier,
        rubric=rubric_for(at.dossier),
        sheet=sheet,
        form=typed or _form_of(at, sheet),
        chosen_years=set(typed.getlist("years")) if typed else {str(y) for y in sheet.years},
        recent_years=_recent_years(at.dossier),
        kinds=list(EvidenceKind),
        errors=errors or {},
        passage=passage or {},
        may_write=web.may(Permission.EVIDENCE_WRITE, place),
        may_cite=editable and web.may(Permission.CITATION_WRITE, place),
    )


def _form_of(at: EvidenceAt, sheet: queries.EvidenceSheet) -> dict[str, str]:
    """The description as its form shows it."""
    recent = _recent_years(at.dossier)
    return {
        "title": at.evidence.title,
        "kind": at.evidence.kind.value,
        "other_years": ", ".join(str(year) for year in sorted(sheet.years) if year not in recent),
        "date": at.evidence.date.isoformat() if at.evidence.date else "",
        "remark": at.evidence.remark,
        "version": str(at.evidence.version),
    }


def _recent_years(dossier: Dossier | None) -> list[int]:
    newest = dossier.cycle.school_year if dossier else school_year_of(web.now().date())
    return [newest - past for past in range(RECENT_YEARS)]


def _description(typed: MultiDict[str, str]) -> Description:
    """The description as typed. Raises Refused by field."""
    errors: dict[str, DomainError] = {}
    kind = typed.get("kind", "")
    if kind not in set(EvidenceKind):
        errors["kind"] = DomainError("kind_unknown", field="kind")
    years: list[int] = []
    try:
        years = uploads.read_years(" ".join([*typed.getlist("years"), typed.get("other_years", "")]))
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
