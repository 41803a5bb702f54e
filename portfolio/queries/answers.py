"""The pages of answers to factual errors: every case of a result, or one element's, and what may be cited for it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.editions import rubric_of
from portfolio.errors import NotFound
from portfolio.models import Assignment, Evidence
from portfolio.queries.appeals import AppealView, appeals
from portfolio.queries.judged import JudgedElement, judged_elements
from rubric.model import Element


@dataclass(frozen=True, slots=True)
class Case:
    """An element as judged, what the school answers to it if anything, and the step of scores."""

    judged: JudgedElement
    step: Decimal

    @property
    def element(self) -> Element:
        """What the rubric says of it."""
        return self.judged.element

    @property
    def view(self) -> AppealView | None:
        """What the school answers."""
        return self.judged.appeal


@dataclass(frozen=True, slots=True)
class Choice:
    """A piece of evidence to choose from."""

    evidence_id: int
    title: str


def cases(session: Session, assignment: Assignment, *, drafts: bool) -> list[Case]:
    """Every answered element, what waits for a decision first; in six statements at most."""
    answered = appeals(session, assignment.id, drafts=drafts)
    rubric = rubric_of(session, assignment.package.rubric_digest)
    elements = [element for element in rubric.elements if element.code in answered]
    step = assignment.package.dossier.cycle.score_step
    found = [Case(judged, step) for judged in judged_elements(session, assignment, elements, answered)]
    return sorted(found, key=lambda each: not (each.view and each.view.waits))


def case(session: Session, assignment: Assignment, code: str, *, drafts: bool) -> Case:
    """One element, answered or not. Raises NotFound where it has no final score."""
    answered = appeals(session, assignment.id, drafts=drafts)
    element = rubric_of(session, assignment.package.rubric_digest).element(code)
    found = judged_elements(session, assignment, [element], answered)
    if not found:
        raise NotFound()
    return Case(found[0], assignment.package.dossier.cycle.score_step)


def as_typed(view: AppealView | None) -> dict[str, str]:
    """A draft as its form holds it."""
    if view is None or not view.is_draft:
        return {}
    typed = {"text": view.appeal.text}
    for row, file in enumerate(view.files, start=1):
        typed |= {
            f"evidence_{row}": str(file.evidence_id),
            f"page_from_{row}": str(file.page_from or ""),
            f"page_to_{row}": str(file.page_to or ""),
        }
    return typed


def library(session: Session, school_id: int) -> tuple[Choice, ...]:
    """What a school may name as evidence, the newest first; one statement."""
    rows = session.execute(
        select(Evidence.id, Evidence.title)
        .where(Evidence.school_id == school_id, Evidence.trashed_at.is_(None))
        .order_by(Evidence.created_at.desc(), Evidence.id)
    )
    return tuple(Choice(*row) for row in rows)
