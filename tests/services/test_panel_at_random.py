"""Random legal and illegal steps through a panel's work: whatever is tried, in whatever order, these always hold.

No package changes, and one that a school adds differs from the one before in nothing but what the panel asked about.
A score is pinned to a package that its assignment has or had. No score and no ruling that was in is lost. What is
refused leaves no trace. What stands is the last ruling not taken back, and the sum is the sum of its parts. Nobody
reads another's words before the table is open.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portfolio.errors import DomainError
from portfolio.models import (
    AuditEvent,
    Closing,
    Correction,
    Determination,
    ElementReview,
    Package,
    Remark,
    Review,
    Ruling,
    SupplementElement,
    SupplementProposal,
    SupplementRequest,
)
from portfolio.queries import places
from portfolio.queries.phrases import phrases
from portfolio.services import closing, discussion, panels, reviews, settlement, supplements
from portfolio.storage import Storage
from tests.factories import NOW, bureau_actor
from tests.panel_factory import Scene, claimed
from tests.supplement_factory import School, make_school_before_a_panel

EXPERTS, CODES = 3, ("C1", "C14", "C26")
SCORES = ("0.3", "0.6", "0.9", "1", "1.7", "")
Step = tuple[str, int, str, str]


def _row(scene: Scene, number: int, code: str) -> ElementReview:
    row = scene.row(code, number)
    scene.session.refresh(row)
    return row


def _words(number: int) -> str:
    return f"专家{number}的话。"


def _score(scene: Scene, number: int, code: str, score: str) -> None:
    reviews.score_element(
        scene.session,
        actor=scene.actor(number),
        now=NOW,
        review=scene.reviews[number],
        code=code,
        score_text=score or None,
        reason=_words(number),
        channel="documents",
        version=_row(scene, number, code).version,
    )


def _correct(scene: Scene, number: int, code: str, score: str) -> None:
    reviews.correct_element(
        scene.session,
        actor=scene.actor(number),
        now=NOW,
        review=scene.reviews[number],
        code=code,
        score_text=score,
        reason=_words(number),
        channel="documents",
        version=_row(scene, number, code).version,
        why="看错一行。",
    )


def _finish(scene: Scene, number: int, code: str, score: str) -> None:
    """Every element scored, the review handed in."""
    if scene.reviews[number].handed_in_at is None:
        scene.score_everything(number, {code: score} if score in ("0.3", "0.6") else None)
    _hand_in(scene, number, code, score)


def _hand_in(scene: Scene, number: int, code: str, score: str) -> None:
    reviews.hand_in(scene.session, actor=scene.actor(number), now=NOW, review=scene.reviews[number])


def _standing(scene: Scene, code: str) -> int:
    version = select(Determination.version).where(
        Determination.assignment_id == scene.assignment.id, Determination.element == code
    )
    return scene.session.scalar(version) or 0


def _settle(scene: Scene, number: int, code: str, score: str) -> None:
    settlement.settle(
        scene.session,
        actor=scene.chair_actor,
        now=NOW,
        assignment=scene.assignment,
        code=code,
        score_text=score,
        rule="chair" if score else "not_assessed",
        reason="合议。",
        version=_standing(scene, code),
    )


def _settle_all(scene: Scene, number: int, code: str, score: str) -> None:
    for element in range(1, 85):
        _settle(scene, number, f"C{element}", str(claimed(f"C{element}")))


def _undo(scene: Scene, number: int, code: str, score: str) -> None:
    settlement.undo(
        scene.session,
        actor=scene.chair_actor,
        now=NOW,
        assignment=scene.assignment,
        code=code,
        version=_standing(scene, code),
    )


def _remark(scene: Scene, number: int, code: str, score: str) -> None:
    discussion.remark(
        scene.session,
        actor=scene.actor(number),
        now=NOW,
        assignment=scene.assignment,
        code=code,
        stance="agree",
        words=_words(number),
    )


def _step_aside(scene: Scene, number: int, code: str, score: str) -> None:
    panels.declare_conflict(
        scene.session,
        actor=scene.actor(number),
        now=NOW,
        user=scene.experts[number],
        school=scene.school,
        reason="亲属在该校任教",
    )


def _withdraw(scene: Scene, number: int, code: str, score: str) -> None:
    closing.withdraw(scene.session, actor=scene.chair_actor, now=NOW, assignment=scene.assignment)


def _reopen(scene: Scene, number: int, code: str, score: str) -> None:
    closing.reopen(
        scene.session,
        actor=bureau_actor(scene.session),
        now=NOW,
        assignment=scene.assignment,
        reason="漏看了材料。",
    )


def _publish(scene: Scene, number: int, code: str, score: str) -> None:
    panels.publish(scene.session, actor=bureau_actor(scene.session), now=NOW, assignment=scene.assignment)


STEPS: dict[str, Callable[[Scene, int, str, str], object]] = {
    "score": _score,
    "finish": _finish,
    "hand in": _hand_in,
    "correct": _correct,
    "open": lambda scene, number, code, score: scene.open_table(),
    "settle": _settle,
    "settle all": _settle_all,
    "undo": _undo,
    "remark": _remark,
    "step aside": _step_aside,
    "propose": lambda scene, number, code, score: scene.propose_closing(),
    "withdraw": _withdraw,
    "sign": lambda scene, number, code, score: scene.sign_closing(number),
    "reopen": _reopen,
    "publish": _publish,
}


def _propose(school: School, number: int, code: str, score: str) -> None:
    supplements.propose(
        school.session,
        actor=school.panel.actor(number),
        now=NOW,
        review=school.panel.reviews[number],
        code=code,
        question=_words(number),
    )


def _withdraw_request(school: School, number: int, code: str, score: str) -> None:
    supplements.withdraw(
        school.session, actor=school.panel.chair_actor, now=NOW, assignment=school.panel.assignment
    )


def _write(school: School, number: int, code: str, score: str) -> None:
    school.write(code, score=score or "0.5", text=f"学校补充{number}。")


def _answer(school: School, number: int, code: str, score: str) -> None:
    school.answer()


def _ask_and_answer(school: School, number: int, code: str, score: str) -> None:
    school.ask(code)
    _write(school, number, code, score)
    school.answer()


SCHOOL_STEPS: dict[str, Callable[[School, int, str, str], object]] = {
    "propose a question": _propose,
    "ask the school": lambda school, number, code, score: school.ask(code),
    "withdraw the request": _withdraw_request,
    "write": _write,
    "answer": _answer,
    "ask and answer": _ask_and_answer,
}
NAMES = [*STEPS, *SCHOOL_STEPS]
ASKING = ["ask the school", "write", "answer", "ask and answer", "withdraw the request", "propose a question"]
# Often enough the whole way is gone, with anything in between.
WAY = ["finish", "finish", "finish", "open", "settle all", "propose", "sign", "publish"]
ASKING_WAY = ["finish", "ask the school", "answer", "ask the school", "withdraw the request", *WAY[1:]]
# What makes sense after a step of the way is tried more often than the rest.
NEAR = {
    "finish": ["correct", "score", "step aside", *ASKING],
    "open": ["settle", "undo", "remark"],
    "settle all": ["undo", "settle", "remark"],
    "propose": ["withdraw", "undo"],
    "sign": ["reopen", "settle"],
    "publish": ["reopen", "undo"],
    "ask the school": ["write", "propose a question"],
    "answer": ["score", "write"],
    "withdraw the request": ["write", "score"],
}


def _steps(names: list[str]) -> st.SearchStrategy[Step]:
    return st.tuples(
        st.sampled_from(names),
        st.integers(0, EXPERTS - 1),
        st.sampled_from(CODES),
        st.sampled_from(SCORES),
    )


@st.composite
def _journeys(draw: st.DrawFn) -> list[Step]:
    """The way or the beginning of it, with random steps after each of its own."""
    journey: list[Step] = []
    way = draw(st.sampled_from([WAY, ASKING_WAY]))
    first_finish = way.index("finish", 1)
    for at, name in enumerate(way[: draw(st.integers(3, len(way)))]):
        journey.append((name, max(at - first_finish + 1, 0) % EXPERTS, "C14", "0.6"))
        journey += draw(st.lists(_steps(NEAR[name] * 16 + NAMES), max_size=3))
    return journey


class Witness:
    """What has been seen, and must be found again."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.session = scene.session
        self.sealed = self.packages()
        self.rulings: dict[tuple[str, int], Decimal | None] = {}
        self.judged: dict[tuple[int, int], Decimal | None] = {}

    def packages(self) -> dict[int, str]:
        """Every package's manifest by its id, each as its own digest says."""
        rows = self.session.execute(select(Package.id, Package.manifest, Package.digest)).all()
        assert all(hashlib.sha256(row.manifest.encode()).hexdigest() == row.digest for row in rows)
        return {row.id: row.manifest for row in rows}

    def traces(self) -> list[Any]:
        """Everything a step could leave behind."""
        counted = (
            AuditEvent,
            Closing,
            Correction,
            Determination,
            Package,
            Remark,
            Ruling,
            SupplementProposal,
            SupplementRequest,
        )
        counts = [self.session.scalar(select(func.count()).select_from(table)) for table in counted]
        rows = self.session.execute(select(func.sum(ElementReview.version), func.count(ElementReview.score)))
        return [*counts, tuple(rows.one()), self.session.scalar(select(func.count(Review.handed_in_at)))]

    def look(self) -> None:
        """Everything that always holds."""
        found = self.packages()
        assert {key: found.get(key) for key in self.sealed} == self.sealed
        self.sealed = found
        self._only_what_was_asked_differs()
        self._scores_are_pinned_to_what_the_panel_has()
        self._no_score_is_lost()
        self._the_last_ruling_stands()
        self._the_sum_is_that_of_its_parts()
        self._nobody_reads_ahead()

    def _only_what_was_asked_differs(self) -> None:
        for request in self.session.scalars(
            select(SupplementRequest).where(SupplementRequest.answer_id.is_not(None))
        ):
            asked = set(
                self.session.scalars(
                    select(SupplementElement.element).where(SupplementElement.request_id == request.id)
                )
            )
            before = _elements(self.sealed[request.package_id])
            after = _elements(self.sealed[request.answer_id or 0])
            assert {code for code in before if before[code] != after[code]} <= asked

    def _scores_are_pinned_to_what_the_panel_has(self) -> None:
        number = self.session.scalars(
            select(Package.number).where(Package.id == self.scene.assignment.package_id)
        ).one()
        pinned = self.session.scalars(
            select(ElementReview.package_number).where(ElementReview.package_number.is_not(None))
        )
        assert all(1 <= (each or 0) <= number for each in pinned)

    def _no_score_is_lost(self) -> None:
        kept = {
            (each.element_review_id, each.version): each.score
            for each in self.session.scalars(select(Correction))
        }
        rows = self.session.execute(
            select(ElementReview.id, ElementReview.version, ElementReview.score)
            .join(Review, Review.id == ElementReview.review_id)
            .where(Review.handed_in_at.is_not(None))
        )
        kept |= {(row.id, row.version): row.score for row in rows}
        assert {key: kept.get(key) for key in self.judged} == self.judged
        self.judged = kept

    def _the_last_ruling_stands(self) -> None:
        rulings = list(self.session.scalars(select(Ruling).order_by(Ruling.number)))
        found = {(each.element, each.number): each.score for each in rulings}
        assert {key: found.get(key, "lost") for key in self.rulings} == self.rulings
        self.rulings = found
        stands = {each.element: (each.number, each.score) for each in rulings if each.undone_at is None}
        settled = self.session.scalars(select(Determination))
        assert {each.element: (each.version, each.score) for each in settled} == stands

    def _the_sum_is_that_of_its_parts(self) -> None:
        if self.scene.assignment.closed_at is None:
            return
        finals = self.session.scalars(select(Determination.score)).all()
        closed = self.session.scalars(
            select(AuditEvent).where(AuditEvent.action == "assignment:closed").order_by(AuditEvent.id.desc())
        ).first()
        assert closed is not None and closed.after is not None
        assert len(finals) == 84
        assert Decimal(closed.after["final"]) == sum(final for final in finals if final is not None)

    def _nobody_reads_ahead(self) -> None:
        assignment = self.scene.assignment
        _found, place = places.settlement(
            self.session, round_id=assignment.round_id, package_id=assignment.package_id
        )
        handed_in = {review.expert_id for review in self.scene.reviews if review.handed_in_at is not None}
        assert place.party == (handed_in if assignment.settling_since else frozenset())
        for number, review in enumerate(self.scene.reviews):
            self.session.refresh(review, ["assignment"])
            offered = phrases(self.session, self.scene.actor(number), review, "C2")
            assert not [words for words in offered if words.startswith("专家") and words != _words(number)]


def _elements(manifest: str) -> dict[str, Any]:
    return {each["code"]: each for each in json.loads(manifest)["elements"]}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_whatever_is_tried_the_rules_hold(session: Session, storage: Storage, tmp_path: Path) -> None:
    school = make_school_before_a_panel(session, storage, tmp_path, experts=EXPERTS)
    scene = school.panel
    session.commit()
    reached: set[str] = set()

    @settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(_journeys())
    def travel(journey: list[Step]) -> None:
        whole = session.begin_nested()
        try:
            witness = Witness(scene)
            for name, number, code, score in journey:
                before = witness.traces()
                try:
                    with session.begin_nested():
                        if name in SCHOOL_STEPS:
                            SCHOOL_STEPS[name](school, number, code, score)
                        else:
                            STEPS[name](scene, number, code, score)
                    reached.add(name)
                except DomainError:
                    assert witness.traces() == before, name
                witness.look()
        finally:
            whole.rollback()
            session.expire_all()

    travel()
    assert reached >= set(NAMES) - {"hand in"}  # which "finish" does
