"""A panel asks about named elements: only these reopen, and package no. 2 differs in nothing else."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from portfolio.check import Inspection
from portfolio.days import day_of
from portfolio.db import begin_write, make_sessions
from portfolio.errors import DomainError, NotFound, Refused
from portfolio.models import (
    AuditEvent,
    Correction,
    DossierState,
    Errand,
    ErrandKind,
    Package,
    PackageFile,
    Panel,
    Round,
    SupplementElement,
    SupplementProposal,
)
from portfolio.policy import Permission, Place, allows
from portfolio.queries import errands, places
from portfolio.queries.supplements import Outcome, history, latest, proposals
from portfolio.services import (
    carrying,
    checklists,
    citations,
    evidence,
    extending,
    packages,
    panels,
    publishing,
    reviews,
    settlement,
    supplement_proposals,
    supplements,
)
from portfolio.services.cycles import RoundPlan
from portfolio.services.evidence import StoredFile
from portfolio.storage import Storage
from rubric.loader import DEFAULT, find
from tests.at_once import PATIENCE
from tests.factories import NOW, actor_for, bureau_actor, make_evidence, make_user
from tests.package_factory import make_package
from tests.supplement_factory import DUE, QUESTION, School, make_school_before_a_panel

LATE = DUE + timedelta(minutes=1)
RUBRIC = find(DEFAULT)


@pytest.fixture
def school(session: Session, storage: Storage, tmp_path: Path) -> School:
    return make_school_before_a_panel(session, storage, tmp_path)


def refusal(code: str) -> Any:
    """Expects a refusal of this code."""
    return pytest.raises(DomainError, match=f"^{code}$")


def told(session: Session, package: Package) -> dict[str, Any]:
    """A package's manifest."""
    found: dict[str, Any] = json.loads(
        session.scalars(select(Package.manifest).where(Package.id == package.id)).one()
    )
    return found


def content(session: Session, package: Package, code: str) -> Any:
    """An element as a package holds it, with the description of every file it cites."""
    manifest = told(session, package)
    element = next(each for each in manifest["elements"] if each["code"] == code)
    cited = {citation["file"] for citation in element["citations"]}
    waivers = [each for each in manifest["waivers"] if each["gap"].startswith(f"{code}:")]
    return element, [file for file in manifest["files"] if file["id"] in cited], waivers


def others(*named: str) -> list[str]:
    return [element.code for element in RUBRIC.elements if element.code not in named]


# --- asking


def test_the_chair_asks_about_named_elements_until_a_deadline(school: School) -> None:
    school.ask("C1", "C2")
    asked = latest(school.session, school.dossier.id)
    assert asked is not None
    assert asked.questions == {"C1": QUESTION, "C2": QUESTION}
    assert asked.is_open(DUE)
    event = school.session.scalars(select(AuditEvent).where(AuditEvent.action == "supplement:asked")).one()
    assert event.school_id == school.dossier.school_id
    assert event.after is not None
    assert event.after["questions"]["C1"] == QUESTION


def test_a_school_has_one_request_to_answer_at_a_time(school: School) -> None:
    school.ask("C1")
    with refusal("supplement_standing"):
        school.ask("C2")


def test_after_a_deadline_that_passed_the_chair_may_ask_again(school: School) -> None:
    school.ask("C1")
    school.ask("C2", now=LATE, due_at=LATE + timedelta(days=1))
    outcomes = [step.asked.outcome(LATE) for step in history(school.session, school.dossier.id)]
    assert outcomes == [Outcome.OPEN, Outcome.LAPSED]


def test_what_is_asked_is_refused_by_field(school: School) -> None:
    wrong: list[tuple[dict[str, str], datetime | None, str, str]] = [
        ({}, DUE, "questions", "supplement_empty"),
        ({"C1": "  "}, DUE, "questions", "supplement_empty"),
        ({"C1": "问" * 1001}, DUE, "C1", "text_too_long"),
        ({"C1": QUESTION}, None, "due_at", "supplement_due_missing"),
        ({"C1": QUESTION}, NOW, "due_at", "supplement_due_passed"),
    ]
    for questions, due, field, code in wrong:
        with pytest.raises(Refused) as refused:
            supplements.ask(
                school.session,
                actor=school.panel.chair_actor,
                now=NOW,
                assignment=school.panel.assignment,
                questions=questions,
                due_at=due,
            )
        assert refused.value.errors[field].code == code


