"""Elements as they were judged: the ladder from the school's score to what stands, and why points were lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import and_, case, or_, select, true
from sqlalchemy.orm import Session, aliased

from portfolio.models import (
    Assignment,
    Determination,
    Dossier,
    ElementReview,
    Package,
    PackageElement,
    Review,
    Round,
    SettlementRule,
    User,
)
from portfolio.policy import counts
from portfolio.queries.appeals import AppealView, appeals
from portfolio.queries.supplements import changed_since
from rubric.model import Channel, Element
from rubric.scoring import Judgement, Rung, Stage, ladder


@dataclass(frozen=True, slots=True)
class Voice:
    """A score and its reason, as one or more experts gave them."""

    who: tuple[str, ...]
    score: Decimal | None
    reason: str
    channel: str | None
    # the number of an earlier package it is about, where a supplement changed the element since
    made_on: int | None = None


@dataclass(frozen=True, slots=True)
class JudgedElement:
    """An element's score ladder, from the school's score to what stands; and why points were lost."""

    element: Element
    rungs: tuple[Rung, ...]
    final: Decimal | None  # None: not assessed
    rule: SettlementRule
    reason: str
    # what the school answered to a factual error in it
    appeal: AppealView | None = None
    # beside each expert's rung, the number of an earlier package it is about, where the element differs since
    made_on: tuple[int | None, ...] = ()

    @property
    def published(self) -> Decimal | None:
        """The final score that was published, whatever an answer made of it since."""
        before = self.appeal.before if self.appeal is not None and self.appeal.accepted else None
        return self.final if before is None else before.score

    @property
    def self_score(self) -> Decimal | None:
        """What the school had claimed."""
        return next(rung.score for rung in self.rungs if rung.stage == Stage.SCHOOL)

    @property
    def given(self) -> tuple[Rung, ...]:
        """The rungs that aren't the school's own."""
        return tuple(rung for rung in self.rungs if rung.stage not in (Stage.EARLIER, Stage.SCHOOL))

    @property
    def voices(self) -> tuple[Voice, ...]:
        """What the experts said, each of it once with all who said it in the same words, in the experts' order."""
        said: dict[tuple[Decimal | None, str, str | None, int | None], list[str]] = {}
        experts = [rung for rung in self.rungs if rung.stage == Stage.EXPERT]
        for rung, made_on in zip(experts, self.made_on, strict=True):
            said.setdefault((rung.score, rung.reason, rung.channel, made_on), []).append(rung.who or "")
        return tuple(Voice(tuple(who), *words) for words, who in said.items())

    @property
    def lost(self) -> Decimal:
        """The points the element did not get; what was not assessed lost none."""
        return Decimal(0) if self.final is None else self.element.points - self.final


def judged_element(session: Session, dossier: Dossier, element: Element) -> JudgedElement | None:
    """One element's ladder in the dossier's newest published round; five statements, None before there is one."""
    assignment = session.scalar(
        select(Assignment)
        .join(Package, Package.id == Assignment.package_id)
        .join(Round, Round.id == Assignment.round_id)
        .where(Package.dossier_id == dossier.id, Assignment.published_at.is_not(None))
        .order_by(Round.position.desc(), Assignment.published_at.desc())
        .limit(1)
    )
    if assignment is None:
        return None
    answered = appeals(session, assignment.id, drafts=False)
    return next(iter(judged_elements(session, assignment, [element], answered)), None)


def judged_elements(
    session: Session,
    assignment: Assignment,
    elements: Sequence[Element],
    answered: Mapping[str, AppealView],
) -> list[JudgedElement]:
    """The ladders of these elements, of those that are settled; three statements."""
    codes = [element.code for element in elements]
    submitted = _submitted(session, assignment, codes)
    said = _expert_judgements(session, assignment.id, element=codes[0] if len(codes) == 1 else None)
    settled = _settled(session, assignment, codes)
    return [
        _judged(
            element,
            submitted[element.code],
            said.get(element.code, []),
            [*settled[element.code].values()],
            answered.get(element.code),
        )
        for element in elements
        if element.code in submitted and settled.get(element.code, {}).get(assignment.id)
    ]


