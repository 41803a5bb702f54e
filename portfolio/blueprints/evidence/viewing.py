"""Seeing a file: its bytes or its public copy, its pages as images, their text, and how far all this is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from flask import abort, flash, jsonify, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from portfolio import web
from portfolio.blueprints.evidence.routes import blueprint
from portfolio.delivery import deliver
from portfolio.errors import DomainError, NotFound
from portfolio.filetypes import PICTURES, inline_safe
from portfolio.jobs import Job
from portfolio.models import Derivation, DerivationState, EvidenceVersion
from portfolio.policy import Permission, Place
from portfolio.queries import derived, places
from portfolio.queries.derived import Viewing
from portfolio.queries.places import FileAt
from portfolio.services import derivations, deriving
from portfolio.storage import BlobMissing, StorageUnavailable
from portfolio.templating import strings_for_scripts
from portfolio.wording import explain


@dataclass(frozen=True, slots=True)
class ViewedFile:
    """What the viewer's template asks of a file."""

    evidence_id: int
    number: int
    filename: str
    media_type: str
    size: int


WEBP = "image/webp"
SOON = 10  # seconds after which a copy in the making is worth asking for again


def _page(session: Session, *, evidence_id: int, number: int, **_which: Any) -> tuple[FileAt, Place]:
    """A file version, for addresses of its pages."""
    return places.file_version(session, evidence_id=evidence_id, number=number)


@blueprint.get("/evidence/<int:evidence_id>/versions/<int:number>/file")
@web.guard(Permission.FILE_READ, places.file_version)
def file(at: FileAt) -> Any:
    """The bytes of one version under the name it was uploaded with; of a picture its public copy."""
    if at.blob.media_type in PICTURES:
        return _public_copy(at.version)
    return _delivered(at.version, at.version.sha256, at.blob.size, at.blob.media_type, at.version.filename)


@blueprint.get("/evidence/<int:evidence_id>/versions/<int:number>")
@web.guard(Permission.FILE_READ, places.file_version)
def view(at: FileAt) -> Any:
    """One version in the viewer: all that a panel sees of a file, which is called what it was called when uploaded."""
    version, place = at.version, Place(school_id=at.version.school_id)
    return render_template(
        "evidence/view.html",
        file=ViewedFile(
            version.evidence_id, version.number, version.filename, at.blob.media_type, at.blob.size
        ),
        view=derived.viewing(
            web.db(), school_id=version.school_id, sha256=version.sha256, page=opened_at(None)
        ),
        may_read=web.may(Permission.EVIDENCE_READ, place),
        may_retry=web.may(Permission.EVIDENCE_WRITE, place),
    )


@blueprint.get("/evidence/<int:evidence_id>/versions/<int:number>/pages/<int:page>/<size>")
@web.guard(Permission.FILE_READ, _page)
def page_image(at: FileAt, page: int, size: str) -> Any:
    """A page as an image; one far into a long file is drawn when it is first asked for."""
    version = at.version
    try:
        image = derived.page_image(
            web.db(), school_id=version.school_id, sha256=version.sha256, page=page, size=size
        )
    except NotFound:
        _have_drawn(version, page)
        raise
    bytes_there = web.services().storage.size(version.school_id, image.image_sha256)
    if bytes_there is None:
        raise NotFound("bytes_missing", title=version.filename)
    return _delivered(version, image.image_sha256, bytes_there, WEBP, f"{page}.webp")


@blueprint.get("/evidence/<int:evidence_id>/versions/<int:number>/pages/<int:page>/text")
@web.guard(Permission.FILE_READ, _page)
def page_text(at: FileAt, page: int) -> Any:
    """A page's text: {text, cut}; no text where there is none."""
    text, cut = derived.page_text(
        web.db(), school_id=at.version.school_id, sha256=at.version.sha256, page=page
    )
    return jsonify(text=text or "", cut=cut)


@blueprint.get("/evidence/<int:evidence_id>/versions/<int:number>/derivation")
@web.guard(Permission.FILE_READ, places.file_version)
def derivation(at: FileAt) -> Any:
    """How far the derivatives are: {state}."""
    row = web.db().get(Derivation, (at.version.school_id, at.version.sha256))
    return jsonify(state=row.state if row else DerivationState.WAITING)


