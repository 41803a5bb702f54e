"""Scoring, the table, the closing and publishing; what holds of scores, rulings and sums."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portfolio.errors import DomainError
from portfolio.models import (
    Appeal,
    AuditEvent,
    Correction,
    Determination,
    ElementReview,
    Package,
    PackageElement,
    Removal,
    Ruling,
)
from portfolio.queries import places
from portfolio.queries.phrases import phrases
from portfolio.services import closing, discussion, publishing, reviews, settlement
from rubric.loader import DEFAULT, find
from tests.at_random.moves import Area, Memory, Move, bureau, by, by_another, by_chair, words
from tests.factories import NOW
from tests.panel_factory import claimed
from tests.supplement_factory import School


def _version(school: School, move: Move) -> int:
    """Of an expert's row; 0 where the element is not theirs."""
    version = select(ElementReview.version).where(
        ElementReview.review_id == school.panel.reviews[move.number].id, ElementReview.element == move.code
    )
    return school.session.scalar(version) or 0


def _score(school: School, move: Move) -> None:
    reviews.score_element(
        school.session,
        actor=school.panel.actor(move.number),
        now=NOW,
        review=school.panel.reviews[move.number],
        code=move.code,
        score_text=move.score or None,
        reason=words(move.number),
        channel="documents",
        version=_version(school, move),
    )


def _correct(school: School, move: Move) -> None:
    reviews.correct_element(
        school.session,
        actor=school.panel.actor(move.number),
        now=NOW,
        review=school.panel.reviews[move.number],
        code=move.code,
        score_text=move.score,
        reason=words(move.number),
        channel="documents",
        version=_version(school, move),
        why="看错一行。",
    )


def _finish(school: School, move: Move) -> None:
    """Every element scored, the review handed in; or neither."""
    with school.session.begin_nested():
        _score_and_hand_in(school, move)


def _score_and_hand_in(school: School, move: Move) -> None:
    if school.panel.reviews[move.number].handed_in_at is None:
        below = {move.code: move.score} if move.score in ("0.3", "0.6") else None
        school.panel.score_everything(move.number, below, only_new=True)
    _hand_in(school, move)


def _finish_all(school: School, move: Move) -> None:
    """Whoever still can finishes."""
    for number in range(len(school.panel.experts)):
        with suppress(DomainError):
            _finish(school, move._replace(number=number))


def _hand_in(school: School, move: Move) -> None:
    reviews.hand_in(
        school.session,
        actor=school.panel.actor(move.number),
        now=NOW,
        review=school.panel.reviews[move.number],
    )


def _standing(school: School, code: str) -> int:
    version = select(Determination.version).where(
        Determination.assignment_id == school.panel.assignment.id, Determination.element == code
    )
    return school.session.scalar(version) or 0


def _settle(school: School, move: Move) -> None:
    settlement.settle(
        **by_chair(school),
        code=move.code,
        score_text=move.score,
        rule="chair" if move.score else "not_assessed",
        reason="合议。",
        version=_standing(school, move.code),
    )


def _settle_all(school: School, move: Move) -> None:
    with school.session.begin_nested():
        for element in find(DEFAULT).elements:
            _settle(school, move._replace(code=element.code, score=str(claimed(element.code))))


def _undo(school: School, move: Move) -> None:
    settlement.undo(
        **by_chair(school),
        code=move.code,
        version=_standing(school, move.code),
    )


def _remark(school: School, move: Move) -> None:
    discussion.remark(
        **by(school, school.panel.actor(move.number)),
        code=move.code,
        stance="agree",
        words=words(move.number),
    )


def _withdraw(school: School, move: Move) -> None:
    closing.withdraw(**by_chair(school))


def _reopen(school: School, move: Move) -> None:
    closing.reopen(**by(school, bureau(school)), reason="漏看了材料。")


def _publish(school: School, move: Move) -> None:
    publishing.publish(**by(school, bureau(school)))


