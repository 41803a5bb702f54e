"""Random legal and illegal steps through a panel's work: whatever is tried, in whatever order, these always hold.

No package changes. No score and no ruling that was in is lost. What is refused leaves no trace. What stands is the
last ruling not taken back, and the sum is the sum of its parts. Nobody reads another's words before the table is open.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portfolio.errors import DomainError, NotFound
from portfolio.models import (
    Appeal,
    AppealOutcome,
    AuditEvent,
    Closing,
    Correction,
    Determination,
    ElementReview,
    Membership,
    Package,
    PackageElement,
    RectificationAnswer,
    RectificationCheck,
    RectificationItem,
    Remark,
    ReportPart,
    Review,
    Role,
    Ruling,
    User,
)
from portfolio.policy import Actor
from portfolio.queries import places
from portfolio.queries.package import published_results
from portfolio.queries.panel_report import panel_report
from portfolio.queries.phrases import phrases
from portfolio.services import (
    appeals,
    closing,
    discussion,
    panel_reports,
    panels,
    rectifying,
    reviews,
    settlement,
)
from portfolio.services.panel_reports import Plan
from rubric.scoring import Stage
from tests.factories import NOW, actor_for, bureau_actor, make_user
from tests.panel_factory import Scene, claimed, make_scene
from tests.result_factory import make_published

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


def _write_report(scene: Scene, number: int, code: str, score: str) -> None:
    panel_reports.write_part(
        scene.session,
        actor=scene.chair_actor,
        now=NOW,
        assignment=scene.assignment,
        part="strengths",
        text=_words(number),
        version=panel_report(scene.session, scene.assignment.id).version("strengths"),
    )


def _list_item(scene: Scene, number: int, code: str, score: str) -> None:
    panel_reports.list_item(
        scene.session,
        actor=scene.chair_actor,
        now=NOW,
        assignment=scene.assignment,
        plan=Plan(code, "记录不全。", "补齐。", "李主任", (NOW + timedelta(days=60)).date()),
    )


def _school(scene: Scene) -> Actor:
    """Somebody of the school; who exactly, the policy decides before a service is asked."""
    staff = scene.session.scalars(select(User).join(Membership).where(Membership.role == Role.LEAD)).first()
    return actor_for(scene.session, staff or make_user(scene.session, Role.LEAD, school=scene.school))


def _draft(scene: Scene, number: int, code: str, score: str) -> None:
    stands = scene.session.scalar(select(Appeal.version).where(Appeal.element == code))
    appeals.draft(
        scene.session,
        actor=_school(scene),
        now=NOW,
        assignment=scene.assignment,
        code=code,
        text="第三页有记录。",
        cited=[],
        version=stands or 0,
    )


def _send(scene: Scene, number: int, code: str, score: str) -> None:
    stands = scene.session.scalar(select(Appeal.version).where(Appeal.element == code))
    appeals.send(
        scene.session,
        actor=_school(scene),
        now=NOW,
        assignment=scene.assignment,
        code=code,
        version=stands or 0,
    )


def _accept(scene: Scene, number: int, code: str, score: str) -> None:
    appeals.accept(
        scene.session,
        actor=scene.chair_actor,
        now=NOW,
        assignment=scene.assignment,
        code=code,
        score_text=score,
        reason="记录属实。",
    )


def _decline(scene: Scene, number: int, code: str, score: str) -> None:
    appeals.decline(
        scene.session,
        actor=scene.chair_actor,
        now=NOW,
        assignment=scene.assignment,
        code=code,
        reason="没有日期。",
    )


def _first_item(scene: Scene) -> RectificationItem:
    found = scene.session.scalars(select(RectificationItem).order_by(RectificationItem.number)).first()
    if found is None:
        raise NotFound()
    return found


def _report(scene: Scene, number: int, code: str, score: str) -> None:
    rectifying.answer(
        scene.session,
        actor=_school(scene),
        now=NOW,
        assignment=scene.assignment,
        item=_first_item(scene),
        text="已补齐。",
        cited=[],
    )


def _check(scene: Scene, number: int, code: str, score: str) -> None:
    item = _first_item(scene)
    rectifying.check(
        scene.session,
        actor=scene.actor(number),
        now=NOW,
        assignment=scene.assignment,
        item=item,
        outcome="done" if score == "1" else "partly",
        reason="看过记录。",
        answers=rectifying.answers_of(scene.session, item),
    )


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
    "write": _write_report,
    "list": _list_item,
    "draft": _draft,
    "send": _send,
    "accept": _accept,
    "decline": _decline,
    "report": _report,
    "check": _check,
}
# Often enough the whole way is gone, with anything in between.
WAY = ["finish", "finish", "finish", "open", "settle all", "propose", "sign", "publish"]
# What comes after it, from a result that is out.
AFTERWARDS = ["draft", "send", "accept", "decline", "report", "check"]
BEFORE = [name for name in STEPS if name not in AFTERWARDS]
# What makes sense after a step of the way is tried more often than the rest.
NEAR = {
    "finish": ["correct", "score", "step aside"],
    "open": ["settle", "undo", "remark"],
    "settle all": ["undo", "settle", "remark", "write", "list"],
    "propose": ["withdraw", "undo"],
    "sign": ["reopen", "reopen", "settle"],
    "publish": ["reopen", "undo"],
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
    length = draw(st.sampled_from([len(WAY)] * 4 + list(range(3, len(WAY)))))
    for at, name in enumerate(WAY[:length]):
        journey.append((name, at % EXPERTS, "C14", "0.6"))
        journey += draw(st.lists(_steps(NEAR[name] * 8 + BEFORE), max_size=3))
    return journey


@st.composite
def _aftermaths(draw: st.DrawFn) -> list[Step]:
    """Answers from the draft to the decision, or parts of that, with random steps in between."""
    journey: list[Step] = []
    for code in CODES[: draw(st.integers(1, len(CODES)))]:
        for name in ("draft", "send", draw(st.sampled_from(["accept", "decline"]))):
            journey.append((name, 0, code, draw(st.sampled_from(SCORES))))
            journey += draw(st.lists(_steps(AFTERWARDS * 4 + BEFORE), max_size=2))
    return journey


class Witness:
    """What has been seen, and must be found again."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.session = scene.session
        self.sealed = self.package()
        self.rulings: dict[tuple[str, int], Decimal | None] = {}
        self.judged: dict[tuple[int, int], Decimal | None] = {}

    def package(self) -> tuple[str, list[Any]]:
        """The package's manifest by its digest, and its scores."""
        manifest = self.session.scalars(
            select(Package.manifest).where(Package.id == self.scene.package.id)
        ).one()
        rows = self.session.execute(
            select(PackageElement.element, PackageElement.score, PackageElement.justification).order_by(
                PackageElement.element
            )
        ).all()
        return hashlib.sha256(manifest.encode()).hexdigest(), [tuple(row) for row in rows]

    def traces(self) -> list[Any]:
        """Everything a step could leave behind."""
        counted = (
            *(Appeal, RectificationAnswer, RectificationCheck, RectificationItem, ReportPart),
            *(AuditEvent, Closing, Correction, Determination, Remark, Ruling),
        )
        counts = [self.session.scalar(select(func.count()).select_from(table)) for table in counted]
        rows = self.session.execute(select(func.sum(ElementReview.version), func.count(ElementReview.score)))
        return [*counts, tuple(rows.one()), self.session.scalar(select(func.count(Review.handed_in_at)))]

    def look(self) -> None:
        """Everything that always holds."""
        assert self.package() == self.sealed
        self._no_score_is_lost()
        self._the_last_ruling_stands()
        self._the_sum_is_that_of_its_parts()
        self._the_ladder_has_every_step()
        self._what_was_signed_stays()
        self._nobody_reads_ahead()

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
        if self.session.scalar(select(func.count(Appeal.ruling))):
            return  # the ladder tells the published sum from the one that stands
        finals = self.session.scalars(select(Determination.score)).all()
        assert len(finals) == 84
        assert Decimal(self._closed()["final"]) == sum(final for final in finals if final is not None)

    def _the_ladder_has_every_step(self) -> None:
        """What is published is the last ruling before an accepted answer, and what stands the answer's own."""
        if self.scene.assignment.published_at is None:
            return
        result = published_results(self.session, self.scene.dossier)[0]
        answered = {each.element: each for each in self.session.scalars(select(Appeal))}
        for judged in result.elements:
            appeal = answered.get(judged.element.code)
            accepted = appeal is not None and appeal.outcome is AppealOutcome.ACCEPTED
            steps = [rung.stage for rung in judged.rungs]
            assert steps[-1] == (Stage.APPEAL if accepted else Stage.FINAL)
            assert steps.count(Stage.FINAL) == 1 and judged.rungs[-1].score == judged.final
        assert result.final == sum(each.final for each in result.elements if each.final is not None)
        assert result.published == Decimal(self._closed()["final"])

    def _closed(self) -> dict[str, Any]:
        closed = self.session.scalars(
            select(AuditEvent).where(AuditEvent.action == "assignment:closed").order_by(AuditEvent.id.desc())
        ).first()
        assert closed is not None and closed.after is not None
        return closed.after

    def _what_was_signed_stays(self) -> None:
        """While a review is closed its report is the one that was signed with it."""
        if self.scene.assignment.closed_at is not None:
            assert panel_reports.whole(self.session, self.scene.assignment) == self._closed()["report"]

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


