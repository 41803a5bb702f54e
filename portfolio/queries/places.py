"""Where things stand: one statement finds a thing and what the policy needs to know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, and_, or_, select, union_all
from sqlalchemy.orm import Load, Session, aliased, contains_eager, joinedload

from portfolio.editions import rubric_of
from portfolio.errors import NotFound
from portfolio.models import (
    Appeal,
    AppealCitation,
    Assignment,
    Blob,
    Cycle,
    Dossier,
    Evidence,
    EvidenceVersion,
    Package,
    PackageFile,
    Panel,
    RectificationAnswer,
    RectificationCitation,
    RectificationItem,
    Review,
    School,
    SelfAssessment,
)
from portfolio.policy import Place, removed


@dataclass(frozen=True, slots=True)
class SchoolAt:
    """A school and its dossier in the newest cycle it takes part in."""

    school: School
    dossier: Dossier | None


@dataclass(frozen=True, slots=True)
class ElementAt:
    """One element of a dossier."""

    dossier: Dossier
    assessment: SelfAssessment


@dataclass(frozen=True, slots=True)
class EvidenceAt:
    """A piece of evidence, and its school's newest dossier."""

    evidence: Evidence
    school: School
    dossier: Dossier | None


@dataclass(frozen=True, slots=True)
class FileAt:
    """A file version and its bytes' description."""

    version: EvidenceVersion
    blob: Blob


def _dossiers() -> Select[Dossier]:
    return select(Dossier).options(
        joinedload(Dossier.school, innerjoin=True), joinedload(Dossier.cycle, innerjoin=True)
    )


def dossier(session: Session, *, dossier_id: int) -> tuple[Dossier, Place]:
    """A dossier with its school and cycle."""
    found = session.scalar(_dossiers().where(Dossier.id == dossier_id))
    if found is None:
        raise NotFound()
    return found, Place(school_id=found.school_id)


def element(session: Session, *, dossier_id: int, code: str) -> tuple[ElementAt, Place]:
    """An element of a dossier; a contributor's own is the one assigned to them."""
    row = session.execute(
        select(Dossier, SelfAssessment)
        .join(SelfAssessment, SelfAssessment.dossier_id == Dossier.id)
        .options(joinedload(Dossier.school, innerjoin=True), joinedload(Dossier.cycle, innerjoin=True))
        .where(Dossier.id == dossier_id, SelfAssessment.element == code)
    ).one_or_none()
    if row is None:
        raise NotFound()
    return ElementAt(row.Dossier, row.SelfAssessment), Place(
        school_id=row.Dossier.school_id, person_id=row.SelfAssessment.assignee_id
    )


def material(session: Session, *, dossier_id: int, code: str, material: str) -> tuple[ElementAt, Place]:
    """The element that an expected material is of. Raises NotFound where the rubric expects no such one."""
    at, place = element(session, dossier_id=dossier_id, code=code)
    rubric = rubric_of(session, at.dossier.cycle.rubric_digest)
    if material not in {expected.code for expected in rubric.element(code).expected}:
        raise NotFound()
    return at, place


def _newest_dossier(school_id: int) -> Select[int]:
    return (
        select(Dossier.id)
        .join(Cycle, Cycle.id == Dossier.cycle_id)
        .where(Dossier.school_id == school_id)
        .order_by(Cycle.opens_at.desc(), Dossier.created_at.desc())
        .limit(1)
    )


def school(session: Session, *, school_id: int) -> tuple[SchoolAt, Place]:
    """A school, with the dossier it works on now."""
    row = session.execute(
        select(School, Dossier)
        .outerjoin(Dossier, Dossier.id == _newest_dossier(school_id).scalar_subquery())
        .outerjoin(Dossier.cycle)
        .options(contains_eager(Dossier.cycle))
        .where(School.id == school_id)
    ).one_or_none()
    if row is None:
        raise NotFound()
    return SchoolAt(row.School, row.Dossier), Place(school_id=school_id)


def evidence(session: Session, *, evidence_id: int) -> tuple[EvidenceAt, Place]:
    """A piece of evidence with its school and that school's newest dossier."""
    newest = (
        select(Dossier.id)
        .join(Cycle, Cycle.id == Dossier.cycle_id)
        .where(Dossier.school_id == Evidence.school_id)
        .order_by(Cycle.opens_at.desc(), Dossier.created_at.desc())
        .limit(1)
        .correlate(Evidence)
        .scalar_subquery()
    )
    row = session.execute(
        select(Evidence, School, Dossier)
        .join(School, School.id == Evidence.school_id)
        .outerjoin(Dossier, Dossier.id == newest)
        .outerjoin(Dossier.cycle)
        .options(contains_eager(Dossier.cycle))
        .where(Evidence.id == evidence_id)
    ).one_or_none()
    if row is None:
        raise NotFound()
    return EvidenceAt(row.Evidence, row.School, row.Dossier), Place(school_id=row.School.id)


