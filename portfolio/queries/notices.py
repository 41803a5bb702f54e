"""What the result notice and the panel's report say of a round."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.documents.judged import Judged, Result
from portfolio.documents.notice import Notice
from portfolio.documents.panel_report import Item, Report
from portfolio.editions import rubric_of
from portfolio.errors import DomainError, NotFound
from portfolio.models import Assignment, Cycle, Determination, PackageElement, User
from portfolio.policy import Actor
from portfolio.queries.panel_documents import check_closed, subject_of
from portfolio.queries.panel_report import panel_report
from portfolio.queries.rounds import still_blind
from rubric.scoring import Band, band_for


def notice(session: Session, actor: Actor, assignment: Assignment) -> Notice:
    """The notice of a published result, in four statements.

    Raises DomainError (result_unpublished), and NotFound for whoever is still to judge the dossier alone.
    """
    check_published(session, actor, assignment)
    assert assignment.published_at is not None
    dossier = assignment.package.dossier
    came_to = result(session, assignment)
    cycle = dossier.cycle
    return Notice(
        result=came_to,
        district=dossier.school.district,
        opinion=panel_report(session, assignment.id).opinion,
        band=_band(cycle, came_to.final),
        passed=None if cycle.pass_mark is None else came_to.final >= cycle.pass_mark,
        published_at=assignment.published_at,
        answer_by=assignment.answers_until,
    )


def report(session: Session, actor: Actor, assignment: Assignment) -> Report:
    """The report of a closed review: to the panel and the office, to the school once it is published.

    Raises DomainError (result_unpublished, review_not_closed), and NotFound for who is still to judge alone.
    """
    school = assignment.package.dossier.school
    if school.id in actor.schools():
        check_published(session, actor, assignment)
    else:
        check_closed(session, actor, assignment)
    assert assignment.closed_at is not None
    came_to = result(session, assignment)
    written = panel_report(session, assignment.id)
    chair = select(User.name).where(User.id == assignment.closed_by)
    return Report(
        result=came_to,
        district=school.district,
        texts={part: row.text for part, row in written.parts.items()},
        items=[
            Item(
                item.number,
                came_to.subject.rubric.element(item.element),
                item.problem,
                item.measure,
                item.responsible,
                item.due_on,
            )
            for item in written.items
        ],
        chair=session.scalar(chair) or "",
        closed_at=assignment.closed_at,
    )


def check_published(session: Session, actor: Actor, assignment: Assignment) -> None:
    """Refuse what the school gets with the result. Raises DomainError (result_unpublished), NotFound."""
    if still_blind(session, actor, assignment.package.dossier):
        raise NotFound()
    if assignment.published_at is None:
        raise DomainError("result_unpublished")


def result(session: Session, assignment: Assignment) -> Result:
    """What the panel settled, element by element; one statement."""
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
    return Result(subject_of(assignment, rubric), judged)


def _band(cycle: Cycle, total: Decimal) -> str | None:
    """The band the total reaches; None where the bureau set none, or it reaches none."""
    bands = [Band(str(band["name"]), Decimal(str(band["minimum"]))) for band in cycle.bands or ()]
    reached = band_for(total, bands)
    return reached.name if reached else None
