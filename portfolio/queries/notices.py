"""What the result notice says of a published round."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.documents.notice import Judged, Notice
from portfolio.editions import rubric_of
from portfolio.errors import DomainError, NotFound
from portfolio.models import Assignment, Cycle, Determination, PackageElement
from portfolio.policy import Actor
from portfolio.queries.panel_documents import subject_of
from portfolio.queries.panel_report import panel_report
from portfolio.queries.rounds import still_blind
from rubric.scoring import ZERO, Band, band_for


def notice(session: Session, actor: Actor, assignment: Assignment) -> Notice:
    """The notice of a published result, in four statements.

    Raises DomainError (result_unpublished), and NotFound for whoever is still to judge the dossier alone.
    """
    if still_blind(session, actor, assignment.package.dossier):
        raise NotFound()
    if assignment.published_at is None:
        raise DomainError("result_unpublished")
    rubric = rubric_of(session, assignment.package.rubric_digest)
    settled = {
        row.Determination.element: row
        for row in session.execute(
            select(Determination, PackageElement.score)
            .join(PackageElement, PackageElement.element == Determination.element)
            .where(
                Determination.assignment_id == assignment.id,
                PackageElement.package_id == assignment.package_id,
            )
        )
    }
    judged = tuple(
        Judged(element, row.score, row.Determination.score, row.Determination.rule, row.Determination.reason)
        for element in rubric.elements
        if (row := settled.get(element.code)) is not None
    )
    cycle = assignment.package.dossier.cycle
    total = sum((one.final for one in judged if one.final is not None), ZERO)
    return Notice(
        subject=subject_of(assignment, rubric),
        district=assignment.package.dossier.school.district,
        judged=judged,
        opinion=panel_report(session, assignment.id).opinion,
        band=_band(cycle, total),
        passed=None if cycle.pass_mark is None else total >= cycle.pass_mark,
        published_at=assignment.published_at,
        answer_by=assignment.answers_until,
    )


def _band(cycle: Cycle, total: Decimal) -> str | None:
    """The band the total reaches; None where the bureau set none, or it reaches none."""
    bands = [Band(str(band["name"]), Decimal(str(band["minimum"]))) for band in cycle.bands or ()]
    reached = band_for(total, bands)
    return reached.name if reached else None
