"""What leaves the house: forms and archives to download."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from portfolio import web, wording
from portfolio.days import SCHOOL_TIME
from portfolio.documents import (
    catalogue,
    catalogue_docx,
    catalogue_pdf,
    form_docx,
    form_pdf,
    form_xlsx,
    labels,
    receipt,
)
from portfolio.documents.archive import bag, register
from portfolio.documents.form import Sheet, Shown
from portfolio.errors import DomainError, NotFound
from portfolio.filenames import content_disposition
from portfolio.filetypes import DOCX, PDF, XLSX, ZIP
from portfolio.models import Dossier, Package
from portfolio.policy import Permission, Place
from portfolio.queries import form as form_queries
from portfolio.queries import package as package_queries
from portfolio.queries import places
from portfolio.queries.proof import proof_of
from portfolio.queries.rounds import still_blind
from portfolio.queries.timestamps import stamp_of
from portfolio.storage import is_digest
from portfolio.templating import score, size

blueprint = Blueprint("documents", __name__)
log = logging.getLogger(__name__)

FORMATS = "any(docx, xlsx, pdf)"
_FORM_WRITERS = {"docx": form_docx.document, "xlsx": form_xlsx.workbook, "pdf": form_pdf.document}
_CATALOGUE_WRITERS: dict[str, Callable[[catalogue.Sheet, datetime], bytes]] = {
    "docx": lambda sheet, at: catalogue_docx.document(sheet, at=at),
    "xlsx": lambda sheet, at: catalogue.workbook(sheet, at=at),
    "pdf": lambda sheet, at: catalogue_pdf.document(sheet, at=at),
}
_MEDIA_TYPES = {"docx": DOCX.media_type, "xlsx": XLSX.media_type, "pdf": PDF.media_type}


def _dossier(session: Session, *, dossier_id: int, **_written: str) -> tuple[Dossier, Place]:
    """The dossier, whatever it is written as."""
    return places.dossier(session, dossier_id=dossier_id)


def _package(session: Session, *, package_id: int, **_written: str) -> tuple[Package, Place]:
    """The package, whatever it is written as."""
    return places.package(session, package_id=package_id)


@blueprint.get(f"/dossiers/<int:dossier_id>/form.<{FORMATS}:extension>")
@web.guard(Permission.DOSSIER_READ, _dossier)
def dossier_form(dossier: Dossier, extension: str) -> Response:
    """The official form with the dossier's scores as they stand, or empty."""
    sheet = form_queries.of_dossier(web.db(), dossier, shown=shown(), at=web.now())
    return form(sheet, extension, dossier.school.name)


@blueprint.get(f"/packages/<int:package_id>/form.<{FORMATS}:extension>")
@web.guard(Permission.PACKAGE_READ, _package)
def package_form(package: Package, extension: str) -> Response:
    """The official form with the package's scores, and the panel's once the reader may see them."""
    judged = not still_blind(web.db(), web.actor(), package.dossier)
    sheet = form_queries.of_package(web.db(), package, shown=shown(), judged=judged)
    return form(sheet, extension, f"{package.dossier.school.name} {_('package')} {package.number}")


@blueprint.get("/packages/<int:package_id>/archive.zip")
@web.guard(Permission.FILE_READ, places.package)
def archive(package: Package) -> AnyResponse:
    """The package as an archive, made while it is sent; in ranges too, so that a broken download can go on."""
    originals = request.args.get("originals") == "1"
    if originals:
        web.require(Permission.ORIGINALS_READ, Place(school_id=package.school_id))
    contents = package_queries.contents(web.db(), package, originals=originals)
    made = bag.archive(contents, web.services().storage, school_id=package.school_id)
    size = len(made.zip)
    response = Response(_noted(made), mimetype=ZIP.media_type, content_type=ZIP.media_type)
    response.content_length = size
    response.set_etag(made.tag)
    response.headers["Content-Disposition"] = content_disposition(f"{made.name}.zip", inline=False)
    return response.make_conditional(request, accept_ranges=True, complete_length=size)


def _noted(made: bag.Archive) -> Iterator[bytes]:
    """The archive's bytes; what stops it is named in the log, as the reader's answer has begun and just ends."""
    try:
        yield from made.pieces()
    except DomainError as error:
        log.error("archive %s stopped: %s %s", made.name, error.code, error.context)
        raise


