"""A package under review by a panel, for tests of reviews and settlement."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.models import (
    Assignment,
    Closing,
    Cycle,
    Determination,
    Dossier,
    ElementReview,
    InterestStatement,
    Package,
    PackageElement,
    Panel,
    Review,
    Round,
    School,
    Split,
    User,
)
from portfolio.policy import Actor
from portfolio.services import agreement, closing, panels, reviews, settlement, terms
from portfolio.services.allotting import Allotment, propose
from portfolio.services.cycles import RoundPlan
from rubric.loader import DEFAULT, find
from rubric.model import Channel
from tests.factories import (
    NOW,
    PASSWORD,
    actor_for,
    bureau_actor,
    make_cycle,
    make_dossier,
    make_school,
    make_user,
    score_all,
)
from tests.package_factory import make_package


@dataclass
class Scene:
    """A school's package with a panel of experts and a chair."""

    session: Session
    school: School
    cycle: Cycle
    dossier: Dossier
    package: Package
    panel: Panel
    assignment: Assignment
    experts: list[User]
    chair: User
    reviews: list[Review]

    def actor(self, number: int = 0) -> Actor:
        """An expert, as the policy sees them."""
        return actor_for(self.session, self.experts[number])

    @property
    def chair_actor(self) -> Actor:
        """The chair, as the policy sees them."""
        return actor_for(self.session, self.chair)

    def row(self, code: str, number: int = 0) -> ElementReview:
        """An expert's row for an element."""
        return self.session.scalars(
            select(ElementReview).where(
                ElementReview.review_id == self.reviews[number].id, ElementReview.element == code
            )
        ).one()

    def score_everything(
        self, number: int, below: dict[str, str] | None = None, *, only_new: bool = False
    ) -> None:
        """An expert gives each of theirs the self-score, or the score named in `below` with a reason.

        `only_new`: what was in already stays.
        """
        named = below or {}
        for row in self.session.scalars(
            select(ElementReview).where(ElementReview.review_id == self.reviews[number].id)
        ):
            if only_new and row.was_in:
                continue
            row.score = Decimal(named.get(row.element, claimed(row.element)))
            row.saved_at, row.version = NOW, row.version + 1
            if row.element in named:
                row.reason, row.channel = f"第{number + 1}位专家：佐证不足。", Channel.DOCUMENTS
        self.session.flush()

    def hand_in(self, number: int, below: dict[str, str] | None = None) -> None:
        """An expert scores everything and hands in."""
        self.score_everything(number, below)
        reviews.hand_in(self.session, actor=self.actor(number), now=NOW, review=self.reviews[number])

    def open_table(self) -> None:
        """The chair opens the table of all scores."""
        settlement.open_table(self.session, actor=self.chair_actor, now=NOW, assignment=self.assignment)

    def propose_closing(self, opinion: str = "同意推荐。") -> Closing:
        """The chair proposes to close."""
        return closing.propose(
            self.session, actor=self.chair_actor, now=NOW, assignment=self.assignment, opinion=opinion
        )

    def sign_closing(self, number: int = 0) -> None:
        """An expert signs what the chair proposes."""
        waiting = terms.proposed(self.session, self.assignment)
        closing.sign(
            self.session,
            actor=self.actor(number),
            now=NOW,
            assignment=self.assignment,
            number=waiting.number if waiting else 1,
            password=PASSWORD,
        )

    def close(self, opinion: str = "同意推荐。") -> None:
        """Everything is settled: the chair proposes to close, the first expert signs."""
        self.propose_closing(opinion)
        self.sign_closing()

    def settle_all(self, reason: str = "专家组一致意见。") -> None:
        """The chair settles every element at the self-score, where that is the median."""
        self.settle_at({}, reason)

    def settle_at(self, finals: dict[str, str], reason: str = "专家组一致意见。") -> None:
        """The chair settles every open element at the score named, else at the self-score, where that is the median."""
        if self.assignment.settling_since is None:
            self.open_table()
        settled = select(Determination.element).where(Determination.assignment_id == self.assignment.id)
        codes = self.session.scalars(
            select(PackageElement.element).where(
                PackageElement.package_id == self.package.id, PackageElement.element.not_in(settled)
            )
        ).all()
        at_once = agreement.settle_agreed(
            self.session,
            actor=self.chair_actor,
            now=NOW,
            assignment=self.assignment,
            codes=set(codes) - set(finals),
            follows=reason,
        )
        for code in set(codes) - set(at_once):
            self.settle(code, finals.get(code, str(claimed(code))), reason)

    def settle(self, code: str, score: str, reason: str) -> Determination:
        """The chair settles an open element at its median."""
        return settlement.settle(
            self.session,
            actor=self.chair_actor,
            now=NOW,
            assignment=self.assignment,
            code=code,
            score_text=score,
            rule="median",
            reason=reason,
            version=0,
        )


