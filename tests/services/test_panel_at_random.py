"""Random legal and illegal steps through a panel's work: whatever is tried, in whatever order, these always hold.

No package changes. No score and no ruling that was in is lost. What is refused leaves no trace. What stands is the
last ruling not taken back, and the sum is the sum of its parts. Nobody reads another's words before the table is open.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
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
    PackageElement,
    Remark,
    Removal,
    Review,
    Ruling,
    Split,
)
from portfolio.queries import assigning, places
from portfolio.queries.allotted import allotment, short_elements
from portfolio.queries.phrases import phrases
from portfolio.queries.settlement import table
from portfolio.services import closing, discussion, panels, reallotting, reviews, settlement
from portfolio.services.allotting import too_few
from portfolio.services.assigning import redraft
from rubric.loader import DEFAULT, find
from tests.factories import NOW, bureau_actor
from tests.panel_factory import Scene, claimed
from tests.split_factory import make_split_scene

NEEDED = 2  # independent scores
EXPERTS, CODES = 3, ("C1", "C14", "C26")
SCORES = ("0.3", "0.6", "0.9", "1", "1.7", "")
Step = tuple[str, int, str, str]


def _version(scene: Scene, number: int, code: str) -> int:
    """Of an expert's row; 0 where the element is not theirs."""
    version = select(ElementReview.version).where(
        ElementReview.review_id == scene.reviews[number].id, ElementReview.element == code
    )
    return scene.session.scalar(version) or 0


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
        version=_version(scene, number, code),
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
        version=_version(scene, number, code),
        why="看错一行。",
    )


def _finish(scene: Scene, number: int, code: str, score: str) -> None:
    """Every element scored, the review handed in."""
    if scene.reviews[number].handed_in_at is None:
        below = {code: score} if score in ("0.3", "0.6") else None
        scene.score_everything(number, below, only_new=True)
    _hand_in(scene, number, code, score)


def _finish_all(scene: Scene, number: int, code: str, score: str) -> None:
    """Whoever still can finishes."""
    for expert in range(EXPERTS):
        with suppress(DomainError), scene.session.begin_nested():
            _finish(scene, expert, code, score)


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


def _take_off(scene: Scene, number: int, code: str, score: str) -> None:
    reallotting.remove_expert(
        scene.session,
        actor=bureau_actor(scene.session),
        now=NOW,
        assignment=scene.assignment,
        review=scene.reviews[number],
        reason="病假",
    )