def test_nobody_asks_about_an_element_that_the_rubric_does_not_have(school: School) -> None:
    with pytest.raises(NotFound):
        school.ask("C99")


def test_once_all_scores_are_on_the_table_nothing_is_asked_for(school: School) -> None:
    for number in range(3):
        school.panel.hand_in(number)
    school.panel.open_table()
    with refusal("supplement_late"):
        school.ask("C1")


# --- more time


def extend(
    school: School,
    due_at: datetime | None = DUE + timedelta(days=2),
    *,
    reason: str = "学校正值期末考试。",
    now: datetime = NOW + timedelta(days=1),
) -> None:
    extending.extend(
        school.session,
        actor=school.panel.chair_actor,
        now=now,
        assignment=school.panel.assignment,
        due_at=due_at,
        reason=reason,
    )


def test_the_panel_gives_more_time_and_everything_open_stays_open_until_then(school: School) -> None:
    school.row("C1").assignee_id = school.staff.contributor.id
    school.ask("C1", "C2")
    extend(school)
    asked = latest(school.session, school.dossier.id)
    assert asked is not None
    assert asked.request.due_at == DUE + timedelta(days=2)
    assert school.row("C1").due_on == day_of(DUE + timedelta(days=2))
    school.write("C1", now=LATE)
    school.hand_over(LATE)
    assert school.sign(LATE).number == 2


def test_every_extension_is_on_record_with_its_reason(school: School) -> None:
    school.ask("C1", "C2")
    extend(school)
    extend(school, DUE + timedelta(days=4), reason="校长出差。")
    (step,) = history(school.session, school.dossier.id)
    told = [(each.due_before, each.due_at, each.reason) for each in step.asked.extensions.values()]
    assert told == [
        (DUE, DUE + timedelta(days=2), "学校正值期末考试。"),
        (DUE + timedelta(days=2), DUE + timedelta(days=4), "校长出差。"),
    ]
    assert step.asked.questions == {"C1": QUESTION, "C2": QUESTION}
    events = school.session.scalars(
        select(AuditEvent).where(AuditEvent.action == "supplement:extended").order_by(AuditEvent.id)
    ).all()
    assert [(event.school_id, (event.after or {})["reason"]) for event in events] == [
        (school.dossier.school_id, "学校正值期末考试。"),
        (school.dossier.school_id, "校长出差。"),
    ]


@pytest.mark.parametrize(
    ("due_at", "reason", "refused"),
    [
        (None, "期末考试", {"due_at": "supplement_due_missing"}),
        (DUE, "期末考试", {"due_at": "supplement_due_not_later"}),
        (DUE - timedelta(days=1), " ", {"due_at": "supplement_due_not_later", "reason": "reason_missing"}),
        (DUE + timedelta(days=1), "长" * 1001, {"reason": "text_too_long"}),
    ],
)
def test_a_deadline_is_only_moved_to_a_later_moment_and_with_a_reason(
    school: School, due_at: datetime | None, reason: str, refused: dict[str, str]
) -> None:
    school.ask("C1")
    with pytest.raises(Refused) as caught:
        extend(school, due_at, reason=reason)
    assert {field: error.code for field, error in caught.value.errors.items()} == refused


def test_what_is_over_is_not_extended(school: School) -> None:
    with refusal("no_supplement"):
        extend(school)
    school.ask("C1")
    school.answer()
    with refusal("no_supplement"):
        extend(school)
    school.ask("C1")
    with refusal("no_supplement"):
        extend(school, LATE + timedelta(days=1), now=LATE)


def test_the_table_waits_for_the_school_or_for_the_chair_to_withdraw(school: School) -> None:
    for number in range(3):
        school.panel.hand_in(number)
    school.ask("C1")
    with refusal("supplement_waiting"):
        school.panel.open_table()
    supplements.withdraw(
        school.session, actor=school.panel.chair_actor, now=NOW, assignment=school.panel.assignment
    )
    school.panel.open_table()
    assert school.panel.assignment.settling_since == NOW


