"""What the official form shows, from a dossier and from a package."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.documents.form import Scores, Sheet
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
from portfolio.queries.package import expert_judgements
from rubric.review import median
from rubric.scoring import Judgement


def of_dossier(session: Session, dossier: Dossier) -> Sheet:
    """The form with the dossier's scores as they stand; the panel's columns are empty."""
    rows = session.execute(
        select(SelfAssessment.element, SelfAssessment.score).where(SelfAssessment.dossier_id == dossier.id)
    )
    return Sheet(
        rubric=rubric_of(session, dossier.cycle.rubric_digest),
        school=dossier.school.name,
        cycle=dossier.cycle.name,
        scores={row.element: Scores(own=row.score) for row in rows},
    )


def of_package(session: Session, package: Package, *, judged: bool = True) -> Sheet:
    """The form with the package's scores; the panel's columns are filled once the result is published.

    Unless it is to be shown `judged`, they stay empty: the reader is still to judge it alone.
    """
    own = {
        row.element: row.score
        for row in session.execute(
            select(PackageElement.element, PackageElement.score).where(
                PackageElement.package_id == package.id
            )
        )
    }
    panel, final = _judged(session, package) if judged else ({}, {})
    return Sheet(
        rubric=rubric_of(session, package.rubric_digest),
        school=package.dossier.school.name,
        cycle=package.dossier.cycle.name,
        scores={
            code: Scores(own=score, panel=panel.get(code), final=final.get(code))
            for code, score in own.items()
        },
        footnote=f"申报包 {package.number} 号　SHA-256 {package.digest}",
    )


def _judged(session: Session, package: Package) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    """The experts' medians and the finals of the newest published round; empty before."""
    assignment_id = session.scalar(
        select(Assignment.id)
        .join(Round, Round.id == Assignment.round_id)
        .where(Assignment.package_id == package.id, Assignment.published_at.is_not(None))
        .order_by(Round.position.desc())
        .limit(1)
    )
    if assignment_id is None:
        return {}, {}
    step = package.dossier.cycle.score_step
    medians = {
        code: _median(voices, step) for code, voices in expert_judgements(session, assignment_id).items()
    }
    finals = session.execute(
        select(Determination.element, Determination.score).where(Determination.assignment_id == assignment_id)
    )
    return {code: score for code, score in medians.items() if score is not None}, {
        r.element: r.score for r in finals if r.score is not None
    }


def _median(voices: list[Judgement], step: Decimal) -> Decimal | None:
    scores = [voice.score for voice in voices if voice.score is not None]
    return median(scores, step) if scores else None
