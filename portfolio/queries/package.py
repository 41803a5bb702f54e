"""Packages as their readers see them: what was submitted, and, once published, how it was judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy import select, true
from sqlalchemy.orm import Session, aliased

from portfolio.documents.archive.contents import Contents, read, status_of
from portfolio.editions import rubric_of
from portfolio.models import (
    Assignment,
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
from portfolio.policy import recused
from portfolio.queries.panel_report import PanelReport, panel_report
from portfolio.queries.timestamps import stamp_response
from rubric.gaps import ElementStatus
from rubric.model import Channel, Element, Rubric
from rubric.scoring import ElementClaim, Judgement, Rung, Totals, ladder, totals, totals_by_indicator


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
class JudgedElement:
    """An element's score ladder: school, each expert, final; and why points were lost."""

    element: Element
    rungs: tuple[Rung, ...]
    final: Decimal | None  # None: not assessed
    rule: SettlementRule
    reason: str

    @property
    def self_score(self) -> Decimal | None:
        """What the school had claimed."""
        return self.rungs[0].score

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
    def not_assessed(self) -> list[JudgedElement]:
        """What the panel said it did not assess: left out of the sum."""
        return [e for e in self.elements if e.final is None]


def _is_below(final: Decimal | None, self_score: Decimal | None) -> bool:
    return final is not None and self_score is not None and final < self_score


def _most_lost(elements: list[JudgedElement]) -> list[JudgedElement]:
    return sorted(elements, key=lambda each: (-each.lost, each.element.number))


def published_results(session: Session, dossier: Dossier) -> list[RoundResult]:
    """The dossier's published rounds, newest first; five statements a round, one to find them."""
    rows = session.execute(
        select(Assignment, Package, Round.name)
        .join(Package, Package.id == Assignment.package_id)
        .join(Round, Round.id == Assignment.round_id)
        .where(Package.dossier_id == dossier.id, Assignment.published_at.is_not(None))
        .order_by(Round.position.desc(), Assignment.published_at.desc())
    ).all()
    return [_result(session, row.Assignment, row.Package, row.name) for row in rows]


def judged_element(session: Session, dossier: Dossier, element: Element) -> JudgedElement | None:
    """One element's ladder in the dossier's newest published round, in four statements; None before there is one."""
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
    submitted = session.get(PackageElement, (assignment.package_id, element.code))
    settled = session.scalar(
        select(Determination).where(
            Determination.assignment_id == assignment.id, Determination.element == element.code
        )
    )
    if submitted is None or settled is None:
        return None
    voices = expert_judgements(session, assignment.id, element=element.code)
    return _judged(element, submitted, voices.get(element.code, []), settled)


def _result(session: Session, assignment: Assignment, package: Package, round_name: str) -> RoundResult:
    rubric = rubric_of(session, package.rubric_digest)
    submitted = {
        row.element: row
        for row in session.scalars(select(PackageElement).where(PackageElement.package_id == package.id))
    }
    voices = expert_judgements(session, assignment.id)
    settled = {
        row.element: row
        for row in session.scalars(select(Determination).where(Determination.assignment_id == assignment.id))
    }
    judged = [
        _judged(element, submitted[element.code], voices.get(element.code, []), settled[element.code])
        for element in rubric.elements
        if element.code in settled
    ]
    return RoundResult(
        assignment=assignment,
        round_name=round_name,
        elements=judged,
        claimed=package.claimed,
        final=sum((each.final for each in judged if each.final is not None), Decimal(0)),
        report=panel_report(session, assignment.id),
    )


def _judged(
    element: Element, submitted: PackageElement, voices: list[Judgement], settled: Determination
) -> JudgedElement:
    rungs = ladder(
        school=Judgement(None, submitted.score, submitted.justification),
        experts=voices,
        final=Judgement(None, settled.score, settled.reason),
    )
    return JudgedElement(element, rungs, settled.score, settled.rule, settled.reason)


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
            ~recused(Review.expert_id, Package.school_id, until=Assignment.closed_at),
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
