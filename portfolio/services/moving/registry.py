"""What a school owns, table by table. Every table of the store stands here once: as taken along, or with the reason
why it stays. A test holds that.

Reviews are the panel's and the bureau's: what goes along is what a published result shows its school.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select

from portfolio.audit import Action
from portfolio.db import Base
from portfolio.models import (
    Appeal,
    AppealCitation,
    AppealOutcome,
    Assignment,
    AuditEvent,
    Blob,
    CarryOver,
    Citation,
    Cycle,
    Determination,
    Dossier,
    ElementReview,
    Evidence,
    EvidenceVersion,
    EvidenceYear,
    FigureValue,
    GapWaiver,
    Introduction,
    MaterialTick,
    Membership,
    Package,
    PackageCitation,
    PackageElement,
    PackageFile,
    PackageTimestamp,
    PackageWaiver,
    Panel,
    ReadinessRecord,
    RecordedDay,
    Rectification,
    RectificationAnswer,
    RectificationCheck,
    RectificationCitation,
    RectificationItem,
    Reminder,
    ReportPart,
    Review,
    Round,
    RubricEdition,
    Ruling,
    School,
    SelfAssessment,
    SupplementElement,
    SupplementExtension,
    SupplementRequest,
    TouchedElement,
    User,
)
from portfolio.policy import counts

Scope = Callable[[int], ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Taken:
    """A table that goes along: which rows are the school's, and which columns are not for it."""

    model: type[Base]
    of: Scope
    without: frozenset[str] = frozenset()
    # rows that other schools rest on too: they are found again where they are, and never replaced
    shared: bool = False

    @property
    def name(self) -> str:
        """The table's."""
        return str(self.model.__tablename__)

    @property
    def columns(self) -> list[Any]:
        """Those that go along, in the table's order."""
        return [column for column in self.model.__table__.columns if column.name not in self.without]


def _dossiers(school_id: int) -> Select[Any]:
    return select(Dossier.id).where(Dossier.school_id == school_id)


def _packages(school_id: int) -> Select[Any]:
    return select(Package.id).where(Package.school_id == school_id)


def _evidence(school_id: int) -> Select[Any]:
    return select(Evidence.id).where(Evidence.school_id == school_id)


def _cycles(school_id: int) -> Select[Any]:
    return select(Dossier.cycle_id).where(Dossier.school_id == school_id)


def _published(school_id: int) -> Select[Any]:
    return select(Assignment.id).where(
        Assignment.package_id.in_(_packages(school_id)), Assignment.published_at.is_not(None)
    )


def _shown_reviews(school_id: int) -> Select[Any]:
    """Of published results, those that count: as the page of the result has it."""
    return (
        select(Review.id)
        .join(Assignment, Assignment.id == Review.assignment_id)
        .where(
            Review.assignment_id.in_(_published(school_id)),
            counts(school_id),
        )
    )


def _appeals(school_id: int) -> Select[Any]:
    return select(Appeal.id).where(Appeal.assignment_id.in_(_published(school_id)))


def _items(school_id: int) -> Select[Any]:
    return select(RectificationItem.id).where(RectificationItem.assignment_id.in_(_published(school_id)))


def _reports(school_id: int) -> Select[Any]:
    return select(RectificationAnswer.id).where(RectificationAnswer.item_id.in_(_items(school_id)))


def _requests(school_id: int) -> Select[Any]:
    return select(SupplementRequest.id).where(SupplementRequest.assignment_id.in_(_published(school_id)))


def _by_school(model: Any) -> Scope:
    return lambda school_id: model.school_id == school_id


def _by_dossier(model: Any) -> Scope:
    return lambda school_id: model.dossier_id.in_(_dossiers(school_id))


def _by_package(model: Any) -> Scope:
    return lambda school_id: model.package_id.in_(_packages(school_id))


def _by_published(model: Any) -> Scope:
    return lambda school_id: model.assignment_id.in_(_published(school_id))


def _referred_blobs(school_id: int) -> ColumnElement[bool]:
    version = exists().where(
        EvidenceVersion.school_id == Blob.school_id, EvidenceVersion.sha256 == Blob.sha256
    )
    return and_(Blob.school_id == school_id, version)


def _editions(school_id: int) -> ColumnElement[bool]:
    of_cycles = select(Cycle.rubric_digest).where(Cycle.id.in_(_cycles(school_id)))
    of_packages = select(Package.rubric_digest).where(Package.school_id == school_id)
    return or_(RubricEdition.digest.in_(of_cycles), RubricEdition.digest.in_(of_packages))


