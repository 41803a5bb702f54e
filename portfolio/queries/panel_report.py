"""The panel's report: what it says, its rectification list, and which lost points have no line there yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from portfolio.models import (
    Assignment,
    Determination,
    PackageElement,
    RectificationItem,
    ReportPart,
    ReportSection,
)
from rubric.model import Rubric


@dataclass(frozen=True, slots=True)
class PanelReport:
    """A report as it stands; parts that nobody has written are not in it."""

    parts: Mapping[str, ReportPart]
    items: tuple[RectificationItem, ...]

    def text(self, part: str) -> str:
        """What a part says, in Markdown; empty where nothing does."""
        return self.parts[part].text if part in self.parts else ""

    @property
    def opinion(self) -> str:
        """The panel's opinion, in Markdown."""
        return self.text(ReportSection.OPINION)

    def version(self, part: str) -> int:
        """The version of a part; 0 where it was never written."""
        return self.parts[part].version if part in self.parts else 0


@dataclass(frozen=True, slots=True)
class Proposal:
    """An element that lost points and has no line on the list: what the panel said of it may become one."""

    element: str
    lost: Decimal
    reason: str


def panel_report(session: Session, assignment_id: int) -> PanelReport:
    """The report, in two statements."""
    parts = session.scalars(
        select(ReportPart)
        .where(ReportPart.assignment_id == assignment_id)
        .execution_options(populate_existing=True)
    )
    items = session.scalars(
        select(RectificationItem)
        .where(RectificationItem.assignment_id == assignment_id)
        .order_by(RectificationItem.number)
        .execution_options(populate_existing=True)
    )
    return PanelReport({row.part: row for row in parts}, tuple(items))


def proposals(session: Session, assignment: Assignment, rubric: Rubric) -> list[Proposal]:
    """What lost points and is on no line yet, the most points first, in the rubric's order; one statement."""
    listed = select(RectificationItem.element).where(RectificationItem.assignment_id == assignment.id)
    rows = session.execute(
        select(Determination.element, PackageElement.points - Determination.score, Determination.reason)
        .join(
            PackageElement,
            and_(
                PackageElement.package_id == assignment.package_id,
                PackageElement.element == Determination.element,
            ),
        )
        .where(
            Determination.assignment_id == assignment.id,
            Determination.score < PackageElement.points,
            Determination.element.not_in(listed),
        )
    )
    found = {row[0]: Proposal(row[0], row[1], row[2]) for row in rows}
    order = {element.code: at for at, element in enumerate(rubric.elements)}
    return sorted(found.values(), key=lambda each: (-each.lost, order[each.element]))
