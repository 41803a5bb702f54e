"""An office's own templates: those on record, and the one documents are made from."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from portfolio.errors import NotFound
from portfolio.models import DocumentTemplate, TemplateKind, User
from portfolio.policy import NOWHERE, Place


@dataclass(frozen=True, slots=True)
class TemplateRow:
    """A template with the name of who uploaded it."""

    template: DocumentTemplate
    uploaded_by: str


def template(session: Session, *, template_id: int) -> tuple[DocumentTemplate, Place]:
    """A template with its bytes; it stands nowhere but in the city."""
    found = session.get(DocumentTemplate, template_id, options=[undefer(DocumentTemplate.content)])
    if found is None:
        raise NotFound()
    return found, NOWHERE


def templates(session: Session) -> dict[TemplateKind, list[TemplateRow]]:
    """All templates, the newest first, by what they are for; one statement."""
    rows = session.execute(
        select(DocumentTemplate, User.name)
        .join(User, User.id == DocumentTemplate.uploaded_by)
        .order_by(DocumentTemplate.uploaded_at.desc(), DocumentTemplate.id)
    )
    found: dict[TemplateKind, list[TemplateRow]] = {kind: [] for kind in TemplateKind}
    for row, name in rows:
        found[row.kind].append(TemplateRow(row, name))
    return found


def in_use(session: Session, kind: TemplateKind) -> bytes | None:
    """The template that documents of this kind are made from; None for the built-in layout. One statement."""
    return session.scalar(
        select(DocumentTemplate.content).where(
            DocumentTemplate.kind == kind,
            DocumentTemplate.taken_up_at.is_not(None),
            DocumentTemplate.put_away_at.is_(None),
        )
    )
