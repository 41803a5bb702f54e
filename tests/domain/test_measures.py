"""Formulas, units, and every number the rubric sets, held against a school's figures."""

import re
from collections import Counter
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubric.figures import Figures
from rubric.formula import Formula, FormulaError
from rubric.guidance import Label, Measure
from rubric.loader import DEFAULT, find, load
from rubric.measures import MeasureResult, Verdict, absent, evaluate, evaluate_all, target_words, value_words
from rubric.model import Rubric
from rubric.units import Unit, UnitError, UnitName, parse_quantity, parse_unit

XIAN = find(DEFAULT)
READING = load(Path(__file__).parents[1] / "data" / "guided" / "reading.yaml")
YEARS = (2023, 2024, 2025)
NAMES = ("人", "册", "m²", "台", "TB")


def measure(code: str, rubric: Rubric = XIAN) -> Measure:
    return next(each for element in rubric.elements for each in element.measures if each.code == code)


def now(**values: str | int) -> Figures:
    """Figures of the last year of the window."""
    return {name: {YEARS[-1]: Decimal(value)} for name, value in values.items()}


def held(code: str, figures: Figures, rubric: Rubric = XIAN) -> MeasureResult:
    return evaluate(measure(code, rubric), figures, YEARS)


# ── formulas ──


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a", "6"),
        ("a / b", "3/2"),
        ("a - b - 1", "1"),
        ("a / b / 2", "3/4"),
        ("a + b * 2", "14"),
        ("(a + b) * 2", "20"),
        ("min(a, b, 5)", "4"),
        ("min(a, b) / a", "2/3"),
        ("0.1 + 0.2", "3/10"),
        (" a/( b ) ", "3/2"),
        ("min", "9"),
    ],
)
def test_a_formula_is_evaluated_exactly_with_the_usual_precedence(text: str, value: str) -> None:
    figures = {"a": Fraction(6), "b": Fraction(4), "min": Fraction(9)}
    assert Formula(text).value(figures) == Fraction(value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected a number, a figure or a parenthesis, found the end"),
        ("a b", "character 3: expected an operator, found 'b'"),
        ("a +", "found the end"),
        ("(a", "expected a closing parenthesis, found the end"),
        ("a)", "expected an operator, found ')'"),
        ("-a", "found '-'"),
        ("a ** b", "character 4"),
        ("a, b", "found ','"),
        ("min()", "found ')'"),
        ("max(a, b)", "expected an operator, found '('"),
        ("__import__", "found '_'"),
        ("a.b", "found '.'"),
        ("a if b", "expected an operator"),
        ("1e9", "expected an operator, found 'e9'"),
        ("学生 / a", "found '学'"),
        ("(" * 21 + "a" + ")" * 21, "more than 20 parentheses"),
        ("a+" * 100 + "a", "at most 200 characters"),
    ],
)
def test_what_is_no_formula_is_refused_with_its_place(text: str, words: str) -> None:
    with pytest.raises(FormulaError) as refused:
        Formula(text)
    assert refused.value.code == "bad_formula"
    assert words in str(refused.value)


def test_a_formula_knows_its_figures_in_order_and_once() -> None:
    assert Formula("b / (a + b) * min(c, a)").names == ("b", "a", "c")


@given(st.text(alphabet="ab12.+-*/(), min", max_size=60))
def test_any_text_is_a_formula_or_a_formula_error(text: str) -> None:
    try:
        formula = Formula(text)
    except FormulaError:
        return
    with suppress(ZeroDivisionError):
        formula.value(dict.fromkeys(formula.names, Fraction(3, 7)))


# ── units ──


def test_quantities_are_read_with_their_factor() -> None:
    assert parse_quantity("10 %", NAMES).value == Fraction(1, 10)
    assert parse_quantity("15 台/100人", NAMES).value == Fraction(15, 100)
    assert parse_quantity("10.2 m² / 人", NAMES).value == Fraction(51, 5)
    assert parse_unit("人/人", NAMES).dimension == parse_unit("%", NAMES).dimension


