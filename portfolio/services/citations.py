"""Citations: which evidence backs which element, where in it, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio import audit
from portfolio.audit import Action
from portfolio.errors import DomainError, NotFound
from portfolio.models import Citation, Cycle, Dossier, DossierState, Evidence, SelfAssessment
from portfolio.policy import Actor
from portfolio.services.dossiers import check_reopened
from portfolio.services.rows import add_once

LONGEST_REMARK = 400
LAST_PAGE = 99_999


@dataclass(frozen=True, slots=True)
class Passage:
    """Where in a file, by its pages (None: the whole file), and a remark."""

    page_from: int | None = None
    page_to: int | None = None
    remark: str = ""


WHOLE_FILE = Passage()


def read_passage(typed: Mapping[str, str]) -> Passage:
    """A passage as typed.

    Raises DomainError (page_malformed, page_from_missing, pages_reversed, text_too_long).
    """
    first, last = _page(typed, "page_from"), _page(typed, "page_to")
    if first is None and last is not None:
        raise DomainError("page_from_missing", field="page_from")
    if first is not None and last is not None and last < first:
        raise DomainError("pages_reversed", field="page_to")
    remark = typed.get("remark", "").strip()
    if len(remark) > LONGEST_REMARK:
        raise DomainError("text_too_long", field="remark", longest=LONGEST_REMARK)
    return Passage(first, last, remark)


def _page(typed: Mapping[str, str], field: str) -> int | None:
    words = typed.get(field, "").strip()
    if not words:
        return None
    if not (words.isdecimal() and len(words) <= 6 and 1 <= int(words) <= LAST_PAGE):
        raise DomainError("page_malformed", field=field)
    return int(words)


def cite(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    dossier_id: int,
    element: str,
    evidence_id: int,
    passage: Passage = WHOLE_FILE,
) -> Citation:
    """Back an element with evidence of the same school.

    Raises NotFound (no such element, evidence of another school), DomainError (awaiting_signature,
    element_not_reopened, supplement_over, evidence_trashed, already_cited).
    """
    dossier = _editable(session, dossier_id, element, now)
    title = _title_of(session, dossier, evidence_id)
    _check_element(session, dossier, element)
    citation = Citation(
        dossier_id=dossier.id,
        element=element,
        evidence_id=evidence_id,
        page_from=passage.page_from,
        page_to=passage.page_to,
        remark=passage.remark,
        cited_by=actor.user_id,
        cited_at=now,
    )
    add_once(session, citation, DomainError("already_cited", field="evidence_id", element=element))
    _record(session, Action.CITED, citation, dossier, title, actor=actor, now=now, after=_described(citation))
    return citation


def change_citation(
    session: Session, *, actor: Actor, now: datetime, citation: Citation, passage: Passage
) -> Passage:
    """Point to another passage, or remark otherwise; returns what stood before. Raises DomainError."""
    dossier = _editable(session, citation.dossier_id, citation.element, now)
    before = _described(citation)
    stood = Passage(citation.page_from, citation.page_to, citation.remark)
    citation.page_from, citation.page_to, citation.remark = passage.page_from, passage.page_to, passage.remark
    session.flush()
    title = _title_of(session, dossier, citation.evidence_id)
    after = _described(citation)
    _record(
        session,
        Action.CITATION_CHANGED,
        citation,
        dossier,
        title,
        actor=actor,
        now=now,
        before=before,
        after=after,
    )
    return stood


def uncite(session: Session, *, actor: Actor, now: datetime, citation: Citation) -> None:
    """Take a citation back. Raises DomainError (awaiting_signature, element_not_reopened, supplement_over)."""
    dossier = _editable(session, citation.dossier_id, citation.element, now)
    title = _title_of(session, dossier, citation.evidence_id)
    before = _described(citation)
    session.delete(citation)
    session.flush()
    _record(session, Action.UNCITED, citation, dossier, title, actor=actor, now=now, before=before)


def dossier_to_cite_in(session: Session, *, school_id: int, element: str, now: datetime) -> int | None:
    """The school's newest dossier, if it has this element, and that can be written in now."""
    newest = session.scalar(
        select(Dossier)
        .join(Cycle, Cycle.id == Dossier.cycle_id)
        .where(Dossier.school_id == school_id)
        .order_by(Cycle.opens_at.desc(), Dossier.created_at.desc())
        .limit(1)
    )
    if newest is None or newest.state is DossierState.SIGNING:
        return None
    try:
        check_reopened(session, newest, now=now, element=element)
    except DomainError:
        return None
    return newest.id if _has_element(session, newest.id, element) else None


def _editable(session: Session, dossier_id: int, element: str, now: datetime) -> Dossier:
    """The dossier, kept from being handed over until this write is through."""
    dossier = session.scalars(
        select(Dossier)
        .where(Dossier.id == dossier_id)
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    ).one()
    if dossier.state is DossierState.SIGNING:
        raise DomainError("awaiting_signature")
    check_reopened(session, dossier, now=now, element=element)
    return dossier


def _title_of(session: Session, dossier: Dossier, evidence_id: int) -> str:
    """The evidence's title, the evidence kept out of the trash meanwhile.

    Raises NotFound, DomainError("evidence_trashed").
    """
    found = session.execute(
        select(Evidence.title, Evidence.trashed_at)
        .where(Evidence.id == evidence_id, Evidence.school_id == dossier.school_id)
        .with_for_update(read=True)
    ).one_or_none()
    if found is None:
        raise NotFound()
    if found.trashed_at is not None:
        raise DomainError("evidence_trashed", field="evidence_id")
    title: str = found.title
    return title


def _check_element(session: Session, dossier: Dossier, element: str) -> None:
    if not _has_element(session, dossier.id, element):
        raise NotFound()


def _has_element(session: Session, dossier_id: int, element: str) -> bool:
    found = select(SelfAssessment.id).where(
        SelfAssessment.dossier_id == dossier_id, SelfAssessment.element == element
    )
    return session.scalar(found) is not None


def _described(citation: Citation) -> dict[str, Any]:
    return {
        "element": citation.element,
        "evidence_id": citation.evidence_id,
        "page_from": citation.page_from,
        "page_to": citation.page_to,
        "remark": citation.remark,
    }


def _record(
    session: Session,
    action: Action,
    citation: Citation,
    dossier: Dossier,
    title: str,
    *,
    actor: Actor,
    now: datetime,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=action,
        subject=("citation", citation.id),
        school_id=dossier.school_id,
        before=before and {**before, "title": title},
        after=after and {**after, "title": title},
    )