def claimed(code: str) -> Decimal:
    """The self-score that `score_all` gave an element."""
    return (find(DEFAULT).element(code).points * Decimal("0.9")).quantize(Decimal("0.1"))


def make_scene(
    session: Session,
    *,
    experts: int = 3,
    dossier: Dossier | None = None,
    independent_scores: int = 1,
    rounds: list[RoundPlan] | None = None,
    shared_out: bool = False,
) -> Scene:
    """A scored dossier, its package, and a panel that was given it in the first round.

    Everybody has all elements, or each its share of them by A-indicator.
    """
    plans = rounds or [RoundPlan("市级评估", independent_scores=independent_scores)]
    cycle = session.get_one(Cycle, dossier.cycle_id) if dossier else make_cycle(session, rounds=plans)
    if dossier is None:
        dossier = make_dossier(session, make_school(session), cycle)
        score_all(session, dossier)
    package = make_package(session, dossier)
    first = session.scalars(select(Round).where(Round.cycle_id == cycle.id).order_by(Round.position)).first()
    assert first is not None
    people = [make_user(session) for _ in range(experts)]
    shares = propose(
        find(DEFAULT), Split.INDICATOR, {person.id: 0 for person in people}, needed=first.independent_scores
    )
    return give(
        session,
        dossier=dossier,
        package=package,
        round=first,
        experts=people,
        chair=make_user(session),
        allotment=shares if shared_out else None,
    )


def give(
    session: Session,
    *,
    dossier: Dossier,
    package: Package,
    round: Round,
    experts: list[User],
    chair: User,
    allotment: Allotment | None = None,
) -> Scene:
    """A panel of these people in this round, given the package; all of them have stated their interests."""
    panel = panels.form_panel(
        session,
        actor=bureau_actor(session),
        now=NOW,
        round=round,
        name="第三专家组",
        experts=experts,
        chair=chair,
    )
    assignment = panels.assign(
        session, actor=bureau_actor(session), now=NOW, panel=panel, package=package, allotment=allotment
    )
    session.add_all(
        InterestStatement(user_id=person.id, panel_id=panel.id, school_id=dossier.school_id, signed_at=NOW)
        for person in [*experts, chair]
    )
    session.flush()
    given = {
        review.expert_id: review
        for review in session.scalars(select(Review).where(Review.assignment_id == assignment.id))
    }
    return Scene(
        session=session,
        school=session.get_one(School, dossier.school_id),
        cycle=session.get_one(Cycle, dossier.cycle_id),
        dossier=dossier,
        package=package,
        panel=panel,
        assignment=assignment,
        experts=experts,
        chair=chair,
        reviews=[given[person.id] for person in experts],
    )


def give_to_next_round(below: Scene, *, experts: list[User]) -> Scene:
    """The same package before a panel of these experts, in the round after the scene's own."""
    session = below.session
    position = session.get_one(Round, below.assignment.round_id).position + 1
    following = session.scalars(
        select(Round).where(Round.cycle_id == below.cycle.id, Round.position == position)
    ).one()
    package = session.get_one(Package, below.package.id)
    return give(
        session,
        dossier=below.dossier,
        package=package,
        round=following,
        experts=experts,
        chair=make_user(session),
    )
