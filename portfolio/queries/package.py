"""Packages as their readers see them: what was submitted, and, once published, how it was judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy import and_, func, or_, select, true
from sqlalchemy.orm import Session, aliased

from portfolio.documents.archive.contents import Contents, read, status_of
from portfolio.editions import rubric_of
from portfolio.models import (
    Assignment,
    Cycle,
    Determination,
    Dossier,
    ElementReview,
    Package,
    PackageCitation,
    PackageElement,
    PackageFile,
    PackageWaiver,
    Review,
    Round,
    SettlementRule,
    User,
)
from portfolio.policy import counts
from portfolio.queries.appeals import AppealView, appeals
from portfolio.queries.panel_report import PanelReport, panel_report
from portfolio.queries.result_terms import Awarded, awarded
from portfolio.queries.timestamps import stamp_response
from rubric.gaps import ElementStatus
from rubric.model import Channel, Element, Rubric
from rubric.scoring import ElementClaim, Judgement, Rung, Stage, Totals, ladder, totals, totals_by_indicator


@dataclass(frozen=True, slots=True)
class CitedFile:
    """A citation with its file, as frozen."""

    file: PackageFile
    page_from: int | None
    page_to: int | None
    remark: str


@dataclass(frozen=True, slots=True)
class PackageView:
    """A package, read whole."""

    rubric: Rubric
    elements: dict[str, PackageElement]
    citations: dict[str, list[CitedFile]]
    waivers: list[PackageWaiver]
    people: dict[int, str]
    totals: Totals
    by_indicator: Mapping[str, Totals]
    statuses: dict[str, ElementStatus]
    files: int
    size: int


def package_view(session: Session, package: Package) -> PackageView:
    """Everything in a package, in four statements."""
    rubric = rubric_of(session, package.rubric_digest)
    elements = {
        row.element: row
        for row in session.scalars(select(PackageElement).where(PackageElement.package_id == package.id))
    }
    citations = cited_files(session, package.id)
    waivers = list(session.scalars(select(PackageWaiver).where(PackageWaiver.package_id == package.id)))
    names = session.execute(
        select(User.id, User.name).where(User.id.in_([package.submitted_by, package.signed_by]))
    )
    files = {cited.file.evidence_version_id: cited.file for group in citations.values() for cited in group}
    claims = {
        code: ElementClaim(code, row.points, row.score, cited=code in citations)
        for code, row in elements.items()
    }
    waived = {waiver.element for waiver in waivers if waiver.element}
    return PackageView(
        rubric=rubric,
        elements=elements,
        citations=citations,
        waivers=waivers,
        people={row.id: row.name for row in names},
        totals=totals(claims.values()),
        by_indicator=totals_by_indicator(rubric, claims),
        statuses={code: status_of(claim, waived=code in waived) for code, claim in claims.items()},
        files=len(files),
        size=sum(file.size for file in files.values()),
    )


def cited_files(session: Session, package_id: int) -> dict[str, list[CitedFile]]:
    """Each element's citations in the order they were made, one statement."""
    rows = session.execute(
        select(PackageCitation, PackageFile)
        .join(
            PackageFile,
            (PackageFile.package_id == PackageCitation.package_id)
            & (PackageFile.evidence_version_id == PackageCitation.evidence_version_id),
        )
        .where(PackageCitation.package_id == package_id)
        .order_by(PackageCitation.position)
    )
    found: dict[str, list[CitedFile]] = defaultdict(list)
    for citation, file in rows:
        found[citation.element].append(CitedFile(file, citation.page_from, citation.page_to, citation.remark))
    return dict(found)


@dataclass(frozen=True, slots=True)
class Voice:
    """A score and its reason, as one or more experts gave them."""

    who: tuple[str, ...]
    score: Decimal | None
    reason: str
    channel: str | None


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
        said: dict[tuple[Decimal | None, str, str | None], list[str]] = {}
        for rung in self.rungs:
            if rung.stage == Stage.EXPERT:
                said.setdefault((rung.score, rung.reason, rung.channel), []).append(rung.who or "")
        return tuple(Voice(tuple(who), *words) for words, who in said.items())

    @property
    def lost(self) -> Decimal:
        """The points the element did not get; what was not assessed lost none."""
        return Decimal(0) if self.final is None else self.element.points - self.final


