"""Gaps, rule by rule; their points, their order, and the readiness of a whole dossier."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubric.gaps import (
    CitedEvidence,
    ElementState,
    ElementStatus,
    Gap,
    Rule,
    Severity,
    find_gaps,
    points_at_risk,
    readiness,
    school_year_of,
    status_of,
    window_start_of,
)
from rubric.loader import load
from rubric.scoring import totals

D = Decimal
WINDOW_START = 2023
SMALL = load(Path(__file__).parents[1] / "data" / "small-rubric.yaml")
OLD = CitedEvidence(1, "plan", frozenset({2019, 2020}), None)
NEW = CitedEvidence(2, "plan", frozenset({2024}), None)


def state(score: str | None, *citations: CitedEvidence, why: str = "有制度、有记录。") -> ElementState:
    return ElementState("C38", D(2), None if score is None else D(score), why, citations)


def gaps_of(each: ElementState) -> list[Gap]:
    return find_gaps([each], window_start=WINDOW_START)


def rules_of(each: ElementState) -> list[Rule]:
    return [gap.rule for gap in gaps_of(each)]


@pytest.mark.parametrize(
    ("each", "rule", "at_risk", "severity"),
    [
        (state(None, why=""), Rule.UNSCORED, "2", Severity.RISK),
        (state(None, NEW), Rule.UNSCORED, "2", Severity.RISK),
        (state("1.5"), Rule.NO_EVIDENCE, "1.5", Severity.RISK),
        (state("1.5", NEW, why=" \n"), Rule.NO_JUSTIFICATION, "1.5", Severity.RISK),
        (state("0", why=""), Rule.NO_JUSTIFICATION, "0", Severity.RISK),
        (state("2", OLD), Rule.FULL_ON_ONE_OLD_FILE, "2", Severity.NOTE),
    ],
)
def test_a_rule_names_what_is_missing_and_the_points_that_hang_on_it(
    each: ElementState, rule: Rule, at_risk: str, severity: Severity
) -> None:
    (gap,) = gaps_of(each)
    assert (gap.rule, gap.element, gap.points_at_risk, gap.severity) == (rule, "C38", D(at_risk), severity)


@pytest.mark.parametrize(
    "each",
    [
        state("1.5", NEW),
        state("2", NEW),
        state("2", OLD, NEW),
        state("1.9", OLD),
        state("0"),
        state("0", OLD),
    ],
)
def test_an_element_that_lacks_nothing_has_no_gap(each: ElementState) -> None:
    assert gaps_of(each) == []


def test_a_score_with_neither_reason_nor_evidence_lacks_both() -> None:
    assert rules_of(state("1", why="")) == [Rule.NO_EVIDENCE, Rule.NO_JUSTIFICATION]


@pytest.mark.parametrize(
    ("years", "day", "is_old"),
    [
        ({2022}, None, True),
        ({2023}, None, False),
        ({2019, 2023}, None, False),
        (set(), date(2023, 8, 31), True),
        (set(), date(2023, 9, 1), False),
        ({2019}, date(2019, 10, 1), True),
        ({2019}, date(2024, 3, 1), False),
        (set(), None, False),
    ],
)
def test_a_file_is_old_when_every_year_it_names_is_before_the_window(
    years: set[int], day: date | None, is_old: bool
) -> None:
    cited = CitedEvidence(1, "plan", frozenset(years), day)
    assert (rules_of(state("2", cited)) == [Rule.FULL_ON_ONE_OLD_FILE]) is is_old


def test_the_same_old_file_cited_for_two_pages_is_still_one_file() -> None:
    assert rules_of(state("2", OLD, OLD)) == [Rule.FULL_ON_ONE_OLD_FILE]


def test_two_old_files_are_not_a_single_one() -> None:
    assert rules_of(state("2", OLD, replace(OLD, evidence_id=3))) == []


def test_a_file_cited_nowhere_is_named_and_costs_nothing() -> None:
    (gap,) = find_gaps([], window_start=WINDOW_START, uncited=[(123, "2023年党支部会议记录.pdf")])
    assert (gap.rule, gap.element, gap.points_at_risk, gap.severity) == (
        Rule.UNCITED_EVIDENCE,
        None,
        D(0),
        Severity.NOTE,
    )
    assert gap.context == {"evidence_id": 123, "title": "2023年党支部会议记录.pdf"}


def test_a_gap_keeps_one_key_by_which_it_can_be_waived() -> None:
    assert gaps_of(state("1.5"))[0].key == gaps_of(state("0.5"))[0].key == "C38:no_evidence"
    (uncited,) = find_gaps([], window_start=WINDOW_START, uncited=[(123, "a")])
    assert uncited.key == "evidence:123:uncited_evidence"


@pytest.mark.parametrize(
    ("day", "year", "window"),
    [(date(2025, 8, 31), 2024, 2022), (date(2025, 9, 1), 2025, 2023), (date(2026, 1, 15), 2025, 2023)],
)
def test_the_window_is_three_school_years_ending_with_the_current_one(
    day: date, year: int, window: int
) -> None:
    assert school_year_of(day) == year
    assert window_start_of(day) == window


def test_gaps_rank_by_points_then_rubric_order_then_rule() -> None:
    gaps = find_gaps(
        [
            ElementState("C1", D(1), D(1), ""),
            ElementState("C9", D(2), D(0), ""),
            ElementState("C10", D(1), None),
            ElementState("C37", D(2), D(2), "有", (OLD,)),
        ],
        window_start=WINDOW_START,
        uncited=[(7, "a")],
    )
    assert [gap.key for gap in gaps] == [
        "C37:full_on_one_old_file",
        "C1:no_evidence",
        "C1:no_justification",
        "C10:unscored",
        "C9:no_justification",
        "evidence:7:uncited_evidence",
    ]


def test_the_same_points_are_not_counted_twice() -> None:
    gaps = find_gaps(
        [ElementState("C1", D(1), D(1), ""), ElementState("C2", D(2), None)], window_start=WINDOW_START
    )
    assert len(gaps) == 3
    assert points_at_risk(gaps) == 3


@pytest.mark.parametrize(
    ("each", "status"),
    [
        (state(None, NEW), ElementStatus.NONE),
        (state("1"), ElementStatus.BARE),
        (state("1", why=""), ElementStatus.BARE),
        (state("1", NEW), ElementStatus.OK),
        (state("0"), ElementStatus.OK),
        (state("0", why=""), ElementStatus.GAP),
        (state("1", NEW, why=""), ElementStatus.GAP),
        (state("2", OLD), ElementStatus.GAP),
    ],
)
def test_the_dot_of_an_element(each: ElementState, status: ElementStatus) -> None:
    elsewhere = Gap(Rule.NO_EVIDENCE, "C1", D(1))
    assert status_of(each, [elsewhere, *gaps_of(each)]) == status


citations = st.builds(
    CitedEvidence,
    st.integers(1, 4),
    st.just("plan"),
    st.frozensets(st.integers(2019, 2025), max_size=2),
    st.none() | st.dates(date(2019, 1, 1), date(2025, 12, 31)),
)


@st.composite
def dossiers(draw: st.DrawFn) -> list[ElementState]:
    """A state for every element of the small rubric."""
    states = []
    for element in SMALL.elements:
        tenths = st.integers(0, int(element.points * 10)).map(lambda n: D(n) / 10)
        score, why = draw(st.none() | tenths | st.just(element.points)), draw(st.sampled_from(["", "有"]))
        cited = tuple(draw(st.lists(citations, max_size=3)))
        states.append(ElementState(element.code, element.points, score, why, cited))
    return states


@given(dossiers(), st.integers(0, 4), citations)
def test_one_more_citation_never_raises_the_points_at_risk(
    states: list[ElementState], at: int, more: CitedEvidence
) -> None:
    before = points_at_risk(find_gaps(states, window_start=WINDOW_START))
    states[at] = replace(states[at], citations=(*states[at].citations, more))
    assert points_at_risk(find_gaps(states, window_start=WINDOW_START)) <= before


@given(dossiers())
def test_points_at_risk_are_never_more_than_the_rubric_has(states: list[ElementState]) -> None:
    assert 0 <= points_at_risk(find_gaps(states, window_start=WINDOW_START)) <= SMALL.total_points


@given(dossiers())
def test_gaps_are_ranked_and_their_keys_are_unique(states: list[ElementState]) -> None:
    gaps = find_gaps(states, window_start=WINDOW_START, uncited=[(1, "a"), (2, "b")])
    ranks = [
        (-gap.points_at_risk, int((gap.element or "C99")[1:]), list(Rule).index(gap.rule)) for gap in gaps
    ]
    assert ranks == sorted(ranks)
    assert len({gap.key for gap in gaps}) == len(gaps)


@given(dossiers())
def test_unscored_is_never_counted_as_nought(states: list[ElementState]) -> None:
    result = readiness(SMALL, states, window_start=WINDOW_START)
    unscored = [each for each in states if each.score is None]
    assert result.totals.unscored == len(unscored)
    assert result.totals == totals(each.claim for each in states)
    for each in states:
        assert (result.statuses[each.code] is ElementStatus.NONE) is (each.score is None)
        assert (f"{each.code}:unscored" in {gap.key for gap in result.gaps}) is (each.score is None)


def test_readiness_of_an_untouched_dossier_is_all_unscored_in_rubric_order() -> None:
    result = readiness(SMALL, [], window_start=WINDOW_START)
    assert set(result.statuses.values()) == {ElementStatus.NONE}
    assert list(result.statuses) == ["C1", "C2", "C3", "C4", "C5"]
    assert [gap.element for gap in result.gaps] == ["C4", "C1", "C2", "C3", "C5"]
    assert result.by_indicator["A2"].unscored_points == 3
    assert points_at_risk(result.gaps) == D("7.5")


def test_readiness_does_not_depend_on_the_order_of_the_states() -> None:
    states = [
        ElementState("C1", D("1.5"), D(1), "有", (NEW,)),
        ElementState("C3", D("1.5"), D(1), "有"),
        ElementState("C5", D("0.5"), D("0.5"), ""),
    ]
    forward = readiness(SMALL, states, window_start=WINDOW_START, uncited=[(9, "a")])
    assert readiness(SMALL, reversed(states), window_start=WINDOW_START, uncited=[(9, "a")]) == forward
    assert forward.totals.supported == 1
    assert forward.totals.at_risk == D("1.5")


def test_an_element_of_another_rubric_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        readiness(SMALL, [ElementState("C84", D(2), None)], window_start=WINDOW_START)
