"""The report, answers to factual errors, rectification: what was signed stays, and the ladder has every step."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from sqlalchemy import select

from portfolio.errors import NotFound
from portfolio.models import Appeal, AppealOutcome, RectificationItem
from portfolio.queries.panel_report import panel_report
from portfolio.queries.published import published_results
from portfolio.services import appeals, panel_reports, rectifying
from portfolio.services.panel_reports import Plan
from rubric.scoring import Stage
from tests.at_random.judging import last_closing
from tests.at_random.moves import Area, Memory, Move, by, by_chair, words
from tests.factories import NOW
from tests.supplement_factory import School


def _write_report(school: School, move: Move) -> None:
    panel_reports.write_part(
        **by_chair(school),
        part="strengths",
        text=words(move.number),
        version=panel_report(school.session, school.panel.assignment.id).version("strengths"),
    )


def _list_item(school: School, move: Move) -> None:
    panel_reports.list_item(
        **by_chair(school),
        plan=Plan(move.code, "记录不全。", "补齐。", "李主任", (NOW + timedelta(days=60)).date()),
    )


def _standing(school: School, code: str) -> int:
    return school.session.scalar(select(Appeal.version).where(Appeal.element == code)) or 0


def _draft(school: School, move: Move) -> None:
    appeals.draft(
        **by(school, school.lead),
        code=move.code,
        text="第三页有记录。",
        cited=[],
        version=_standing(school, move.code),
    )


def _send(school: School, move: Move) -> None:
    appeals.send(
        **by(school, school.lead),
        code=move.code,
        version=_standing(school, move.code),
    )


def _accept(school: School, move: Move) -> None:
    appeals.accept(
        **by_chair(school),
        code=move.code,
        score_text=move.score,
        reason="记录属实。",
    )


def _decline(school: School, move: Move) -> None:
    appeals.decline(
        **by_chair(school),
        code=move.code,
        reason="没有日期。",
    )


def _first_item(school: School) -> RectificationItem:
    found = school.session.scalars(select(RectificationItem).order_by(RectificationItem.number)).first()
    if found is None:
        raise NotFound()
    return found


def _report(school: School, move: Move) -> None:
    rectifying.answer(
        **by(school, school.lead),
        item=_first_item(school),
        text="已补齐。",
        cited=[],
    )


def _check(school: School, move: Move) -> None:
    item = _first_item(school)
    rectifying.check(
        **by(school, school.panel.actor(move.number)),
        item=item,
        outcome="done" if move.score == "1" else "partly",
        reason="看过记录。",
        answers=rectifying.answers_of(school.session, item),
    )


def _the_ladder_has_every_step(school: School, memory: Memory) -> None:
    """What is published is the last ruling before an accepted answer, and what stands the answer's own."""
    if school.panel.assignment.published_at is None:
        return
    result = published_results(school.session, school.dossier)[0]
    answered = {each.element: each for each in school.session.scalars(select(Appeal))}
    for judged in result.elements:
        appeal = answered.get(judged.element.code)
        accepted = appeal is not None and appeal.outcome is AppealOutcome.ACCEPTED
        stages = [rung.stage for rung in judged.rungs]
        assert stages[-1] == (Stage.APPEAL if accepted else Stage.FINAL)
        assert stages.count(Stage.FINAL) == 1 and judged.rungs[-1].score == judged.final
    assert result.final == sum(each.final for each in result.elements if each.final is not None)
    assert result.published == Decimal(last_closing(school.session)["final"])


def _what_was_signed_stays(school: School, memory: Memory) -> None:
    """While a review is closed its report is the one that was signed with it."""
    if school.panel.assignment.closed_at is not None:
        stands = panel_reports.whole(school.session, school.panel.assignment)
        assert stands == last_closing(school.session)["report"]


RESULT = Area(
    steps={
        "write the report": _write_report,
        "list for rectification": _list_item,
        "draft an answer": _draft,
        "send the answer": _send,
        "accept": _accept,
        "decline": _decline,
        "report": _report,
        "check": _check,
    },
    always=(_the_ladder_has_every_step, _what_was_signed_stays),
)