@dataclass(frozen=True, slots=True)
class RoundResult:
    """A published round: the panel's report and every element's ladder."""

    assignment: Assignment
    round_name: str
    elements: list[JudgedElement]
    claimed: Decimal
    final: Decimal
    report: PanelReport
    # of the cycle's last round, where the bureau set them
    standing: Awarded | None = None

    @property
    def published(self) -> Decimal:
        """The sum that was published, before answers of the school changed anything."""
        return sum((each.published for each in self.elements if each.published is not None), Decimal(0))

    @property
    def answered(self) -> list[JudgedElement]:
        """What the school answered factual errors in, drafts included where they may be seen."""
        return [each for each in self.elements if each.appeal is not None]

    @property
    def below(self) -> list[JudgedElement]:
        """Where the panel gave less than the school had claimed, most points first."""
        return _most_lost([e for e in self.elements if _is_below(e.final, e.self_score)])

    @property
    def as_claimed(self) -> list[JudgedElement]:
        """Where points are lost that the school had not claimed itself, most points first."""
        below = {each.element.code for each in self.below}
        return _most_lost([e for e in self.elements if e.lost and e.element.code not in below])

    @property
    def full(self) -> list[JudgedElement]:
        """The elements with all their points."""
        return [e for e in self.elements if e.final == e.element.points]

    @property
    def restored(self) -> list[JudgedElement]:
        """What has all its points only since the panel accepted an answer of the school."""
        return [e for e in self.full if e.published != e.final]

    @property
    def not_assessed(self) -> list[JudgedElement]:
        """What the panel said it did not assess: left out of the sum."""
        return [e for e in self.elements if e.final is None]


def _is_below(final: Decimal | None, self_score: Decimal | None) -> bool:
    return final is not None and self_score is not None and final < self_score


def _most_lost(elements: list[JudgedElement]) -> list[JudgedElement]:
    return sorted(elements, key=lambda each: (-each.lost, each.element.number))


def published_results(session: Session, dossier: Dossier, *, drafts: bool = False) -> list[RoundResult]:
    """The dossier's published rounds, newest first; seven statements a round at most, one to find them.

    `drafts`: with answers that the school has not sent, which are for itself.
    """
    last = select(func.max(Round.position)).where(Round.cycle_id == dossier.cycle_id).scalar_subquery()
    rows = session.execute(
        select(Assignment, Package, Round.name, Cycle, (Round.position == last).label("is_last"))
        .join(Package, Package.id == Assignment.package_id)
        .join(Round, Round.id == Assignment.round_id)
        .join(Cycle, Cycle.id == Round.cycle_id)
        .where(Package.dossier_id == dossier.id, Assignment.published_at.is_not(None))
        .order_by(Round.position.desc(), Assignment.published_at.desc())
    ).all()
    return [
        _result(
            session,
            row.Assignment,
            row.Package,
            row.name,
            drafts=drafts,
            terms=row.Cycle if row.is_last else None,
        )
        for row in rows
    ]


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
    voices = expert_judgements(session, assignment.id, element=codes[0] if len(codes) == 1 else None)
    settled = _settled(session, assignment, codes)
    return [
        _judged(
            element,
            submitted[element.code],
            voices.get(element.code, []),
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


def _result(
    session: Session,
    assignment: Assignment,
    package: Package,
    round_name: str,
    *,
    drafts: bool,
    terms: Cycle | None,
) -> RoundResult:
    rubric = rubric_of(session, package.rubric_digest)
    answered = appeals(session, assignment.id, drafts=drafts)
    judged = judged_elements(session, assignment, rubric.elements, answered)
    final = sum((each.final for each in judged if each.final is not None), Decimal(0))
    return RoundResult(
        assignment=assignment,
        round_name=round_name,
        elements=judged,
        claimed=package.claimed,
        final=final,
        report=panel_report(session, assignment.id),
        standing=awarded(terms, final) if terms is not None else None,
    )


def _judged(
    element: Element,
    submitted: list[PackageElement],
    voices: list[Judgement],
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
        experts=voices,
        final=Judgement(None, before.score, before.reason) if before else stands,
        appeal=stands if before else None,
    )
    return JudgedElement(element, rungs, here.score, here.rule, here.reason, answered)


def expert_judgements(
    session: Session, assignment_id: int, *, element: str | None = None
) -> dict[str, list[Judgement]]:
    """What each expert said of each element, or of one, in the order the experts were named; one statement."""
    expert = aliased(User)
    rows = session.execute(
        select(
            ElementReview.element,
            ElementReview.score,
            ElementReview.reason,
            ElementReview.channel,
            expert.name,
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
    found: dict[str, list[Judgement]] = defaultdict(list)
    for code, score, reason, channel, name in rows:
        found[code].append(Judgement(name, score, reason, Channel(channel) if channel else None))
    return dict(found)


def contents(session: Session, package: Package, *, originals: bool) -> Contents:
    """What the package's manifest says; `originals`: with the bytes as uploaded, for the school itself."""
    said = read(
        manifest_text(session, package.id),
        digest=package.digest,
        rubric=rubric_of(session, package.rubric_digest),
        originals=originals,
    )
    return replace(said, timestamp=stamp_response(session, package.id))


def manifest_text(session: Session, package_id: int) -> str:
    """The stored manifest, to the byte."""
    return session.scalars(select(Package.manifest).where(Package.id == package_id)).one()