def test_what_was_withdrawn_can_not_be_answered_and_leaves_the_dossier_as_it_was(school: School) -> None:
    school.ask("C1")
    school.hand_over()
    supplements.withdraw(
        school.session, actor=school.panel.chair_actor, now=NOW, assignment=school.panel.assignment
    )
    assert school.dossier.state is DossierState.SUBMITTED
    with refusal("not_signing"):
        school.sign()
    with refusal("no_supplement"):
        supplements.withdraw(
            school.session, actor=school.panel.chair_actor, now=NOW, assignment=school.panel.assignment
        )
    school.write("C2", text="下一周期的草稿。")


# --- proposing


def propose(school: School, code: str, question: str = QUESTION, number: int = 0) -> None:
    supplement_proposals.propose(
        school.session,
        actor=school.panel.actor(number),
        now=NOW,
        review=school.panel.reviews[number],
        code=code,
        question=question,
    )


def test_an_expert_proposes_and_the_chair_sends(school: School) -> None:
    propose(school, "C1")
    propose(school, "C1", "问得更清楚一些。")
    propose(school, "C2", number=1)
    waiting = proposals(school.session, school.panel.assignment)
    assert [(each.element, each.question) for each in waiting] == [
        ("C1", "问得更清楚一些。"),
        ("C2", QUESTION),
    ]
    assert latest(school.session, school.dossier.id) is None, "the school is not told of it"
    school.ask("C1")
    left = proposals(school.session, school.panel.assignment)
    assert [each.element for each in left] == ["C2"]
    assert school.session.scalar(select(func.count()).select_from(SupplementProposal)) == 2


def test_a_proposal_is_its_writers_own_and_can_be_taken_back(school: School) -> None:
    propose(school, "C1")
    assert proposals(school.session, school.panel.assignment, of=school.panel.experts[1].id) == ()
    for _twice in range(2):
        supplement_proposals.take_back(
            school.session,
            actor=school.panel.actor(),
            now=NOW,
            review=school.panel.reviews[0],
            code="C1",
        )
    assert proposals(school.session, school.panel.assignment) == ()


def test_no_school_learns_what_was_proposed(school: School) -> None:
    propose(school, "C1")
    events = school.session.scalars(
        select(AuditEvent).where(AuditEvent.action == "supplement:proposed")
    ).all()
    assert [event.school_id for event in events] == [None]


# --- what is open


def test_only_the_elements_asked_about_are_open(school: School) -> None:
    cited = make_evidence(school.session, school.dossier.school, school.storage, school.folder)
    school.ask("C1")
    school.write("C1", text="补充说明。")
    school.add("C1", "会议记录")
    session, lead, dossier = school.session, school.lead, school.dossier
    with refusal("element_not_reopened"):
        school.write("C2")
    with refusal("element_not_reopened"):
        citations.cite(
            session, actor=lead, now=NOW, dossier_id=dossier.id, element="C2", evidence_id=cited.id
        )
    with refusal("element_not_reopened"):
        school.drop("C2")
    ticked = next(each for each in RUBRIC.elements if each.expected and each.code != "C1")
    with refusal("element_not_reopened"):
        checklists.tick(
            session,
            actor=lead,
            now=NOW,
            dossier=dossier,
            element=ticked,
            material=ticked.expected[0].code,
            reason="原件存档",
        )
    with refusal("element_not_reopened"):
        checklists.untick(
            session,
            actor=lead,
            now=NOW,
            dossier=dossier,
            element=ticked,
            material=ticked.expected[0].code,
        )
    with refusal("dossier_not_reopened"):
        carrying.carry_over(session, actor=lead, now=NOW, dossier=dossier)
    school.drop("C1")


def test_no_gap_of_another_element_is_waived(school: School) -> None:
    school.ask("C1")
    for verb in (packages.waive, packages.unwaive):
        named: dict[str, Any] = (
            {"keys": ["C2:no_evidence"], "reason": "材料存档"}
            if verb is packages.waive
            else {"key": "C2:no_evidence"}
        )
        with refusal("gap_unknown"):
            verb(school.session, actor=school.lead, now=NOW, dossier=school.dossier, **named)


def test_a_file_uploaded_for_an_element_that_is_not_open_is_kept_and_not_cited(school: School) -> None:
    school.ask("C1")
    found = {
        code: citations.dossier_to_cite_in(
            school.session, school_id=school.dossier.school_id, element=code, now=NOW
        )
        for code in ("C1", "C2")
    }
    assert found == {"C1": school.dossier.id, "C2": None}