def _share_out(scene: Scene, number: int, code: str, score: str) -> None:
    """What lacks goes to the others; with a score named, everything that isn't begun is shared out anew."""
    located, _place = places.settlement(
        scene.session, round_id=scene.assignment.round_id, package_id=scene.assignment.package_id
    )
    seats = assigning.seats(scene.session, located)
    free = {seat.user_id: seat.on_hand for seat in seats if seat.counts}
    wanted = redraft(find(DEFAULT), seats, free, Split.SUB_INDICATOR, needed=NEEDED, anew=bool(score))
    reallotting.reallot(
        scene.session,
        actor=bureau_actor(scene.session),
        now=NOW,
        assignment=scene.assignment,
        allotment=wanted,
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
    "finish all": _finish_all,
    "hand in": _hand_in,
    "correct": _correct,
    "open": lambda scene, number, code, score: scene.open_table(),
    "settle": _settle,
    "settle all": _settle_all,
    "undo": _undo,
    "remark": _remark,
    "step aside": _step_aside,
    "take off": _take_off,
    "share out": _share_out,
    "propose": lambda scene, number, code, score: scene.propose_closing(),
    "withdraw": _withdraw,
    "sign": lambda scene, number, code, score: scene.sign_closing(number),
    "reopen": _reopen,
    "publish": _publish,
}
# Often enough the whole way is gone, with anything in between.
WAY = ["finish", "finish all", "share out", "share out", "finish all"]
WAY += ["open", "settle all", "propose", "sign", "publish"]
# What makes sense after a step of the way is tried more often than the rest.
NEAR = {
    "finish": ["correct", "score"],
    "share out": ["score", "step aside", "take off", "share out"],
    "open": ["settle", "undo", "remark"],
    "settle all": ["undo", "settle", "remark"],
    "propose": ["withdraw", "withdraw", "undo"],
    "sign": ["reopen", "settle"],
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
    for at, name in enumerate(WAY[: draw(st.integers(6, len(WAY)))]):
        journey.append((name, at % EXPERTS, "C14", "0.6"))
        journey += draw(st.lists(_steps(NEAR.get(name, []) * 8 + list(STEPS)), max_size=3))
    return journey


# Everything that can happen, in an order in which it can; the last expert is the one who leaves.
ONCE = "score, finish, correct, finish all, step aside, share out, finish all, open, settle all, remark, undo, settle"
ONCE += ", propose, withdraw, propose, sign, reopen, propose, sign, publish"
ONCE_THROUGH = [(name, EXPERTS - 1 if name == "step aside" else 0, "C14", "0.6") for name in ONCE.split(", ")]


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
        counted = (AuditEvent, Closing, Correction, Determination, Remark, Ruling)
        counts = [self.session.scalar(select(func.count()).select_from(table)) for table in counted]
        rows = self.session.execute(select(func.sum(ElementReview.version), func.count(ElementReview.score)))
        return [*counts, tuple(rows.one()), self.session.scalar(select(func.count(Review.handed_in_at)))]

    def look(self) -> None:
        """Everything that always holds."""
        assert self.package() == self.sealed
        self._no_score_is_lost()
        self._the_last_ruling_stands()
        self._the_sum_is_that_of_its_parts()
        self._nobody_reads_ahead()
        self._settled_elements_had_their_scores()

    def _no_score_is_lost(self) -> None:
        kept = {
            (each.element_review_id, each.version): each.score
            for each in self.session.scalars(select(Correction))
        }
        rows = self.session.execute(
            select(ElementReview.id, ElementReview.version, ElementReview.score).where(
                ElementReview.was_in.is_(True)
            )
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

    def _settled_elements_had_their_scores(self) -> None:
        """The table shows scores only while every element has as many as it needs."""
        assignment = self.scene.assignment
        located, _place = places.settlement(
            self.session, round_id=assignment.round_id, package_id=assignment.package_id
        )
        shown = table(self.session, located, find(DEFAULT), for_chair=True)
        assert all(len(row.scores) >= NEEDED for row in shown.rows)
        given = allotment(self.session, located)
        missing = set(short_elements(self.session, [located.id]).get(located.id, ()))
        if located.closed_at is None:
            assert missing == set(too_few(find(DEFAULT), given, needed=NEEDED))

    def _nobody_reads_ahead(self) -> None:
        assignment = self.scene.assignment
        _found, place = places.settlement(
            self.session, round_id=assignment.round_id, package_id=assignment.package_id
        )
        taken_off = set(self.session.scalars(select(Removal.review_id)))
        handed_in = {
            review.expert_id
            for review in self.scene.reviews
            if review.handed_in_at is not None and review.id not in taken_off
        }
        assert place.party == (handed_in if assignment.settling_since else frozenset())
        for number, review in enumerate(self.scene.reviews):
            self.session.refresh(review, ["assignment"])
            offered = phrases(self.session, self.scene.actor(number), review, "C2")
            assert not [words for words in offered if words.startswith("专家") and words != _words(number)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_whatever_is_tried_the_rules_hold(session: Session) -> None:
    scene = make_split_scene(session, experts=EXPERTS)
    session.commit()
    reached: set[str] = set()

    @settings(max_examples=16, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(_journeys())
    @example(ONCE_THROUGH)
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
    assert reached >= set(STEPS) - {"hand in"}  # which "finish" does
