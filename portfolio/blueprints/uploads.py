"""Uploads over tus 1.0.0: core, creation, creation with upload, checksum, expiration, termination."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from flask import Blueprint, Response, jsonify, make_response, request, url_for
from werkzeug.exceptions import ClientDisconnected, MethodNotAllowed, RequestEntityTooLarge
from werkzeug.http import http_date

from portfolio import arrivals, tus, web
from portfolio.arrivals import Checksum, GrowingFile, LineCut
from portfolio.db import begin_write
from portfolio.errors import DomainError, NotFound
from portfolio.models import Upload
from portfolio.policy import Permission
from portfolio.queries import places
from portfolio.queries.evidence import upload_at
from portfolio.services import blobs, uploads
from portfolio.services.uploads import Receipt
from portfolio.services.wishes import Wishes, read_wishes
from portfolio.tokens import new_token
from portfolio.wording import explain

blueprint = Blueprint("uploads", __name__, url_prefix="/schools/<int:school_id>/evidence/uploads")


@dataclass(frozen=True, slots=True)
class Job:
    """An upload apart from the session that read it: none is open while bytes stream."""

    token: str
    school_id: int
    length: int
    wishes: Wishes
    expires: datetime
    # of an upload that has no row yet: what the client said, to be told back
    metadata: str | None = None


@blueprint.route("", methods=["OPTIONS"])
@web.guard(Permission.EVIDENCE_WRITE, places.school)
def describe(_school: Any) -> Response:
    """What this endpoint can do."""
    response = Response(status=204)
    response.headers["Tus-Version"] = tus.VERSION
    response.headers["Tus-Extension"] = tus.EXTENSIONS
    response.headers["Tus-Max-Size"] = str(web.settings().max_upload_bytes)
    response.headers["Tus-Checksum-Algorithm"] = ",".join(arrivals.CHECKSUMS)
    return response


@blueprint.url_value_preprocessor
def _admit_long_bodies(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Bodies of uploads may be as long as files; everything else keeps the limit of forms."""
    if request.mimetype == tus.BODY_TYPE:
        request.max_content_length = web.settings().max_upload_bytes


@blueprint.post("", provide_automatic_options=False)
@web.streams
@web.guard(Permission.EVIDENCE_WRITE, places.school)
def create(_school: Any, school_id: int) -> Response:
    """Announce an upload; a body is its first bytes."""
    _check_version()
    job = _announced(school_id)
    web.db().rollback()
    arrivals.begin(_folder(), job.token)
    try:
        with arrivals.held(_folder(), job.token) as file:
            if _has_body():
                _check_body_type()
                _append(file, job)
            response = _advanced(file, job)
    except Exception:
        arrivals.discard(_folder(), job.token)  # the client was never told of it
        raise
    response.status_code = 201
    response.headers["Location"] = url_for("uploads.receive", school_id=school_id, token=job.token)
    return response


@blueprint.route("/<token>", methods=["HEAD"], provide_automatic_options=False)
@web.guard(Permission.EVIDENCE_WRITE, upload_at)
def progress(upload: Upload) -> Response:
    """How far the upload is."""
    _check_version()
    _check_own(upload)
    response = Response(status=200)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Upload-Length"] = str(upload.length)
    if upload.details["metadata"]:
        response.headers["Upload-Metadata"] = upload.details["metadata"]
    if upload.finished_at is not None:
        return _named(response, uploads.receipt_of(upload), upload.length)
    _check_open(upload)
    return _at(response, arrivals.size_of(_folder(), upload.token), upload.expires_at)


@blueprint.patch("/<token>", provide_automatic_options=False)
@web.streams
@web.guard(Permission.EVIDENCE_WRITE, upload_at)
def receive(upload: Upload) -> Response:
    """Receive bytes from the offset on; the last ones make the upload evidence."""
    _check_version()
    _check_own(upload)
    _check_body_type()
    offset = _number("Upload-Offset")
    if upload.finished_at is not None:
        return _again(upload, offset)
    _check_open(upload)
    job = Job(upload.token, upload.school_id, upload.length, uploads.wishes_of(upload), upload.expires_at)
    web.db().rollback()
    try:
        with arrivals.held(_folder(), job.token) as file:
            return _received(file, job, offset)
    except NotFound:
        return _meanwhile(job, offset)


