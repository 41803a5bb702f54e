"""Questionnaires: a sheet of results first previewed, then taken in whole or not at all, and taken back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portfolio.audit import Action
from portfolio.documents.cells import Cell
from portfolio.documents.surveysheet import Answered, Results
from portfolio.errors import DomainError
from portfolio.models import Assignment, Survey, SurveyAnswer, SurveyQuestion
from portfolio.plaintext import plain_text
from portfolio.policy import Actor
from portfolio.services.rows import LONGEST_NAME, clean_name
from portfolio.services.visits import hold, trail
from portfolio.services.worksheets import Refusal
from rubric.model import Rubric

LONGEST_QUESTION = 500
MOST_PEOPLE = 10_000_000


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its counts: (answer, how many)."""

    element: str
    words: str
    answers: tuple[tuple[str, int], ...]

    @property
    def total(self) -> int:
        """How many answered."""
        return sum(count for _, count in self.answers)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a sheet would bring in."""

    questions: tuple[Question, ...]
    refusals: tuple[Refusal, ...]


def plan(results: Results, rubric: Rubric) -> Plan:
    """Every question of a sheet, and every cell that can't be taken. Raises DomainError("survey_empty")."""
    if not results.rows:
        raise DomainError("survey_empty", field="sheet")
    refusals = [*_headings_refused(results)]
    questions = []
    known = {element.code for element in rubric.elements}
    names = [cell.text.strip() for cell in results.answers]
    for row in results.rows:
        wrong = [*_refused(row, known)]
        refusals += wrong
        if not wrong:
            counts = [(name, _count(cell)) for name, cell in zip(names, row.counts, strict=True)]
            answers = tuple((name, count) for name, count in counts if count is not None)
            questions.append(Question(row.code.text.strip().upper(), _question(row), answers))
    return Plan(tuple(questions), tuple(refusals))


def take_in(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    assignment: Assignment,
    title: str,
    planned: Plan,
    data: bytes,
) -> Survey:
    """Put a sheet's questions beside their elements; `title` says who was asked, `data` is the sheet itself.

    Raises DomainError (assignment_closed, name_empty, name_long, survey_refused, survey_known).
    """
    hold(session, assignment, alone=True)  # the same sheet sent twice at once waits, and is known then
    name = clean_name(title, field="title", empty="survey_nameless")
    if planned.refusals:
        raise DomainError("survey_refused", field="sheet", count=len(planned.refusals))
    digest = hashlib.sha256(data).hexdigest()
    if _is_known(session, assignment, digest):
        raise DomainError("survey_known", field="sheet")
    survey = Survey(
        assignment_id=assignment.id,
        title=name,
        sheet_digest=digest,
        imported_by=actor.user_id,
        imported_at=now,
    )
    session.add(survey)
    session.flush()
    for position, question in enumerate(planned.questions, start=1):
        _add(session, survey, position, question)
    session.flush()
    after = {"title": name, "questions": len(planned.questions), "sheet": digest}
    trail(session, actor, now, Action.SURVEY_TAKEN_IN, assignment, after=after)
    return survey


def withdraw(
    session: Session, *, actor: Actor, now: datetime, assignment: Assignment, survey: Survey
) -> None:
    """Take the results of a sheet back; they stay on record.

    Raises DomainError (assignment_closed, survey_withdrawn).
    """
    hold(session, assignment)
    taken = session.execute(
        update(Survey)
        .where(Survey.id == survey.id, Survey.withdrawn_at.is_(None))
        .values(withdrawn_at=now)
        .execution_options(synchronize_session=False)
    )
    if taken.rowcount == 0:  # type: ignore[attr-defined]
        raise DomainError("survey_withdrawn")
    before = {"title": survey.title, "sheet": survey.sheet_digest}
    trail(session, actor, now, Action.SURVEY_WITHDRAWN, assignment, before=before)


def _is_known(session: Session, assignment: Assignment, digest: str) -> bool:
    same = select(Survey.id).where(
        Survey.assignment_id == assignment.id, Survey.sheet_digest == digest, Survey.withdrawn_at.is_(None)
    )
    return session.scalar(same.limit(1)) is not None


def _add(session: Session, survey: Survey, position: int, question: Question) -> None:
    row = SurveyQuestion(
        survey_id=survey.id, position=position, element=question.element, words=question.words
    )
    session.add(row)
    session.flush()
    session.add_all(
        SurveyAnswer(question_id=row.id, position=number, words=words, count=count)
        for number, (words, count) in enumerate(question.answers, start=1)
    )


def _headings_refused(results: Results) -> Iterator[Refusal]:
    for cell in results.answers:
        if cell.computed:
            yield Refusal(cell.address, DomainError("cell_formula"))
        elif len(cell.text.strip()) > LONGEST_NAME:
            yield Refusal(cell.address, DomainError("text_too_long", longest=LONGEST_NAME))


def _refused(row: Answered, known: set[str]) -> Iterator[Refusal]:
    """Every cell of a row that can't be taken, and why."""
    code, words = row.code.text.strip(), _question(row)
    for cell in (row.code, row.question, *row.counts):
        if cell.computed:
            yield Refusal(cell.address, DomainError("cell_formula"))
    if not code:
        yield Refusal(row.code.address, DomainError("cell_without_code"))
    elif code.upper() not in known and not row.code.computed:
        yield Refusal(row.code.address, DomainError("cell_unknown_code", element=code[:20]))
    if not words:
        yield Refusal(row.question.address, DomainError("cell_without_question"))
    elif len(words) > LONGEST_QUESTION:
        yield Refusal(row.question.address, DomainError("text_too_long", longest=LONGEST_QUESTION))
    counted = [cell for cell in row.counts if cell.text.strip()]
    if not counted:
        yield Refusal(row.counts[0].address, DomainError("cell_without_counts"))
    for cell in counted:
        if not cell.computed and _count(cell) is None:
            yield Refusal(cell.address, DomainError("cell_no_count"))


def _question(row: Answered) -> str:
    return " ".join(plain_text(row.question.text).split())


def _count(cell: Cell) -> int | None:
    """How many people; None for what is no such number, and for an empty cell."""
    text = cell.text.strip()
    if isinstance(cell.value, bool) or not (text.isascii() and text.isdecimal() and len(text) <= 8):
        return None
    return int(text) if int(text) <= MOST_PEOPLE else None