@pytest.mark.parametrize(
    "text", ["10", "人", "10 ％", "1e3 人", "-1 人", "10 人/", "10 个", "10 人/0人", "10 /人"]
)
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(UnitError):
        parse_quantity(text, NAMES)


@pytest.mark.parametrize(
    ("unit", "zh", "en"),
    [
        ("%", "%", "%"),
        ("册/人", "册/人", "books/person"),
        ("台/100人", "台/100人", "computers/100 people"),
        ("小时", "小时", "hours"),
    ],
)
def test_a_unit_is_written_in_both_languages(unit: str, zh: str, en: str) -> None:
    parsed = parse_unit(unit, [name.zh for name in XIAN.units])
    assert (parsed.words("zh", XIAN.units), parsed.words("en", XIAN.units)) == (zh, en)


def test_a_unit_without_english_keeps_its_sign() -> None:
    assert Unit("册", Fraction(1), frozenset()).words("en", [UnitName("人", "people", "person")]) == "册"


# ── every number of the rubric ──


@pytest.mark.parametrize(
    ("element", "code", "met", "unmet"),
    [
        ("C33", "expert-talks", {"talks_first_term": 2, "talks_second_term": 3},
         {"talks_first_term": 5, "talks_second_term": 1}),
        ("C38", "training-share", {"training_spending": 10, "public_funds": 100},
         {"training_spending": "9.99", "public_funds": 100}),
        ("C45", "cycle-teachers", {"cycle_teachers": 41, "teachers": 82}, {"cycle_teachers": 40, "teachers": 81}),
        ("C45", "demonstration-lessons", {"demonstration_teachers": 3, "subject_teachers": 5},
         {"demonstration_teachers": 59, "subject_teachers": 99}),
        ("C46", "qualified-teachers", {"qualified_teachers": 82, "teachers": 82},
         {"qualified_teachers": 81, "teachers": 82}),
        ("C46", "backbone-teachers", {"backbone_teachers": 9, "teachers": 90},
         {"backbone_teachers": 8, "teachers": 81}),
        ("C53", "club-pupils", {"club_pupils": 700, "pupils": 700}, {"club_pupils": 699, "pupils": 700}),
        ("C54", "daily-exercise", {"exercise_hours": 1}, {"exercise_hours": "0.99"}),
        ("C59", "managing-pupils", {"managing_pupils": 350, "pupils": 700}, {"managing_pupils": 349, "pupils": 700}),
        ("C64", "dormitory-space", {"dormitory_area": 300, "boarders": 100},
         {"dormitory_area": "299.99", "boarders": 100}),
        ("C67", "books-lent", {"books_lent": 10500, "pupils": 700}, {"books_lent": 10499, "pupils": 700}),
        ("C67", "teacher-seats", {"teachers": 80, "teacher_seats": 16}, {"teachers": 81, "teacher_seats": 16}),
        ("C67", "pupil-seats", {"pupils": 800, "pupil_seats": 100}, {"pupils": 801, "pupil_seats": 100}),
        ("C68", "sports-area", {"sports_area": 7140, "pupils": 700}, {"sports_area": 7139, "pupils": 700}),
        ("C68", "test-sets", {"pupils": 1200, "test_sets": 2}, {"pupils": 601, "test_sets": 1}),
        ("C71", "teacher-computers", {"teacher_computers": 82, "teachers": 82},
         {"teacher_computers": 81, "teachers": 82}),
        ("C71", "computers", {"computers": 105, "pupils": 700}, {"computers": 104, "pupils": 700}),
        ("C71", "digital-resources", {"digital_resources": 6}, {"digital_resources": "5.99"}),
        ("C71", "equipped-classrooms", {"equipped_classrooms": 40, "classrooms": 40},
         {"equipped_classrooms": 39, "classrooms": 40}),
        ("C78", "graduation", {"qualified_leavers": 99, "leavers": 100}, {"qualified_leavers": 98, "leavers": 100}),
        ("C79", "sports-skills", {"skilled_pupils": 700, "pupils": 700}, {"skilled_pupils": 699, "pupils": 700}),
        ("C80", "prize-pupils", {"prize_pupils": 70, "pupils": 700}, {"prize_pupils": 69, "pupils": 700}),
        ("C84", "parents-approving", {"parents_approving": 85, "parents_asked": 100},
         {"parents_approving": 84, "parents_asked": 99}),
    ],
)  # fmt: skip
def test_a_measure_holds_at_the_rubrics_own_number_and_not_below(
    element: str, code: str, met: dict[str, str | int], unmet: dict[str, str | int]
) -> None:
    assert measure(code) in XIAN.element(element).measures
    assert held(code, now(**met)).verdict is Verdict.MET
    assert held(code, now(**unmet)).verdict is Verdict.UNMET


