"""What the record of a visit says."""

from __future__ import annotations

from sqlalchemy.orm import Session

from portfolio.documents.visit_record import Answered, Done, Drawn, Found, Record
from portfolio.editions import rubric_of
from portfolio.models import Assignment
from portfolio.policy import Actor
from portfolio.queries.findings import panel_findings
from portfolio.queries.panel_documents import check_open, subject_of
from portfolio.queries.surveys import answers
from portfolio.queries.visit import agenda, draws
from rubric.agenda import ORDER


def record(session: Session, actor: Actor, assignment: Assignment) -> Record:
    """The record of a visit once the panel's findings are open, in six statements more than asking whether they are.

    Raises DomainError (panel_document_closed).
    """
    check_open(session, actor, assignment)
    rubric = rubric_of(session, assignment.package.rubric_digest)
    todos = [
        Done(todo.item.channel, todo.item.indicator, todo.item.method, todo.ticked_by or "", todo.ticked_at)
        for todo in agenda(session, assignment, rubric).todos
    ]
    found = panel_findings(session, assignment)
    drawn = [
        Drawn(
            number=each.draw.number,
            title=each.draw.title,
            population=each.draw.population,
            drawn=tuple(str(line) for _position, line in each.draw.drawn),
            seed=each.draw.seed,
            list_digest=each.draw.list_digest,
            by=each.by,
            at=each.draw.drawn_at,
            reason=each.draw.reason,
        )
        for each in reversed(draws(session, assignment))
    ]
    asked = answers(session, assignment, [element.code for element in rubric.elements])
    moments = [*(each.at for each in drawn), *(each.noted_at for each in found)]
    return Record(
        subject=subject_of(assignment, rubric),
        agenda=sorted(todos, key=lambda done: (ORDER.index(done.channel), done.indicator)),
        found={
            channel: [
                Found(
                    channel,
                    each.noted_at,
                    each.author,
                    each.elements,
                    each.words,
                    each.contradicts,
                    len(each.photos),
                )
                for each in found
                if each.channel is channel
            ]
            for channel in ORDER
        },
        draws=drawn,
        answers=[Answered(each.survey, each.element, each.words, each.answers) for each in asked],
        at=assignment.closed_at or max(moments, default=assignment.settling_since or assignment.assigned_at),
    )
