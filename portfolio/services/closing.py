"""The end of a panel's review: the chair proposes it, an expert signs as second person, the bureau may reopen."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portfolio.audit import Action
from portfolio.errors import DomainError
from portfolio.models import Assignment, Closing, Determination, ReportSection, Review
from portfolio.plaintext import plain_text
from portfolio.policy import Actor, counts
from portfolio.services import panel_reports, passwords
from portfolio.services.reviews import check_length
from portfolio.services.terms import (
    Terms,
    check_all_in,
    check_open,
    lock,
    progress,
    proposed,
    terms_of,
    trail,
)


def propose(
    session: Session, *, actor: Actor, now: datetime, assignment: Assignment, opinion: str
) -> Closing:
    """Every element is settled: ask an expert to sign, under the report with this opinion as it stands.

    Nothing is settled or written anew while this waits.
    Raises DomainError (assignment_closed, settlement_not_open, closing_proposed, reviews_outstanding,
    settlement_incomplete, text_too_long, signer_missing).
    """
    lock(session, assignment)
    terms = terms_of(session, assignment)
    _check_complete(session, assignment, terms)
    check_open(session, assignment)
    if not _may_sign(session, assignment, terms, but=actor.user_id):
        raise DomainError("signer_missing", field="opinion")
    _write_opinion(session, actor, now, assignment, opinion)
    report = panel_reports.whole(session, assignment)
    closing = Closing(
        assignment_id=assignment.id,
        number=_next_number(session, assignment),
        report=report,
        proposed_by=actor.user_id,
        proposed_at=now,
    )
    session.add(closing)
    session.flush()
    trail(session, actor, now, Action.CLOSING_PROPOSED, assignment, terms, after={"report": report})
    return closing


def withdraw(session: Session, *, actor: Actor, now: datetime, assignment: Assignment) -> None:
    """Take the proposal back, to settle something anew. Raises DomainError (assignment_closed, nothing_proposed)."""
    lock(session, assignment)
    closing = _waiting(session, assignment)
    closing.withdrawn_at = now
    terms = terms_of(session, assignment)
    trail(session, actor, now, Action.CLOSING_WITHDRAWN, assignment, terms)


def sign(
    session: Session, *, actor: Actor, now: datetime, assignment: Assignment, number: int, password: str
) -> None:
    """A second person, one of the experts, signs the proposal they read: the review is closed.

    Raises DomainError (password_wrong, assignment_closed, nothing_proposed, closing_changed, second_person_needed,
    signer_unknown, reviews_outstanding, settlement_incomplete).
    """
    passwords.confirm(session, actor=actor, password=password)
    lock(session, assignment)
    closing = _waiting(session, assignment)
    if closing.number != number:
        raise DomainError("closing_changed", field="password")
    if closing.proposed_by == actor.user_id:
        raise DomainError("second_person_needed", field="password")
    terms = terms_of(session, assignment)
    if actor.user_id not in _may_sign(session, assignment, terms, but=closing.proposed_by):
        raise DomainError("signer_unknown", field="password")
    _check_complete(session, assignment, terms)
    closing.signed_at, closing.signed_by = now, actor.user_id
    assignment.closed_at, assignment.closed_by = now, closing.proposed_by
    after = {
        "report": closing.report,
        "final": _final_sum(session, assignment),
        "proposed_by": closing.proposed_by,
    }
    trail(session, actor, now, Action.ASSIGNMENT_CLOSED, assignment, terms, after=after)


def reopen(session: Session, *, actor: Actor, now: datetime, assignment: Assignment, reason: str) -> None:
    """The bureau opens a closed review again; the closing stays on record with the reason.

    Raises DomainError (not_closed, already_published, reason_missing, text_too_long).
    """
    session.refresh(assignment, ["closed_at", "published_at"], with_for_update=True)
    if assignment.published_at is not None:
        raise DomainError("already_published", field="reason")
    if assignment.closed_at is None:
        raise DomainError("not_closed", field="reason")
    words = plain_text(reason).strip()
    if not words:
        raise DomainError("reason_missing", field="reason")
    _check_length("reason", words)
    closing = session.scalars(
        select(Closing)
        .where(Closing.assignment_id == assignment.id, Closing.signed_at.is_not(None))
        .order_by(Closing.number.desc())
        .limit(1)
    ).one()
    closing.reopened_at, closing.reopened_by, closing.reason = now, actor.user_id, words
    before = {"closed_at": assignment.closed_at}
    assignment.closed_at = assignment.closed_by = None
    terms = terms_of(session, assignment)
    after = {"reason": words}
    trail(session, actor, now, Action.ASSIGNMENT_REOPENED, assignment, terms, before=before, after=after)


def _check_complete(session: Session, assignment: Assignment, terms: Terms) -> None:
    check_all_in(session, assignment, terms)
    standing = progress(session, assignment)
    if standing.done < standing.total:
        raise DomainError("settlement_incomplete", count=standing.total - standing.done)


def _write_opinion(
    session: Session, actor: Actor, now: datetime, assignment: Assignment, opinion: str
) -> None:
    """The opinion typed with the proposal is the report's, unless it says just that already."""
    stands = panel_reports.part_of(session, assignment, ReportSection.OPINION)
    if plain_text(opinion).strip() == (stands.text if stands else ""):
        return
    panel_reports.write_part(
        session,
        actor=actor,
        now=now,
        assignment=assignment,
        part=ReportSection.OPINION,
        text=opinion,
        version=stands.version if stands else 0,
    )


def _check_length(field: str, words: str) -> None:
    errors: dict[str, DomainError] = {}
    check_length(field, words, errors)
    if errors:
        raise errors[field]


def _waiting(session: Session, assignment: Assignment) -> Closing:
    closing = proposed(session, assignment)
    if closing is None:
        raise DomainError("nothing_proposed")
    return closing


def _may_sign(session: Session, assignment: Assignment, terms: Terms, *, but: int) -> set[int]:
    """The experts whose reviews count, but for the one who proposed."""
    return set(
        session.scalars(
            select(Review.expert_id)
            .join(Assignment, Assignment.id == Review.assignment_id)
            .where(
                Review.assignment_id == assignment.id,
                Review.expert_id != but,
                Review.handed_in_at.is_not(None),
                counts(terms.school_id),
            )
        )
    )


def _next_number(session: Session, assignment: Assignment) -> int:
    last = session.scalar(select(func.max(Closing.number)).where(Closing.assignment_id == assignment.id))
    return (last or 0) + 1


def _final_sum(session: Session, assignment: Assignment) -> Decimal:
    """The sum of the finals, without what was not assessed."""
    finals = session.scalars(select(Determination.score).where(Determination.assignment_id == assignment.id))
    return sum((final for final in finals if final is not None), Decimal(0))
