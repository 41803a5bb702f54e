"""What results are published by: set before the first one is out, compared exactly, unset by default."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from portfolio.errors import DomainError, Refused
from portfolio.models import Assignment, Cycle, Round
from portfolio.queries.published import published_results
from portfolio.queries.result_terms import awarded, bands_of
from portfolio.services import publishing, result_terms
from portfolio.services.cycles import RoundPlan
from rubric.scoring import Band
from tests.at_once import second_of_two
from tests.factories import NOW, bureau_actor, make_cycle
from tests.panel_factory import make_scene
from tests.result_factory import Published, make_published, make_settled

BANDS = [Band("良好", Decimal("80")), Band("优秀", Decimal("90.05"))]


def _set(session: Session, cycle: Cycle, **given: object) -> None:
    terms = {"pass_mark": None, "bands": [], "award_years": None, "answer_days": {1: 7}, **given}
    terms.setdefault("actor", bureau_actor(session))
    result_terms.set_terms(session, now=NOW, cycle=cycle, **terms)  # type: ignore[arg-type]


def test_nothing_is_set_unless_the_bureau_sets_it(session: Session) -> None:
    cycle = make_cycle(session)
    assert awarded(cycle, Decimal("100")) is None
    assert bands_of(cycle) == []


@pytest.mark.parametrize(
    ("total", "band", "passed"),
    [
        ("90.05", "优秀", True),
        ("90.04", "良好", True),
        ("80.00", "良好", True),
        ("79.99", None, True),
        ("75", None, True),
        ("74.99", None, False),
    ],
)
def test_a_limit_is_reached_by_its_own_points(
    session: Session, total: str, band: str | None, passed: bool
) -> None:
    cycle = make_cycle(session)
    _set(session, cycle, bands=BANDS, pass_mark=Decimal("75"), award_years=3)
    session.flush()
    session.refresh(cycle)
    found = awarded(cycle, Decimal(total))
    assert found is not None
    assert (found.band.name if found.band else None, found.passed, found.award_years) == (band, passed, 3)
    assert [each.name for each in bands_of(cycle)] == ["优秀", "良好"]


def test_a_pass_mark_alone_names_no_band(session: Session) -> None:
    cycle = make_cycle(session)
    _set(session, cycle, pass_mark=Decimal("75"))
    found = awarded(cycle, Decimal("90"))
    assert found is not None and (found.passed, found.band) == (True, None)


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({"pass_mark": Decimal("100.1")}, {"pass_mark": "mark_above_points"}),
        ({"bands": [Band(" ", Decimal("80"))]}, {"band_1": "band_incomplete"}),
        ({"bands": [Band("优", Decimal("101"))]}, {"band_1": "mark_above_points"}),
        ({"bands": [BANDS[0], Band("良好", Decimal("70"))]}, {"band_2": "bands_alike"}),
        ({"bands": [BANDS[0], Band("中", Decimal("80"))]}, {"band_2": "bands_alike"}),
        ({"award_years": 0}, {"award_years": "award_years_uneven"}),
        ({"award_years": 21}, {"award_years": "award_years_uneven"}),
        ({"answer_days": {1: 91}}, {"answer_days_1": "window_too_long"}),
    ],
)
def test_terms_make_sense(session: Session, given: dict[str, object], fields: dict[str, str]) -> None:
    with pytest.raises(Refused) as refused:
        _set(session, make_cycle(session), **given)
    assert {field: error.code for field, error in refused.value.errors.items()} == fields


def test_what_results_are_published_by_stays_once_one_is_out(session: Session) -> None:
    made = make_settled(session)
    _set(session, made.scene.cycle, pass_mark=Decimal("75"), answer_days={1: 10})
    made.publish()
    until = made.assignment.answers_until
    assert until is not None and (until - NOW).days == 10
    with pytest.raises(DomainError, match="terms_published"):
        _set(session, made.scene.cycle, pass_mark=Decimal("74"))
    result = published_results(session, made.scene.dossier)[0]
    assert result.standing is not None and result.standing.passed


def test_nothing_changes_while_a_result_goes_out(engine: Engine, session: Session) -> None:
    made = make_settled(session)
    made.scene.close()
    writers = _Writers(session, made)
    assert second_of_two(engine, session, writers.publish, then=writers.give_ten_days) == "terms_published"


def test_a_result_that_waits_for_terms_goes_out_by_them(engine: Engine, session: Session) -> None:
    made = make_settled(session)
    made.scene.close()
    writers = _Writers(session, made)
    assert second_of_two(engine, session, writers.give_ten_days, then=writers.publish) == "done"
    session.refresh(made.assignment)
    until = made.assignment.answers_until
    assert until is not None and (until - NOW).days == 10


def test_how_long_a_title_is_valid_may_still_be_named_once_a_result_is_out(session: Session) -> None:
    made = make_published(session)
    given = {"actor": bureau_actor(session), "now": NOW, "cycle": made.scene.cycle}
    for years in (0, 21):
        with pytest.raises(DomainError, match="award_years_uneven"):
            result_terms.name_years(session, **given, years=years)  # type: ignore[arg-type]
    result_terms.name_years(session, **given, years=3)  # type: ignore[arg-type]
    assert made.scene.cycle.award_years == 3
    with pytest.raises(DomainError, match="terms_published"):
        result_terms.name_years(session, **given, years=5)  # type: ignore[arg-type]


def test_a_result_says_nothing_of_what_is_not_set(session: Session) -> None:
    made = make_published(session)
    assert published_results(session, made.scene.dossier)[0].standing is None


def test_an_earlier_round_has_no_band(session: Session) -> None:
    scene = make_scene(session, experts=2, rounds=[RoundPlan("区县初评"), RoundPlan("市级评估")])
    _set(session, scene.cycle, pass_mark=Decimal("10"), answer_days={1: 5, 2: 7})
    made = make_settled(session, scene=scene)
    made.publish()
    assert published_results(session, scene.dossier)[0].standing is None


class _Writers:
    """Two of the bureau, each with a session of their own."""

    def __init__(self, session: Session, made: Published) -> None:
        self._actor = bureau_actor(session)
        self._cycle_id, self._assignment_id = made.scene.cycle.id, made.assignment.id

    def publish(self, session: Session) -> None:
        assignment = session.get_one(Assignment, self._assignment_id)
        session.get_one(Round, assignment.round_id)  # as a page had it before
        publishing.publish(session, actor=self._actor, now=NOW, assignment=assignment)

    def give_ten_days(self, session: Session) -> None:
        _set(session, session.get_one(Cycle, self._cycle_id), actor=self._actor, answer_days={1: 10})
