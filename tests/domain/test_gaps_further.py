"""The further rules: what weakens a claim that has something to stand on, one by one and together."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubric.figures import Figures
from rubric.gaps import (
    CitedEvidence,
    ElementState,
    ElementStatus,
    Gap,
    Rule,
    Scrutiny,
    Severity,
    default_weights,
    find_all_gaps,
    find_gaps,
    next_steps,
    points_at_risk,
    readiness,
)
from rubric.guidance import Label
from rubric.loader import load
from rubric.model import Element

D = Decimal
READING = load(Path(__file__).parents[1] / "data" / "guided" / "reading.yaml")
C1 = READING.element("C1")
WINDOW_START = 2023
SUBMITTED = datetime(2025, 11, 20, 9, 0, tzinfo=timezone(timedelta(hours=8)))
WEIGHTS = default_weights()
WHY = "学校制定了读书月安排，每周开放书吧三次，学生借书由小管理员负责，并在校会上表扬读得多的班级。"
ALL_THREE = frozenset({2023, 2024, 2025})

PLAN = CitedEvidence(1, "plan", ALL_THREE, None, "阅读工作计划")
SUMMARY = CitedEvidence(2, "report", ALL_THREE, None, "阅读工作总结")
RULES = CitedEvidence(3, "rules", frozenset({2015}), None, "图书管理制度")
REGISTER = CitedEvidence(4, "record", frozenset({2025}), None, "借阅登记")
COMPLETE = (PLAN, SUMMARY, RULES, REGISTER)
PHOTO = CitedEvidence(9, "photo", frozenset({2025}), None, "借阅登记.jpg")


def state(score: str, *citations: CitedEvidence, why: str = WHY, code: str = "C1") -> ElementState:
    return ElementState(code, READING.element(code).points, D(score), why, citations)


def gaps(*states: ElementState, figures: Figures | None = None) -> list[Gap]:
    scrutiny = Scrutiny(SUBMITTED, WEIGHTS, figures or {})
    return find_all_gaps(READING, states, window_start=WINDOW_START, scrutiny=scrutiny)


def rules(*states: ElementState) -> list[Rule]:
    return [gap.rule for gap in gaps(*states)]


def only(rule: Rule, *states: ElementState, figures: Figures | None = None) -> Gap:
    (gap,) = [gap for gap in gaps(*states, figures=figures) if gap.rule is rule]
    return gap


def test_a_claim_with_all_its_materials_and_words_has_no_gap() -> None:
    assert gaps(state("2", *COMPLETE)) == []


# ── missing materials and school years ──


def test_each_missing_material_is_a_gap_of_its_own_with_its_part_of_the_claim() -> None:
    found = gaps(state("1.9", PLAN, SUMMARY))
    assert [gap.key for gap in found] == ["C1:rules:missing_material", "C1:register:missing_material"]
    assert {gap.points_at_risk for gap in found} == {D("0.28")}  # 1.9 × 0.6 ÷ 4 = 0.285, never rounded up
    assert found[0].context["clause"] == "有图书管理制度"
    assert found[0].context["material"].en == "Library rules"
    assert found[0].severity is Severity.ADVICE


def test_missing_school_years_are_named_and_cost_less_than_the_whole_material() -> None:
    gap = only(
        Rule.MISSING_YEAR, state("2", replace(PLAN, years=frozenset({2025})), SUMMARY, RULES, REGISTER)
    )
    assert (gap.key, gap.context["years"]) == ("C1:plan:missing_year", (2023, 2024))
    assert gap.points_at_risk == D("0.13")  # 2 × 0.4 × 2 ÷ 12


def test_materials_are_not_named_one_by_one_while_there_is_no_file_at_all() -> None:
    assert rules(state("1.5")) == [Rule.NO_EVIDENCE]


def test_nothing_is_asked_of_a_claim_of_nought() -> None:
    assert gaps(state("0", why="无")) == []


def test_a_tick_by_hand_closes_a_material() -> None:
    ticked = replace(state("2", PLAN, SUMMARY, RULES), by_hand=frozenset({"register"}))
    assert gaps(ticked) == []


def test_a_day_school_is_not_asked_for_what_only_boarders_have() -> None:
    seats = CitedEvidence(5, "photo", frozenset({2025}), None, "阅览室实景")
    register = replace(REGISTER, title="其他", kind="other", evidence_id=6)
    claim = state("1", seats, register, code="C2")
    asked = [gap.part for gap in gaps(claim) if gap.rule is Rule.MISSING_MATERIAL]
    day_school = [
        gap for gap in gaps(claim, figures={"boarders": {2025: D(0)}}) if gap.rule is Rule.MISSING_MATERIAL
    ]
    assert (asked, day_school) == (["corner"], [])


# ── measures ──


def test_full_marks_against_an_unmet_measure_are_a_gap_that_blocks() -> None:
    figures = {"books": {2025: D(1999)}, "pupils": {2025: D(100)}}
    gap = only(Rule.UNMET_MEASURE, state("2", *COMPLETE), figures=figures)
    assert (gap.key, gap.severity, gap.blocks) == ("C1:books:unmet_measure", Severity.RISK, True)
    assert gap.context["measure"].en == "Books a pupil"
    assert gap.context["value"] == Label("19.99 册/人", "19.99 books/person")
    assert gap.context["target"] == Label("≥ 20 册/人", "≥ 20 books/person")
    assert gap.context["year"] == 2025
    assert gap.points_at_risk == 1


def test_less_than_full_marks_admit_that_a_number_is_not_reached() -> None:
    figures = {"books": {2025: D(1999)}, "pupils": {2025: D(100)}}
    assert gaps(state("1.9", *COMPLETE), figures=figures) == []


def test_missing_figures_are_no_gap() -> None:
    assert gaps(state("2", *COMPLETE), figures={"books": {2025: D(1)}}) == []


# ── weak, old, ahead, photographs ──


@pytest.mark.parametrize(
    ("file", "is_weak"),
    [
        (PHOTO, True),
        (CitedEvidence(9, "other", frozenset(), None, "某文件"), True),
        (CitedEvidence(9, "other", frozenset({2025}), None, "某文件"), False),
        (CitedEvidence(9, "report", frozenset(), None, "某文件"), False),
        (replace(PHOTO, years=frozenset({2019})), False),  # an old one: the first rules say so
    ],
)
def test_full_marks_on_one_weak_file(file: CitedEvidence, is_weak: bool) -> None:
    assert (Rule.FULL_ON_ONE_WEAK_FILE in rules(state("2", file))) is is_weak
    assert Rule.FULL_ON_ONE_WEAK_FILE not in rules(state("1.9", file))
    assert Rule.FULL_ON_ONE_WEAK_FILE not in rules(state("2", file, REGISTER))


def test_nothing_but_photographs() -> None:
    second = replace(PHOTO, evidence_id=10)
    assert Rule.ONLY_PHOTOS in rules(state("2", PHOTO, second))
    assert Rule.ONLY_PHOTOS in rules(state("1.5", PHOTO))
    assert Rule.ONLY_PHOTOS not in rules(state("2", PHOTO))  # one alone at full marks is named weak
    assert Rule.ONLY_PHOTOS not in rules(state("2", PHOTO, REGISTER))


def test_evidence_from_before_the_window_only() -> None:
    old = replace(REGISTER, years=frozenset({2021}))
    gap = only(Rule.OLD_EVIDENCE, state("1.5", old))
    assert (gap.points_at_risk, gap.context["window_start"]) == (D("0.6"), 2023)
    assert Rule.OLD_EVIDENCE not in rules(state("1.5", old, PLAN))
    assert Rule.OLD_EVIDENCE not in rules(state("1.5", replace(old, years=frozenset())))


def test_what_is_valid_until_revoked_is_not_old() -> None:
    assert Rule.OLD_EVIDENCE not in rules(state("1.5", RULES))


def test_one_old_file_at_full_marks_is_named_once() -> None:
    old = replace(REGISTER, years=frozenset({2021}))
    named = rules(state("2", old))
    assert Rule.FULL_ON_ONE_OLD_FILE in named
    assert Rule.OLD_EVIDENCE not in named


@pytest.mark.parametrize(("day", "is_ahead"), [(date(2025, 11, 20), False), (date(2025, 11, 21), True)])
def test_a_date_after_the_submission_is_named(day: date, is_ahead: bool) -> None:
    assert (Rule.DATED_AHEAD in rules(state("2", replace(REGISTER, date=day), PLAN))) is is_ahead


def test_one_wrong_date_among_right_ones_costs_nothing() -> None:
    ahead = replace(REGISTER, date=date(2026, 1, 1))
    assert only(Rule.DATED_AHEAD, state("2", ahead, PLAN)).points_at_risk == 0
    assert only(Rule.DATED_AHEAD, state("2", ahead)).points_at_risk == D("0.8")


# ── words ──


@pytest.mark.parametrize(
    ("why", "is_thin"),
    [
        (WHY, False),
        ("有制度。", True),
        ("甲" * 29, True),
        ("甲" * 30, False),
        ("。、 \n" * 30 + "有", True),
        (C1.text, True),
        ("我校" + C1.text.replace("，", "、\n"), True),
        (C1.text + WHY, False),
        ("图书馆藏满足师生阅读需要。" * 3, True),
        ("", False),  # the first rules say so
    ],
)
def test_words_of_its_own_are_counted_and_pasted_ones_are_not(why: str, is_thin: bool) -> None:
    assert (Rule.THIN_JUSTIFICATION in rules(state("2", *COMPLETE, why=why))) is is_thin


# ── files ──


def everywhere(file: CitedEvidence, elements: Iterable[Element]) -> list[ElementState]:
    return [ElementState(e.code, e.points, e.points, WHY, (file,)) for e in elements]


def test_a_file_carries_six_elements_and_no_more() -> None:
    wide = load(Path(__file__).parents[2] / "rubric" / "data" / "xian-new-quality-school.yaml")
    scrutiny = Scrutiny(SUBMITTED, WEIGHTS)

    def overworked(states: list[ElementState]) -> list[Gap]:
        found = find_all_gaps(wide, states, window_start=WINDOW_START, scrutiny=scrutiny)
        return [gap for gap in found if gap.rule is Rule.OVERWORKED_FILE]

    assert overworked(everywhere(SUMMARY, wide.elements[:6])) == []
    seven = everywhere(SUMMARY, wide.elements[:7])
    assert [gap.element for gap in overworked(seven)] == [f"C{n}" for n in range(1, 8)]
    assert overworked(seven)[0].context["count"] == 7
    seven[0] = replace(seven[0], citations=(SUMMARY, PLAN))  # it has one of its own now
    assert [gap.element for gap in overworked(seven)] == [f"C{n}" for n in range(2, 8)]


@pytest.mark.parametrize(("hours", "is_told"), [(71, True), (72, False)])
def test_a_file_made_in_the_last_hours_is_told_to_the_school_only(hours: int, is_told: bool) -> None:
    fresh = replace(REGISTER, made_at=SUBMITTED - timedelta(hours=hours))
    found = [
        gap for gap in gaps(state("2", PLAN, SUMMARY, RULES, fresh)) if gap.rule is Rule.LAST_MINUTE_FILE
    ]
    assert [(gap.for_school_only, gap.blocks, gap.points_at_risk) for gap in found] == (
        [(True, False, D(0))] if is_told else []
    )


def test_nothing_else_is_for_the_school_only() -> None:
    assert [r for r in Rule if Gap(r, "C1", D(0)).for_school_only] == [Rule.LAST_MINUTE_FILE]


# ── what blocks, keys, statuses ──


def test_what_stands_in_the_way_of_submitting_is_explicit() -> None:
    assert {rule for rule in Rule if Gap(rule, "C1", D(0)).blocks} == {
        Rule.UNSCORED,
        Rule.NO_EVIDENCE,
        Rule.NO_JUSTIFICATION,
        Rule.FULL_ON_ONE_OLD_FILE,
        Rule.UNMET_MEASURE,
    }


def test_a_key_ends_in_its_rule_and_fits_where_waivers_are_kept() -> None:
    parts = [m.code for e in READING.elements for m in e.expected]
    parts += [m.code for e in READING.elements for m in e.measures]
    for rule in Rule:
        for part in ["", *parts, "x" * 32]:
            key = Gap(rule, "C84", D(0), part=part).key
            assert Rule(key.rpartition(":")[2]) is rule
            assert len(key) <= 80


def test_advice_leaves_an_element_green_and_a_note_does_not() -> None:
    scrutiny = Scrutiny(SUBMITTED, WEIGHTS)
    for cited, status in (((PLAN, SUMMARY), ElementStatus.OK), ((PHOTO,), ElementStatus.GAP)):
        result = readiness(READING, [state("2", *cited)], window_start=WINDOW_START, scrutiny=scrutiny)
        assert result.statuses["C1"] is status


def test_without_scrutiny_only_the_first_rules_are_asked() -> None:
    result = readiness(READING, [state("2", PHOTO, why="有")], window_start=WINDOW_START)
    assert {gap.rule for gap in result.gaps} == {Rule.UNSCORED}
    assert result.statuses["C1"] is ElementStatus.OK


# ── properties ──

files = st.builds(
    CitedEvidence,
    evidence_id=st.integers(1, 5),
    kind=st.sampled_from(["plan", "report", "rules", "record", "photo", "other"]),
    years=st.frozensets(st.integers(2020, 2026), max_size=3),
    date=st.none() | st.dates(date(2020, 1, 1), date(2026, 12, 31)),
    title=st.lists(
        st.sampled_from(["计划", "总结", "图书", "制度", "借阅", "阅览室", "材料"]), max_size=3
    ).map("".join),
    made_at=st.none() | st.integers(0, 200).map(lambda hours: SUBMITTED - timedelta(hours=hours)),
)


@st.composite
def dossiers(draw: st.DrawFn) -> list[ElementState]:
    """A state for every element; a file is the same wherever it is cited."""
    pool = draw(st.lists(files, min_size=1, max_size=5, unique_by=lambda file: file.evidence_id))
    states = []
    for element in READING.elements:
        tenths = st.integers(0, int(element.points * 10)).map(lambda n: D(n) / 10)
        score = draw(st.none() | tenths | st.just(element.points))
        why = draw(st.sampled_from(["", "有", WHY, element.text]))
        cited = tuple(draw(st.lists(st.sampled_from(pool), max_size=4)))
        codes = [material.code for material in element.expected]
        by_hand = draw(st.frozensets(st.sampled_from(codes))) if codes else frozenset()
        states.append(ElementState(element.code, element.points, score, why, cited, by_hand))
    return states


figures = st.dictionaries(
    st.sampled_from([figure.code for figure in READING.figures]),
    st.dictionaries(st.sampled_from([2023, 2024, 2025]), st.integers(0, 30).map(Decimal)),
)


@given(dossiers(), figures)
def test_no_gap_costs_less_than_nothing_or_more_than_is_claimed(
    states: list[ElementState], known: Figures
) -> None:
    found = gaps(*states, figures=known)
    claimed = {s.code: s.points if s.score is None else s.score for s in states}
    for gap in found:
        assert gap.element is not None
        assert 0 <= gap.points_at_risk <= gap.claim == claimed[gap.element]
    assert 0 <= points_at_risk(found) <= sum(claimed.values())


@given(dossiers(), figures, st.integers(0, 2), files)
def test_one_more_file_never_raises_the_points_at_risk(
    states: list[ElementState], known: Figures, at: int, more: CitedEvidence
) -> None:
    before = points_at_risk(gaps(*states, figures=known))
    more = replace(more, evidence_id=99)
    states[at] = replace(states[at], citations=(*states[at].citations, more))
    assert points_at_risk(gaps(*states, figures=known)) <= before


@given(dossiers(), st.integers(0, 2))
def test_a_tick_by_hand_never_raises_the_points_at_risk(states: list[ElementState], at: int) -> None:
    before = points_at_risk(gaps(*states))
    every = frozenset(material.code for material in READING.elements[at].expected)
    states[at] = replace(states[at], by_hand=every)
    assert points_at_risk(gaps(*states)) <= before


@given(dossiers(), figures)
def test_all_gaps_hold_the_first_ones_and_keys_are_unique(states: list[ElementState], known: Figures) -> None:
    found = gaps(*states, figures=known)
    first = find_gaps(states, window_start=WINDOW_START)
    assert [gap for gap in found if gap in first] == first
    assert len({gap.key for gap in found}) == len(found)


@given(dossiers(), figures)
def test_gaps_do_not_depend_on_the_order_of_citations(states: list[ElementState], known: Figures) -> None:
    turned = [replace(each, citations=each.citations[::-1]) for each in states]
    assert [(gap.key, gap.points_at_risk) for gap in gaps(*states, figures=known)] == [
        (gap.key, gap.points_at_risk) for gap in gaps(*turned, figures=known)
    ]


def mended(states: list[ElementState], gap: Gap) -> list[ElementState]:
    """The dossier after somebody did what the gap asks for."""
    at = next(n for n, each in enumerate(states) if each.code == gap.element)
    each = states[at]
    number = 100 + sum(len(s.citations) for s in states)
    names = {m.code: m.name.zh for m in READING.element(each.code).expected}
    file = CitedEvidence(number, "record", ALL_THREE, date(2025, 3, 1), names.get(gap.part, "活动材料"))
    if gap.rule is Rule.UNSCORED:
        each = replace(each, score=each.points / 2)
    elif gap.rule in (Rule.NO_JUSTIFICATION, Rule.THIN_JUSTIFICATION):
        each = replace(each, justification=WHY)
    elif gap.rule is Rule.UNMET_MEASURE:
        each = replace(each, score=each.points - D("0.1"))
    elif gap.part and READING.element(each.code).expected and "片" in names.get(gap.part, ""):
        each = replace(each, citations=(*each.citations, replace(file, kind="photo")))
    else:
        each = replace(each, citations=(*each.citations, file))
    return [*states[:at], each, *states[at + 1 :]]


@given(dossiers(), figures)
def test_doing_the_next_step_again_and_again_brings_the_points_at_risk_to_nought(
    states: list[ElementState], known: Figures
) -> None:
    for _ in range(40):
        (step, *_rest) = next_steps(gaps(*states, figures=known), WEIGHTS) or (None,)
        if step is None or step.gap.points_at_risk == 0:
            break
        states = mended(states, step.gap)
    assert points_at_risk(gaps(*states, figures=known)) == 0