def series(name: str, *values: str | int | None) -> dict[str, dict[int, Decimal]]:
    return {name: {year: Decimal(v) for year, v in zip(YEARS, values, strict=True) if v is not None}}


@pytest.mark.parametrize(
    ("tested", "verdict"),
    [
        ((500, 510, 520), Verdict.MET),
        ((500, 509, 520), Verdict.UNMET),
        ((None, 510, 520), Verdict.NOT_ENOUGH_DATA),
        ((None, 509, None), Verdict.UNMET),
        ((None, None, None), Verdict.NOT_ENOUGH_DATA),
    ],
)
def test_fitness_tests_must_be_complete_in_each_of_three_years(
    tested: tuple[int | None, ...], verdict: Verdict
) -> None:
    figures = {**series("fitness_tested", *tested), **series("fitness_due", 500, 510, 520)}
    assert held("fitness-tested", figures).verdict is verdict


@pytest.mark.parametrize(
    ("sight", "verdict", "decisive"),
    [
        (("4.85", "4.85", "4.9"), Verdict.MET, 2025),
        (("4.85", "4.8", "4.9"), Verdict.UNMET, 2024),
        (("4.9", None, "4.8"), Verdict.UNMET, 2025),
        (("4.8", None, "4.9"), Verdict.NOT_ENOUGH_DATA, 2025),
        ((None, None, "4.9"), Verdict.NOT_ENOUGH_DATA, 2025),
    ],
)
def test_average_eyesight_must_not_fall(
    sight: tuple[str | None, ...], verdict: Verdict, decisive: int
) -> None:
    result = held("eyesight", series("eyesight", *sight))
    assert (result.verdict, result.decisive) == (verdict, decisive)


def test_boarders_measures_do_not_apply_to_day_schools() -> None:
    assert held("dormitory-space", now(boarders=0)).verdict is Verdict.NOT_APPLICABLE
    assert held("dormitory-space", now(dormitory_area=300)).verdict is Verdict.NOT_ENOUGH_DATA
    assert absent(now(boarders=0, pupils=700), 2025) == {"boarders"}


def test_a_missing_figure_is_named_with_its_year_and_decides_nothing() -> None:
    result = held("training-share", now(training_spending=10))
    assert (result.verdict, result.missing) == (Verdict.NOT_ENOUGH_DATA, (("public_funds", 2025),))
    assert result.shown(2025) is None


def test_last_years_figure_does_not_stand_in_for_this_years() -> None:
    figures = {"training_spending": {2024: Decimal(10)}, "public_funds": {2025: Decimal(100)}}
    assert held("training-share", figures).missing == (("training_spending", 2025),)


def test_division_by_zero_is_not_enough_data_and_is_named() -> None:
    result = held("training-share", now(training_spending=0, public_funds=0))
    assert (result.verdict, result.missing, result.divided_by_zero) == (Verdict.NOT_ENOUGH_DATA, (), (2025,))


