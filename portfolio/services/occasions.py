"""What a school hands in, and until when: its whole dossier, or what a panel asked about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from portfolio.errors import DomainError
from portfolio.models import Dossier, DossierState
from portfolio.queries.supplements import Asked, asked_of


@dataclass(frozen=True, slots=True)
class Occasion:
    """Until when a dossier can be handed in, and what of it: all of it, or what a panel asked about."""

    until: datetime
    asked: Asked | None = None

    @property
    def rests_in(self) -> DossierState:
        """The state of the dossier while the school works on it."""
        return DossierState.DRAFTING if self.asked is None else DossierState.SUBMITTED

    @property
    def elements(self) -> frozenset[str] | None:
        """The only elements that are handed in; None: all."""
        return None if self.asked is None else frozenset(self.asked.questions)

    def check_in_time(self, now: datetime) -> None:
        """Raises DomainError (deadline_passed, supplement_over)."""
        if now > self.until:
            raise DomainError("deadline_passed" if self.asked is None else "supplement_over")


def occasion(session: Session, dossier: Dossier) -> Occasion:
    """What the dossier is handed in for as it stands. Raises DomainError("supplement_over").

    While it is drafted, nothing was ever asked; after that, only what a panel asks about can be handed in.
    """
    asked = asked_of(session, dossier)
    if asked is None:
        return Occasion(dossier.cycle.submit_by)
    if asked.request.answered_at or asked.request.lapsed_at:
        raise DomainError("supplement_over")
    return Occasion(asked.request.due_at, asked)
