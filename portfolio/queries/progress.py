"""How far every panel is with every package of a cycle, who is late, and what each expert carries. No score is read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.orm import Session

from portfolio.days import day_of
from portfolio.models import (
    Assignment,
    Closing,
    Cycle,
    Determination,
    ElementReview,
    Membership,
    Package,
    PackageElement,
    Panel,
    Review,
    Role,
    Round,
    School,
    User,
)
from portfolio.policy import recused
from portfolio.queries.supplements import answer_due, may_answer


class Phase(StrEnum):
    """How far a panel is with a package."""

    SCORING = "scoring"
    ALL_IN = "all_in"
    SETTLING = "settling"
    SIGNING = "signing"
    CLOSED = "closed"
    PUBLISHED = "published"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who reviews or chairs; `active`: has an open account and still sits on the panel."""

    user_id: int
    name: str
    active: bool


@dataclass(frozen=True, slots=True)
class ReviewWay:
    """One expert's review of one package: elements scored, of how many, and when they last saved one."""

    expert: Person
    handed_in_at: datetime | None
    scored: int
    elements: int
    last_active: datetime | None


@dataclass(frozen=True, slots=True)
class PackageWay:
    """A package on its way through a round; moments in UTC."""

    assignment_id: int
    round_id: int
    round: str
    position: int
    review_by: datetime | None
    independent_scores: int
    panel: str
    chairs: tuple[Person, ...]
    package_id: int
    package_number: int
    dossier_id: int
    school_id: int
    school: str
    district: str
    settled: int
    elements: int
    proposed: bool
    closed_at: datetime | None
    published_at: datetime | None
    # until when the school may answer what the panel asked for
    answer_due: datetime | None
    reviews: tuple[ReviewWay, ...] = ()

    @property
    def received(self) -> int:
        """How many reviews are in."""
        return sum(review.handed_in_at is not None for review in self.reviews)

    @property
    def asked(self) -> int:
        """How many reviews there are to be: one of each expert, and at least as many as the round asks for."""
        return max(len(self.reviews), self.independent_scores)

    @property
    def scored(self) -> int:
        """Elements scored, over all reviews."""
        return sum(review.scored for review in self.reviews)

    @property
    def to_score(self) -> int:
        """Elements to be scored, over all reviews."""
        return sum(review.elements for review in self.reviews)

    @property
    def phase(self) -> Phase:
        """How far it is."""
        if self.published_at is not None:
            return Phase.PUBLISHED
        if self.closed_at is not None:
            return Phase.CLOSED
        if self.received < self.asked:
            return Phase.SCORING
        if self.proposed:
            return Phase.SIGNING
        return Phase.SETTLING if self.settled else Phase.ALL_IN

    @property
    def done(self) -> bool:
        """Whether the panel has nothing left to do."""
        return self.closed_at is not None

    def days_left(self, now: datetime) -> int | None:
        """Days to the round's deadline by the schools' calendar; negative past it, None without one."""
        return None if self.review_by is None else (day_of(self.review_by) - day_of(now)).days

    def is_late(self, now: datetime) -> bool:
        """Whether the deadline has passed and the panel isn't done."""
        return not self.done and self.review_by is not None and self.review_by < now

    def school_answers(self, now: datetime) -> bool:
        """Whether the school may still add what the panel asked for; until then no table opens."""
        return self.phase in (Phase.SCORING, Phase.ALL_IN) and may_answer(self.answer_due, now)

    def waits_for(self, now: datetime) -> tuple[Person, ...]:
        """Whose turn it is: experts whose reviews are out, the chair, or experts who could sign.

        Nobody's once it is closed, nor while only the school's answer is out.
        """
        match self.phase:
            case Phase.SCORING:
                return tuple(review.expert for review in self.reviews if review.handed_in_at is None)
            case Phase.ALL_IN if self.school_answers(now):
                return ()
            case Phase.ALL_IN | Phase.SETTLING:
                return self.chairs
            case Phase.SIGNING:
                chairs = {chair.user_id for chair in self.chairs}
                return tuple(review.expert for review in self.reviews if review.expert.user_id not in chairs)
            case _:
                return ()

    def urgency(self, now: datetime) -> tuple[bool, bool, datetime, str]:
        """Sorts: what isn't done first, the longest overdue or nearest deadline first."""
        return self.done, self.review_by is None, self.review_by or now, self.school


@dataclass(frozen=True, slots=True)
class Load:
    """What an expert carries in the cycle: packages, those still out and late, elements still open."""

    expert: Person
    packages: int
    out: int
    late: int
    open_elements: int
    last_active: datetime | None


@dataclass(frozen=True, slots=True)
class Show:
    """Which packages are looked at: of a round, of those that are late or not."""

    round_id: int | None = None
    late: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """A cycle's packages, the most urgent first, and its experts, those with most to do first."""

    ways: tuple[PackageWay, ...]
    loads: tuple[Load, ...]
    now: datetime

    def listed(self, show: Show) -> list[PackageWay]:
        """The packages that are looked at."""
        return [
            way
            for way in self.ways
            if show.round_id in (None, way.round_id) and (not show.late or way.is_late(self.now))
        ]

    @property
    def late(self) -> list[PackageWay]:
        """What is past its deadline and not done."""
        return [way for way in self.ways if way.is_late(self.now)]

    def count(self, phase: Phase) -> int:
        """How many packages are so far."""
        return sum(way.phase == phase for way in self.ways)


def progress(session: Session, *, cycle_id: int, now: datetime) -> Progress:
    """Every package given to a panel of the cycle, in three statements however many there are."""
    ways = sorted(package_ways(session, cycle_id=cycle_id), key=lambda way: way.urgency(now))
    return Progress(tuple(ways), _loads(ways, now), now)