@blueprint.delete("/<token>", provide_automatic_options=False)
@web.guard(Permission.EVIDENCE_WRITE, upload_at)
def terminate(upload: Upload) -> Response:
    """Give the upload up."""
    _check_version()
    _check_own(upload)
    uploads.give_up(web.db(), folder=_folder(), token=upload.token)
    return Response(status=204)


@blueprint.post("/<token>", provide_automatic_options=False)
@web.streams
@web.guard(Permission.EVIDENCE_WRITE, upload_at)
def overridden(_upload: Upload, school_id: int, token: str) -> Response:
    """PATCH and DELETE for clients that can only POST."""
    web.db().rollback()
    match request.headers.get("X-HTTP-Method-Override", "").upper():
        case "PATCH":
            return cast(Response, receive(school_id=school_id, token=token))
        case "DELETE":
            begin_write(web.db())
            return cast(Response, terminate(school_id=school_id, token=token))
        case _:
            raise MethodNotAllowed()


# ---- Receiving ----


def _announced(school_id: int) -> Job:
    """The upload that this request announces. Raises DomainError."""
    length = _number("Upload-Length")
    metadata = request.headers.get("Upload-Metadata", "")
    wishes = read_wishes(tus.read_metadata(metadata))
    uploads.check_size(length, web.settings().max_upload_bytes)
    uploads.check_target(web.db(), school_id=school_id, wishes=wishes)
    expires = web.now() + web.settings().upload_lifetime
    return Job(new_token(), school_id, length, wishes, expires, metadata)


def _received(file: GrowingFile, job: Job, offset: int) -> Response:
    """Append to a file at its end; a lasting refusal is kept with the upload."""
    if offset != file.size:
        raise DomainError("upload_offset", offset=file.size)
    _append(file, job)
    try:
        return _advanced(file, job)
    except DomainError as error:
        if error.code in blobs.PASSING:
            raise
        web.db().rollback()
        begin_write(web.db())
        uploads.turn_down(web.db(), token=job.token, refusal=error)
        arrivals.discard(_folder(), job.token)
        return _words(error)


def _append(file: GrowingFile, job: Job) -> None:
    """Append this request's body to the file. Raises DomainError."""
    room = job.length - file.size
    announced = request.content_length
    if announced is not None and announced > room:
        raise DomainError("upload_beyond_end")
    try:
        file.append(_Incoming(), most=room, expected=announced, checksum=_checksum())
    except LineCut as error:
        raise DomainError("upload_cut") from error


class _Incoming:
    """This request's body; a cut line is an OSError."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes."""
        try:
            return request.stream.read(size)
        except ClientDisconnected as error:
            raise OSError(errno.ECONNRESET, "the client went away") from error


def _advanced(file: GrowingFile, job: Job) -> Response:
    """How far the upload is after this request; once it is whole, the evidence it has become."""
    if file.size == job.length:
        return _named(Response(status=204), _concluded(file, job), job.length)
    if job.metadata is not None:
        _begin_write(job)
    return _at(Response(status=204), file.size, job.expires)


def _concluded(file: GrowingFile, job: Job) -> Receipt:
    """Store the bytes first, without a transaction; then all rows in one."""
    storage = web.services().storage
    stored = blobs.store(file.path, filename=job.wishes.filename, school_id=job.school_id, storage=storage)
    _begin_write(job)
    return uploads.conclude(
        web.db(), actor=web.actor(), now=web.now(), token=job.token, file=stored, storage=storage
    )


