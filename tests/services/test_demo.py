"""The demo as it is loaded: three schools at three stages, real files, accounts that work, and large sets."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine, exists, func, select
from sqlalchemy.orm import Session, sessionmaker

from config import Settings
from portfolio.check import Inspection
from portfolio.days import SCHOOL_TIME, day_of
from portfolio.db import make_engine, make_sessions
from portfolio.demo import applicant, days
from portfolio.demo.load import DemoAccount, load
from portfolio.errors import DomainError
from portfolio.models import (
    AgendaTick,
    Appeal,
    AppealOutcome,
    Assignment,
    AuditEvent,
    Blob,
    Certificate,
    Citation,
    Cycle,
    Determination,
    Dossier,
    DossierState,
    Draw,
    ElementReview,
    Evidence,
    EvidenceVersion,
    FigureValue,
    Finding,
    FindingElement,
    FindingPhoto,
    Package,
    PackageElement,
    PackageWaiver,
    ReadinessRecord,
    RectificationAnswer,
    RectificationItem,
    Review,
    School,
    SelfAssessment,
    Split,
    SupplementProposal,
    Survey,
    SurveyQuestion,
    User,
)
from portfolio.queries import figures
from portfolio.queries.panel_report import panel_report
from portfolio.queries.standing import standing
from portfolio.queries.supplements import latest
from portfolio.queries.work import tasks
from portfolio.services import log_ins, settlement
from portfolio.storage import Storage, StorageUnavailable
from portfolio.storage.local import LocalStorage
from rubric.agenda import agenda
from rubric.gaps import Rule
from rubric.loader import DEFAULT, find
from rubric.measures import Verdict
from rubric.model import Channel
from tests.conftest import fresh

NOW = datetime(2026, 11, 25, 6, 0, tzinfo=UTC)
DRAFTING, REVIEW, PUBLISHED = "青槐路学校", "灞柳坡小学", "云杉里初级中学"


@dataclass(frozen=True)
class Place:
    """An installation of its own."""

    sessions: sessionmaker[Session]
    storage: Storage
    settings: Settings

    def load(self, **amounts: int) -> list[DemoAccount]:
        return load(self.sessions, self.storage, self.settings, now=NOW, **amounts)


@dataclass(frozen=True)
class Loaded:
    """A demo in its place, the accounts that were printed, and a session to look at it with."""

    place: Place
    accounts: list[DemoAccount]
    session: Session

    def dossier(self, school: str) -> Dossier:
        return self.session.scalars(select(Dossier).join(Dossier.school).where(School.name == school)).one()

    def assignment(self, school: str) -> Assignment:
        of_school = Package.dossier_id == self.dossier(school).id
        joined = select(Assignment).join(Package, Package.id == Assignment.package_id)
        return self.session.scalars(joined.where(of_school)).one()

    def count(self, table: type) -> int:
        return self.session.scalar(select(func.count()).select_from(table)) or 0


def place_at(engine: Engine, url: str, folder: Path) -> Place:
    settings = Settings(data_folder=folder, secret_key="a secret only tests know", database_url=url)
    return Place(make_sessions(engine), LocalStorage(folder / "files"), settings)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Both engines; a demo is loaded once on each."""
    return str(request.param)


def loaded(request: pytest.FixtureRequest, kind: str, folder: Path, **amounts: int) -> Iterator[Loaded]:
    with fresh(request, kind, folder) as url:
        engine = make_engine(url)
        place = place_at(engine, url, folder)
        made = place.load(**amounts)
        with place.sessions() as session:
            yield Loaded(place, made, session)
        engine.dispose()


