"""What the panel asks the school for, and the package that answers; it differs in nothing but what was asked."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select

from portfolio.models import ElementReview, Package, SupplementElement, SupplementRequest
from portfolio.services import supplement_proposals, supplements
from tests.at_random.moves import Area, Memory, Move, words
from tests.factories import NOW
from tests.supplement_factory import School


def _propose(school: School, move: Move) -> None:
    supplement_proposals.propose(
        school.session,
        actor=school.panel.actor(move.number),
        now=NOW,
        review=school.panel.reviews[move.number],
        code=move.code,
        question=words(move.number),
    )


def _withdraw(school: School, move: Move) -> None:
    supplements.withdraw(
        school.session, actor=school.panel.chair_actor, now=NOW, assignment=school.panel.assignment
    )


def _write(school: School, move: Move) -> None:
    school.write(move.code, score=move.score or "0.5", text=f"学校补充{move.number}。")


def _ask_and_answer(school: School, move: Move) -> None:
    with school.session.begin_nested():
        school.ask(move.code)
        _write(school, move)
        school.answer()


def _elements(manifest: str) -> dict[str, Any]:
    return {each["code"]: each for each in json.loads(manifest)["elements"]}


def _only_what_was_asked_differs(school: School, memory: Memory) -> None:
    answered = select(SupplementRequest).where(SupplementRequest.answer_id.is_not(None))
    for request in school.session.scalars(answered):
        asked = set(
            school.session.scalars(
                select(SupplementElement.element).where(SupplementElement.request_id == request.id)
            )
        )
        before = _elements(memory.seen["packages"][request.package_id])
        after = _elements(memory.seen["packages"][request.answer_id])
        assert {code for code in before if before[code] != after[code]} <= asked


def _scores_are_pinned_to_what_the_panel_has(school: School, memory: Memory) -> None:
    """To a package that the assignment has or had."""
    last = school.session.scalars(
        select(Package.number).where(Package.id == school.panel.assignment.package_id)
    ).one()
    pinned = school.session.scalars(
        select(ElementReview.package_number).where(ElementReview.package_number.is_not(None)).distinct()
    )
    assert all(1 <= (number or 0) <= last for number in pinned)


SUPPLEMENT = Area(
    steps={
        "suggest a question": _propose,
        "ask the school": lambda school, move: school.ask(move.code),
        "withdraw the request": _withdraw,
        "change the dossier": _write,
        "answer": lambda school, move: school.answer(),
        "ask and answer": _ask_and_answer,
    },
    always=(_only_what_was_asked_differs, _scores_are_pinned_to_what_the_panel_has),
)
