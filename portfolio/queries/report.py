"""What the self-assessment report says, from a dossier as it stands."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.documents.archive.viewer import WAIVED
from portfolio.documents.report import Assessed, Cited, Declared, Report
from portfolio.models import Citation, Dossier, Evidence, GapWaiver, Introduction
from portfolio.queries.standing import Standing, standing
from rubric.model import Element


def introductions(session: Session, dossier_id: int) -> dict[str, Introduction]:
    """What is written so far, by the code of the A-indicator; one statement."""
    rows = session.scalars(select(Introduction).where(Introduction.dossier_id == dossier_id))
    return {row.indicator: row for row in rows}


def report(session: Session, dossier: Dossier, *, at: datetime) -> Report:
    """The whole report, in five statements."""
    stands = standing(session, dossier, now=at, with_uncited=False, to_school=False)
    cited = _citations(session, dossier, stands)
    return Report(
        rubric=stands.rubric,
        school=dossier.school.name,
        cycle=dossier.cycle.name,
        introductions={code: row.text for code, row in introductions(session, dossier.id).items()},
        elements={
            element.code: Assessed(element, row.score, row.justification, tuple(cited.get(element.code, ())))
            for element in stands.rubric.elements
            if (row := stands.assessments.get(element.code)) is not None
        },
        totals=stands.readiness.totals,
        by_indicator=stands.readiness.by_indicator,
        gaps=_gaps(session, dossier, stands),
        at=at,
    )


def _citations(session: Session, dossier: Dossier, stands: Standing) -> dict[str, list[Cited]]:
    """Each element's citations under the numbers that the catalogue gives them."""
    rows = session.execute(
        select(Citation, Evidence.title)
        .join(Evidence, Evidence.id == Citation.evidence_id)
        .where(Citation.dossier_id == dossier.id)
        .order_by(Citation.cited_at, Evidence.title, Citation.id)
    )
    found: dict[str, list[Cited]] = defaultdict(list)
    for citation, title in rows:
        element = stands.rubric.element(citation.element)
        running = len(found[element.code]) + 1
        found[element.code].append(_cited(element, running, citation, title))
    return found


def _cited(element: Element, running: int, citation: Citation, title: str) -> Cited:
    pages = [str(page) for page in (citation.page_from, citation.page_to) if page is not None]
    return Cited(
        number=element.numbered(running),
        title=title,
        pages=f"第 {'—'.join(pages)} 页" if pages else "",
        remark=citation.remark,
    )


def _gaps(session: Session, dossier: Dossier, stands: Standing) -> list[Declared]:
    """What the school itself names as lacking; advice is for its own eyes."""
    waivers = session.scalars(select(GapWaiver).where(GapWaiver.dossier_id == dossier.id))
    reasons = {waiver.gap: waiver.reason for waiver in waivers}
    return [
        Declared(gap.element, WAIVED[gap.rule], gap.points_at_risk, reasons.get(gap.key, ""))
        for gap in stands.readiness.gaps
        if gap.element is not None and gap.blocks
    ]
