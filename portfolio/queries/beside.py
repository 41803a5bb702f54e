"""What the visit brought for one element, as it stands beside its score."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from portfolio.models import Assignment, Review
from portfolio.policy import Actor
from portfolio.queries.findings import Found, findings_beside
from portfolio.queries.rounds import still_blind
from portfolio.queries.surveys import Asked, answers


@dataclass(frozen=True, slots=True)
class Beside:
    """Findings of an element (`everybodys`: of the whole panel) and what a questionnaire answered about it."""

    findings: tuple[Found, ...]
    answers: tuple[Asked, ...]
    everybodys: bool


def beside_score(session: Session, actor: Actor, review: Review, code: str) -> Beside:
    """For an expert's workspace, in two statements: the others' findings only where the others' scores are open too.

    In three once the review is closed: somebody still to judge in a later round learns nothing of this one's.
    """
    assignment = review.assignment
    is_open = review.handed_in_at is not None and assignment.settling_since is not None
    if is_open and assignment.closed_at is not None:
        is_open = not still_blind(session, actor, assignment.package.dossier)
    return _beside(session, assignment, code, None if is_open else actor.user_id)


def beside_settlement(session: Session, assignment: Assignment, code: str) -> Beside:
    """For the table of all scores: the whole panel's findings once it is open, in two statements."""
    if assignment.settling_since is None:
        return Beside((), answers(session, assignment, (code,)), everybodys=True)
    return _beside(session, assignment, code, None)


def _beside(session: Session, assignment: Assignment, code: str, author_id: int | None) -> Beside:
    return Beside(
        findings_beside(session, assignment, code, author_id=author_id),
        answers(session, assignment, (code,)),
        author_id is None,
    )