@pytest.fixture(scope="module")
def demo(
    request: pytest.FixtureRequest, kind: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Loaded]:
    """The three schools."""
    yield from loaded(request, kind, tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def large(
    request: pytest.FixtureRequest, kind: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Loaded]:
    """Three schools with a hundred pieces of evidence each."""
    yield from loaded(request, kind, tmp_path_factory.mktemp("large"), schools=3, evidence=100)


@pytest.fixture
def place(engine: Engine, database_url: str, tmp_path: Path) -> Place:
    """An empty installation."""
    return place_at(engine, database_url, tmp_path)


def test_three_schools_stand_at_three_stages(demo: Loaded) -> None:
    rows = demo.session.execute(
        select(School.name, Dossier.state).join(Dossier, Dossier.school_id == School.id)
    )
    assert dict(rows.all()) == {
        DRAFTING: DossierState.DRAFTING,
        REVIEW: DossierState.SUBMITTED,
        PUBLISHED: DossierState.PUBLISHED,
    }


def test_about_120_files_of_six_types_are_all_there_byte_for_byte(demo: Loaded) -> None:
    inspection = Inspection(demo.session, demo.place.storage)
    types = Counter(demo.session.scalars(select(Blob.media_type)))
    assert list(inspection.problems()) == []
    assert (demo.count(Evidence), demo.count(EvidenceVersion)) == (127, 133)
    assert inspection.files == sum(types.values()) == 134  # and a photograph of the visit
    assert len(types) == 6


def test_some_evidence_was_replaced_and_says_why(demo: Loaded) -> None:
    versions = demo.session.scalars(select(EvidenceVersion).where(EvidenceVersion.number == 2)).all()
    assert len(versions) == 6
    assert all(version.reason for version in versions)


def test_nothing_was_uploaded_before_it_was_written(demo: Loaded) -> None:
    for evidence in demo.session.scalars(select(Evidence).where(Evidence.date.is_not(None))):
        assert evidence.date is not None
        assert evidence.date < evidence.created_at.astimezone(SCHOOL_TIME).date(), evidence.title


def test_the_drafting_school_shows_every_kind_of_gap(demo: Loaded) -> None:
    dossier = demo.dossier(DRAFTING)
    demo.session.refresh(dossier, ["school", "cycle"])
    asked = {
        Rule.UNSCORED,
        Rule.NO_EVIDENCE,
        Rule.NO_JUSTIFICATION,
        Rule.FULL_ON_ONE_OLD_FILE,
        Rule.MISSING_MATERIAL,
        Rule.MISSING_YEAR,
        Rule.UNMET_MEASURE,
        Rule.UNCITED_EVIDENCE,
    }
    assert {gap.rule for gap in standing(demo.session, dossier, now=NOW).readiness.gaps} == asked


# What a school's figures don't reach, and what can't be said yet; every other measure is met or doesn't apply.
@pytest.mark.parametrize(
    ("school", "unmet", "open_yet"),
    [
        (
            DRAFTING,
            {"teacher-seats", "sports-area"},
            {"expert-talks", "digital-resources", "equipped-classrooms"},
        ),
        (REVIEW, {"sports-area"}, set()),
        (PUBLISHED, {"sports-area"}, set()),
    ],
)
def test_most_measures_are_met(demo: Loaded, school: str, unmet: set[str], open_yet: set[str]) -> None:
    dossier = demo.dossier(school)
    demo.session.refresh(dossier, ["school", "cycle"])
    by_verdict: dict[Verdict, set[str]] = {verdict: set() for verdict in Verdict}
    for results in figures.sheet(demo.session, dossier).results.values():
        for each in results:
            by_verdict[each.verdict].add(each.measure.code)
    assert by_verdict[Verdict.UNMET] == unmet
    assert by_verdict[Verdict.NOT_ENOUGH_DATA] == open_yet
    assert by_verdict[Verdict.NOT_APPLICABLE] == (set() if school == PUBLISHED else {"dormitory-space"})
    assert len(by_verdict[Verdict.MET]) >= 19


def test_a_full_claim_against_an_unmet_measure_is_a_gap(demo: Loaded) -> None:
    dossier = demo.dossier(DRAFTING)
    demo.session.refresh(dossier, ["school", "cycle"])
    gaps = standing(demo.session, dossier, now=NOW).readiness.gaps
    assert [(gap.element, gap.part) for gap in gaps if gap.rule is Rule.UNMET_MEASURE] == [
        ("C67", "teacher-seats")
    ]


def test_figures_are_proven_by_the_schools_own_files(demo: Loaded) -> None:
    for school in (DRAFTING, REVIEW, PUBLISHED):
        dossier = demo.dossier(school)
        proven = demo.session.execute(
            select(Evidence.school_id, FigureValue.value, FigureValue.saved_at)
            .join(Evidence, Evidence.id == FigureValue.proof_id)
            .where(FigureValue.dossier_id == dossier.id)
        ).all()
        assert len(proven) >= 15
        assert all(row.school_id == dossier.school_id and row.value is not None for row in proven)


def test_each_contributor_of_the_drafting_school_owns_elements(demo: Loaded) -> None:
    owned = Counter(
        demo.session.scalars(
            select(User.username)
            .join(SelfAssessment, SelfAssessment.assignee_id == User.id)
            .where(SelfAssessment.dossier_id == demo.dossier(DRAFTING).id)
        )
    )
    assert set(owned) == {"qinghuai.contributor1", "qinghuai.contributor2"}
    assert min(owned.values()) >= 20


def test_of_what_is_owned_some_is_overdue_some_near_and_some_has_time(demo: Loaded) -> None:
    dossier = demo.dossier(DRAFTING)
    demo.session.refresh(dossier, ["school", "cycle"])
    stands = standing(demo.session, dossier, now=NOW)
    due = tasks(stands, today=day_of(NOW))
    assert any(task.overdue for task in due)
    assert any(task.near for task in due)
    assert any(not task.done and not task.overdue and not task.near for task in due)


@pytest.mark.parametrize("school", [REVIEW, PUBLISHED])
def test_a_complete_school_submitted_all_84_and_waived_one_gap_with_a_reason(
    demo: Loaded, school: str
) -> None:
    package = demo.session.scalars(select(Package).where(Package.dossier_id == demo.dossier(school).id)).one()
    elements = select(PackageElement).where(PackageElement.package_id == package.id)
    waivers = demo.session.scalars(select(PackageWaiver).where(PackageWaiver.package_id == package.id)).all()
    assert all(element.score is not None for element in demo.session.scalars(elements))
    assert (package.unscored, package.claimed - package.supported) == (0, waivers[0].points_at_risk)
    assert [(waiver.gap, bool(waiver.reason)) for waiver in waivers] == [("C71:no_evidence", True)]


def test_one_review_of_everything_is_in_and_two_share_it_one_half_way_one_not_begun(demo: Loaded) -> None:
    rows = demo.session.execute(
        select(
            User.username,
            func.count(ElementReview.score),
            func.count(),
            Review.handed_in_at.is_not(None),
        )
        .select_from(Review)
        .join(User, User.id == Review.expert_id)
        .join(ElementReview, ElementReview.review_id == Review.id)
        .where(Review.assignment_id == demo.assignment(REVIEW).id)
        .group_by(User.username, Review.handed_in_at)
        .order_by(User.username)
    ).all()
    assert [(name, done, of, bool(handed_in)) for name, done, of, handed_in in rows] == [
        ("expert1", 84, 84, True),
        ("expert2", 31, 48, False),
        ("expert3", 0, 51, False),
    ]
    assert demo.assignment(REVIEW).split is Split.INDICATOR


def test_every_published_point_that_was_lost_has_its_reason(demo: Loaded) -> None:
    assignment = demo.assignment(PUBLISHED)
    points = {
        element.element: element.points
        for element in demo.session.scalars(
            select(PackageElement).where(PackageElement.package_id == assignment.package_id)
        )
    }
    finals = demo.session.scalars(
        select(Determination).where(Determination.assignment_id == assignment.id)
    ).all()
    assert assignment.published_at is not None
    assert panel_report(demo.session, assignment.id).opinion
    assert {final.element for final in finals} == set(points)
    for final in finals:
        assert final.score is not None, final.element
        assert bool(final.reason) == (final.score < points[final.element]), final.element
    assert Decimal(85) < sum(final.score for final in finals if final.score is not None) < Decimal(96)


def test_the_school_under_review_was_visited(demo: Loaded) -> None:
    assignment = demo.assignment(REVIEW)
    here = demo.session.scalars
    items = agenda(find(DEFAULT))
    ticked = set(here(select(AgendaTick.item).where(AgendaTick.assignment_id == assignment.id)))
    assert ticked < {item.key for item in items} and len(ticked) == 8
    found = here(select(Finding).where(Finding.assignment_id == assignment.id)).all()
    assert len(found) == 5
    assert {Channel.INSPECT, Channel.OBSERVE, Channel.DISCUSS} == {finding.channel for finding in found}
    assert any(finding.contradicts for finding in found)
    tied = set(here(select(FindingElement.finding_id)))
    assert tied == {finding.id for finding in found}
    assert demo.count(FindingPhoto) == 1
    drawn = here(select(Draw).where(Draw.assignment_id == assignment.id).order_by(Draw.number)).all()
    assert [(draw.population, len(draw.drawn)) for draw in drawn] == [(12, 5), (1296, 8)]
    survey = here(select(Survey).where(Survey.assignment_id == assignment.id)).one()
    assert len(here(select(SurveyQuestion).where(SurveyQuestion.survey_id == survey.id)).all()) == 4


def test_nothing_of_the_visit_is_at_a_weekend(demo: Loaded) -> None:
    for moment in demo.session.scalars(select(Finding.noted_at)):
        assert moment.astimezone(SCHOOL_TIME).weekday() < 5


def test_the_school_under_review_is_asked_for_a_supplement_that_is_open(demo: Loaded) -> None:
    asked = latest(demo.session, demo.dossier(REVIEW).id)
    assert asked is not None and asked.is_open(NOW)
    assert asked.questions.keys() == {"C9", "C33", "C47"}
    proposals = demo.session.scalars(select(SupplementProposal)).all()
    assert {(each.element, each.request_id) for each in proposals} == {
        ("C9", asked.request.id),
        ("C33", asked.request.id),
    }


def test_of_the_published_schools_list_one_item_is_reported_and_one_overdue(demo: Loaded) -> None:
    items = demo.session.scalars(
        select(RectificationItem).where(RectificationItem.assignment_id == demo.assignment(PUBLISHED).id)
    ).all()
    reported = set(demo.session.scalars(select(RectificationAnswer.item_id)))
    states = {item.element: (item.id in reported, item.due_on < day_of(NOW)) for item in items}
    assert states == {
        "C9": (False, False),
        "C23": (False, False),
        "C47": (True, False),
        "C54": (False, True),
    }


def test_the_published_school_holds_the_title(demo: Loaded) -> None:
    held = demo.session.scalars(select(Certificate)).one()
    assert held.dossier_id == demo.dossier(PUBLISHED).id
    assert held.renew_by.year == held.awarded_on.year + 3


def test_one_answer_to_a_factual_error_was_accepted_and_one_waits_while_more_may_come(demo: Loaded) -> None:
    outcomes = {
        each.element: (each.sent_at is not None, each.outcome)
        for each in demo.session.scalars(select(Appeal))
    }
    assert outcomes == {"C46": (True, AppealOutcome.ACCEPTED), "C33": (True, None)}
    until = demo.assignment(PUBLISHED).answers_until
    assert until is not None and until > NOW + timedelta(days=5)


def test_the_drafting_school_still_has_time_to_submit(demo: Loaded) -> None:
    cycle = demo.session.scalars(select(Cycle)).one()
    assert cycle.name == "2026 年批次"
    assert cycle.submit_by == days.SUBMIT_BY


def test_the_trail_is_in_the_order_of_time_and_ends_at_the_present(demo: Loaded) -> None:
    moments = demo.session.scalars(select(AuditEvent.at).order_by(AuditEvent.id)).all()
    assert moments == sorted(moments)
    assert NOW - timedelta(hours=1) <= moments[-1] <= NOW


def test_every_account_logs_in_with_a_password_of_its_own(demo: Loaded) -> None:
    assert len(demo.accounts) == 18
    assert len({account.password for account in demo.accounts}) == 18
    for account in demo.accounts:
        outcome = log_ins.log_in(
            demo.session,
            username=account.username,
            password=account.password,
            address="127.0.0.1",
            known_device=False,
            now=NOW,
            lifetime=timedelta(hours=1),
        )
        assert outcome.user is not None and outcome.user.name == account.name, outcome
    demo.session.rollback()


def test_accounts_name_their_school_and_cover_every_role(demo: Loaded) -> None:
    assert Counter(str(account.role) for account in demo.accounts) == {
        "bureau": 1, "observer": 1, "expert": 3, "chair": 1, "lead": 3, "principal": 3, "contributor": 6,
    }  # fmt: skip
    assert Counter(account.school for account in demo.accounts) == {
        None: 6,
        DRAFTING: 4,
        REVIEW: 4,
        PUBLISHED: 4,
    }


def test_a_second_run_adds_nothing(demo: Loaded) -> None:
    before = [demo.count(table) for table in (School, User, Evidence, AuditEvent)]
    assert demo.place.load() == demo.place.load(schools=2) == []
    assert [demo.count(table) for table in (School, User, Evidence, AuditEvent)] == before


def test_loaded_years_later_it_can_still_be_submitted(sqlite_url: str, tmp_path: Path) -> None:
    engine = make_engine(sqlite_url)
    place = place_at(engine, sqlite_url, tmp_path)
    now = datetime(2029, 10, 5, 1, 0, tzinfo=UTC)
    load(place.sessions, place.storage, place.settings, now=now)
    with place.sessions() as session:
        assert session.scalars(select(Cycle.submit_by)).one() >= now + days.LEAST_LEFT
        assert len(session.scalars(select(Package.id)).all()) == 2
        aged = select(PackageWaiver).where(PackageWaiver.gap.endswith(Rule.FULL_ON_ONE_OLD_FILE))
        assert {waiver.reason for waiver in session.scalars(aged)} == {
            applicant.WAIVERS[Rule.FULL_ON_ONE_OLD_FILE]
        }
    engine.dispose()


def test_a_large_set_has_what_was_asked_for(large: Loaded) -> None:
    per_school = large.session.execute(select(Evidence.school_id, func.count()).group_by(Evidence.school_id))
    states = large.session.scalars(select(Dossier.state).join(Dossier.school).order_by(School.name)).all()
    assert [amount for _, amount in per_school] == [100, 100, 100]
    assert states == [DossierState.SUBMITTED, DossierState.SUBMITTED, DossierState.DRAFTING]
    assert list(Inspection(large.session, large.place.storage).problems()) == []


def test_a_large_sets_first_school_is_under_review_and_its_second_can_be_settled(large: Loaded) -> None:
    first, second = large.assignment("示例第01小学"), large.assignment("示例第02小学")
    rows = large.session.execute(
        select(func.count(ElementReview.score), Review.handed_in_at.is_not(None))
        .join(ElementReview, ElementReview.review_id == Review.id)
        .where(Review.assignment_id == first.id)
        .group_by(Review.id, Review.handed_in_at)
    )
    assert sorted((done, bool(handed_in)) for done, handed_in in rows) == [
        (31, False),
        (84, False),
        (84, True),
    ]
    assert settlement.outstanding(large.session, first) == 2
    assert settlement.outstanding(large.session, second) == 0


def test_rows_written_in_bulk_leave_the_trail_that_services_leave(demo: Loaded, large: Loaded) -> None:
    for action in ("evidence:added", "citation:added", "element:scored"):
        events = [
            each.session.scalars(select(AuditEvent).where(AuditEvent.action == action).limit(1)).one()
            for each in (demo, large)
        ]
        by_service, in_bulk = [
            {
                side: {key: type(value) for key, value in (said or {}).items() if value is not None}
                for side, said in (("before", event.before), ("after", event.after))
            }
            for event in events
        ]
        assert by_service["after"].keys() | {"page_from"} == in_bulk["after"].keys() | {"page_from"}, action
        assert by_service["before"].keys() == in_bulk["before"].keys()
        assert events[0].subject_type == events[1].subject_type


def test_every_bulk_row_has_its_event(large: Loaded) -> None:
    events = Counter(large.session.scalars(select(AuditEvent.action)))
    scored = large.session.scalar(select(func.count(SelfAssessment.score)))
    assert events["evidence:added"] == large.count(Evidence)
    assert events["citation:added"] == large.count(Citation)
    assert events["element:scored"] == scored


def test_with_little_evidence_every_element_is_cited_all_the_same(place: Place) -> None:
    place.load(schools=1, evidence=5)
    with place.sessions() as session:
        cited = exists().where(Citation.element == SelfAssessment.element)
        assert session.scalars(select(SelfAssessment.element).where(~cited)).all() == []


class FailingStorage(LocalStorage):
    """A store that is cut off after a few files."""

    left = 3

    def put(self, school_id: int, sha256: str, source: Path) -> None:
        self.left -= 1
        if self.left < 0:
            raise StorageUnavailable("cut off")
        super().put(school_id, sha256, source)


def test_cut_off_it_leaves_no_rows_and_can_be_run_again(place: Place, tmp_path: Path) -> None:
    broken = Place(place.sessions, FailingStorage(tmp_path / "broken"), place.settings)
    with pytest.raises(DomainError, match="storage_unavailable"):
        broken.load(schools=1, evidence=20)
    with place.sessions() as session:
        assert session.scalars(select(User.id)).all() == session.scalars(select(AuditEvent.id)).all() == []
    assert place.load(schools=1, evidence=20)


def test_of_two_that_load_at_once_one_does(place: Place) -> None:
    made: list[list[DemoAccount]] = []
    threads = [
        threading.Thread(target=lambda: made.append(place.load(schools=1, evidence=10))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(len, made)) == [0, 9]


def test_moments_lie_in_order_on_weekdays_at_working_hours() -> None:
    start, end = days.on(days.OPENS, days=0, at="9:00"), days.on(days.OPENS, days=25, at="16:00")
    moments = days.spread(start, end, 200)
    assert moments == sorted(moments)
    assert (moments[0], moments[-1]) == (start, end)
    for moment in moments:
        local = moment.astimezone(SCHOOL_TIME)
        assert start <= moment <= end
        assert local.weekday() < 5 and 8 <= local.hour <= 18


def test_a_single_moment_and_a_weekend_are_no_exception() -> None:
    saturday = days.on(days.OPENS, days=5, at="10:00")
    sunday = saturday + timedelta(days=1)
    assert days.spread(saturday, sunday, 1) == [saturday]
    assert all(saturday <= moment <= sunday for moment in days.spread(saturday, sunday, 5))


def test_a_city_has_three_hundred_citations_a_school_and_a_trail_for_every_row(place: Place) -> None:
    place.load(schools=5)
    with place.sessions() as session:
        per_dossier = sorted(
            session.scalars(select(func.count()).select_from(Citation).group_by(Citation.dossier_id))
        )
        assert per_dossier[:3] == [300, 300, 300] and len(per_dossier) == 5
        assert session.scalar(select(func.count()).select_from(SelfAssessment)) == 5 * 84
        events = Counter(session.scalars(select(AuditEvent.action)))
        assert events["citation:added"] == session.scalar(select(func.count()).select_from(Citation))
        assert events["evidence:added"] == session.scalar(select(func.count()).select_from(Evidence))
        assert events["element:scored"] == session.scalar(select(func.count(SelfAssessment.score)))
        assert events["school:added"] == events["dossier:opened"] == 5
        assert list(Inspection(session, place.storage).problems()) == []


def test_the_demos_days_are_recorded_as_they_went(demo: Loaded) -> None:
    per_day = demo.session.execute(
        select(ReadinessRecord.day, func.sum(ReadinessRecord.claimed))
        .group_by(ReadinessRecord.day)
        .order_by(ReadinessRecord.day)
    ).all()
    claimed = [total for _day, total in per_day]
    assert len(per_day) > 70
    assert claimed == sorted(claimed) and claimed[0] == 0 < claimed[-1]
