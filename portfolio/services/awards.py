"""The title: awarded on published results, for as many years as the cycle's terms say; revoked with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date as Date
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portfolio import audit
from portfolio.audit import Action
from portfolio.days import day_of
from portfolio.errors import DomainError, Refused
from portfolio.models import Certificate, Cycle
from portfolio.plaintext import plain_text
from portfolio.policy import Actor
from portfolio.queries.results import Result
from portfolio.services.rows import add_once


def award(
    session: Session, *, actor: Actor, now: datetime, cycle: Cycle, results: Sequence[Result]
) -> list[Certificate]:
    """Award the title on these published results, in their order: all of them, or none.

    Raises DomainError (results_missing, validity_unset); Refused by the assignment's id (not_published,
    not_last_round, below_pass_mark, already_awarded), after which the caller undoes what was written.
    """
    if not results:
        raise DomainError("results_missing", field="assignment")
    _number_alone(session)
    if cycle.award_years is None:
        raise DomainError("validity_unset", field="assignment")
    today = day_of(now)
    renew_by = years_after(today, cycle.award_years)
    serial = _last_serial(session, today.year)
    refusals: dict[str, DomainError] = {}
    awarded = []
    for number, result in enumerate(results, start=serial + 1):
        try:
            awarded.append(
                _award(session, actor, now, cycle, result, number=number, today=today, renew_by=renew_by)
            )
        except DomainError as refusal:
            refusals[str(result.assignment_id)] = refusal
    if refusals:
        raise Refused(refusals)
    return awarded


def _award(
    session: Session,
    actor: Actor,
    now: datetime,
    cycle: Cycle,
    result: Result,
    *,
    number: int,
    today: Date,
    renew_by: Date,
) -> Certificate:
    if result.published_at is None:
        raise DomainError("not_published")
    if not result.last_round:
        raise DomainError("not_last_round")
    if cycle.pass_mark is not None and result.final < cycle.pass_mark:
        raise DomainError("below_pass_mark", pass_mark=cycle.pass_mark)
    certificate = Certificate(
        year=today.year,
        serial=number,
        school_id=result.school_id,
        dossier_id=result.dossier_id,
        assignment_id=result.assignment_id,
        awarded_on=today,
        renew_by=renew_by,
        awarded_by=actor.user_id,
        awarded_at=now,
    )
    add_once(session, certificate, DomainError("already_awarded"))
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=Action.CERTIFICATE_AWARDED,
        subject=("certificate", certificate.id),
        school_id=result.school_id,
        after={"name": certificate.number, "renew_by": renew_by, "assignment_id": result.assignment_id},
    )
    return certificate


def revoke(session: Session, *, actor: Actor, now: datetime, certificate: Certificate, reason: str) -> None:
    """Take the title back; the certificate stays on record with the reason.

    Raises DomainError (reason_missing, text_too_long, already_revoked).
    """
    words = plain_text(reason).strip()
    if not words:
        raise DomainError("reason_missing", field="reason")
    if len(words) > LONGEST_REASON:
        raise DomainError("text_too_long", field="reason", longest=LONGEST_REASON)
    session.refresh(certificate, ["revoked_at"], with_for_update=True)
    if certificate.revoked_at is not None:
        raise DomainError("already_revoked", field="reason")
    certificate.revoked_at, certificate.revoked_by, certificate.reason = now, actor.user_id, words
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=Action.CERTIFICATE_REVOKED,
        subject=("certificate", certificate.id),
        school_id=certificate.school_id,
        after={"name": certificate.number, "reason": words},
    )


LONGEST_REASON = 1000


def years_after(day: Date, years: int) -> Date:
    """The same day of the calendar so many years on; for 29 February, the day after the 28th where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28) + timedelta(days=1)


def _number_alone(session: Session) -> None:
    """Hold the rows of all cycles, and read them anew: a number is given once over all of them."""
    session.execute(
        select(Cycle)
        .order_by(Cycle.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()


def _last_serial(session: Session, year: int) -> int:
    """The last number given in a year; revoked ones count."""
    return session.scalar(select(func.max(Certificate.serial)).where(Certificate.year == year)) or 0