@blueprint.post("/evidence/<int:evidence_id>/versions/<int:number>/derivation")
@web.guard(Permission.EVIDENCE_WRITE, places.file_version)
def derive_again(at: FileAt, evidence_id: int) -> Any:
    """Try once more what failed."""
    derivations.retry(web.db(), school_id=at.version.school_id, sha256=at.version.sha256, now=web.now())
    flash(_("It is being tried again."), "ok")
    return redirect(
        web.local_target(request.form.get("next")) or url_for("evidence.show", evidence_id=evidence_id)
    )


def _have_drawn(version: EvidenceVersion, page: int) -> None:
    """Nothing of a request: the next one for this page may find its image."""
    if 1 <= page <= deriving.LIMITS.pages:
        wanted = Job(
            derivations.DRAW, {"school_id": version.school_id, "sha256": version.sha256, "page": page}
        )
        web.services().jobs.send([wanted])


def _public_copy(version: EvidenceVersion) -> Response:
    """A picture without place and device; never the original in its place."""
    row = web.db().get(Derivation, (version.school_id, version.sha256))
    if row is not None and row.state is DerivationState.FAILED:
        raise DomainError("copy_failed", titles=version.filename)
    if row is None or row.public_sha256 is None or row.public_size is None or row.public_media_type is None:
        return _later(explain(DomainError("copy_in_the_making", titles=version.filename)))
    name = _named_for(row.public_media_type, version.filename)
    return _delivered(version, row.public_sha256, row.public_size, row.public_media_type, name)


def _later(words: str) -> Response:
    shown = (
        jsonify(error=words)
        if web.wants_json()
        else render_template("errors/error.html", code=503, words=words)
    )
    response = make_response(shown, 503)
    response.headers["Retry-After"] = str(SOON)
    response.headers["Cache-Control"] = "no-store"
    return response


_SUFFIXES = {
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "image/webp": (".webp",),
    "image/gif": (".gif",),
    "image/tiff": (".tif", ".tiff"),
}


def _named_for(media_type: str, filename: str) -> str:
    """The file's name, its ending that of what is served: a HEIC goes out as a JPEG."""
    usual = _SUFFIXES[media_type]
    suffix = PurePath(filename).suffix
    return filename if suffix.lower() in usual else filename.removesuffix(suffix) + usual[0]


def _delivered(version: EvidenceVersion, sha256: str, size: int, media_type: str, filename: str) -> Response:
    try:
        return deliver(
            web.services().storage,
            school_id=version.school_id,
            sha256=sha256,
            size=size,
            media_type=media_type,
            filename=filename,
            download="download" in request.args,
        )
    except BlobMissing as error:
        raise NotFound("bytes_missing", title=version.filename) from error
    except StorageUnavailable:
        abort(503)


# ---- The viewer ----


def opened_at(default: int | None) -> int:
    """The page that the address names, else the cited one, else the first."""
    named = request.args.get("page", type=int)
    return named if named and 1 <= named <= 9999 else default or 1


@blueprint.app_template_global("viewer_mode")
def viewer_mode(view: Viewing, media_type: str) -> str:
    """How a file is shown: pages, text, sound, film, frame (by the browser itself), or a card."""
    family = media_type.partition("/")[0]
    if inline_safe(media_type) and family in ("audio", "video"):
        return "sound" if family == "audio" else "film"
    if view.made.failed:
        return "card"
    if view.pages:
        return "pages"
    if view.text is not None or view.count > 1:
        return "text"
    return "frame" if inline_safe(media_type) and family != "image" else "card"


@blueprint.app_template_global("viewer_pages")
def viewer_pages(view: Viewing) -> str:
    """The pages' images for viewer.js: {number: [[size, width, height], …]}."""
    return json.dumps({page.number: page.images for page in view.pages.values()})


@blueprint.app_template_global("viewer_strings")
def viewer_strings() -> str:
    """The words of viewer.js."""
    return strings_for_scripts(
        {
            "page": _("Page {page} of {count}"),
            "none": _("This page has no text."),
            "unread": _("The text could not be loaded. Please try again."),
        }
    )


@blueprint.app_template_filter("minutes")
def minutes(milliseconds: int) -> str:
    """A duration: 3:05, 1:02:03."""
    seconds = max(1, round(milliseconds / 1000))
    hours, rest = divmod(seconds, 3600)
    shown = f"{rest // 60}:{rest % 60:02}"
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else shown