def last_closing(session: Session) -> dict[str, Any]:
    """What the trail has of the review's last closing."""
    closed = session.scalars(
        select(AuditEvent).where(AuditEvent.action == "assignment:closed").order_by(AuditEvent.id.desc())
    ).first()
    assert closed is not None and closed.after is not None
    return closed.after


def _no_package_changes(school: School, memory: Memory) -> None:
    """Each package's manifest is as its own digest says, and its scores stay."""
    packages = school.session.execute(select(Package.id, Package.manifest, Package.digest)).all()
    assert all(hashlib.sha256(row.manifest.encode()).hexdigest() == row.digest for row in packages)
    memory.keeps("packages", {row.id: row.manifest for row in packages})
    rows = school.session.execute(
        select(
            PackageElement.package_id,
            PackageElement.element,
            PackageElement.score,
            PackageElement.justification,
        )
    )
    memory.keeps("elements of packages", {tuple(row[:2]): tuple(row[2:]) for row in rows})


def _no_score_is_lost(school: School, memory: Memory) -> None:
    kept = {
        (each.element_review_id, each.version): each.score
        for each in school.session.scalars(select(Correction))
    }
    rows = school.session.execute(
        select(ElementReview.id, ElementReview.version, ElementReview.score).where(
            ElementReview.was_in.is_(True)
        )
    )
    memory.keeps("scores that were in", kept | {(row.id, row.version): row.score for row in rows})


def _the_last_ruling_stands(school: School, memory: Memory) -> None:
    rulings = list(school.session.scalars(select(Ruling).order_by(Ruling.number)))
    memory.keeps("rulings", {(each.element, each.number): each.score for each in rulings})
    stands = {each.element: (each.number, each.score) for each in rulings if each.undone_at is None}
    settled = school.session.scalars(select(Determination))
    assert {each.element: (each.version, each.score) for each in settled} == stands


def _the_sum_is_that_of_its_parts(school: School, memory: Memory) -> None:
    """As closed; what an answer after publishing changed, the ladder tells from it."""
    session = school.session
    if school.panel.assignment.closed_at is None or session.scalar(select(func.count(Appeal.ruling))):
        return
    finals = session.scalars(select(Determination.score)).all()
    assert len(finals) == 84
    assert Decimal(last_closing(session)["final"]) == sum(final for final in finals if final is not None)


def _nobody_reads_ahead(school: School, memory: Memory) -> None:
    """At the table sits who handed in and wasn't taken off, once it is open; nobody is offered another's words."""
    session, assignment = school.session, school.panel.assignment
    _found, place = places.settlement(session, round_id=assignment.round_id, package_id=assignment.package_id)
    taken_off = set(session.scalars(select(Removal.review_id)))
    handed_in = {
        review.expert_id
        for review in school.panel.reviews
        if review.handed_in_at is not None and review.id not in taken_off
    }
    assert place.party == (handed_in if assignment.settling_since else frozenset())
    for number, review in enumerate(school.panel.reviews):
        session.refresh(review, ["assignment"])
        offered = phrases(session, school.panel.actor(number), review, "C2")
        assert not [text for text in offered if by_another(text, number)]


JUDGING = Area(
    steps={
        "score": _score,
        "finish": _finish,
        "finish all": _finish_all,
        "hand in": _hand_in,
        "correct": _correct,
        "open": lambda school, move: school.panel.open_table(),
        "settle": _settle,
        "settle all": _settle_all,
        "undo": _undo,
        "remark": _remark,
        "propose": lambda school, move: school.panel.propose_closing(),
        "withdraw": _withdraw,
        "sign": lambda school, move: school.panel.sign_closing(move.number),
        "reopen": _reopen,
        "publish": _publish,
    },
    always=(
        _no_package_changes,
        _no_score_is_lost,
        _the_last_ruling_stands,
        _the_sum_is_that_of_its_parts,
        _nobody_reads_ahead,
    ),
)
