"""An office's own templates for documents: taken in once they were looked through, taken into use, put away."""

from __future__ import annotations

import hashlib
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portfolio import audit
from portfolio.audit import Action
from portfolio.derive.results import MIB, Limits, Unworkable
from portfolio.detection import TypeRefused, detect
from portfolio.documents import office_template
from portfolio.documents.placeholders import KNOWN, example
from portfolio.errors import DomainError
from portfolio.filenames import clean_display_name
from portfolio.filetypes import DOCX
from portfolio.models import DocumentTemplate, TemplateKind
from portfolio.policy import Actor
from rubric.loader import DEFAULT, find

MOST_BYTES = 1 * MIB
_LIMITS = Limits(expanded_bytes=16 * MIB, part_bytes=4 * MIB)
# What a Word file brings along that runs, or that is fetched from elsewhere when it is opened
_ACTIVE = ("vbaproject", "vbadata", "activex", "embeddings/", "afchunk", "oleobject")
_HARMLESS_LINKS = ("hyperlink",)


def upload(
    session: Session, *, actor: Actor, now: datetime, kind: TemplateKind, filename: str, data: bytes
) -> DocumentTemplate:
    """Take in a template; it is used for nothing yet. The same file again is the same template.

    Raises DomainError (template_missing, template_too_large, template_not_word, template_active,
    template_unreadable, template_syntax, template_unknown, template_construct, template_empty).
    """
    _check_file(data, filename)
    office_template.check(data, KNOWN[kind])
    filled_example(data, kind)
    digest = hashlib.sha256(data).hexdigest()
    known = session.scalar(
        select(DocumentTemplate).where(DocumentTemplate.kind == kind, DocumentTemplate.sha256 == digest)
    )
    if known is not None:
        return known
    template = DocumentTemplate(
        kind=kind,
        filename=clean_display_name(filename),
        sha256=digest,
        content=data,
        uploaded_by=actor.user_id,
        uploaded_at=now,
    )
    session.add(template)
    session.flush()
    _trail(session, actor, now, Action.TEMPLATE_UPLOADED, template)
    return template


def filled_example(data: bytes, kind: TemplateKind) -> bytes:
    """A template with a made-up result in it. Raises DomainError (template_unreadable)."""
    fields = example(kind, find(DEFAULT))
    at = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
    return office_template.filled(data, fields, KNOWN[kind], title=kind.value, at=at)


def take_up(session: Session, *, actor: Actor, now: datetime, template: DocumentTemplate) -> None:
    """Make documents from this template from now on, and from no other of its kind."""
    if template.in_use:
        return
    _put_away(session, actor, now, template.kind)
    template.taken_up_at, template.put_away_at = now, None
    session.flush()
    _trail(session, actor, now, Action.TEMPLATE_TAKEN_UP, template)


def put_away(session: Session, *, actor: Actor, now: datetime, kind: TemplateKind) -> None:
    """Back to the built-in layout; the template stays on record."""
    _put_away(session, actor, now, kind)


def _put_away(session: Session, actor: Actor, now: datetime, kind: TemplateKind) -> None:
    standing = session.scalar(
        select(DocumentTemplate).where(
            DocumentTemplate.kind == kind,
            DocumentTemplate.taken_up_at.is_not(None),
            DocumentTemplate.put_away_at.is_(None),
        )
    )
    if standing is None:
        return
    session.execute(
        update(DocumentTemplate).where(DocumentTemplate.id == standing.id).values(put_away_at=now)
    )
    _trail(session, actor, now, Action.TEMPLATE_PUT_AWAY, standing)


def _trail(session: Session, actor: Actor, now: datetime, action: Action, template: DocumentTemplate) -> None:
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=action,
        subject=("document_template", template.id),
        after={"kind": template.kind.value, "filename": template.filename, "sha256": template.sha256},
    )


def _check_file(data: bytes, filename: str) -> None:
    """A Word file that carries nothing but a document. Raises DomainError with the field "template"."""
    if not data:
        raise DomainError("template_missing", field="template")
    if len(data) > MOST_BYTES:
        raise DomainError("template_too_large", field="template", kilobytes=MOST_BYTES // 1024)
    # here, for the sake of a worker that is never sent one: it brings lxml
    from portfolio.derive import ooxml

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.docx"
        path.write_bytes(data)
        try:
            if detect(path, filename) is not DOCX:
                raise DomainError("template_not_word", field="template")
            with ooxml.opened(path, _LIMITS):
                pass
        except TypeRefused as error:
            code = "template_active" if "macros" in (error.found or "") else "template_not_word"
            raise DomainError(code, field="template") from error
        except Unworkable as error:
            raise DomainError("template_unreadable", field="template") from error
    _check_nothing_runs(data)


def _check_nothing_runs(data: bytes) -> None:
    from lxml import etree  # type: ignore[import-untyped]

    try:
        active = any(_active_parts(data))
    except (etree.XMLSyntaxError, zipfile.BadZipFile, zlib.error) as error:
        raise DomainError("template_unreadable", field="template") from error
    if active:
        raise DomainError("template_active", field="template")


def _active_parts(data: bytes) -> Iterator[str]:
    """Macros, embedded objects, and what would be fetched from outside."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        for name in archive.namelist():
            if any(word in name.lower() for word in _ACTIVE):
                yield name
            if name.endswith(".rels"):
                yield from _fetched(archive.read(name))
        if b"macroEnabled" in archive.read("[Content_Types].xml"):
            yield "[Content_Types].xml"


def _fetched(relationships: bytes) -> Iterator[str]:
    from lxml import etree

    tree = etree.fromstring(relationships, etree.XMLParser(resolve_entities=False, no_network=True))
    for each in tree.iter("{*}*"):  # elements only, no remarks
        kind = each.get("Type", "").rpartition("/")[2].lower()
        if (each.get("TargetMode") == "External" and kind not in _HARMLESS_LINKS) or kind in _ACTIVE:
            yield kind
