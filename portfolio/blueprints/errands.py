"""Long work in the background: asked for, followed, cancelled, fetched; whole schools out and in."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from portfolio import multipart, navigation, web, wording
from portfolio.db import begin_write
from portfolio.delivery import deliver
from portfolio.errors import DomainError, NotFound
from portfolio.filenames import clean_display_name
from portfolio.filetypes import ZIP
from portfolio.models import Errand, ErrandKind, ErrandState, Package
from portfolio.multipart import FormFile
from portfolio.policy import Permission, Place
from portfolio.queries import errands as queries
from portfolio.queries import places
from portfolio.queries.places import SchoolAt
from portfolio.services import errands
from portfolio.services.moving import out
from portfolio.storage import BlobMissing, StorageFull, StorageUnavailable, is_digest

blueprint = Blueprint("errands", __name__)
# What a form may bring; whatever is larger comes in by the command.
LARGEST_ARCHIVE = 64 * 1024**3


@blueprint.get("/errands")
@web.guard(Permission.OWN_ACCOUNT)
def mine() -> Any:
    """One's own errands."""
    return render_template("errands/mine.html", rows=queries.mine(web.db(), web.actor().user_id))


@blueprint.post("/packages/<int:package_id>/archive")
@web.guard(Permission.FILE_READ, places.package)
def pack_package(package: Package) -> Any:
    """Have the archive of a large package made."""
    originals = request.form.get("originals") == "1"
    if originals:
        web.require(Permission.ORIGINALS_READ, Place(school_id=package.school_id))
    errands.ask_for_package(web.db(), actor=web.actor(), now=web.now(), package=package, originals=originals)
    return redirect(url_for("errands.mine"))


@blueprint.get("/schools/<int:school_id>/archive")
@web.guard(Permission.SCHOOL_EXPORT, places.school)
def school_archive(at: SchoolAt) -> Any:
    """What a school's archive holds, and the button to have it made."""
    _check_sighted(at.school.id)
    navigation.stand_on(at.school, at.dossier)
    return render_template(
        "errands/school.html",
        school=at.school,
        size=out.size_of(web.db(), at.school.id),
        rows=queries.mine(web.db(), web.actor().user_id, school_id=at.school.id),
    )


@blueprint.post("/schools/<int:school_id>/archive")
@web.guard(Permission.SCHOOL_EXPORT, places.school)
def pack_school(at: SchoolAt) -> Any:
    """Have everything of a school packed."""
    _check_sighted(at.school.id)
    errands.ask_for_school(web.db(), actor=web.actor(), now=web.now(), school_id=at.school.id)
    return redirect(url_for("errands.school_archive", school_id=at.school.id))


@blueprint.get("/bureau/school-import")
@web.guard(Permission.CITY_MANAGE)
def import_page() -> Any:
    """The form to take in a school."""
    return _import_page({})


@blueprint.post("/bureau/school-import")
@web.csrf.exempt  # received_form checks the token, once it is known who sends the body
@web.streams
@web.guard(Permission.CITY_MANAGE)
def import_school() -> Any:
    """Take in a school from an archive, in the background."""
    web.db().rollback()
    typed: dict[str, str] = {}
    try:
        with multipart.received_form(web.settings().errands_folder, most=LARGEST_ARCHIVE) as (form, files):
            typed = {"digest": "".join(form.get("digest", "").split()).lower()}
            if not files:
                raise DomainError("files_missing", field="files")
            if typed["digest"] and not is_digest(typed["digest"]):
                raise DomainError("digest_malformed", field="digest")
            begin_write(web.db())
            _ask_for_import(files[0], typed["digest"] or None)
    except DomainError as error:
        if error.field is None:
            raise
        web.refuse()
        return _import_page(typed, {error.field: wording.explain(error)}), 422
    flash(_("The archive has arrived. It is being looked through and taken in."), "ok")
    return redirect(url_for("errands.mine"))


@blueprint.post("/errands/<int:errand_id>/cancellation")
@web.guard(Permission.ERRAND_OWN, queries.errand)
def cancel(errand: Errand) -> Any:
    """End an errand that is under way."""
    errands.cancel(web.db(), errand=errand, now=web.now())
    return redirect(url_for("errands.mine"))


@blueprint.post("/errands/<int:errand_id>/removal")
@web.guard(Permission.ERRAND_OWN, queries.errand)
def put_away(errand: Errand) -> Any:
    """Take an errand that is over off the list."""
    errands.put_away(web.db(), errand=errand)
    return redirect(url_for("errands.mine"))


@blueprint.post("/errands/<int:errand_id>/fetching")
@web.guard(Permission.ERRAND_OWN, queries.errand)
def fetch(errand: Errand) -> Any:
    """On to what was made: that it is ready need not be told any more."""
    errands.mark_seen(web.db(), errand=errand, now=web.now())
    return redirect(url_for("errands.file", errand_id=errand.id))


@blueprint.get("/errands/<int:errand_id>/file")
@web.guard(Permission.ERRAND_OWN, queries.errand)
def file(errand: Errand, errand_id: int) -> AnyResponse:
    """What was made, in ranges too, as long as the person may still have it."""
    found, place = queries.errand(web.db(), errand_id=errand_id)
    if found.state is not ErrandState.DONE or found.kind not in queries.NEEDED or found.sha256 is None:
        raise DomainError("errand_nothing")
    web.require(queries.NEEDED[errand.kind], place)
    if found.kind is ErrandKind.SCHOOL and found.school_id is not None:
        _check_sighted(found.school_id)
    try:
        return deliver(
            web.services().storage,
            school_id=errands.shelf_of(errand),
            sha256=found.sha256,
            size=found.size or 0,
            media_type=ZIP.media_type,
            filename=found.filename or "archive.zip",
            download=True,
        )
    except BlobMissing as error:
        raise DomainError("errand_nothing") from error


def _check_sighted(school_id: int) -> None:
    """Raise NotFound for whoever is still to judge the school alone."""
    if queries.still_blind_to(web.db(), web.actor(), school_id):
        raise NotFound()


def _ask_for_import(file: FormFile, expected: str | None) -> None:
    """Put the archive into the store, from where any worker can take it. Raises DomainError."""
    with file.path.open("rb") as opened:
        sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
        size = opened.tell()
    if not size:
        raise DomainError("file_empty", field="files")
    # named before it is there: a sweep takes away what no row names, and waits for this one
    errands.ask_for_import(
        web.db(),
        actor=web.actor(),
        now=web.now(),
        filename=clean_display_name(file.filename),
        sha256=sha256,
        size=size,
        expected=expected,
    )
    try:
        web.services().storage.put(errands.INCOMING, sha256, file.path)
    except StorageFull as error:
        raise DomainError("upload_no_room", field="files") from error
    except StorageUnavailable as error:
        raise DomainError("storage_unavailable", field="files") from error


def _import_page(typed: dict[str, str], errors: dict[str, str] | None = None) -> str:
    return render_template("errands/import.html", typed=typed, errors=errors or {})