@pytest.mark.parametrize(
    ("code", "figures", "shown"),
    [
        ("graduation", {"qualified_leavers": 98999, "leavers": 100000}, "98.99"),
        ("sports-skills", {"skilled_pupils": 99999, "pupils": 100000}, "99.99"),
        ("teacher-seats", {"teachers": 5001, "teacher_seats": 1000}, "5.01"),
        ("computers", {"computers": 104, "pupils": 700}, "14.85"),
        ("sports-area", {"sports_area": 7140, "pupils": 700}, "10.2"),
    ],
)
def test_a_value_is_never_shown_better_than_it_is(
    code: str, figures: dict[str, str | int], shown: str
) -> None:
    assert held(code, now(**figures)).shown(2025) == Decimal(shown)


def test_a_value_and_its_target_are_written_in_both_languages() -> None:
    result = held("computers", now(computers=104, pupils=700))
    assert value_words(result, 2025, XIAN.units) == Label("14.85 台/100人", "14.85 computers/100 people")
    assert value_words(result, 2024, XIAN.units) is None
    assert target_words(result.measure, XIAN.units) == Label("≥ 15 台/100人", "≥ 15 computers/100 people")
    assert target_words(measure("eyesight"), XIAN.units).en == "no less than the year before"


amounts = st.integers(0, 10_000) | st.decimals(0, 10_000, places=2)


@given(
    st.dictionaries(
        st.sampled_from([f.code for f in XIAN.figures]), st.lists(st.none() | amounts, min_size=3, max_size=3)
    )
)
def test_any_figures_give_every_measure_one_verdict(given_figures: dict[str, list[Decimal | None]]) -> None:
    figures = {
        name: {year: Decimal(v) for year, v in zip(YEARS, values, strict=True) if v is not None}
        for name, values in given_figures.items()
    }
    for results in evaluate_all(XIAN, figures, YEARS).values():
        for result in results:
            lacks = bool(result.missing or result.divided_by_zero)
            assert (result.verdict is Verdict.MET) <= (not lacks)
            assert (result.verdict is Verdict.NOT_ENOUGH_DATA) <= lacks
            assert result.decisive in result.values


# ── nothing forgotten ──

# Numbers of the official wording that no measure holds a school against, and why.
NOT_A_MEASURE = {
    ("C62", "50099"): "the number of a standard, GB50099-2011",
    ("C62", "2011"): "the year of that standard",
    ("C73", "3"): "近3年: the window; audit reports of each year are an expected material",
}


def test_every_number_in_the_rubric_is_a_measure_or_has_a_reason_not_to_be_one() -> None:
    for element in XIAN.elements:
        numbers = Counter(re.findall(r"[0-9]+(?:\.[0-9]+)?", element.text))
        held_against = Counter(
            number
            for clause in {each.clause for each in element.measures}
            for number in re.findall(r"[0-9]+(?:\.[0-9]+)?", clause)
        )
        left = {(element.code, number) for number in numbers - held_against}
        assert left <= NOT_A_MEASURE.keys(), left
    for code, number in NOT_A_MEASURE:
        assert number in XIAN.element(code).text


def test_no_number_stands_in_the_titles_and_methods_around_the_elements() -> None:
    for indicator in XIAN.indicators:
        texts = [indicator.title, *(m.text for m in indicator.methods), *(c.text for c in indicator.children)]
        assert not any(re.search("[0-9]", text) for text in texts)


def test_a_threshold_is_the_number_of_its_clause() -> None:
    """全部, 每人 and 每位 are a number in words; 每人1台 and 5:1 say it otherwise."""
    for element in XIAN.elements:
        for each in element.measures:
            if each.threshold is None or re.search("全部|每位|教室", each.clause):
                continue
            assert str(each.threshold.amount) in re.findall(r"[0-9]+(?:\.[0-9]+)?", each.clause), each.code


def test_every_figure_is_used_and_stands_once() -> None:
    used = {name for e in XIAN.elements for m in e.measures for name in m.formula.names}
    limits = {figure.at_most for figure in XIAN.figures}
    assert {figure.code for figure in XIAN.figures} == used | (limits - {None})