def _standing_rulings(school_id: int) -> ColumnElement[bool]:
    """What stands, and where an answer of the school changed that, what stood before."""
    stands = exists().where(
        Determination.assignment_id == Ruling.assignment_id,
        Determination.element == Ruling.element,
        Determination.version == Ruling.number,
    )
    stood = exists().where(
        Appeal.assignment_id == Ruling.assignment_id,
        Appeal.element == Ruling.element,
        Appeal.outcome == AppealOutcome.ACCEPTED,
        Appeal.ruling > Ruling.number,
    )
    return and_(
        Ruling.assignment_id.in_(_published(school_id)), Ruling.undone_at.is_(None), or_(stands, stood)
    )


# What the trail says of a school's own doings. What is not here happened inside a panel or the bureau, and stays.
OWN_ACTIONS = frozenset(
    {
        Action.USER_INVITED,
        Action.USER_JOINED,
        Action.PASSWORD_LINK_SENT,
        Action.INVITATION_REVOKED,
        Action.ROLE_GIVEN,
        Action.ROLE_TAKEN,
        Action.SCHOOL_ADDED,
        Action.DOSSIER_OPENED,
        Action.ELEMENT_SCORED,
        Action.ELEMENT_ASSIGNED,
        Action.ELEMENT_LOOKED_AT,
        Action.PROBLEM_PUT_RIGHT,
        Action.FIGURE_ENTERED,
        Action.CARRIED_OVER,
        Action.EVIDENCE_ADDED,
        Action.EVIDENCE_DESCRIBED,
        Action.EVIDENCE_REPLACED,
        Action.EVIDENCE_TRASHED,
        Action.EVIDENCE_RESTORED,
        Action.EVIDENCE_DELETED,
        Action.ARCHIVE_OPENED,
        Action.EVIDENCE_MERGED,
        Action.MATERIAL_TICKED,
        Action.MATERIAL_UNTICKED,
        Action.CITED,
        Action.CITATION_CHANGED,
        Action.UNCITED,
        Action.INTRODUCTION_WRITTEN,
        Action.GAP_WAIVED,
        Action.GAP_UNWAIVED,
        Action.HANDED_OVER,
        Action.RECALLED,
        Action.PACKAGE_SIGNED,
        Action.SUPPLEMENT_ASKED,
        Action.SUPPLEMENT_EXTENDED,
        Action.SUPPLEMENT_WITHDRAWN,
        Action.SUPPLEMENT_LAPSED,
        Action.RESULT_PUBLISHED,
        Action.APPEAL_DRAFTED,
        Action.APPEAL_DROPPED,
        Action.APPEAL_SENT,
        Action.APPEAL_ACCEPTED,
        Action.APPEAL_DECLINED,
        Action.RECTIFICATION_ANSWERED,
        Action.RECTIFICATION_CHECKED,
        Action.SCHOOL_EXPORTED,
        Action.SCHOOL_IMPORTED,
    }
)


def _own_events(school_id: int) -> ColumnElement[bool]:
    return and_(
        AuditEvent.school_id == school_id, AuditEvent.action.in_([each.value for each in OWN_ACTIONS])
    )