def file_version(session: Session, *, evidence_id: int, number: int) -> tuple[FileAt, Place]:
    """A file version; the panels that hold it were given a package it is frozen in or one that came after, or an
    answer that rests on it.
    """
    holding, given = aliased(Package), aliased(Package)
    rows = session.execute(
        select(EvidenceVersion, Blob, Assignment.panel_id, _answered_with().exists().label("answers"))
        .join(EvidenceVersion.blob)
        .outerjoin(PackageFile, PackageFile.evidence_version_id == EvidenceVersion.id)
        .outerjoin(holding, holding.id == PackageFile.package_id)
        .outerjoin(given, succeeds(given, holding))
        .outerjoin(Assignment, or_(Assignment.package_id == given.id, Assignment.id.in_(_answered_with())))
        .where(EvidenceVersion.evidence_id == evidence_id, EvidenceVersion.number == number)
    ).all()
    if not rows:
        raise NotFound()
    panels = frozenset(row.panel_id for row in rows if row.panel_id is not None)
    version = rows[0].EvidenceVersion
    place = Place(school_id=version.school_id, panel_ids=panels, answers=rows[0].answers)
    return FileAt(version, rows[0].Blob), place


def succeeds(given: type[Package], asked: type[Package]) -> ColumnElement[bool]:
    """Whether who has a package may read another one: that itself, or one that it supplements."""
    return and_(given.dossier_id == asked.dossier_id, given.number >= asked.number)


def _answered_with() -> CompoundSelect[int]:
    """The assignments whose panels were sent an answer that rests on a file version."""
    return union_all(
        select(Appeal.assignment_id)
        .join(AppealCitation, AppealCitation.appeal_id == Appeal.id)
        .where(AppealCitation.evidence_version_id == EvidenceVersion.id, Appeal.sent_at.is_not(None)),
        select(RectificationItem.assignment_id)
        .join(RectificationAnswer, RectificationAnswer.item_id == RectificationItem.id)
        .join(RectificationCitation, RectificationCitation.answer_id == RectificationAnswer.id)
        .where(RectificationCitation.evidence_version_id == EvidenceVersion.id),
    )


def package(session: Session, *, package_id: int) -> tuple[Package, Place]:
    """A package with its dossier, school and cycle, and the panels it, or one that supplements it, was given to."""
    given = aliased(Package)
    rows = session.execute(
        select(Package, Assignment.panel_id)
        .outerjoin(given, succeeds(given, Package))
        .outerjoin(Assignment, Assignment.package_id == given.id)
        .options(
            joinedload(Package.dossier, innerjoin=True).options(
                joinedload(Dossier.school, innerjoin=True), joinedload(Dossier.cycle, innerjoin=True)
            )
        )
        .where(Package.id == package_id)
    ).all()
    if not rows:
        raise NotFound()
    panels = frozenset(row.panel_id for row in rows if row.panel_id is not None)
    return rows[0].Package, Place(school_id=rows[0].Package.school_id, panel_ids=panels)


def _around(assignment: Any) -> tuple[Any, ...]:
    """Loads what stands around an assignment, from the option that leads to it."""
    to_dossier = assignment.joinedload(Assignment.package, innerjoin=True).joinedload(
        Package.dossier, innerjoin=True
    )
    return (
        assignment.joinedload(Assignment.panel, innerjoin=True).joinedload(Panel.round, innerjoin=True),
        to_dossier.joinedload(Dossier.school, innerjoin=True),
        to_dossier.joinedload(Dossier.cycle, innerjoin=True),
    )


def review(session: Session, *, review_id: int) -> tuple[Review, Place]:
    """An expert's review with its assignment, panel, round, package, school and cycle; nobody's once taken off."""
    row = session.execute(
        select(Review, removed().label("removed"))
        .options(*_around(joinedload(Review.assignment, innerjoin=True)))
        .where(Review.id == review_id)
    ).one_or_none()
    if row is None:
        raise NotFound()
    found: Review = row.Review
    assignment = found.assignment
    return found, Place(
        school_id=assignment.package.school_id,
        panel_ids=frozenset({assignment.panel_id}),
        person_id=None if row.removed else found.expert_id,
    )


def visit(session: Session, *, round_id: int, package_id: int, **_which: Any) -> tuple[Assignment, Place]:
    """A package's assignment in a round, for the visit that its panel pays to the school.

    A package that was supplemented leads there too: what was noted without a line before is sent to its address.
    """
    given, asked = aliased(Package), aliased(Package)
    found = session.scalar(
        select(Assignment)
        .join(given, given.id == Assignment.package_id)
        .join(asked, succeeds(given, asked))
        .options(*_around(Load(Assignment)))
        .where(Assignment.round_id == round_id, asked.id == package_id)
    )
    if found is None:
        raise NotFound()
    return found, Place(school_id=found.package.school_id, panel_ids=frozenset({found.panel_id}))


def settlement(session: Session, *, round_id: int, package_id: int) -> tuple[Assignment, Place]:
    """A package's assignment in a round, with everything around it; a package that was supplemented leads there too.

    Once the table is open it is also theirs whose own review is in.
    """
    given, asked = aliased(Package), aliased(Package)
    rows = session.execute(
        select(Assignment, Review.expert_id)
        .join(given, given.id == Assignment.package_id)
        .join(asked, succeeds(given, asked))
        .outerjoin(
            Review,
            and_(
                Review.assignment_id == Assignment.id,
                Review.handed_in_at.is_not(None),
                Assignment.settling_since.is_not(None),
                ~removed(),
            ),
        )
        .options(*_around(Load(Assignment)))
        .where(Assignment.round_id == round_id, asked.id == package_id)
    ).all()
    if not rows:
        raise NotFound()
    found = rows[0].Assignment
    party = frozenset(row.expert_id for row in rows if row.expert_id is not None)
    return found, Place(school_id=found.package.school_id, panel_ids=frozenset({found.panel_id}), party=party)
