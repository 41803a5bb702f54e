"""What the city's schools have least of, from tallies that stand beside the dossiers."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import Integer, func, select, type_coerce
from sqlalchemy.orm import Session

from portfolio.db import points_of
from portfolio.models import Cycle, ElementTally
from rubric.model import Element, Rubric

WEAKEST = 10  # elements


@dataclass(frozen=True, slots=True)
class WeakElement:
    """An element of which the city's schools have little supported: the share of its points, who scored it."""

    element: Element
    share: Decimal
    scored: int


def weakest(session: Session, cycle: Cycle, rubric: Rubric, schools: int) -> list[WeakElement]:
    """The elements of which the least share is supported, in all schools; none while nobody has scored."""
    tallies = {
        element: (points_of(int(supported)), int(scored))
        for element, supported, scored in session.execute(
            select(
                ElementTally.element,
                func.sum(type_coerce(ElementTally.supported, Integer)),
                func.sum(ElementTally.scored),
            )
            .where(ElementTally.cycle_id == cycle.id)
            .group_by(ElementTally.element)
        )
    }
    if not any(scored for _, scored in tallies.values()):
        return []
    found = [
        WeakElement(element, supported / (element.points * schools), scored)
        for element in rubric.elements
        for supported, scored in [tallies.get(element.code, (Decimal(0), 0))]
    ]
    return sorted(found, key=lambda weak: weak.share)[:WEAKEST]