def test_after_the_deadline_nothing_is_open(school: School) -> None:
    school.ask("C1")
    for code in ("C1", "C2"):
        with refusal("supplement_over"):
            school.write(code, now=LATE)
    with refusal("supplement_over"):
        packages.hand_over(school.session, actor=school.lead, now=LATE, dossier=school.dossier)


def test_once_handed_in_nothing_is_open_until_it_is_recalled(school: School) -> None:
    school.ask("C1")
    school.write("C1", text="补充说明。")
    school.hand_over()
    for code in ("C1", "C2"):
        with refusal("awaiting_signature"):
            school.write(code)
    packages.recall(school.session, actor=school.lead, now=NOW, dossier=school.dossier)
    assert school.dossier.state is DossierState.SUBMITTED
    school.write("C1", text="再改一次。")
    with refusal("element_not_reopened"):
        school.write("C2")
    school.answer()
    for code in ("C1", "C2"):
        with refusal("supplement_over"):
            school.write(code)


def test_what_nobody_signed_in_time_lapses_and_says_so(school: School) -> None:
    school.ask("C1")
    school.hand_over()
    with refusal("supplement_over"):
        school.sign(now=LATE)
    school.session.refresh(school.dossier)


def test_lapsing_is_put_on_record_once(school: School) -> None:
    school.ask("C1")
    school.hand_over()
    assert supplements.lapse_due(school.session, now=DUE) == 0
    assert supplements.lapse_due(school.session, now=LATE) == 1
    assert supplements.lapse_due(school.session, now=LATE) == 0
    assert school.dossier.state is DossierState.SUBMITTED
    events = school.session.scalars(select(AuditEvent).where(AuditEvent.action == "supplement:lapsed")).all()
    assert [event.actor_id for event in events] == [None]


def test_a_supplement_that_waits_for_a_signature_does_not_stand_in_the_way_of_publishing(
    school: School,
) -> None:
    for number in range(3):
        school.panel.hand_in(number)
    school.ask("C1", due_at=NOW + timedelta(microseconds=1))
    school.hand_over()
    later = NOW + timedelta(days=1)
    settlement.open_table(
        school.session, actor=school.panel.chair_actor, now=later, assignment=school.panel.assignment
    )
    school.panel.settle_all()
    school.panel.close()
    publishing.publish(
        school.session, actor=bureau_actor(school.session), now=later, assignment=school.panel.assignment
    )
    assert school.dossier.state is DossierState.PUBLISHED


# --- package no. 2


def test_package_two_differs_in_nothing_but_the_named_elements(school: School) -> None:
    first = school.panel.package
    # The library lives on, and a dossier may have been worked on after its submission: none of it gets in.
    school.write("C2", score="0.1", text="提交之后改的。")
    school.add("C2", "提交之后引证的")
    kept = school.evidence[1]  # cited by every odd element
    _new_version(school, kept)
    evidence.describe(
        school.session,
        actor=school.lead,
        now=NOW,
        evidence=kept,
        description=_renamed(school, kept),
        version=kept.version,
    )
    school.ask("C1", "C4")
    school.write("C1", score="0.5", text="补充说明。")
    school.add("C1", "第二学期会议记录")
    second = school.answer()
    for code in others("C1", "C4"):
        assert content(school.session, second, code) == content(school.session, first, code), code
    assert content(school.session, second, "C1") != content(school.session, first, "C1")
    assert second.number == 2
    assert second.claimed == first.claimed - Decimal("0.4")
    held = school.session.scalars(
        select(PackageFile.number)
        .where(PackageFile.package_id == second.id, PackageFile.evidence_id == kept.id)
        .order_by(PackageFile.number)
    ).all()
    assert held == [1, 2], "the named element has the new version, all others the one that was submitted"
    marked = school.session.execute(select(SupplementElement.element, SupplementElement.changed)).all()
    assert dict(marked) == {"C1": True, "C4": False}  # type: ignore[arg-type]


def _new_version(school: School, piece: Any) -> None:
    path = school.folder / "新版.txt"
    path.write_text("改过的会议记录")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    size = path.stat().st_size
    school.storage.put(piece.school_id, digest, path)
    evidence.add_version(
        school.session,
        actor=school.lead,
        now=NOW,
        evidence_id=piece.id,
        school_id=piece.school_id,
        file=StoredFile("新版.txt", digest, size, "text/plain", school.storage.name),
        reason="补充签字",
    )


def _renamed(school: School, piece: Any) -> Any:
    return replace(evidence.description_of(school.session, piece), title="改过的名称")


