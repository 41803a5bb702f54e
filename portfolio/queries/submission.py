"""What stands between a dossier and its submission: the gaps, those that were waived, the copies still missing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.models import Dossier, GapWaiver
from portfolio.queries.copies import MissingCopy, missing_copies
from portfolio.queries.standing import Standing, standing
from rubric.gaps import Gap


@dataclass(frozen=True, slots=True)
class CheckList:
    """Every gap of the dossier that a package may know of, fixed ones gone, with the reason of those waived."""

    standing: Standing
    waived: dict[str, GapWaiver]
    # pictures whose public copy is still being made, or can't be: no package holds them without
    missing_copies: tuple[MissingCopy, ...] = ()
    # the only elements that are handed in; None: all
    elements: Set[str] | None = None

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """All gaps of what is handed in but those that only the school is told of, ranked."""
        return tuple(
            gap
            for gap in self.standing.readiness.gaps
            if not gap.for_school_only and (self.elements is None or gap.element in self.elements)
        )

    @property
    def open(self) -> list[Gap]:
        """The gaps that still stand in the way."""
        return [gap for gap in self.gaps if gap.blocks and gap.key not in self.waived]

    @property
    def advice(self) -> list[Gap]:
        """What weakens an element without standing in the way, what only the school is told of included."""
        return [gap for gap in self.standing.readiness.gaps if gap.element is not None and not gap.blocks]

    def advice_of(self, indicator: str) -> dict[str, list[Gap]]:
        """The same by element, for the elements of an A-indicator in the rubric's order."""
        rubric = self.standing.rubric
        found: dict[str, list[Gap]] = defaultdict(list)
        for gap in self.advice:
            found[gap.element or ""].append(gap)
        return {
            e.code: found[e.code] for e in rubric.elements if e.code in found and e.indicator == indicator
        }

    @property
    def left_out(self) -> list[Gap]:
        """Files cited nowhere: shown, so that nobody forgets one by mistake."""
        return [gap for gap in self.gaps if gap.element is None]


def check_list(
    session: Session,
    dossier: Dossier,
    *,
    now: datetime,
    to_school: bool = True,
    elements: Set[str] | None = None,
) -> CheckList:
    """What stands between the dossier and its submission, in six statements; `to_school` as for `standing`.

    Where only these elements are handed in, what is the matter with others is left out.
    """
    waivers = session.scalars(select(GapWaiver).where(GapWaiver.dossier_id == dossier.id))
    found = standing(session, dossier, now=now, to_school=to_school)
    return CheckList(
        found,
        {waiver.gap: waiver for waiver in waivers},
        missing_copies(session, dossier_id=dossier.id, elements=elements),
        elements,
    )
