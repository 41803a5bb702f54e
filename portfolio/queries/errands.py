"""A person's errands: what they asked for, how far it is, what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from portfolio.errors import NotFound
from portfolio.models import Assignment, Dossier, Errand, ErrandKind, ErrandState, Package, School
from portfolio.policy import Actor, Permission, Place
from portfolio.queries.places import succeeds
from portfolio.queries.rounds import still_blind

# What one must still be allowed when one fetches what was made.
NEEDED = {
    ErrandKind.PACKAGE: Permission.FILE_READ,
    ErrandKind.ORIGINALS: Permission.ORIGINALS_READ,
    ErrandKind.SCHOOL: Permission.SCHOOL_EXPORT,
}


@dataclass(frozen=True, slots=True)
class ErrandRow:
    """An errand and what it is about: the school's name, the package's number."""

    errand: Errand
    school: str | None
    number: int | None

    @property
    def under_way(self) -> bool:
        """Whether it is still to be waited for."""
        return self.errand.state in (ErrandState.WAITING, ErrandState.RUNNING)

    @property
    def percent(self) -> int:
        """How far it is; never all of it before it is over."""
        return min(99, self.errand.done * 100 // max(self.errand.total, 1))


def mine(session: Session, user_id: int, *, school_id: int | None = None) -> list[ErrandRow]:
    """A person's errands, or those about one school as a whole, the newest first; one statement."""
    wanted = [Errand.asked_by == user_id]
    if school_id is not None:
        wanted += [Errand.school_id == school_id, Errand.kind == ErrandKind.SCHOOL]
    rows = session.execute(
        select(Errand, School.name, Package.number)
        .outerjoin(School, School.id == Errand.school_id)
        .outerjoin(Package, Package.id == Errand.package_id)
        .where(*wanted)
        .order_by(Errand.asked_at.desc(), Errand.id)
    )
    return [ErrandRow(*row) for row in rows]


def errand(session: Session, *, errand_id: int) -> tuple[Errand, Place]:
    """An errand; it is theirs who asked for it."""
    given = aliased(Package)
    rows = session.execute(
        select(Errand, Assignment.panel_id)
        .outerjoin(Package, Package.id == Errand.package_id)
        .outerjoin(given, succeeds(given, Package))
        .outerjoin(Assignment, Assignment.package_id == given.id)
        .where(Errand.id == errand_id)
    ).all()
    if not rows:
        raise NotFound()
    found = rows[0].Errand
    return found, place_of(found, frozenset(row.panel_id for row in rows if row.panel_id is not None))


def still_blind_to(session: Session, actor: Actor, school_id: int) -> bool:
    """Whether somebody is still to judge a dossier of the school alone: its archive tells what earlier panels said."""
    if not actor.panels():
        return False
    dossiers = session.scalars(select(Dossier).where(Dossier.school_id == school_id)).all()
    return any(still_blind(session, actor, dossier) for dossier in dossiers)


def place_of(errand: Errand, panel_ids: frozenset[int]) -> Place:
    """Where it stands: with its school, the panels that have its package, and whoever asked for it."""
    return Place(school_id=errand.school_id, panel_ids=panel_ids, person_id=errand.asked_by)
