"""What the official form shows, from a dossier and from a package."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.documents.form import Scores, Sheet, Shown
from portfolio.editions import rubric_of
from portfolio.models import (
    Assignment,
    Determination,
    Dossier,
    Package,
    PackageElement,
    Round,
    SelfAssessment,
)


def of_dossier(session: Session, dossier: Dossier, *, shown: Shown | None, at: datetime) -> Sheet:
    """The form with the dossier's scores as they stand; it has no panel's scores yet."""
    rows = session.execute(
        select(SelfAssessment.element, SelfAssessment.score).where(SelfAssessment.dossier_id == dossier.id)
    )
    return Sheet(
        rubric=rubric_of(session, dossier.cycle.rubric_digest),
        school=dossier.school.name,
        cycle=dossier.cycle.name,
        scores={row.element: Scores(own=row.score) for row in rows},
        shown=shown or Shown.SELF,
        at=at,
    )


def of_package(session: Session, package: Package, *, shown: Shown | None, judged: bool = True) -> Sheet:
    """The form with the package's scores, and the panel's finals once they are published.

    Nothing chosen means all there is. Unless it is to be shown `judged`, the finals stay away: the reader is still
    to judge the package alone.
    """
    return _sheet(session, package, finals=_published(session, package) if judged else {}, shown=shown)


def of_assignment(session: Session, assignment: Assignment, *, shown: Shown | None) -> Sheet:
    """The form with a package's scores and what one panel settled, published or not."""
    return _sheet(session, assignment.package, finals=_finals(session, assignment.id), shown=shown)


def _sheet(
    session: Session, package: Package, *, finals: Mapping[str, Decimal], shown: Shown | None
) -> Sheet:
    own = {
        row.element: row.score
        for row in session.execute(
            select(PackageElement.element, PackageElement.score).where(
                PackageElement.package_id == package.id
            )
        )
    }
    return Sheet(
        rubric=rubric_of(session, package.rubric_digest),
        school=package.dossier.school.name,
        cycle=package.dossier.cycle.name,
        scores={code: Scores(own=score, final=finals.get(code)) for code, score in own.items()},
        shown=shown or (Shown.BOTH if finals else Shown.SELF),
        footnote=f"申报包 {package.number} 号　SHA-256 {package.digest}",
        at=package.signed_at,
    )


def _published(session: Session, package: Package) -> dict[str, Decimal]:
    """The final scores of the newest published round; empty before."""
    assignment_id = session.scalar(
        select(Assignment.id)
        .join(Round, Round.id == Assignment.round_id)
        .where(Assignment.package_id == package.id, Assignment.published_at.is_not(None))
        .order_by(Round.position.desc())
        .limit(1)
    )
    return {} if assignment_id is None else _finals(session, assignment_id)


def _finals(session: Session, assignment_id: int) -> dict[str, Decimal]:
    """What a panel settled; what it did not assess is left out."""
    settled = select(Determination.element, Determination.score).where(
        Determination.assignment_id == assignment_id
    )
    return {row.element: row.score for row in session.execute(settled) if row.score is not None}
