"""Where a school stands in a cycle, by its dossier's state and its newest package's way through the rounds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ScalarSelect, select

from portfolio.models import Dossier, DossierState, Package


class Standing(StrEnum):
    """Where a school stands in a cycle, as the bureau needs to know it."""

    DRAFTING = "drafting"
    OVERDUE = "overdue"
    SIGNING = "signing"
    SUBMITTED = "submitted"
    REVIEWING = "reviewing"
    SETTLING = "settling"
    CLOSED = "closed"
    PUBLISHED = "published"


@dataclass(frozen=True, slots=True)
class Progress:
    """A package's way through its latest round; moments in UTC."""

    round_name: str
    review_by: datetime | None
    closed: bool
    published: bool
    reviews: int
    handed_in: int


def newest_package() -> ScalarSelect[int]:
    """The id of the newest package of the dossier at hand, as a subquery of a statement over dossiers."""
    return (
        select(Package.id)
        .where(Package.dossier_id == Dossier.id)
        .order_by(Package.number.desc())
        .limit(1)
        .correlate(Dossier)
        .scalar_subquery()
    )


def standing_of(state: DossierState, progress: Progress | None, *, overdue: bool) -> Standing:
    """Where a school stands; `progress` is its package's, `overdue` that submissions are over."""
    match state:
        case DossierState.DRAFTING:
            return Standing.OVERDUE if overdue else Standing.DRAFTING
        case DossierState.SIGNING if progress is None:
            return Standing.SIGNING
        case DossierState.PUBLISHED:
            return Standing.PUBLISHED
    if progress is None or progress.published:
        return Standing.SUBMITTED  # waits for a panel: of the first round, or of the next
    if progress.closed:
        return Standing.CLOSED
    return Standing.SETTLING if 0 < progress.reviews == progress.handed_in else Standing.REVIEWING
