"""Photographs of findings: taken in like a school's files, shown only as copies without place and device."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import abort, flash, redirect
from flask_babel import gettext as _
from flask_babel import ngettext

from portfolio import multipart, web
from portfolio.blueprints.visit.root import VISIT, address, blueprint
from portfolio.db import begin_write
from portfolio.delivery import deliver
from portfolio.errors import DomainError, NotFound
from portfolio.filenames import clean_display_name
from portfolio.multipart import FormFile
from portfolio.policy import Permission
from portfolio.queries import derived
from portfolio.queries import findings as queries
from portfolio.queries.findings import FindingAt
from portfolio.services import blobs, uploads
from portfolio.services import findings as service
from portfolio.services.evidence import StoredFile
from portfolio.storage import BlobMissing, StorageUnavailable

WEBP = "image/webp"


@blueprint.post(f"{VISIT}/findings/<uuid:token>/photos")
@web.csrf.exempt  # received_form checks the token, once it is known who sends the body
@web.streams
@web.guard(Permission.FINDING_WRITE, queries.finding_by_token)
def add_photos(at: FindingAt, round_id: int, package_id: int, token: UUID) -> Any:
    """Add photographs to a finding."""
    school_id, where = at.assignment.package.school_id, address("findings", at.assignment)
    web.db().rollback()
    settings = web.settings()
    with multipart.received_form(settings.uploads_folder, most=settings.max_upload_bytes) as (_form, files):
        if not files:
            raise DomainError("files_missing")
        stored = [_stored(file, school_id) for file in files]
    begin_write(web.db())
    at, _place = queries.finding_by_token(web.db(), round_id=round_id, package_id=package_id, token=token)
    for file in stored:
        _add(at, file)
    flash(ngettext("%(num)s photograph added", "%(num)s photographs added", len(stored)), "ok")
    return redirect(f"{where}#f-{at.finding.id}")


@blueprint.get(f"{VISIT}/photos/<int:photo_id>/<size>")
@web.guard(Permission.PHOTO_READ, queries.photo)
def photo(at: FindingAt, size: str) -> Any:
    """A photograph as it was drawn anew: never the file that came from the phone."""
    assert at.photo is not None
    school_id = at.photo.school_id
    image = derived.page_image(web.db(), school_id=school_id, sha256=at.photo.sha256, page=1, size=size)
    storage = web.services().storage
    there = storage.size(school_id, image.image_sha256)
    if there is None:
        raise NotFound("bytes_missing", title=at.photo.filename)
    try:
        return deliver(
            storage,
            school_id=school_id,
            sha256=image.image_sha256,
            size=there,
            media_type=WEBP,
            filename=f"{at.photo.id}.webp",
            download=False,
        )
    except BlobMissing as error:
        raise NotFound("bytes_missing", title=at.photo.filename) from error
    except StorageUnavailable:
        abort(503)


@blueprint.post(f"{VISIT}/photos/<int:photo_id>/removal")
@web.guard(Permission.FINDING_WRITE, queries.own_photo)
def remove_photo(at: FindingAt) -> Any:
    """Take a photograph away."""
    assert at.photo is not None
    service.remove_photo(web.db(), actor=web.actor(), now=web.now(), assignment=at.assignment, photo=at.photo)
    flash(_("The photograph is removed."), "ok")
    return redirect(address("findings", at.assignment, _anchor=f"f-{at.finding.id}"))


def _stored(file: FormFile, school_id: int) -> StoredFile:
    """One file of the form in the store. Raises DomainError: as uploads do, and for what is no picture."""
    uploads.check_size(file.size, web.settings().max_upload_bytes)
    name = clean_display_name(file.filename)
    stored = blobs.store(file.path, filename=name, school_id=school_id, storage=web.services().storage)
    service.check_picture(stored)
    return stored


def _add(at: FindingAt, file: StoredFile) -> None:
    service.add_photo(
        web.db(),
        actor=web.actor(),
        now=web.now(),
        assignment=at.assignment,
        finding=at.finding,
        file=file,
        storage=web.services().storage,
    )
