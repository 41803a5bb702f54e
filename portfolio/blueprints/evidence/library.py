"""The library: all evidence of a school, what a search finds in it, and uploads by plain form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from portfolio import multipart, navigation, web
from portfolio.blueprints.evidence.finding import aim_of, chosen_from, said, yardstick_of
from portfolio.blueprints.evidence.routes import blueprint, recent_years, rubric_for
from portfolio.db import begin_write
from portfolio.errors import DomainError
from portfolio.filenames import clean_display_name
from portfolio.multipart import FormFile
from portfolio.policy import Permission, Place
from portfolio.queries import places, search
from portfolio.queries.facets import facets_of
from portfolio.queries.library import Library, library_page
from portfolio.queries.library_filter import Filter
from portfolio.queries.places import SchoolAt
from portfolio.queries.search import Hits
from portfolio.services import blobs, uploads
from portfolio.services.evidence import StoredFile
from portfolio.services.wishes import Wishes, read_wishes
from portfolio.wording import explain


@blueprint.get("/schools/<int:school_id>/evidence")
@web.guard(Permission.EVIDENCE_LIST, places.school)
def library(at: SchoolAt, school_id: int) -> Any:
    """All evidence of a school, filtered and paged, with a place to upload."""
    navigation.stand_on(at.school, at.dossier)
    rubric = rubric_for(at.dossier)
    chosen, aim = chosen_from(request.args, rubric), aim_of(at, rubric)
    view = "gallery" if request.args.get("view") == "gallery" else "list"
    shown, hits = _looked_up(at, chosen)
    now = {**said(chosen), "view": "gallery" if view == "gallery" else "", "for": aim or ""}
    return render_template(
        "evidence/library.html",
        school=at.school,
        dossier=at.dossier,
        rubric=rubric,
        shown=shown,
        hits=hits,
        chosen=chosen,
        aim=aim,
        view=view,
        link=_changing(school_id, now),
        years=sorted({*recent_years(at.dossier), *shown.facets.years}, reverse=True),
        may_write=web.may(Permission.EVIDENCE_WRITE, Place(school_id=school_id)),
    )


def _changing(school_id: int, now: Mapping[str, Any]) -> Callable[..., str]:
    """What makes addresses of the library with something else chosen, from its first page on."""

    def link(**changes: Any) -> str:
        chosen = {name: value for name, value in {**now, **changes}.items() if value}
        return url_for("evidence.library", school_id=school_id, **chosen)

    return link


def _looked_up(at: SchoolAt, chosen: Filter) -> tuple[Library, Hits | None]:
    """A page of the list, or of what a search found."""
    yardstick = yardstick_of(at)
    if not chosen.q:
        shown = library_page(
            web.db(),
            school_id=yardstick.school_id,
            dossier_id=yardstick.dossier_id,
            window_start=yardstick.window_start,
            chosen=chosen,
        )
        return shown, None
    hits = search.find(web.db(), yardstick=yardstick, chosen=chosen)
    return Library((), facets_of(web.db(), yardstick, chosen), hits.pages), hits


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
        wishes = read_wishes({**form, "filename": file.filename, "path": file.filename})
        uploads.check_size(file.size, web.settings().max_upload_bytes)
        storage = web.services().storage
        stored = blobs.store(file.path, filename=wishes.filename, school_id=school_id, storage=storage)
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
