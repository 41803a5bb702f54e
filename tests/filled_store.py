"""A store with rows in every table, for tests of the schema, the seals and the check."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.models import (
    AgendaTick,
    Appeal,
    AppealCitation,
    Assignment,
    Benchmark,
    Call,
    CarryOver,
    Certificate,
    CheckOutcome,
    Closing,
    Correction,
    Determination,
    DocumentTemplate,
    Dossier,
    Draw,
    ElementReview,
    Errand,
    ErrandKind,
    Evidence,
    EvidenceVersion,
    FigureValue,
    Finding,
    FindingElement,
    FindingPhoto,
    InterestStatement,
    MaterialTick,
    Package,
    PackageTimestamp,
    PageImage,
    Panel,
    PanelReminder,
    Rectification,
    RectificationAnswer,
    RectificationCheck,
    RectificationCitation,
    RectificationItem,
    Recusal,
    Remark,
    Reminder,
    Removal,
    ReportPart,
    ReportSection,
    Review,
    Role,
    Round,
    Ruling,
    School,
    SettlementRule,
    Stance,
    Substitution,
    SupplementElement,
    SupplementExtension,
    SupplementProposal,
    SupplementRequest,
    Survey,
    SurveyAnswer,
    SurveyQuestion,
    TemplateKind,
    Throttle,
    TouchedElement,
    Upload,
    User,
)
from portfolio.queries.submission import check_list
from portfolio.services import invitations, log_ins, packages, reports, summaries, trend
from portfolio.storage import Storage
from portfolio.tokens import new_token
from rubric.loader import DEFAULT, find
from rubric.model import Channel
from rubric.succession import Touch
from tests.factories import (
    NOW,
    PASSWORD,
    actor_for,
    bureau_actor,
    cite,
    make_cycle,
    make_dossier,
    make_evidence,
    make_staff,
    make_user,
    read_pages,
    score_all,
)

UNCITED = "C84"


@dataclass(frozen=True)
class FilledStore:
    """What the tests ask for by name."""

    school: School
    dossier: Dossier
    evidence: Evidence
    package: Package


def fill(session: Session, storage: Storage, folder: Path) -> FilledStore:
    """A school that submitted (one gap waived), a review under way, and what people leave around."""
    dossier = make_dossier(session)
    package, evidence = _submit(session, storage, folder, dossier)
    _add_beside_documents(session, package)
    _review(session, dossier, package)
    _visit(session, evidence)
    _result(session, dossier, evidence)
    _next_cycle(session, dossier, evidence)
    reports.introduce(
        session,
        actor=bureau_actor(session),
        now=NOW,
        dossier=dossier,
        indicator="A1",
        text="党建引领发展。",
        version=0,
    )
    _leave_around(session, dossier.school)
    _look_back(session, dossier)
    session.flush()
    return FilledStore(dossier.school, dossier, evidence, package)


def _submit(session: Session, storage: Storage, folder: Path, dossier: Dossier) -> tuple[Package, Evidence]:
    staff = make_staff(session, dossier.school)
    lead = actor_for(session, staff.lead)
    score_all(session, dossier)
    evidence = make_evidence(session, dossier.school, storage, folder, filename="2023年党支部会议记录.txt")
    _read(session, storage, folder, evidence)
    for element in find(DEFAULT).elements:
        if element.code != UNCITED:
            cite(session, dossier, element.code, evidence, page=3)
    gaps = [gap.key for gap in check_list(session, dossier, now=NOW).open]
    packages.waive(session, actor=lead, now=NOW, dossier=dossier, keys=gaps, reason="材料在区教育局存档")
    packages.hand_over(session, actor=lead, now=NOW, dossier=dossier)
    package = packages.sign(
        session,
        actor=actor_for(session, staff.principal),
        now=NOW + timedelta(hours=1),
        dossier=dossier,
        password=PASSWORD,
        storage=storage,
    )
    return package, evidence


def _read(session: Session, storage: Storage, folder: Path, evidence: Evidence) -> None:
    """Its text in the search index, and a picture of its page in the store."""
    digest = read_pages(session, evidence, "党支部每月学习一次，记录完整。")
    picture = folder / "page.webp"
    picture.write_bytes(b"RIFF....WEBP")
    image = hashlib.sha256(picture.read_bytes()).hexdigest()
    storage.put(evidence.school_id, image, picture)
    session.add(
        PageImage(
            school_id=evidence.school_id,
            sha256=digest,
            page=1,
            size="thumbnail",
            image_sha256=image,
            width=240,
            height=340,
        )
    )


def _add_beside_documents(session: Session, package: Package) -> None:
    """A template of the office's own, and a stamp that an authority refused."""
    session.add_all(
        [
            DocumentTemplate(
                kind=TemplateKind.NOTICE,
                filename="结果通知书.docx",
                sha256="ab" * 32,
                content=b"PK",
                uploaded_by=package.signed_by,
                uploaded_at=NOW,
            ),
            PackageTimestamp(
                package_id=package.id,
                authority="https://tsa.example",
                attempts=1,
                tried_at=NOW,
                next_try_at=NOW,
                failure="refused",
            ),
        ]
    )