def _begin_write(job: Job) -> None:
    """Begin this request's write; a new upload's row is its first part."""
    db = web.db()
    begin_write(db)
    if job.metadata is None:
        return
    uploads.sweep_expired(db, _folder(), web.now())
    uploads.announce(
        db,
        actor=web.actor(),
        now=web.now(),
        expires_at=job.expires,
        school_id=job.school_id,
        token=job.token,
        length=job.length,
        wishes=job.wishes,
        metadata=job.metadata,
    )


def _meanwhile(job: Job, offset: int) -> Response:
    """The file went while this request was on its way: another one finished the upload, or ended it."""
    begin_write(web.db())
    upload = uploads.locked(web.db(), job.token)
    if upload.finished_at is None:
        raise NotFound("upload_gone")
    return _again(upload, offset)


# ---- What is asked ----


def _checksum() -> Checksum | None:
    header = request.headers.get("Upload-Checksum")
    return None if header is None else tus.read_checksum(header)


def _number(header: str) -> int:
    return tus.read_number(header, request.headers.get(header, ""))


def _has_body() -> bool:
    return bool(request.content_length) or "chunked" in request.headers.get("Transfer-Encoding", "").lower()


def _check_version() -> None:
    if request.headers.get("Tus-Resumable") != tus.VERSION:
        raise DomainError("upload_version", version=tus.VERSION)


def _check_body_type() -> None:
    if request.mimetype != tus.BODY_TYPE:
        raise DomainError("upload_content_type", expected=tus.BODY_TYPE)


def _check_own(upload: Upload) -> None:
    """Only who began an upload may go on with it, or know of it."""
    if upload.user_id != web.actor().user_id:
        raise NotFound("upload_gone")


def _check_open(upload: Upload) -> None:
    """Raises DomainError: what it was refused for, or upload_expired."""
    refusal = uploads.refusal_of(upload)
    if refusal is not None:
        raise refusal
    if upload.expires_at <= web.now():
        raise DomainError("upload_expired")


def _folder() -> Path:
    return web.settings().uploads_folder


# ---- What is answered ----


def _again(upload: Upload, offset: int) -> Response:
    """The answer to a finished upload, as often as it is asked for."""
    if offset != upload.length:
        raise DomainError("upload_offset", offset=upload.length)
    return _named(Response(status=204), uploads.receipt_of(upload), upload.length)


def _at(response: Response, offset: int, expires: datetime) -> Response:
    response.headers["Upload-Offset"] = str(offset)
    response.headers["Upload-Expires"] = http_date(expires)
    return response


def _named(response: Response, receipt: Receipt, length: int) -> Response:
    """The answer names the evidence, and older evidence with the same bytes."""
    response.headers["Upload-Offset"] = str(length)
    response.headers["Evidence-Location"] = url_for("evidence.show", evidence_id=receipt.evidence_id)
    if receipt.duplicate_of is not None:
        response.headers["Evidence-Duplicate-Of"] = url_for("evidence.show", evidence_id=receipt.duplicate_of)
    return response


def _words(error: DomainError) -> Response:
    """A refusal for a script or a command-line client."""
    return _said(tus.STATUS.get(error.code, 422), explain(error), code=error.code)


def _said(status: int, words: str, **more: Any) -> Response:
    limit = {"limit": web.settings().max_upload_bytes} if status == 413 else {}
    if web.wants_json():
        return make_response(jsonify(error=words, **more, **limit), status)
    return Response(words + "\n", status, content_type="text/plain; charset=utf-8")


@blueprint.errorhandler(DomainError)
def _domain_refused(error: DomainError) -> Response:
    web.refuse()
    return _words(error)


@blueprint.errorhandler(RequestEntityTooLarge)
def _too_large(_error: RequestEntityTooLarge) -> Response:
    web.refuse()
    limit = web.settings().max_upload_bytes
    size = uploads.megabytes(request.content_length or limit + 1)
    return _words(DomainError("upload_too_large", size=size, limit=uploads.megabytes(limit)))


@blueprint.after_request
def _speak_tus(response: Response) -> Response:
    response.headers["Tus-Resumable"] = tus.VERSION
    if response.status_code == 412:
        response.headers["Tus-Version"] = tus.VERSION
    return response
