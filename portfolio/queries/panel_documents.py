"""What the panel's documents say: an expert's score sheet, the summary of all scores, and who may have them when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from portfolio.documents import score_sheet, summary
from portfolio.documents.panel_table import PanelTable, Subject, beijing
from portfolio.documents.score_sheet import Scored
from portfolio.documents.summary import Settled
from portfolio.editions import rubric_of
from portfolio.errors import DomainError
from portfolio.models import Assignment, Determination, ElementReview, PackageElement, Review, Role, User
from portfolio.policy import Actor, recused
from portfolio.queries.rounds import still_blind
from portfolio.queries.settlement import Row, Table
from portfolio.queries.settlement import table as panel_table
from rubric.model import Rubric


def subject_of(assignment: Assignment, rubric: Rubric) -> Subject:
    """What a document of this assignment is about."""
    package = assignment.package
    return Subject(
        rubric=rubric,
        school=package.dossier.school.name,
        cycle=package.dossier.cycle.name,
        round=assignment.panel.round.name,
        panel=assignment.panel.name,
        package_number=package.number,
        digest=package.digest,
    )


def check_sheet(session: Session, actor: Actor, review: Review) -> None:
    """An expert's own sheet is theirs at any time; to the others it opens as the panel's scores do.

    Raises DomainError (panel_document_closed).
    """
    if review.expert_id != actor.user_id:
        check_open(session, actor, review.assignment)


def check_open(session: Session, actor: Actor, assignment: Assignment) -> None:
    """Refuse the panel's scores to whoever may not see them yet. Raises DomainError (panel_document_closed)."""
    if not is_open(session, actor, assignment):
        raise DomainError("panel_document_closed")


def check_closed(session: Session, actor: Actor, assignment: Assignment) -> None:
    """Refuse what stands only once the review is closed. Raises DomainError (review_not_closed)."""
    if assignment.closed_at is None or not is_open(session, actor, assignment):
        raise DomainError("review_not_closed")


def is_open(session: Session, actor: Actor, assignment: Assignment) -> bool:
    """Whether the panel's scores may be read: by the panel once its table is open, by the office once it is closed.

    Never by somebody who is still to judge the dossier alone.
    """
    if still_blind(session, actor, assignment.package.dossier):
        return False
    if assignment.closed_at is not None:
        return True
    if assignment.panel_id not in actor.panels(Role.CHAIR, Role.EXPERT):
        return False
    rubric = rubric_of(session, assignment.package.rubric_digest)
    return bool(panel_table(session, assignment, rubric, for_chair=False).rows)


def sheet(session: Session, review: Review) -> PanelTable:
    """The score sheet of an expert, in or not; two statements."""
    assignment = review.assignment
    rubric = rubric_of(session, assignment.package.rubric_digest)
    rows = session.execute(
        select(
            PackageElement.element,
            PackageElement.score.label("claimed"),
            ElementReview.id,
            ElementReview.score,
            ElementReview.channel,
            ElementReview.reason,
            ElementReview.saved_at,
        )
        .outerjoin(
            ElementReview,
            and_(ElementReview.element == PackageElement.element, ElementReview.review_id == review.id),
        )
        .where(PackageElement.package_id == assignment.package_id)
    ).all()
    found = {
        row.element: Scored(row.claimed, row.score, row.channel, row.reason or "", row.id is not None)
        for row in rows
    }
    saved = [row.saved_at for row in rows if row.saved_at is not None]
    return score_sheet.table(
        subject_of(assignment, rubric),
        expert=session.scalars(select(User.name).where(User.id == review.expert_id)).one(),
        handed_in_at=review.handed_in_at,
        scored={element.code: found[element.code] for element in rubric.elements},
        at=max(saved, default=review.created_at),
    )


def scores(session: Session, assignment: Assignment) -> PanelTable:
    """The summary of an open table. Raises DomainError (panel_document_closed) before it is open."""
    rubric = rubric_of(session, assignment.package.rubric_digest)
    panel = panel_table(session, assignment, rubric, for_chair=False)
    if not panel.rows:
        raise DomainError("panel_document_closed")
    settled = session.execute(
        select(Determination.element, Determination.reason, Determination.settled_at).where(
            Determination.assignment_id == assignment.id
        )
    ).all()
    reasons = {row.element: row.reason for row in settled}
    return summary.table(
        subject_of(assignment, rubric),
        experts=[expert.name for expert in panel.experts],
        below=panel.below,
        settled={row.code: _settled(row, reasons.get(row.code, "")) for row in panel.rows},
        standing=_standing(assignment, panel),
        step=assignment.package.dossier.cycle.score_step,
        at=assignment.closed_at
        or max(
            (row.settled_at for row in settled), default=assignment.settling_since or assignment.assigned_at
        ),
    )


def _settled(row: Row, reason: str) -> Settled:
    return Settled(
        claimed=row.claimed,
        given=row.given,
        median=row.median,
        spread=row.spread,
        final=row.final,
        rule=row.rule,
        reason=reason,
        below=row.below,
    )


def _standing(assignment: Assignment, panel: Table) -> str:
    """Who closed it and when; or how far the settling is."""
    if assignment.closed_at is None or not panel.closings:
        return f"合议中，已确定 {panel.settled} / {len(panel.rows)} 项"
    last = panel.closings[0]
    signed = f"　签署：{last.signed_by}" if last.signed_by else ""
    return f"组长：{last.proposed_by}{signed}　{beijing(assignment.closed_at)} 结束"


@dataclass(frozen=True, slots=True)
class SheetOf:
    """An expert's score sheet in the list of documents."""

    review_id: int
    expert_id: int
    expert: str
    handed_in_at: datetime | None


def sheets(session: Session, assignment: Assignment) -> tuple[SheetOf, ...]:
    """Whose sheets there are, by name, without those who stepped aside; one statement."""
    rows = session.execute(
        select(Review.id, Review.expert_id, User.name, Review.handed_in_at)
        .join(User, User.id == Review.expert_id)
        .join(Assignment, Assignment.id == Review.assignment_id)
        .where(
            Review.assignment_id == assignment.id,
            ~recused(Review.expert_id, assignment.package.school_id, until=Assignment.closed_at),
        )
        .order_by(User.name, Review.id)
    )
    return tuple(SheetOf(*row) for row in rows)
