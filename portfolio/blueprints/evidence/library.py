"""The library: all evidence of a school, uploads by plain form, and what an element could cite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from portfolio import multipart, navigation, web
from portfolio.blueprints.evidence.routes import blueprint, rubric_for, small_number
from portfolio.db import begin_write
from portfolio.errors import DomainError, NotFound
from portfolio.filetypes import clean_display_name
from portfolio.models import EvidenceKind
from portfolio.multipart import FormFile
from portfolio.policy import Permission, Place
from portfolio.queries import places
from portfolio.queries.library import Cited, Filter, Order, library_page, picks
from portfolio.queries.places import SchoolAt
from portfolio.services import uploads
from portfolio.services.evidence import StoredFile
from portfolio.services.uploads import Wishes
from portfolio.wording import explain


@blueprint.get("/schools/<int:school_id>/evidence")
@web.guard(Permission.EVIDENCE_LIST, places.school)
def library(at: SchoolAt, school_id: int) -> Any:
    """All evidence of a school, filtered and paged, with a place to upload."""
    navigation.stand_on(at.school, at.dossier)
    chosen = _chosen(request.args)
    view = "gallery" if request.args.get("view") == "gallery" else "list"
    shown = library_page(
        web.db(), school_id=school_id, dossier_id=at.dossier.id if at.dossier else None, chosen=chosen
    )

    def link(**changes: Any) -> str:
        """This page with something else chosen, from its first page on."""
        now = {**_said(chosen), "view": "gallery" if view == "gallery" else "", **changes}
        return url_for("evidence.library", school_id=school_id, **{k: v for k, v in now.items() if v})

    return render_template(
        "evidence/library.html",
        school=at.school,
        dossier=at.dossier,
        rubric=rubric_for(at.dossier),
        shown=shown,
        chosen=chosen,
        view=view,
        link=link,
        may_write=web.may(Permission.EVIDENCE_WRITE, Place(school_id=school_id)),
    )


def _chosen(args: Mapping[str, str]) -> Filter:
    """What an address asks for; what makes no sense is left out."""
    cited, kind, order = args.get("cited", ""), args.get("kind", ""), args.get("order", "")
    return Filter(
        cited=cast(Cited, cited) if cited in ("cited", "uncited") else "",
        kind=EvidenceKind(kind) if kind in set(EvidenceKind) else None,
        year=small_number(args.get("year", "")),
        q=" ".join(args.get("q", "").split())[:100],
        order=cast(Order, order) if order in ("date", "title") else "newest",
        page=small_number(args.get("page", "")) or 1,
    )


def _said(chosen: Filter) -> dict[str, Any]:
    """A filter as it stands in an address, without the page."""
    return {
        "cited": chosen.cited,
        "kind": chosen.kind.value if chosen.kind else "",
        "year": chosen.year or "",
        "q": chosen.q,
        "order": "" if chosen.order == "newest" else chosen.order,
    }


@blueprint.post("/schools/<int:school_id>/evidence")
@web.csrf.exempt  # received_form checks the token, once it is known who sends the body
@web.streams
@web.guard(Permission.EVIDENCE_WRITE, places.school)
def upload_form(_school: SchoolAt, school_id: int) -> Any:
    """Upload with a plain form: what scripts do over tus."""
    web.db().rollback()
    settings = web.settings()
    with multipart.received_form(settings.uploads_folder, most=settings.max_upload_bytes) as (form, files):
        if not files:
            raise DomainError("files_missing")
        arrived = [_arrived(school_id, file, form) for file in files]
    begin_write(web.db())
    for one in arrived:
        _take_in(school_id, one)
    target = web.local_target(form.get("next"))
    if form.get("evidence", "").isdecimal():
        return redirect(target or url_for("evidence.show", evidence_id=int(form["evidence"])))
    return redirect(target or url_for("evidence.library", school_id=school_id))


@dataclass(frozen=True, slots=True)
class _Arrived:
    """A file of a form in the store, or why it isn't there."""

    filename: str
    wishes: Wishes | None = None
    stored: StoredFile | None = None
    refusal: DomainError | None = None


def _arrived(school_id: int, file: FormFile, form: Mapping[str, str]) -> _Arrived:
    """Store one file of a form; a refused one doesn't keep the others out."""
    try:
        wishes = uploads.read_wishes({**form, "filename": file.filename})
        uploads.check_size(file.size, web.settings().max_upload_bytes)
        storage = web.services().storage
        stored = uploads.store(file.path, filename=wishes.filename, school_id=school_id, storage=storage)
    except DomainError as error:
        return _Arrived(clean_display_name(file.filename), refusal=error)
    return _Arrived(wishes.filename, wishes, stored)


def _take_in(school_id: int, one: _Arrived) -> None:
    """A stored file as evidence; what became of it is told on the next page."""
    refusal = one.refusal
    if one.wishes and one.stored:
        try:
            with web.db().begin_nested():
                uploads.take_in(
                    web.db(),
                    actor=web.actor(),
                    now=web.now(),
                    school_id=school_id,
                    file=one.stored,
                    wishes=one.wishes,
                    storage=web.services().storage,
                )
        except DomainError as error:
            refusal = error
    if refusal:
        flash(_("Not taken: %(name)s. %(reason)s", name=one.filename[:80], reason=explain(refusal)), "gap")
    else:
        flash(_("Uploaded: %(name)s", name=one.filename[:80]), "ok")


@blueprint.get("/schools/<int:school_id>/evidence/pick")
@web.guard(Permission.CITATION_WRITE, places.school)
def pick(at: SchoolAt, school_id: int) -> Any:
    """Evidence that an element could cite, as a fragment of its page."""
    dossier, element = at.dossier, request.args.get("element", "")
    if dossier is None or request.args.get("dossier", str(dossier.id)) != str(dossier.id):
        raise NotFound()
    q = " ".join(request.args.get("q", "").split())[:100]
    found = picks(web.db(), school_id=school_id, dossier_id=dossier.id, element=element, q=q)
    return render_template(
        "evidence/_picker.html",
        found=found,
        dossier=dossier,
        element=element,
        q=q,
        next=web.local_target(request.args.get("next")),
    )