# In the order in which they are written: what is referred to comes first, a package's own row, its seal, last.
TAKEN: tuple[Taken, ...] = (
    Taken(School, lambda school_id: School.id == school_id),
    Taken(RubricEdition, _editions, shared=True),
    Taken(Cycle, lambda school_id: Cycle.id.in_(_cycles(school_id)), shared=True),
    Taken(Round, lambda school_id: Round.cycle_id.in_(_cycles(school_id)), shared=True),
    Taken(Membership, _by_school(Membership), frozenset({"panel_id"})),
    Taken(Blob, _referred_blobs, frozenset({"storage"})),
    Taken(Evidence, _by_school(Evidence)),
    Taken(EvidenceYear, lambda school_id: EvidenceYear.evidence_id.in_(_evidence(school_id))),
    Taken(EvidenceVersion, _by_school(EvidenceVersion)),
    Taken(Dossier, _by_school(Dossier)),
    Taken(SelfAssessment, _by_dossier(SelfAssessment)),
    Taken(Citation, _by_dossier(Citation)),
    Taken(Introduction, _by_dossier(Introduction)),
    Taken(MaterialTick, _by_dossier(MaterialTick)),
    Taken(GapWaiver, _by_dossier(GapWaiver)),
    Taken(FigureValue, _by_dossier(FigureValue)),
    Taken(TouchedElement, _by_dossier(TouchedElement)),
    Taken(CarryOver, _by_dossier(CarryOver)),
    Taken(Reminder, _by_dossier(Reminder)),
    Taken(
        RecordedDay,
        lambda school_id: RecordedDay.day.in_(
            select(ReadinessRecord.day).where(ReadinessRecord.dossier_id.in_(_dossiers(school_id)))
        ),
        shared=True,
    ),
    Taken(ReadinessRecord, _by_dossier(ReadinessRecord)),
    Taken(PackageElement, _by_package(PackageElement)),
    Taken(PackageFile, _by_package(PackageFile)),
    Taken(PackageCitation, _by_package(PackageCitation)),
    Taken(PackageWaiver, _by_package(PackageWaiver)),
    Taken(Package, _by_school(Package)),
    Taken(PackageTimestamp, _by_package(PackageTimestamp)),
    Taken(
        Panel,
        lambda school_id: Panel.id.in_(
            select(Assignment.panel_id).where(Assignment.id.in_(_published(school_id)))
        ),
        shared=True,
    ),
    # a closed assignment seals its report
    Taken(ReportPart, _by_published(ReportPart)),
    Taken(RectificationItem, _by_published(RectificationItem)),
    Taken(Assignment, lambda school_id: Assignment.id.in_(_published(school_id))),
    Taken(Review, lambda school_id: Review.id.in_(_shown_reviews(school_id))),
    Taken(
        ElementReview,
        lambda school_id: ElementReview.review_id.in_(_shown_reviews(school_id)),
        frozenset({"note", "flagged", "was_in"}),
    ),
    Taken(Determination, _by_published(Determination)),
    Taken(Ruling, _standing_rulings),
    Taken(Rectification, _by_published(Rectification)),
    Taken(SupplementRequest, _by_published(SupplementRequest)),
    Taken(SupplementElement, lambda school_id: SupplementElement.request_id.in_(_requests(school_id))),
    Taken(SupplementExtension, lambda school_id: SupplementExtension.request_id.in_(_requests(school_id))),
    Taken(Appeal, _by_published(Appeal)),
    Taken(AppealCitation, lambda school_id: AppealCitation.appeal_id.in_(_appeals(school_id))),
    Taken(RectificationAnswer, lambda school_id: RectificationAnswer.item_id.in_(_items(school_id))),
    Taken(RectificationCitation, lambda school_id: RectificationCitation.answer_id.in_(_reports(school_id))),
    Taken(RectificationCheck, lambda school_id: RectificationCheck.item_id.in_(_items(school_id))),
    Taken(AuditEvent, _own_events),
)

# Written by its own rules (people.py): whoever the rows above name.
PEOPLE = User.__tablename__

LEFT: dict[str, str] = {
    # made anew from what goes along
    "derivations": "made anew of the files",
    "page_texts": "made anew of the files",
    "page_images": "made anew of the files",
    "search_chunks": "made anew of the files and their descriptions",
    "rubric_elements": "made anew of the rubric edition",
    "dossier_summaries": "kept in step by triggers",
    "package_summaries": "kept in step by triggers",
    "element_tallies": "the whole city's, kept in step by triggers",
    # of people and of an installation
    "login_sessions": "a log-in holds at one installation",
    "invitations": "a link leads to one installation",
    "throttles": "of one installation",
    "uploads": "under way, at one installation",
    "visits": "what a person has seen, at one installation",
    "errands": "under way, at one installation",
    # the whole city's
    "benchmarks": "made of all schools",
    # the panel's own, which no school is shown
    "recusals": "the panel's own",
    "interest_statements": "the panel's own",
    "substitutions": "the panel's own",
    "corrections": "the panel's own",
    "remarks": "the panel's own",
    "closings": "the panel's own",
    "removals": "the panel's own",
    "supplement_proposals": "the panel's own",
    "agenda_ticks": "the panel's own",
    "findings": "the panel's own",
    "finding_elements": "the panel's own",
    "finding_photos": "the panel's own",
    "draws": "the panel's own",
    "surveys": "the panel's own",
    "survey_questions": "the panel's own",
    "survey_answers": "the panel's own",
    "panel_reminders": "the panel's own",
    "document_templates": "the bureau's own",
    "certificates": "the bureau's own: their numbers are one installation's",
}
