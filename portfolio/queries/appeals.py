"""Answers to factual errors: what a school drafted and sent, what it rests on, and what became of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from portfolio.models import (
    Appeal,
    AppealCitation,
    AppealOutcome,
    Evidence,
    EvidenceVersion,
    RectificationCitation,
    Ruling,
    User,
)


@dataclass(frozen=True, slots=True)
class AnswerFile:
    """A file an answer rests on, in the version it was given with, and its pages (None: the whole file)."""

    evidence_id: int
    number: int
    title: str
    page_from: int | None
    page_to: int | None


@dataclass(frozen=True, slots=True)
class AppealView:
    """An answer to a factual error; a draft as long as it isn't sent."""

    appeal: Appeal
    drafted_by: str
    sent_by: str | None
    decided_by: str | None
    files: tuple[AnswerFile, ...]
    # the ruling that stood when the result was published
    before: Ruling | None

    @property
    def is_draft(self) -> bool:
        """Written by the school, and not sent."""
        return self.appeal.sent_at is None

    @property
    def waits(self) -> bool:
        """Sent, and not decided."""
        return self.appeal.sent_at is not None and self.appeal.outcome is None

    @property
    def accepted(self) -> bool:
        """The final score has changed by it."""
        return self.appeal.outcome is AppealOutcome.ACCEPTED


def appeals(session: Session, assignment_id: int, *, drafts: bool) -> dict[str, AppealView]:
    """An assignment's answers by element, in two statements; drafts are for the school's eyes only."""
    drafter, sender, decider = aliased(User), aliased(User), aliased(User)
    statement = (
        select(Appeal, drafter.name, sender.name, decider.name, Ruling)
        .join(drafter, drafter.id == Appeal.drafted_by)
        .outerjoin(sender, sender.id == Appeal.sent_by)
        .outerjoin(decider, decider.id == Appeal.decided_by)
        .outerjoin(Ruling, _published_ruling())
        .where(Appeal.assignment_id == assignment_id)
        .order_by(Appeal.sent_at, Appeal.element)
        .execution_options(populate_existing=True)
    )
    if not drafts:
        statement = statement.where(Appeal.sent_at.is_not(None))
    rows = session.execute(statement).all()
    if not rows:
        return {}
    files = answer_files(session, AppealCitation, AppealCitation.appeal_id, [row.Appeal.id for row in rows])
    return {
        row.Appeal.element: AppealView(
            row.Appeal, row[1], row[2], row[3], files.get(row.Appeal.id, ()), row.Ruling
        )
        for row in rows
    }


def _published_ruling() -> ColumnElement[bool]:
    """The last ruling before the one that an accepted answer made; nothing of an element is undone after that."""
    earlier = aliased(Ruling)
    last = (
        select(func.max(earlier.number))
        .where(
            earlier.assignment_id == Appeal.assignment_id,
            earlier.element == Appeal.element,
            earlier.number < Appeal.ruling,
            earlier.undone_at.is_(None),
        )
        .scalar_subquery()
    )
    return and_(
        Ruling.assignment_id == Appeal.assignment_id, Ruling.element == Appeal.element, Ruling.number == last
    )


def answer_files(
    session: Session,
    table: type[AppealCitation | RectificationCitation],
    key: InstrumentedAttribute[int],
    ids: Iterable[int],
) -> dict[int, tuple[AnswerFile, ...]]:
    """The files that answers rest on, in the order they were given; `key` is the table's column of the answer."""
    rows = session.execute(
        select(
            key,
            EvidenceVersion.evidence_id,
            EvidenceVersion.number,
            Evidence.title,
            table.page_from,
            table.page_to,
        )
        .join(EvidenceVersion, EvidenceVersion.id == table.evidence_version_id)
        .join(Evidence, Evidence.id == EvidenceVersion.evidence_id)
        .where(key.in_(list(ids)))
        .order_by(table.position)
    )
    found: dict[int, list[AnswerFile]] = defaultdict(list)
    for answer_id, evidence_id, number, title, page_from, page_to in rows:
        found[answer_id].append(AnswerFile(evidence_id, number, title, page_from, page_to))
    return {answer_id: tuple(files) for answer_id, files in found.items()}
