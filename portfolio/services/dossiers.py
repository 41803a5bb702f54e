"""Writing in a dossier: scores and justifications, and whose element is whose."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date as Date
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portfolio import audit
from portfolio.audit import Action
from portfolio.days import day_of
from portfolio.errors import DomainError, Refused, StaleWrite
from portfolio.models import Dossier, DossierState, Membership, Role, SelfAssessment
from portfolio.plaintext import plain_text
from portfolio.policy import Actor
from portfolio.queries import supplements
from portfolio.queries.supplements import Asked
from rubric.model import Element
from rubric.scoring import ScoreError, parse_score

LONGEST_JUSTIFICATION = 8000


def score_element(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    dossier: Dossier,
    assessment: SelfAssessment,
    element: Element,
    score: str | None,
    justification: str,
    version: int,
) -> int:
    """Save an element's self-score (None: unscored) and justification over the version they were based on.

    Returns the new version. Raises Refused by field, StaleWrite with the row as it stands,
    DomainError (awaiting_signature, element_not_reopened, supplement_over).
    """
    check_element_editable(session, dossier, now=now, element=element.code)
    justification = plain_text(justification)
    points = _checked(element, dossier.cycle.score_step, score, justification)
    before = {"score": assessment.score, "justification": assessment.justification}
    saved = session.execute(
        update(SelfAssessment)
        .where(SelfAssessment.id == assessment.id, SelfAssessment.version == version)
        .values(
            score=points,
            justification=justification,
            version=version + 1,
            saved_at=now,
            saved_by=actor.user_id,
        )
        .execution_options(synchronize_session=False)
    )
    if saved.rowcount == 0:  # type: ignore[attr-defined]
        raise StaleWrite(_standing(session, assessment.id))
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=Action.ELEMENT_SCORED,
        subject=("dossier", dossier.id),
        school_id=dossier.school_id,
        before=before,
        after={"element": element.code, "score": points, "justification": justification},
    )
    return version + 1


def assign_element(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    dossier: Dossier,
    assessment: SelfAssessment,
    user_id: int | None,
    due_on: Date | None = None,
) -> None:
    """Give an element to one of the school's staff, to be done by a day, or to nobody.

    Raises DomainError (awaiting_signature, no_such_person, due_needs_owner, due_passed, due_after_deadline).
    """
    assign_elements(
        session,
        actor=actor,
        now=now,
        dossier=dossier,
        assessments=[assessment],
        user_id=user_id,
        due_on=due_on,
    )


def assign_elements(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    dossier: Dossier,
    assessments: Iterable[SelfAssessment],
    user_id: int | None,
    due_on: Date | None,
) -> int:
    """Give elements of a dossier, such as all of a B, to one person by one day; how many of them it changed.

    Raises DomainError (awaiting_signature, no_such_person, due_needs_owner, due_passed, due_after_deadline).
    """
    check_editable(session, dossier)
    if user_id is not None and not _is_staff(session, dossier.school_id, user_id):
        raise DomainError("no_such_person", field="assignee")
    changed = [each for each in assessments if (each.assignee_id, each.due_on) != (user_id, due_on)]
    if any(each.due_on != due_on for each in changed):
        _check_due(session, dossier, user_id, due_on, now)
    for assessment in changed:
        before = {"assignee_id": assessment.assignee_id, "due_on": assessment.due_on}
        assessment.assignee_id, assessment.due_on = user_id, due_on
        audit.record(
            session,
            actor_id=actor.user_id,
            at=now,
            action=Action.ELEMENT_ASSIGNED,
            subject=("dossier", dossier.id),
            school_id=dossier.school_id,
            before=before,
            after={"element": assessment.element, "assignee_id": user_id, "due_on": due_on},
        )
    return len(changed)


def _check_due(
    session: Session, dossier: Dossier, user_id: int | None, due_on: Date | None, now: datetime
) -> None:
    """A day to be done by needs somebody, and lies between today and the cycle's deadline, or the panel's."""
    if due_on is None:
        return
    deadline = day_of(_deadline(session, dossier, now))
    if user_id is None:
        raise DomainError("due_needs_owner", field="assignee")
    if due_on < day_of(now):
        raise DomainError("due_passed", field="due_on")
    if due_on > deadline:
        raise DomainError("due_after_deadline", field="due_on", deadline=deadline.isoformat())


def _deadline(session: Session, dossier: Dossier, now: datetime) -> datetime:
    """Until when what is worked on can be handed in."""
    asked = supplements.asked_of(session, dossier)
    return asked.request.due_at if asked is not None and asked.is_open(now) else dossier.cycle.submit_by


def check_editable(session: Session, dossier: Dossier) -> None:
    """What the principal has for signing doesn't move under the pen. Raises DomainError("awaiting_signature").

    The row is held until the commit, so that nobody can hand the dossier over in between.
    """
    _check_state(
        session.scalar(select(Dossier.state).where(Dossier.id == dossier.id).with_for_update(read=True))
    )


def _check_state(state: DossierState | None) -> None:
    if state is DossierState.SIGNING:
        raise DomainError("awaiting_signature")


def check_element_editable(session: Session, dossier: Dossier, *, now: datetime, element: str) -> None:
    """As `check_editable`; and where a panel asked about elements, only these are open, and only until it is answered.

    Raises DomainError (awaiting_signature, element_not_reopened, supplement_over).
    """
    held = supplements.with_newest(select(Dossier.state).select_from(Dossier), dossier.id, element)
    row = session.execute(held.where(Dossier.id == dossier.id).with_for_update(read=True, of=Dossier)).one()
    _check_state(row.state)
    check_asked_about(supplements.read(row, state=row.state, element=element), element, now)


def check_reopened(session: Session, dossier: Dossier, *, now: datetime, element: str | None) -> None:
    """A dossier under review that a panel asked about is open where the panel asked; None: the dossier in whole.

    Raises DomainError (element_not_reopened, dossier_not_reopened, supplement_over).
    """
    check_asked_about(supplements.asked_of(session, dossier), element, now)


def check_asked_about(asked: Asked | None, element: str | None, now: datetime) -> None:
    """Raises DomainError (supplement_over, dossier_not_reopened, element_not_reopened) for what `asked` leaves shut."""
    if asked is None:
        return
    if not asked.is_open(now):
        raise DomainError("supplement_over")
    if element is None:
        raise DomainError("dossier_not_reopened")
    if element not in asked.questions:
        raise DomainError("element_not_reopened", element=element)


def _checked(element: Element, step: Decimal, score: str | None, justification: str) -> Decimal | None:
    """The score as points. Raises Refused with every field that is wrong."""
    errors: dict[str, DomainError] = {}
    points: Decimal | None = None
    if score is not None:
        try:
            points = parse_score(score, points=element.points, step=step)
        except ScoreError as error:
            errors["score"] = DomainError(error.code, field="score", **error.context)
    if len(justification) > LONGEST_JUSTIFICATION:
        errors["justification"] = DomainError(
            "text_too_long", field="justification", longest=LONGEST_JUSTIFICATION
        )
    if errors:
        raise Refused(errors)
    return points


def _standing(session: Session, assessment_id: int) -> SelfAssessment:
    return session.scalars(
        select(SelfAssessment)
        .where(SelfAssessment.id == assessment_id)
        .execution_options(populate_existing=True)
    ).one()


def _is_staff(session: Session, school_id: int, user_id: int) -> bool:
    held = select(Membership.id).where(
        Membership.school_id == school_id,
        Membership.user_id == user_id,
        Membership.role.in_([Role.CONTRIBUTOR, Role.LEAD]),
    )
    return session.scalar(held.limit(1)) is not None


def based_on(version: object) -> int:
    """The row version a client says its text was based on. Raises Refused if it says none."""
    if isinstance(version, bool) or not (str(version).isascii() and str(version).isdigit()):
        raise Refused({"version": DomainError("version_missing", field="version")})
    return int(str(version))
