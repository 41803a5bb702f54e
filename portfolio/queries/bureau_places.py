"""Where the bureau's pages stand: a cycle, a round, a package given to a panel."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from portfolio.errors import NotFound
from portfolio.models import Assignment, Cycle, Dossier, Package, Panel, Round
from portfolio.policy import NOWHERE, Place


def cycle(session: Session, *, cycle_id: int) -> tuple[Cycle, Place]:
    """A cycle with its rounds."""
    found = session.scalar(select(Cycle).options(selectinload(Cycle.rounds)).where(Cycle.id == cycle_id))
    if found is None:
        raise NotFound()
    return found, NOWHERE


def round_(session: Session, *, round_id: int) -> tuple[Round, Place]:
    """A round with its cycle."""
    found = session.scalar(
        select(Round).options(joinedload(Round.cycle, innerjoin=True)).where(Round.id == round_id)
    )
    if found is None:
        raise NotFound()
    return found, NOWHERE


def assignment(session: Session, *, assignment_id: int) -> tuple[Assignment, Place]:
    """A package given to a panel, with everything a service needs around it."""
    found = session.scalar(
        select(Assignment)
        .options(
            joinedload(Assignment.panel, innerjoin=True).joinedload(Panel.round, innerjoin=True),
            joinedload(Assignment.package, innerjoin=True)
            .joinedload(Package.dossier, innerjoin=True)
            .options(joinedload(Dossier.school, innerjoin=True), joinedload(Dossier.cycle, innerjoin=True)),
        )
        .where(Assignment.id == assignment_id)
    )
    if found is None:
        raise NotFound()
    return found, Place(school_id=found.package.school_id)
