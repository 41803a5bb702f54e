"""Questionnaires: their results, and what was answered about an element."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portfolio.errors import NotFound
from portfolio.models import Assignment, Survey, SurveyAnswer, SurveyQuestion, User
from portfolio.policy import Place
from portfolio.queries import places


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as answered: who was asked, and how many gave each answer."""

    survey: str
    element: str
    words: str
    answers: tuple[tuple[str, int], ...]

    @property
    def total(self) -> int:
        """How many answered."""
        return sum(count for _, count in self.answers)


@dataclass(frozen=True, slots=True)
class TakenIn:
    """The results of a questionnaire, and who took them in."""

    id: int
    title: str
    by: str
    at: datetime
    withdrawn_at: datetime | None
    questions: int


def surveys(session: Session, assignment: Assignment) -> tuple[TakenIn, ...]:
    """Every sheet of results, those taken back too, the newest first; one statement."""
    counted = (
        select(func.count()).where(SurveyQuestion.survey_id == Survey.id).correlate(Survey).scalar_subquery()
    )
    rows = session.execute(
        select(Survey.id, Survey.title, User.name, Survey.imported_at, Survey.withdrawn_at, counted)
        .join(User, User.id == Survey.imported_by)
        .where(Survey.assignment_id == assignment.id)
        .order_by(Survey.imported_at.desc(), Survey.id)
    )
    return tuple(TakenIn(*row) for row in rows)


def answers(session: Session, assignment: Assignment, codes: Iterable[str]) -> tuple[Asked, ...]:
    """What was answered about these elements, in the order of the sheets; one statement."""
    rows = session.execute(
        select(
            SurveyQuestion.id,
            Survey.title,
            SurveyQuestion.element,
            SurveyQuestion.words,
            SurveyAnswer.words,
            SurveyAnswer.count,
        )
        .join(Survey, Survey.id == SurveyQuestion.survey_id)
        .join(SurveyAnswer, SurveyAnswer.question_id == SurveyQuestion.id)
        .where(
            Survey.assignment_id == assignment.id,
            Survey.withdrawn_at.is_(None),
            SurveyQuestion.element.in_(tuple(codes)),
        )
        .order_by(Survey.imported_at, Survey.id, SurveyQuestion.position, SurveyAnswer.position)
    )
    asked: dict[int, Asked] = {}
    for question_id, title, element, words, answer, count in rows:
        standing = asked.get(question_id) or Asked(title, element, words, ())
        asked[question_id] = replace(standing, answers=(*standing.answers, (answer, count)))
    return tuple(asked.values())


@dataclass(frozen=True, slots=True)
class SurveyAt:
    """The results of a questionnaire and whose visit they are of."""

    assignment: Assignment
    survey: Survey


def survey(session: Session, *, round_id: int, package_id: int, survey_id: int) -> tuple[SurveyAt, Place]:
    """Locates the results of a questionnaire."""
    assignment, place = places.visit(session, round_id=round_id, package_id=package_id)
    found = session.get(Survey, survey_id)
    if found is None or found.assignment_id != assignment.id:
        raise NotFound()
    return SurveyAt(assignment, found), place