def _review(session: Session, dossier: Dossier, package: Package) -> None:
    round_ = session.scalars(select(Round).where(Round.cycle_id == dossier.cycle_id)).one()
    panel = Panel(round_id=round_.id, name="第一专家组", created_at=NOW)
    session.add(panel)
    session.flush()
    expert = make_user(session, Role.EXPERT, panel_id=panel.id)
    assignment = Assignment(
        round_id=round_.id, panel_id=panel.id, package_id=package.id, assigned_by=expert.id, assigned_at=NOW
    )
    session.add(assignment)
    session.flush()
    review = Review(assignment_id=assignment.id, expert_id=expert.id, created_at=NOW)
    session.add(review)
    session.flush()
    scored = ElementReview(review_id=review.id, element="C1", score=Decimal("0.8"), channel=Channel.INSPECT)
    session.add(scored)
    session.flush()
    session.add_all(
        [
            Correction(
                element_review_id=scored.id, version=0, score=Decimal("0.7"), why="看错一行", corrected_at=NOW
            ),
            Determination(
                assignment_id=assignment.id,
                element="C1",
                score=Decimal("0.8"),
                rule=SettlementRule.MEDIAN,
                settled_by=expert.id,
                settled_at=NOW,
            ),
            Ruling(
                assignment_id=assignment.id,
                element="C1",
                number=1,
                score=Decimal("0.8"),
                rule=SettlementRule.MEDIAN,
                settled_by=expert.id,
                settled_at=NOW,
            ),
            Remark(
                assignment_id=assignment.id,
                element="C1",
                author_id=expert.id,
                stance=Stance.AGREE,
                ruling=1,
                written_at=NOW,
            ),
            InterestStatement(
                user_id=expert.id, panel_id=panel.id, school_id=dossier.school_id, signed_at=NOW
            ),
            Substitution(review_id=review.id, substitute_id=review.id, named_by=expert.id, named_at=NOW),
            Removal(review_id=review.id, reason="病假", removed_by=expert.id, removed_at=NOW),
            Closing(assignment_id=assignment.id, number=1, proposed_by=expert.id, proposed_at=NOW),
            Recusal(user_id=expert.id, school_id=dossier.school_id, reason="曾在该校任教", declared_at=NOW),
            PanelReminder(
                assignment_id=assignment.id,
                user_id=expert.id,
                call=Call.REVIEW_DUE,
                occasion="2026-11-30-3",
                noted_at=NOW,
            ),
            Certificate(
                year=NOW.year,
                serial=1,
                school_id=dossier.school_id,
                dossier_id=dossier.id,
                assignment_id=assignment.id,
                awarded_on=NOW.date(),
                renew_by=NOW.date().replace(year=NOW.year + 3),
                awarded_by=expert.id,
                awarded_at=NOW,
            ),
        ]
    )
    _ask(session, assignment, package, expert)


