"""Published rounds, as the school and all who may see the result read them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portfolio.editions import rubric_of
from portfolio.models import Assignment, Cycle, Dossier, Package, Round
from portfolio.queries.appeals import appeals
from portfolio.queries.judged import JudgedElement, judged_elements
from portfolio.queries.panel_report import PanelReport, panel_report
from portfolio.queries.result_terms import Awarded, awarded


@dataclass(frozen=True, slots=True)
class RoundResult:
    """A published round: the panel's report and every element's ladder."""

    assignment: Assignment
    round_name: str
    elements: list[JudgedElement]
    claimed: Decimal
    final: Decimal
    report: PanelReport
    # of the cycle's last round, where the bureau set them
    standing: Awarded | None = None

    @property
    def published(self) -> Decimal:
        """The sum that was published, before answers of the school changed anything."""
        return sum((each.published for each in self.elements if each.published is not None), Decimal(0))

    @property
    def answered(self) -> list[JudgedElement]:
        """What the school answered factual errors in, drafts included where they may be seen."""
        return [each for each in self.elements if each.appeal is not None]

    @property
    def below(self) -> list[JudgedElement]:
        """Where the panel gave less than the school had claimed, most points first."""
        return _most_lost([e for e in self.elements if _is_below(e.final, e.self_score)])

    @property
    def as_claimed(self) -> list[JudgedElement]:
        """Where points are lost that the school had not claimed itself, most points first."""
        below = {each.element.code for each in self.below}
        return _most_lost([e for e in self.elements if e.lost and e.element.code not in below])

    @property
    def full(self) -> list[JudgedElement]:
        """The elements with all their points."""
        return [e for e in self.elements if e.final == e.element.points]

    @property
    def restored(self) -> list[JudgedElement]:
        """What has all its points only since the panel accepted an answer of the school."""
        return [e for e in self.full if e.published != e.final]

    @property
    def not_assessed(self) -> list[JudgedElement]:
        """What the panel said it did not assess: left out of the sum."""
        return [e for e in self.elements if e.final is None]


def _is_below(final: Decimal | None, self_score: Decimal | None) -> bool:
    return final is not None and self_score is not None and final < self_score


def _most_lost(elements: list[JudgedElement]) -> list[JudgedElement]:
    return sorted(elements, key=lambda each: (-each.lost, each.element.number))


def published_results(session: Session, dossier: Dossier, *, drafts: bool = False) -> list[RoundResult]:
    """The dossier's published rounds, newest first; seven statements a round at most, one to find them.

    `drafts`: with answers that the school has not sent, which are for itself.
    """
    last = select(func.max(Round.position)).where(Round.cycle_id == dossier.cycle_id).scalar_subquery()
    rows = session.execute(
        select(Assignment, Package, Round.name, Cycle, (Round.position == last).label("is_last"))
        .join(Package, Package.id == Assignment.package_id)
        .join(Round, Round.id == Assignment.round_id)
        .join(Cycle, Cycle.id == Round.cycle_id)
        .where(Package.dossier_id == dossier.id, Assignment.published_at.is_not(None))
        .order_by(Round.position.desc(), Assignment.published_at.desc())
    ).all()
    return [
        _result(
            session,
            row.Assignment,
            row.Package,
            row.name,
            drafts=drafts,
            terms=row.Cycle if row.is_last else None,
        )
        for row in rows
    ]


def _result(
    session: Session,
    assignment: Assignment,
    package: Package,
    round_name: str,
    *,
    drafts: bool,
    terms: Cycle | None,
) -> RoundResult:
    rubric = rubric_of(session, package.rubric_digest)
    answered = appeals(session, assignment.id, drafts=drafts)
    judged = judged_elements(session, assignment, rubric.elements, answered)
    final = sum((each.final for each in judged if each.final is not None), Decimal(0))
    return RoundResult(
        assignment=assignment,
        round_name=round_name,
        elements=judged,
        claimed=package.claimed,
        final=final,
        report=panel_report(session, assignment.id),
        standing=awarded(terms, final) if terms is not None else None,
    )
