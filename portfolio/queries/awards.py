"""Certificates as the bureau and the school see them: since when, until when, and what is due."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.days import day_of
from portfolio.errors import NotFound
from portfolio.models import Certificate, Cycle, Dossier, School, User
from portfolio.policy import NOWHERE, Actor, Place
from portfolio.queries.results import Result, published

# From so many days before its renewal date on a certificate is called due.
NEAR = 365


class Validity(StrEnum):
    """How a certificate stands on a day."""

    VALID = "valid"
    DUE = "due"
    EXPIRED = "expired"
    RENEWED = "renewed"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Awarded:
    """A certificate in the list, with its school and cycle."""

    certificate: Certificate
    school: str
    district: str
    cycle: str
    validity: Validity
    revoked_by: str | None


@dataclass(frozen=True, slots=True)
class Show:
    """Which certificates are looked at."""

    cycle_id: int | None = None
    validity: Validity | None = None


@dataclass(frozen=True, slots=True)
class Register:
    """The certificates looked at, newest number first; `counts` of the chosen cycle, whatever their validity."""

    rows: tuple[Awarded, ...]
    counts: Mapping[Validity, int]


def certificate(session: Session, *, certificate_id: int) -> tuple[Certificate, Place]:
    """A certificate."""
    found = session.get(Certificate, certificate_id)
    if found is None:
        raise NotFound()
    return found, NOWHERE


def register(session: Session, show: Show, *, now: datetime) -> Register:
    """The list of certificates, in one statement."""
    rows = session.execute(
        select(Certificate, School, Cycle.id, Cycle.name, User.name)
        .join(School, School.id == Certificate.school_id)
        .join(Dossier, Dossier.id == Certificate.dossier_id)
        .join(Cycle, Cycle.id == Dossier.cycle_id)
        .outerjoin(User, User.id == Certificate.revoked_by)
        .order_by(Certificate.year.desc(), Certificate.serial.desc())
    ).all()
    today = day_of(now)
    stands = _validities([row.Certificate for row in rows], today)
    here = [
        (Awarded(held, school.name, school.district, cycle, stands[held.id], by))
        for held, school, cycle_id, cycle, by in rows
        if show.cycle_id in (None, cycle_id)
    ]
    return Register(
        tuple(each for each in here if show.validity in (None, each.validity)),
        Counter(each.validity for each in here),
    )


def of_dossier(session: Session, dossier: Dossier, *, now: datetime) -> list[Awarded]:
    """A dossier's certificates, the newest first; one statement."""
    rows = session.execute(
        select(Certificate, User.name)
        .outerjoin(User, User.id == Certificate.revoked_by)
        .where(Certificate.school_id == dossier.school_id)
        .order_by(Certificate.year.desc(), Certificate.serial.desc())
    ).all()
    stands = _validities([row.Certificate for row in rows], day_of(now))
    school = dossier.school
    return [
        Awarded(held, school.name, school.district, dossier.cycle.name, stands[held.id], by)
        for held, by in rows
        if held.dossier_id == dossier.id
    ]


def awardable(session: Session, actor: Actor, cycle: Cycle) -> list[Result]:
    """Published results of a cycle's last round without a certificate, from the pass mark on where one is set."""
    holders = set(
        session.scalars(
            select(Certificate.dossier_id)
            .join(Dossier, Dossier.id == Certificate.dossier_id)
            .where(Dossier.cycle_id == cycle.id, Certificate.revoked_at.is_(None))
        )
    )
    return [
        result
        for result in published(session, actor, cycle)
        if result.dossier_id not in holders and (cycle.pass_mark is None or result.final >= cycle.pass_mark)
    ]


def _validities(held: Sequence[Certificate], today: Date) -> dict[int, Validity]:
    """How each stands; a school's later certificate that stands renews the earlier ones."""
    newest: dict[int, tuple[int, int]] = {}
    for each in held:
        if each.revoked_at is None:
            number = (each.year, each.serial)
            newest[each.school_id] = max(newest.get(each.school_id, number), number)
    return {each.id: _validity(each, newest.get(each.school_id), today) for each in held}


def _validity(held: Certificate, newest: tuple[int, int] | None, today: Date) -> Validity:
    if held.revoked_at is not None:
        return Validity.REVOKED
    if newest != (held.year, held.serial):
        return Validity.RENEWED
    left = (held.renew_by - today).days
    if left < 0:
        return Validity.EXPIRED
    return Validity.DUE if left <= NEAR else Validity.VALID
