"""Factual errors in a published result (申诉): the lead drafts, the principal sends, the panel's chair decides.

Accepting one adds a ruling to its element: what stood before stays on the ladder.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from portfolio.audit import Action
from portfolio.errors import DomainError, NotFound, Refused, StaleWrite
from portfolio.models import (
    Appeal,
    AppealCitation,
    AppealOutcome,
    Assignment,
    Determination,
    InterestStatement,
    Membership,
    PackageElement,
    Recusal,
    Role,
    SettlementRule,
    User,
)
from portfolio.policy import Actor
from portfolio.services.answering import Cited, needed_words, resting_on
from portfolio.services.reviews import parse_points
from portfolio.services.rows import add_once
from portfolio.services.settlement import judgement, rule_anew
from portfolio.services.terms import Terms, terms_of, trail


def draft(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    assignment: Assignment,
    code: str,
    text: str,
    cited: list[Cited],
    version: int,
) -> Appeal:
    """Write what is wrong in an element's final score, over the version it was based on (0: there was none).

    Raises Refused by field, StaleWrite with the row as it stands, NotFound for an element without a final,
    DomainError (not_published, no_window, window_over, answer_sent).
    """
    terms = _in_window(session, assignment, now)
    _settled(session, assignment, code)
    stands = _unsent(session, assignment, code, version)
    words = needed_words("text", text, "answer_missing")
    files = resting_on(session, terms.school_id, cited)
    before = {"element": code, "text": stands.text} if stands else None
    appeal = stands or Appeal(assignment_id=assignment.id, element=code)
    appeal.text, appeal.version = words, version + 1
    appeal.drafted_by, appeal.drafted_at = actor.user_id, now
    if stands is None:
        add_once(session, appeal, StaleWrite(None))
    session.flush()
    session.execute(delete(AppealCitation).where(AppealCitation.appeal_id == appeal.id))
    if files:
        session.execute(insert(AppealCitation), [{"appeal_id": appeal.id, **file} for file in files])
    after = {"element": code, "text": words, "files": [file["evidence_version_id"] for file in files]}
    trail(session, actor, now, Action.APPEAL_DRAFTED, assignment, terms, before=before, after=after)
    return appeal


def discard(
    session: Session, *, actor: Actor, now: datetime, assignment: Assignment, code: str, version: int
) -> None:
    """Take a draft back; the trail keeps it.

    Raises StaleWrite, DomainError (not_published, no_window, window_over, no_draft, answer_sent).
    """
    terms = _in_window(session, assignment, now)
    stands = _written(session, assignment, code, version)
    before = {"element": code, "text": stands.text}
    session.execute(delete(AppealCitation).where(AppealCitation.appeal_id == stands.id))
    session.delete(stands)
    session.flush()
    trail(session, actor, now, Action.APPEAL_DROPPED, assignment, terms, before=before)


def send(
    session: Session, *, actor: Actor, now: datetime, assignment: Assignment, code: str, version: int
) -> Appeal:
    """The principal sends a draft as they read it; from now on it is the panel's to decide.

    Raises StaleWrite, DomainError (not_published, no_window, window_over, no_draft, answer_sent).
    """
    terms = _in_window(session, assignment, now)
    appeal = _written(session, assignment, code, version)
    appeal.sent_at, appeal.sent_by = now, actor.user_id
    session.flush()
    after = {"element": code, "text": appeal.text}
    trail(session, actor, now, Action.APPEAL_SENT, assignment, terms, after=after)
    return appeal


def accept(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    assignment: Assignment,
    code: str,
    score_text: str,
    reason: str,
) -> Appeal:
    """The school is right: the element has another final score from now on, by a ruling of its own.

    Raises Refused by field (score: score_unchanged and what a score is refused for; reason: reason_missing,
    text_too_long), DomainError (not_published, answer_unsent, answer_decided, own_case, chair_decides).
    """
    terms, appeal = _case(session, actor, assignment, code)
    standing = _settled(session, assignment, code)
    errors: dict[str, DomainError] = {}
    points = session.get_one(PackageElement, (assignment.package_id, code)).points
    score = parse_points(score_text, points=points, step=terms.step, errors=errors)
    if score is not None and score == standing.score:
        errors["score"] = DomainError("score_unchanged", field="score")
    words = ""
    try:
        words = needed_words("reason", reason, "reason_missing")
    except Refused as refused:
        errors |= refused.errors
    if errors:
        raise Refused(errors)
    before = {"element": code, **judgement(standing)}
    values = {"score": score, "rule": SettlementRule.CHAIR, "reason": words}
    settled = rule_anew(
        session, actor=actor, now=now, assignment=assignment, code=code, standing=standing, values=values
    )
    appeal.ruling = settled.version
    _decide(session, appeal, AppealOutcome.ACCEPTED, words, actor, now)
    after = {"element": code, **judgement(settled)}
    trail(session, actor, now, Action.APPEAL_ACCEPTED, assignment, terms, before=before, after=after)
    return appeal


def decline(
    session: Session, *, actor: Actor, now: datetime, assignment: Assignment, code: str, reason: str
) -> Appeal:
    """The final score stays, for the reason given.

    Raises Refused by field (reason: reason_missing, text_too_long), DomainError (not_published, answer_unsent,
    answer_decided, own_case, chair_decides).
    """
    terms, appeal = _case(session, actor, assignment, code)
    words = needed_words("reason", reason, "reason_missing")
    _decide(session, appeal, AppealOutcome.DECLINED, words, actor, now)
    after = {"element": code, "reason": words}
    trail(session, actor, now, Action.APPEAL_DECLINED, assignment, terms, after=after)
    return appeal


def check_decides(session: Session, actor: Actor, assignment: Assignment, school_id: int) -> None:
    """Raises DomainError (own_case, chair_decides) unless it is this actor who decides about answers here."""
    if school_id in actor.conflicts:
        raise DomainError("own_case")
    if assignment.panel_id not in actor.panels(Role.CHAIR) and chairs_able(session, assignment, school_id):
        raise DomainError("chair_decides")


def chairs_able(session: Session, assignment: Assignment, school_id: int) -> bool:
    """Whether somebody chairs the panel who can decide: an open account, no conflict, the statement signed."""
    signed = select(InterestStatement.user_id).where(
        InterestStatement.school_id == school_id, InterestStatement.panel_id == assignment.panel_id
    )
    of_the_school = select(Membership.user_id).where(Membership.school_id == school_id)
    away = select(Recusal.user_id).where(Recusal.school_id == school_id)
    able = (
        select(Membership.user_id)
        .join(User, User.id == Membership.user_id)
        .where(
            Membership.panel_id == assignment.panel_id,
            Membership.role == Role.CHAIR,
            User.disabled_at.is_(None),
            Membership.user_id.in_(signed),
            Membership.user_id.not_in(of_the_school),
            Membership.user_id.not_in(away),
        )
    )
    return session.scalar(able.limit(1)) is not None


def _held(session: Session, assignment: Assignment) -> Terms:
    """One writer at a time around a published result. Raises DomainError("not_published")."""
    session.refresh(assignment, ["published_at", "answers_until"], with_for_update=True)
    if assignment.published_at is None:
        raise DomainError("not_published")
    return terms_of(session, assignment)


def _in_window(session: Session, assignment: Assignment, now: datetime) -> Terms:
    """Raises DomainError (not_published, no_window, window_over)."""
    terms = _held(session, assignment)
    if assignment.answers_until is None:
        raise DomainError("no_window")
    if now >= assignment.answers_until:
        raise DomainError("window_over")
    return terms


def _settled(session: Session, assignment: Assignment, code: str) -> Determination:
    found = session.scalar(
        select(Determination)
        .where(Determination.assignment_id == assignment.id, Determination.element == code)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound()
    return found


def _appeal(session: Session, assignment: Assignment, code: str) -> Appeal | None:
    return session.scalar(
        select(Appeal)
        .where(Appeal.assignment_id == assignment.id, Appeal.element == code)
        .execution_options(populate_existing=True)
    )


def _unsent(session: Session, assignment: Assignment, code: str, version: int) -> Appeal | None:
    """The draft of this version. Raises DomainError("answer_sent"), StaleWrite with the row as it stands."""
    stands = _appeal(session, assignment, code)
    if stands is not None and stands.sent_at is not None:
        raise DomainError("answer_sent")
    if version != (stands.version if stands else 0):
        raise StaleWrite(stands)
    return stands


def _written(session: Session, assignment: Assignment, code: str, version: int) -> Appeal:
    """As `_unsent`, where there must be one. Raises DomainError("no_draft") too."""
    if _appeal(session, assignment, code) is None:
        raise DomainError("no_draft")
    stands = _unsent(session, assignment, code, version)
    assert stands is not None, "found just before, and held since"
    return stands


def _case(session: Session, actor: Actor, assignment: Assignment, code: str) -> tuple[Terms, Appeal]:
    """What is to be decided, if it is this actor's to decide."""
    terms = _held(session, assignment)
    check_decides(session, actor, assignment, terms.school_id)
    appeal = _appeal(session, assignment, code)
    if appeal is None or appeal.sent_at is None:
        raise DomainError("answer_unsent")
    if appeal.outcome is not None:
        raise DomainError("answer_decided")
    return terms, appeal


def _decide(
    session: Session, appeal: Appeal, outcome: AppealOutcome, reason: str, actor: Actor, now: datetime
) -> None:
    appeal.outcome, appeal.reason = outcome, reason
    appeal.decided_by, appeal.decided_at = actor.user_id, now
    session.flush()