def _ask(session: Session, assignment: Assignment, package: Package, expert: User) -> None:
    """A request of the panel, taken up from an expert's proposal."""
    request = SupplementRequest(
        dossier_id=package.dossier_id,
        assignment_id=assignment.id,
        number=1,
        package_id=package.id,
        asked_by=expert.id,
        asked_at=NOW,
        due_at=NOW + timedelta(days=7),
    )
    session.add(request)
    session.flush()
    words = "请补充第二学期的会议记录。"
    session.add_all(
        [
            SupplementElement(request_id=request.id, element="C1", question=words),
            SupplementExtension(
                request_id=request.id,
                due_before=NOW + timedelta(days=5),
                due_at=request.due_at,
                reason="学校正值期末考试。",
                extended_by=expert.id,
                extended_at=NOW,
            ),
            SupplementProposal(
                assignment_id=assignment.id,
                element="C1",
                question=words,
                proposed_by=expert.id,
                proposed_at=NOW,
                request_id=request.id,
            ),
        ]
    )


def _visit(session: Session, evidence: Evidence) -> None:
    """What the panel found at the school, a photograph of it among the school's bytes."""
    assignment = session.scalars(select(Assignment)).one()
    author = session.scalars(select(Review.expert_id)).one()
    sha256 = session.scalars(
        select(EvidenceVersion.sha256).where(EvidenceVersion.evidence_id == evidence.id)
    ).one()
    finding = Finding(
        assignment_id=assignment.id,
        author_id=author,
        token="6b1f5c1e-0000-4000-8000-000000000001",
        channel=Channel.INSPECT,
        words="图书室每天开放两小时。",
        noted_at=NOW,
        saved_at=NOW,
    )
    draw = Draw(
        assignment_id=assignment.id,
        number=1,
        title="教师业务档案",
        population=86,
        size=1,
        seed="5" * 64,
        list_digest="d" * 64,
        drawn=[[17, "17"]],
        drawn_by=author,
        drawn_at=NOW,
    )
    survey = Survey(
        assignment_id=assignment.id, title="家长", sheet_digest="e" * 64, imported_by=author, imported_at=NOW
    )
    tick = AgendaTick(assignment_id=assignment.id, item="A1.2.discuss", ticked_by=author, ticked_at=NOW)
    session.add_all([finding, draw, survey, tick])
    session.flush()
    question = SurveyQuestion(survey_id=survey.id, position=1, element="C84", words="您对学校满意吗？")
    session.add_all(
        [
            FindingElement(finding_id=finding.id, element="C1"),
            FindingPhoto(
                finding_id=finding.id,
                school_id=evidence.school_id,
                sha256=sha256,
                filename="IMG_0001.jpg",
                added_at=NOW,
            ),
            question,
        ]
    )
    session.flush()
    session.add(SurveyAnswer(question_id=question.id, position=1, words="满意", count=203))
    session.flush()


def _result(session: Session, dossier: Dossier, evidence: Evidence) -> None:
    """A panel's report with an item to put right, and what the school answered to both."""
    assignment = session.scalars(select(Assignment)).one()
    person = make_user(session, Role.PRINCIPAL, school=dossier.school)
    version = session.scalars(select(EvidenceVersion).where(EvidenceVersion.evidence_id == evidence.id)).one()
    item = RectificationItem(
        assignment_id=assignment.id,
        number=1,
        element="C1",
        problem="会议记录不全",
        measure="补齐三年会议记录",
        responsible="李主任",
        due_on=NOW.date(),
        saved_at=NOW,
        saved_by=assignment.assigned_by,
    )
    appeal = Appeal(
        assignment_id=assignment.id,
        element="C1",
        text="第三页有会议记录。",
        drafted_by=person.id,
        drafted_at=NOW,
        sent_by=person.id,
        sent_at=NOW,
    )
    session.add_all([item, appeal])
    session.add(
        ReportPart(
            assignment_id=assignment.id,
            part=ReportSection.OPINION,
            text="同意推荐。",
            saved_at=NOW,
            saved_by=assignment.assigned_by,
        )
    )
    session.flush()
    answer = RectificationAnswer(
        item_id=item.id, number=1, text="已补齐。", answered_by=person.id, answered_at=NOW
    )
    session.add(answer)
    session.flush()
    session.add_all(
        [
            AppealCitation(appeal_id=appeal.id, evidence_version_id=version.id, position=1, page_from=3),
            RectificationCitation(answer_id=answer.id, evidence_version_id=version.id, position=1),
            RectificationCheck(
                item_id=item.id,
                number=1,
                answer_id=answer.id,
                outcome=CheckOutcome.DONE,
                reason="记录齐全。",
                checked_by=assignment.assigned_by,
                checked_at=NOW,
            ),
        ]
    )