def _submitted(session: Session, assignment: Assignment, codes: list[str]) -> dict[str, list[PackageElement]]:
    """Each element as the package says it, the last; before that as packages that it supplements said it."""
    given = aliased(Package)
    rows = session.scalars(
        select(PackageElement)
        .join(Package, Package.id == PackageElement.package_id)
        .join(given, given.dossier_id == Package.dossier_id)
        .where(
            given.id == assignment.package_id,
            Package.number <= given.number,
            PackageElement.element.in_(codes),
        )
        .order_by(Package.number)
    )
    found: dict[str, list[PackageElement]] = defaultdict(list)
    for row in rows:
        found[row.element].append(row)
    return found


@dataclass(frozen=True, slots=True)
class _Said:
    """What an expert said, and of which earlier package if the element differs since."""

    judgement: Judgement
    made_on: int | None


@dataclass(frozen=True, slots=True)
class _Settled:
    """A final score and the round it is of."""

    round: str
    score: Decimal | None
    rule: SettlementRule
    reason: str


def _settled(session: Session, assignment: Assignment, codes: list[str]) -> dict[str, dict[int, _Settled]]:
    """Each element's final scores by assignment: this one's, after those of the published rounds before it."""
    here, given = aliased(Round), aliased(Package)
    rows = session.execute(
        select(
            Determination.element,
            Determination.assignment_id,
            Round.name,
            Determination.score,
            Determination.rule,
            Determination.reason,
        )
        .join(Assignment, Assignment.id == Determination.assignment_id)
        .join(Round, Round.id == Assignment.round_id)
        .join(Package, Package.id == Assignment.package_id)
        .join(given, given.dossier_id == Package.dossier_id)
        .join(here, here.id == assignment.round_id)
        .where(
            given.id == assignment.package_id,
            Determination.element.in_(codes),
            or_(
                Assignment.id == assignment.id,
                and_(Round.position < here.position, Assignment.published_at.is_not(None)),
            ),
        )
        .order_by(Round.position)
    )
    found: dict[str, dict[int, _Settled]] = defaultdict(dict)
    for element, of, name, score, rule, reason in rows:
        found[element][of] = _Settled(name, score, rule, reason)
    return found


def _judged(
    element: Element,
    submitted: list[PackageElement],
    said: list[_Said],
    settled: list[_Settled],
    answered: AppealView | None,
) -> JudgedElement:
    *earlier, signed = (Judgement(None, row.score, row.justification) for row in submitted)
    *rounds, here = settled
    stands = Judgement(None, here.score, here.reason)
    before = answered.before if answered is not None and answered.accepted else None
    rungs = ladder(
        school=signed,
        earlier=next((each for each in earlier if each.score != signed.score), None),
        rounds=[Judgement(each.round, each.score, each.reason) for each in rounds],
        experts=[each.judgement for each in said],
        final=Judgement(None, before.score, before.reason) if before else stands,
        appeal=stands if before else None,
    )
    made_on = tuple(each.made_on for each in said)
    return JudgedElement(element, rungs, here.score, here.rule, here.reason, answered, made_on)


def _expert_judgements(
    session: Session, assignment_id: int, *, element: str | None = None
) -> dict[str, list[_Said]]:
    """What each expert said of each element, or of one, in the order the experts were named; one statement."""
    expert = aliased(User)
    outdated = changed_since(Package.dossier_id, ElementReview.element, ElementReview.package_number)
    rows = session.execute(
        select(
            ElementReview.element,
            ElementReview.score,
            ElementReview.reason,
            ElementReview.channel,
            expert.name,
            case((outdated, ElementReview.package_number)),
        )
        .join(Review, Review.id == ElementReview.review_id)
        .join(expert, expert.id == Review.expert_id)
        .join(Assignment, Assignment.id == Review.assignment_id)
        .join(Package, Package.id == Assignment.package_id)
        .where(
            Review.assignment_id == assignment_id,
            counts(Package.school_id),
            ElementReview.element == element if element else true(),
        )
        .order_by(Review.created_at, Review.id)
    )
    found: dict[str, list[_Said]] = defaultdict(list)
    for code, score, reason, channel, name, made_on in rows:
        judgement = Judgement(name, score, reason, Channel(channel) if channel else None)
        found[code].append(_Said(judgement, made_on))
    return dict(found)