def test_the_panel_goes_on_with_the_new_package_and_the_first_one_never_changes(school: School) -> None:
    first = school.panel.package
    before = told(school.session, first)
    school.ask("C1")
    school.write("C1", text="补充说明。")
    second = school.answer()
    assert school.panel.assignment.package_id == second.id
    assert told(school.session, first) == before
    assert school.session.get_one(Package, first.id).digest == first.digest
    assert latest(school.session, school.dossier.id).request.answer_id == second.id  # type: ignore[union-attr]


def test_the_panel_reads_both_packages_and_another_panel_neither(school: School) -> None:
    school.ask("C1")
    school.add("C1", "第二学期会议记录")
    school.drop("C1")
    first, second = school.panel.package, school.answer()
    expert = school.panel.actor()
    for package in (first, second):
        _found, place = places.package(school.session, package_id=package.id)
        assert allows(expert, Permission.PACKAGE_READ, place)
        assert not allows(expert, Permission.PACKAGE_READ, Place(place.school_id))
    _file, place = places.file_version(school.session, evidence_id=school.evidence[1].id, number=1)
    assert allows(expert, Permission.FILE_READ, place), "what was dropped stays readable in package no. 1"


def test_the_tables_address_by_the_first_package_still_leads_to_the_table(school: School) -> None:
    school.ask("C1")
    first, second = school.panel.package, school.answer()
    for package in (first, second):
        found, _place = places.settlement(
            school.session, round_id=school.panel.assignment.round_id, package_id=package.id
        )
        assert found.id == school.panel.assignment.id


def test_a_second_request_leads_to_package_three_from_package_two(school: School) -> None:
    school.ask("C1")
    school.write("C1", text="第一次补充。")
    second = school.answer()
    school.ask("C2")
    school.write("C2", text="第二次补充。")
    third = school.answer()
    assert third.number == 3
    for code in others("C2"):
        assert content(school.session, third, code) == content(school.session, second, code), code


# --- reviews stay pinned


def save(school: School, code: str, number: int = 0, score: str = "0.6") -> None:
    row = school.panel.row(code, number)
    reviews.score_element(
        school.session,
        actor=school.panel.actor(number),
        now=NOW,
        review=school.panel.reviews[number],
        code=code,
        score_text=score,
        reason="记录不全。",
        channel="documents",
        version=row.version,
    )


def confirm(school: School) -> None:
    """The first expert's score of C1 as it stands, on the package that is on the table."""
    row = school.panel.row("C1")
    reviews.correct_element(
        school.session,
        actor=school.panel.actor(),
        now=NOW,
        review=school.panel.reviews[0],
        code="C1",
        score_text="0.6",
        reason=row.reason,
        channel="documents",
        version=row.version,
        why="看过第2号申报包，维持原分。",
    )


def test_a_score_stays_pinned_to_the_package_it_was_made_on(school: School) -> None:
    save(school, "C1")
    save(school, "C2")
    school.ask("C1")
    school.write("C1", text="补充说明。")
    school.answer()
    assert [school.panel.row(code).package_number for code in ("C1", "C2")] == [1, 1]
    save(school, "C1", score="0.7")
    assert [school.panel.row(code).package_number for code in ("C1", "C2")] == [2, 1]
    assert school.panel.row("C3").package_number is None


def test_a_review_that_is_in_confirms_or_corrects_on_the_new_package_with_a_reason(school: School) -> None:
    save(school, "C1")
    school.panel.score_everything(0, {"C1": "0.6"})
    reviews.hand_in(school.session, actor=school.panel.actor(), now=NOW, review=school.panel.reviews[0])
    school.ask("C1")
    school.write("C1", text="补充说明。")
    school.answer()
    confirm(school)
    with pytest.raises(Refused) as refused:
        confirm(school)
    assert refused.value.errors["why"].code == "correction_unchanged"
    assert school.panel.row("C1").package_number == 2
    assert school.session.scalars(select(Correction.package_number)).all() == [1]


def test_a_round_does_not_get_the_same_dossier_twice_in_two_packages(school: School) -> None:
    school.ask("C1")
    second = school.answer()
    with refusal("package_assigned"):
        panels.assign(
            school.session,
            actor=bureau_actor(school.session),
            now=NOW,
            panel=school.panel.panel,
            package=second,
        )


