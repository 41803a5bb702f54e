"""What is recorded of readiness, on both engines: once a day, whoever comes first, and never a school given away."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from portfolio.db import begin_write, make_sessions
from portfolio.models import (
    Benchmark,
    Citation,
    Cycle,
    Dossier,
    ElementTally,
    Evidence,
    ReadinessRecord,
    SelfAssessment,
)
from portfolio.queries.dossier import overview
from portfolio.queries.standing import standing
from portfolio.queries.trend import comparisons, trend
from portfolio.services import dossiers, log_ins
from portfolio.services.trend import mark_seen, record_day
from rubric.loader import DEFAULT, find
from rubric.scoring import Totals
from tests.factories import NOW, actor_for, make_cycle, make_dossier, make_staff, score_all
from tests.package_factory import make_package

RUBRIC = find(DEFAULT)
DAY = timedelta(days=1)


def recorded(session: Session) -> list[date]:
    return list(session.scalars(select(ReadinessRecord.day).order_by(ReadinessRecord.day)))


def test_a_day_is_recorded_once_for_every_open_dossier(session: Session) -> None:
    dossier = make_dossier(session)
    make_dossier(session, cycle=dossier.cycle)
    assert record_day(session, NOW) == 2
    score_all(session, dossier)
    assert record_day(session, NOW + timedelta(hours=3)) == 0
    assert record_day(session, NOW + DAY) == 2
    mine = select(ReadinessRecord.claimed).where(ReadinessRecord.dossier_id == dossier.id)
    assert session.scalars(mine.order_by(ReadinessRecord.day)).all() == [Decimal(0), Decimal("90.0")]


def test_a_day_begins_at_midnight_in_xian(session: Session) -> None:
    make_dossier(session)
    record_day(session, NOW.replace(hour=15, minute=59))
    record_day(session, NOW.replace(hour=16))
    assert recorded(session) == [NOW.date(), NOW.date() + DAY]


def test_closed_cycles_and_those_to_come_are_left_out(session: Session) -> None:
    over, coming = make_dossier(session), make_dossier(session)
    over.cycle.closed_at = NOW
    coming.cycle.opens_at = NOW + DAY
    session.flush()
    assert record_day(session, NOW) == 0


def test_the_first_log_in_of_a_day_records_it(session: Session) -> None:
    dossier = make_dossier(session)
    person = make_staff(session, dossier.school).lead
    for hours in (0, 1):
        log_ins.start_session(
            session,
            user=person,
            address="127.0.0.1",
            now=NOW + timedelta(hours=hours),
            lifetime=timedelta(hours=12),
        )
    assert len(recorded(session)) == 1


def test_of_many_at_once_one_records(engine: Engine, session: Session) -> None:
    make_dossier(session)
    session.commit()
    counts: list[int] = []

    def record() -> None:
        with make_sessions(engine)() as own:
            begin_write(own)
            counts.append(record_day(own, NOW))
            own.commit()

    threads = [threading.Thread(target=record) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counts) == [0, 0, 0, 1]


def test_recording_puts_the_tallies_together(session: Session) -> None:
    dossier = make_dossier(session)
    for share in ("0.9", "0.5"):
        score_all(session, dossier, share=Decimal(share))
    parts = select(func.count()).select_from(ElementTally)
    assert session.scalar(parts) == 168
    record_day(session, NOW)
    assert session.scalar(parts) == 84


def test_the_trend_has_every_day_every_submission_and_now(session: Session) -> None:
    dossier = make_dossier(session)
    record_day(session, NOW - 2 * DAY)
    score_all(session, dossier)
    record_day(session, NOW - DAY)
    package = make_package(session, dossier)
    now = NOW + DAY
    totals = standing(session, dossier, now=now).readiness.totals
    points = trend(session, dossier, now=now, totals=totals)
    assert [(point.at, point.claimed, point.package) for point in points] == [
        (NOW - 2 * DAY, Decimal(0), None),
        (NOW - DAY, Decimal("90.0"), None),
        (package.signed_at, package.claimed, 1),
        (now, Decimal("90.0"), None),
    ]
    assert points[1].at_risk == Decimal("90.0")


# ---- Since my last visit ----


def test_what_others_changed_since_my_last_visit_is_fresh_to_me_alone(session: Session) -> None:
    dossier = make_dossier(session)
    staff = make_staff(session, dossier.school)
    me, other = actor_for(session, staff.contributor), actor_for(session, staff.lead)
    mark_seen(session, actor=me, now=NOW, school_id=dossier.school_id)

    def score(code: str, actor: object, hours: int) -> None:
        row = session.scalars(
            select(SelfAssessment).where(
                SelfAssessment.dossier_id == dossier.id, SelfAssessment.element == code
            )
        ).one()
        dossiers.score_element(
            session,
            actor=actor,  # type: ignore[arg-type]
            now=NOW + timedelta(hours=hours),
            dossier=dossier,
            assessment=row,
            element=RUBRIC.element(code),
            score="0.5",
            justification="",
            version=row.version,
        )

    score("C1", other, -1)
    score("C2", other, 1)
    for hours in range(2, 12):
        score("C3", me, hours)

    def fresh(user_id: int) -> list[str | None]:
        return [
            change.element
            for change in overview(session, dossier, user_id=user_id, now=NOW).changes
            if change.fresh
        ]

    assert fresh(me.user_id) == ["C2"]
    assert fresh(other.user_id) == []
    assert overview(session, dossier, user_id=other.user_id, now=NOW).last_visit is None
    mark_seen(session, actor=me, now=NOW + timedelta(hours=13), school_id=dossier.school_id)
    assert fresh(me.user_id) == []


def test_the_log_in_before_the_present_one_counts_as_the_last_visit(session: Session) -> None:
    dossier = make_dossier(session)
    staff = make_staff(session, dossier.school)
    row = session.scalars(select(SelfAssessment).where(SelfAssessment.element == "C1")).one()
    dossiers.score_element(
        session,
        actor=actor_for(session, staff.lead),
        now=NOW,
        dossier=dossier,
        assessment=row,
        element=RUBRIC.element("C1"),
        score="0.5",
        justification="",
        version=0,
    )
    seen = []
    for days in (-3, -1, 0):
        log_ins.start_session(
            session,
            user=staff.principal,
            address="",
            now=NOW + days * DAY + timedelta(hours=1),
            lifetime=timedelta(hours=12),
        )
        session.flush()
        shown = overview(session, dossier, user_id=staff.principal.id, now=NOW)
        seen.append((shown.last_visit, shown.changes[0].fresh))
    hour = timedelta(hours=1)
    assert seen == [(None, False), (NOW - 3 * DAY + hour, True), (NOW - DAY + hour, True)]


# ---- Benchmarks without names ----


def city_of(session: Session, schools: int) -> list[Dossier]:
    """So many schools of a cycle, everything scored, and all of it supported but for the citations."""
    cycle = make_cycle(session)
    made = [make_dossier(session, cycle=cycle) for _ in range(schools)]
    for dossier in made:
        score_all(session, dossier)
    return made


def support(session: Session, dossier: Dossier, share: Decimal) -> None:
    """Have C1, C2 and C3 (A1) supported with this share of their points."""
    person = make_staff(session, dossier.school).lead
    session.execute(
        update(SelfAssessment)
        .where(SelfAssessment.dossier_id == dossier.id, SelfAssessment.element.in_(["C1", "C2", "C3"]))
        .values(score=share)
    )
    piece = Evidence(school_id=dossier.school_id, title="材料", created_by=person.id, created_at=NOW)
    session.add(piece)
    session.flush()
    session.add_all(
        Citation(
            dossier_id=dossier.id,
            element=code,
            evidence_id=piece.id,
            cited_by=person.id,
            cited_at=NOW,
        )
        for code in ("C1", "C2", "C3")
    )
    session.flush()


def medians(session: Session, dossier: Dossier) -> list[Decimal | None]:
    return [each.median for each in comparisons(session, dossier, RUBRIC)]


@pytest.mark.parametrize(("schools", "shown"), [(7, False), (8, False), (9, True)])
def test_a_figure_is_shown_only_with_eight_schools_besides_the_readers(
    session: Session, schools: int, shown: bool
) -> None:
    made = city_of(session, schools)
    record_day(session, NOW)
    assert medians(session, made[0]) == ([Decimal("0.0")] * 7 if shown else [None] * 7)


def test_only_those_who_scored_all_of_an_indicator_stand_behind_its_figure(session: Session) -> None:
    made = city_of(session, 9)
    session.execute(
        update(SelfAssessment)
        .where(SelfAssessment.dossier_id == made[0].id, SelfAssessment.element == "C1")
        .values(score=None)
    )
    record_day(session, NOW)
    assert medians(session, made[1]) == [None, *[Decimal("0.0")] * 6]


def test_nobody_shows_through_the_difference_of_two_days(session: Session) -> None:
    """Eight change, one a day: the figure stands. With the ninth it moves, and speaks of nine at once."""
    made = city_of(session, 12)
    record_day(session, NOW)
    for number, dossier in enumerate(made[:9], start=1):
        before = medians(session, made[11])
        support(session, dossier, Decimal("1.0"))
        record_day(session, NOW + number * DAY)
        moved = medians(session, made[11]) != before
        assert moved == (number == 9)


def test_a_school_more_does_not_show_either(session: Session) -> None:
    made = city_of(session, 9)
    record_day(session, NOW)
    late = make_dossier(session, cycle=made[0].cycle)
    score_all(session, late)
    support(session, late, Decimal("1.0"))
    record_day(session, NOW + DAY)
    held = select(Benchmark.schools, Benchmark.at).where(Benchmark.indicator == "A1")
    assert session.execute(held).one() == (9, NOW)


def test_every_reader_sees_the_same_figures_beside_their_own(session: Session) -> None:
    made = city_of(session, 10)
    for number, dossier in enumerate(made):
        support(session, dossier, Decimal(number) / 10)
    record_day(session, NOW)
    first = [
        (each.lower, each.median, each.upper, each.schools) for each in comparisons(session, made[0], RUBRIC)
    ]
    last = comparisons(session, made[9], RUBRIC)
    assert [(each.lower, each.median, each.upper, each.schools) for each in last] == first
    assert isinstance(last[0].own, Totals)
    assert last[0].own.supported == Decimal("2.7")


def test_another_cycles_schools_do_not_count(session: Session) -> None:
    city_of(session, 5)
    made = city_of(session, 8)
    record_day(session, NOW)
    assert medians(session, made[0]) == [None] * 7
    assert session.scalar(select(func.count()).select_from(Cycle)) == 2