@blueprint.get("/packages/<int:package_id>/receipt.pdf")
@web.guard(Permission.PACKAGE_READ, places.package)
def package_receipt(package: Package) -> Response:
    """The receipt to print: who signed what when, the digest, the code."""
    view = package_queries.package_view(web.db(), package)
    facts: tuple[tuple[str, str], ...] = (
        ("学校", package.dossier.school.name),
        ("批次", package.dossier.cycle.name),
        ("申报包", f"第 {package.number} 号"),
        ("自评 / 有据", f"{score(package.claimed)} / {score(package.supported)} 分"),
        ("佐证材料", f"{view.files} 份，{size(view.size)}"),
        ("送签", f"{view.people[package.submitted_by]}　{_beijing(package.submitted_at)}"),
        ("签字", f"{view.people[package.signed_by]}　{_beijing(package.signed_at)}"),
    )
    if (stamp := stamp_of(web.db(), package.id)) is not None and stamp.stamped_at is not None:
        facts = (*facts, ("时间戳", f"{_beijing(stamp.stamped_at)}　{urlsplit(stamp.authority).netloc}"))
    made = receipt.Receipt(
        "申报回执", view.rubric.title, facts, package.digest, check_address(package), package.signed_at
    )
    return download(
        receipt.document(made), f"{package.dossier.school.name} {_('Receipt')} {package.number}", "pdf"
    )


@blueprint.get(f"/packages/<int:package_id>/catalogue.<{FORMATS}:extension>")
@web.guard(Permission.PACKAGE_READ, _package)
def package_catalogue(package: Package, extension: str) -> Response:
    """The catalogue of the package's files, numbered by element."""
    sheet = register.catalogue_of(package_queries.contents(web.db(), package, originals=False))
    return download(
        _CATALOGUE_WRITERS[extension](sheet, package.signed_at),
        f"{package.dossier.school.name} {_('Catalogue of evidence')} {package.number}",
        extension,
    )


@blueprint.get("/packages/<int:package_id>/labels.<any(docx, pdf):extension>")
@web.guard(Permission.PACKAGE_READ, _package)
def package_labels(package: Package, extension: str) -> Response:
    """Labels for the boxes that hold the package on paper."""
    made = register.labels_of(package_queries.contents(web.db(), package, originals=False))
    write = labels.document_docx if extension == "docx" else labels.document_pdf
    name = f"{package.dossier.school.name} {_('Box labels')} {package.number}"
    return download(write(made, at=package.signed_at), name, extension)


@blueprint.get("/proof")
@web.guard(Permission.CITY_READ)
def proof() -> Any:
    """Whose package a digest belongs to."""
    typed = request.args.get("digest", "")
    digest = "".join(typed.split()).lower()
    malformed = bool(digest) and not is_digest(digest)
    found = None if malformed or not digest else proof_of(web.db(), digest)
    page = render_template(
        "documents/proof.html",
        typed=typed,
        error=wording.refusal("digest_malformed") if malformed else None,
        found=found,
        stamp=stamp_of(web.db(), found.package_id) if found else None,
        stamping=bool(web.settings().tsa_url),
    )
    return page, 422 if malformed else 200


def check_address(package: Package) -> str:
    """Where the bureau checks a package's digest."""
    return url_for("documents.proof", digest=package.digest, _external=True)


def _beijing(moment: datetime) -> str:
    """A moment as documents here write it, whoever asks for them."""
    return f"{moment.astimezone(SCHOOL_TIME):%Y-%m-%d %H:%M}"


def shown() -> Shown | None:
    """Whose scores were asked for; None if that was left open. Raises NotFound for a word of no meaning."""
    asked = request.args.get("scores")
    if asked is None:
        return None
    try:
        return Shown(asked)
    except ValueError as error:
        raise NotFound() from error


def form(sheet: Sheet, extension: str, name: str) -> Response:
    """The official form to keep."""
    return download(_FORM_WRITERS[extension](sheet), f"{name} {_('official form')}", extension)


def download(body: bytes, name: str, extension: str) -> Response:
    """A document to keep, under its name."""
    headers: dict[str, Any] = {
        "Content-Disposition": content_disposition(f"{name}.{extension}", inline=False),
    }
    return Response(body, mimetype=_MEDIA_TYPES[extension], headers=headers)