def city_panel(school: School) -> Panel:
    """A panel of the second round."""
    last = (
        select(Round).where(Round.cycle_id == school.panel.cycle.id).order_by(Round.position.desc()).limit(1)
    )
    return panels.form_panel(
        school.session,
        actor=bureau_actor(school.session),
        now=NOW,
        round=school.session.scalars(last).one(),
        name="市级专家组",
        experts=[make_user(school.session)],
        chair=make_user(school.session),
    )


@pytest.fixture
def twice_judged(session: Session, storage: Storage, tmp_path: Path) -> School:
    """Before the first of two rounds."""
    rounds = [RoundPlan("区县初评", independent_scores=1), RoundPlan("市级评估", independent_scores=1)]
    return make_school_before_a_panel(session, storage, tmp_path, rounds=rounds)


def test_a_later_round_gets_the_package_that_stands_and_no_earlier_one(twice_judged: School) -> None:
    first = twice_judged.panel.package
    twice_judged.ask("C1")
    second = twice_judged.answer()
    panel, bureau = city_panel(twice_judged), bureau_actor(twice_judged.session)
    with refusal("package_superseded"):
        panels.assign(twice_judged.session, actor=bureau, now=NOW, panel=panel, package=first)
    panels.assign(twice_judged.session, actor=bureau, now=NOW, panel=panel, package=second)


def test_a_package_given_while_its_supplement_is_signed_is_given_before_or_refused(
    engine: Engine, twice_judged: School
) -> None:
    """Whoever comes first, no panel is left with a package that another has taken the place of."""
    session, package_id = twice_judged.session, twice_judged.panel.package.id
    twice_judged.ask("C1")
    twice_judged.hand_over()
    panel, bureau = city_panel(twice_judged), bureau_actor(session)
    panel_id = panel.id
    outcomes: list[str] = []

    def give() -> None:
        with make_sessions(engine)() as own:
            begin_write(own)
            package, to = own.get_one(Package, package_id), own.get_one(Panel, panel_id)
            try:
                panels.assign(own, actor=bureau, now=NOW, panel=to, package=package)
                own.commit()
                outcomes.append("given")
            except DomainError as error:
                outcomes.append(error.code)

    session.commit()
    begin_write(session)
    twice_judged.sign()
    second = threading.Thread(target=give)
    second.start()
    second.join(0.3)
    session.commit()
    second.join(PATIENCE)
    assert outcomes == ["package_superseded"]


def test_who_is_no_chair_asks_nothing(school: School) -> None:
    _found, place = places.settlement(
        school.session,
        round_id=school.panel.assignment.round_id,
        package_id=school.panel.assignment.package_id,
    )
    for person, may in (
        (school.panel.chair, True),
        (school.panel.experts[0], False),
        (school.staff.lead, False),
    ):
        assert allows(actor_for(school.session, person), Permission.SETTLEMENT_WRITE, place) is may


# --- what the check finds


def test_a_supplemented_store_passes_the_check(school: School) -> None:
    school.ask("C1")
    school.write("C1", text="补充说明。")
    school.answer()
    assert list(Inspection(school.session, school.storage).problems()) == []


def test_the_check_names_what_a_package_holds_otherwise_though_nobody_asked(school: School) -> None:
    """As if somebody had written a second package past the services."""
    request = school.ask("C1")
    row = school.row("C2")
    row.justification = "没有人问过的改动。"
    school.session.flush()
    forged = make_package(school.session, school.dossier, number=2)
    request.answered_at, request.answer_id = NOW, forged.id
    school.session.flush()
    matters = [problem.matter for problem in Inspection(school.session, school.storage).problems()]
    assert matters == ["it differs from package 1 where nobody asked: C2"]


def test_what_a_panel_asked_for_of_the_first_package_stays_theirs_after_the_supplement(
    school: School,
) -> None:
    session, assignment = school.session, school.panel.assignment
    errand = Errand(
        kind=ErrandKind.PACKAGE,
        subject=f"package:{assignment.package_id}",
        school_id=school.dossier.school_id,
        package_id=assignment.package_id,
        asked_by=school.panel.experts[0].id,
        asked_at=NOW,
    )
    session.add(errand)
    school.ask("C1")
    school.write("C1")
    school.answer()
    _found, place = errands.errand(session, errand_id=errand.id)
    assert place.panel_ids == {assignment.panel_id}