def _travel(scene: Scene, journeys: st.SearchStrategy[list[Step]]) -> set[str]:
    """Go two dozen journeys, each from where the scene stands, looking after every step; what got through."""
    session = scene.session
    session.commit()
    reached: set[str] = set()

    @settings(max_examples=24, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(journeys)
    def travel(journey: list[Step]) -> None:
        whole = session.begin_nested()
        try:
            witness = Witness(scene)
            for name, number, code, score in journey:
                before = witness.traces()
                try:
                    with session.begin_nested():
                        STEPS[name](scene, number, code, score)
                    reached.add(name)
                except DomainError:
                    assert witness.traces() == before, name
                witness.look()
        finally:
            whole.rollback()
            session.expire_all()

    travel()
    return reached


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_whatever_is_tried_the_rules_hold(session: Session) -> None:
    reached = _travel(make_scene(session, experts=EXPERTS), _journeys())
    assert reached >= set(STEPS) - {"hand in"} - set(AFTERWARDS)  # "finish" hands in


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_whatever_is_tried_once_a_result_is_out_the_rules_hold(session: Session) -> None:
    made = make_published(session, items=("C14",), scene=make_scene(session, experts=EXPERTS))
    assert _travel(made.scene, _aftermaths()) >= set(AFTERWARDS)