def package_ways(session: Session, *, cycle_id: int | None = None) -> list[PackageWay]:
    """Packages on their way, of one cycle, or else everywhere those that aren't published; three statements."""
    wanted = Assignment.published_at.is_(None) if cycle_id is None else Round.cycle_id == cycle_id
    settled = select(func.count()).where(Determination.assignment_id == Assignment.id).scalar_subquery()
    elements = select(func.count()).where(PackageElement.package_id == Package.id).scalar_subquery()
    proposed = exists().where(
        Closing.assignment_id == Assignment.id, Closing.signed_at.is_(None), Closing.withdrawn_at.is_(None)
    )
    rows = session.execute(
        select(
            Assignment,
            Round,
            Panel.name,
            Package.number,
            Package.dossier_id,
            School,
            settled.label("settled"),
            elements.label("elements"),
            proposed.label("proposed"),
            answer_due(Assignment.id).label("answer_due"),
        )
        .join(Round, Round.id == Assignment.round_id)
        .join(Panel, Panel.id == Assignment.panel_id)
        .join(Package, Package.id == Assignment.package_id)
        .join(School, School.id == Package.school_id)
        .where(wanted)
    ).all()
    chairs = _chairs(session, {row.Assignment.panel_id for row in rows})
    ways = {
        given.id: PackageWay(
            assignment_id=given.id,
            round_id=round_.id,
            round=round_.name,
            position=round_.position,
            review_by=round_.review_by,
            independent_scores=round_.independent_scores,
            panel=panel,
            chairs=chairs.get(given.panel_id, ()),
            package_id=given.package_id,
            package_number=number,
            dossier_id=dossier_id,
            school_id=school.id,
            school=school.name,
            district=school.district,
            settled=settled_,
            elements=elements_,
            proposed=proposed_,
            closed_at=given.closed_at,
            published_at=given.published_at,
            answer_due=due,
        )
        for given, round_, panel, number, dossier_id, school, settled_, elements_, proposed_, due in rows
    }
    reviews = _reviews(session, wanted=wanted) if ways else {}
    return [replace(way, reviews=tuple(reviews.get(key, ()))) for key, way in ways.items()]


def _chairs(session: Session, panel_ids: set[int]) -> Mapping[int, tuple[Person, ...]]:
    found: dict[int, list[Person]] = defaultdict(list)
    if not panel_ids:
        return {}
    rows = session.execute(
        select(Membership.panel_id, User.id, User.name, User.disabled_at.is_(None))
        .join(User, User.id == Membership.user_id)
        .where(Membership.panel_id.in_(panel_ids), Membership.role == Role.CHAIR)
        .order_by(User.name, User.id)
    )
    for panel_id, user_id, name, active in rows:
        assert panel_id is not None
        found[panel_id].append(Person(user_id, name, active))
    return {panel_id: tuple(people) for panel_id, people in found.items()}


def _reviews(session: Session, *, wanted: ColumnElement[bool]) -> Mapping[int, list[ReviewWay]]:
    """By assignment: the reviews that count, in the order of the experts' names."""
    found: dict[int, list[ReviewWay]] = defaultdict(list)
    seated = exists().where(Membership.user_id == User.id, Membership.panel_id == Assignment.panel_id)
    rows = session.execute(
        select(
            Review.assignment_id,
            User.id,
            User.name,
            and_(User.disabled_at.is_(None), seated),
            Review.handed_in_at,
            func.count(ElementReview.score),
            func.count(ElementReview.id),
            func.max(ElementReview.saved_at, type_=ElementReview.saved_at.type),
        )
        .join(User, User.id == Review.expert_id)
        .join(Assignment, Assignment.id == Review.assignment_id)
        .join(Round, Round.id == Assignment.round_id)
        .join(Package, Package.id == Assignment.package_id)
        .outerjoin(ElementReview, ElementReview.review_id == Review.id)
        .where(
            wanted,
            ~recused(Review.expert_id, Package.school_id, until=Assignment.closed_at),
        )
        .group_by(Review.id, User.id, Assignment.panel_id)
        .order_by(User.name, Review.id)
    )
    for assignment_id, user_id, name, active, handed_in_at, scored, elements, saved_at in rows:
        last = max(filter(None, (handed_in_at, saved_at)), default=None)
        person = Person(user_id, name, active)
        found[assignment_id].append(ReviewWay(person, handed_in_at, scored, elements, last))
    return found


def _loads(ways: Iterable[PackageWay], now: datetime) -> tuple[Load, ...]:
    carried: dict[int, list[tuple[PackageWay, ReviewWay]]] = defaultdict(list)
    for way in ways:
        for review in way.reviews:
            carried[review.expert.user_id].append((way, review))
    loads = [_load(theirs, now) for theirs in carried.values()]
    return tuple(
        sorted(
            loads, key=lambda load: (-load.late, -load.open_elements, load.expert.name, load.expert.user_id)
        )
    )


def _load(theirs: Sequence[tuple[PackageWay, ReviewWay]], now: datetime) -> Load:
    out = [(way, review) for way, review in theirs if review.handed_in_at is None and not way.done]
    return Load(
        expert=theirs[0][1].expert,
        packages=len(theirs),
        out=len(out),
        late=sum(way.is_late(now) for way, _review in out),
        open_elements=sum(review.elements - review.scored for _way, review in out),
        last_active=max((r.last_active for _way, r in theirs if r.last_active), default=None),
    )


def all_cycles(session: Session) -> list[Cycle]:
    """All cycles, the newest first."""
    return list(session.scalars(select(Cycle).order_by(Cycle.opens_at.desc(), Cycle.created_at.desc())))