def _next_cycle(session: Session, dossier: Dossier, evidence: Evidence) -> None:
    """The next dossier, started from this one, with a reminder and a figure."""
    cycle = make_cycle(session)
    cycle.opens_at += timedelta(days=1)
    session.flush()
    following = make_dossier(session, dossier.school, cycle)
    user = make_user(session, Role.CONTRIBUTOR, school=dossier.school)
    assignment = session.scalars(select(Assignment)).one()
    session.add_all(
        [
            CarryOver(
                dossier_id=following.id, from_dossier_id=dossier.id, carried_by=user.id, carried_at=NOW
            ),
            MaterialTick(
                dossier_id=following.id,
                element="C1",
                material="plan",
                reason="原件在区教育局存档",
                ticked_by=user.id,
                ticked_at=NOW,
            ),
            TouchedElement(dossier_id=following.id, element="C2", touch=Touch.MOVED, from_element="C3"),
            Rectification(
                dossier_id=following.id,
                element="C1",
                problem="会议记录不全",
                lost=Decimal("0.2"),
                assignment_id=assignment.id,
            ),
            Reminder(
                dossier_id=following.id,
                element="C1",
                user_id=user.id,
                due_on=NOW.date(),
                days_before=1,
                claimed_at=NOW,
            ),
            FigureValue(
                dossier_id=following.id,
                figure="pupils",
                year=2026,
                value=Decimal("1203"),
                proof_id=evidence.id,
                version=1,
            ),
        ]
    )


def _leave_around(session: Session, school: School) -> None:
    user = make_user(session, Role.BUREAU)
    bureau = actor_for(session, user)
    log_ins.start_session(session, user=user, address="127.0.0.1", now=NOW, lifetime=timedelta(hours=12))
    invitations.invite(
        session, actor=bureau, now=NOW, lifetime=timedelta(days=7), name="李某", role=Role.OBSERVER
    )
    session.add_all(
        [
            Throttle(key="address:127.0.0.1", failures=3, last_failed_at=NOW),
            Errand(
                kind=ErrandKind.SCHOOL,
                subject=f"school:{school.id}",
                school_id=school.id,
                asked_by=user.id,
                asked_at=NOW,
            ),
            Upload(
                token=new_token(),
                school_id=school.id,
                user_id=user.id,
                length=1024,
                details={"filename": "照片.jpg"},
                created_at=NOW,
                expires_at=NOW + timedelta(hours=48),
            ),
        ]
    )


def _look_back(session: Session, dossier: Dossier) -> None:
    trend.record_day(session, NOW)
    person = actor_for(session, make_user(session, Role.LEAD, school=dossier.school))
    trend.mark_seen(session, actor=person, now=NOW, school_id=dossier.school_id)
    session.add(
        Benchmark(
            cycle_id=dossier.cycle_id,
            indicator="A1",
            at=NOW,
            schools=9,
            lower=Decimal("1.5"),
            median=Decimal("2.0"),
            upper=Decimal("2.5"),
            basis={str(dossier.id): "2.7"},
        )
    )
    summaries.compact(session)
