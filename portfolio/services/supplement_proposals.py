"""What experts would have the school add: proposed to their chair, who takes it up in a request or doesn't."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from portfolio import audit
from portfolio.audit import Action
from portfolio.errors import DomainError
from portfolio.models import Assignment, Review, SupplementProposal
from portfolio.plaintext import plain_text
from portfolio.policy import Actor
from portfolio.services.rows import add_once
from portfolio.services.supplements import LONGEST_QUESTION, check_before_the_table, check_elements
from portfolio.services.terms import lock


def propose(
    session: Session, *, actor: Actor, now: datetime, review: Review, code: str, question: str
) -> SupplementProposal:
    """What the expert would ask about an element; a second time changes the words. The chair sends it or doesn't.

    Raises DomainError (question_missing, text_too_long by field; assignment_closed, supplement_late), NotFound for
    an element the package doesn't have.
    """
    assignment = session.get_one(Assignment, review.assignment_id)
    check_before_the_table(session, assignment)
    check_elements(session, assignment, {code})
    words = plain_text(question).strip()
    if not words:
        raise DomainError("question_missing", field="question")
    if len(words) > LONGEST_QUESTION:
        raise DomainError("text_too_long", field="question", longest=LONGEST_QUESTION)
    standing = session.scalar(_standing_proposal(assignment, actor, code))
    if standing is not None:
        standing.question, standing.proposed_at = words, now
        session.flush()
    else:
        standing = SupplementProposal(
            assignment_id=assignment.id,
            element=code,
            question=words,
            proposed_by=actor.user_id,
            proposed_at=now,
        )
        add_once(session, standing, DomainError("proposed_elsewhere", field="question"))
    _record_proposal(session, actor, now, Action.SUPPLEMENT_PROPOSED, assignment, code, words)
    return standing


def take_back(session: Session, *, actor: Actor, now: datetime, review: Review, code: str) -> None:
    """Propose nothing for an element any more; twice is once. Raises DomainError("assignment_closed")."""
    assignment = session.get_one(Assignment, review.assignment_id)
    lock(session, assignment)
    standing = session.scalar(_standing_proposal(assignment, actor, code))
    if standing is None:
        return
    session.execute(delete(SupplementProposal).where(SupplementProposal.id == standing.id))
    _record_proposal(session, actor, now, Action.SUPPLEMENT_UNPROPOSED, assignment, code, standing.question)
    session.expunge(standing)


def _standing_proposal(assignment: Assignment, actor: Actor, code: str) -> Select[SupplementProposal]:
    return (
        select(SupplementProposal)
        .where(
            SupplementProposal.assignment_id == assignment.id,
            SupplementProposal.element == code,
            SupplementProposal.proposed_by == actor.user_id,
            SupplementProposal.request_id.is_(None),
        )
        .execution_options(populate_existing=True)
    )


def _record_proposal(
    session: Session,
    actor: Actor,
    now: datetime,
    action: Action,
    assignment: Assignment,
    code: str,
    words: str,
) -> None:
    """Under no school: what a panel considers asking is the panel's own."""
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=action,
        subject=("assignment", assignment.id),
        after={"element": code, "question": words},
    )
