"""Scores: what is accepted, how it is written, and that sums are exact."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubric.loader import DEFAULT, find, load
from rubric.model import Channel, Rubric
from rubric.scoring import (
    Band,
    ElementClaim,
    Judgement,
    ScoreError,
    Stage,
    Totals,
    band_for,
    checked_score,
    format_score,
    ladder,
    lost,
    parse_score,
    totals,
    totals_by_indicator,
)

D = Decimal
TENTH = D("0.1")
SMALL = load(Path(__file__).parents[1] / "data" / "small-rubric.yaml")


@pytest.mark.parametrize(
    ("typed", "score"),
    [
        ("0", "0"),
        ("0.0", "0"),
        ("1.8", "1.8"),
        ("1.80", "1.8"),
        ("2", "2"),
        ("2.000", "2"),
        ("01.5", "1.5"),
        (" 1.5\n", "1.5"),
        ("１.５", "1.5"),
        ("１．５", "1.5"),
        ("\u30001.5\u3000", "1.5"),
    ],
)
def test_plain_and_full_width_digits_are_scores(typed: str, score: str) -> None:
    parsed = parse_score(typed, points=D(2), step=TENTH)
    assert str(parsed) == score


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("\u3000", "empty"),
        ("NaN", "not_a_number"),
        ("sNaN", "not_a_number"),
        ("Infinity", "not_a_number"),
        ("-Infinity", "not_a_number"),
        ("1e9", "not_a_number"),
        ("1E-1", "not_a_number"),
        ("１ｅ９", "not_a_number"),
        ("two", "not_a_number"),
        ("两分", "not_a_number"),
        ("1,5", "not_a_number"),
        ("1_0", "not_a_number"),
        ("1 5", "not_a_number"),
        ("1.", "not_a_number"),
        (".5", "not_a_number"),
        ("1.5.0", "not_a_number"),
        ("+1", "not_a_number"),
        ("--1", "not_a_number"),
        ("0x1", "not_a_number"),
        ("١", "not_a_number"),
        ("①", "not_a_number"),
        ("0²", "not_a_number"),
        ("½", "not_a_number"),
        ("1.50000000", "not_a_number"),
        ("9" * 100_000, "not_a_number"),
        ("-1", "negative"),
        ("-0.1", "negative"),
        ("－１", "negative"),
        ("\u22121", "negative"),
        ("2.1", "above_points"),
        ("100", "above_points"),
        ("2.05", "above_points"),
        ("1.85", "off_step"),
        ("0.01", "off_step"),
    ],
)
def test_anything_else_is_refused_with_its_code(typed: str, code: str) -> None:
    with pytest.raises(ScoreError) as refused:
        parse_score(typed, points=D(2), step=TENTH)
    assert refused.value.code == code


def test_a_refusal_carries_the_numbers_a_person_needs() -> None:
    with pytest.raises(ScoreError) as above:
        parse_score("3", points=D(2), step=TENTH)
    assert above.value.context == {"points": D(2)}
    with pytest.raises(ScoreError) as off:
        parse_score("1.3", points=D(2), step=D("0.25"))
    assert off.value.context == {"step": D("0.25"), "below": D("1.25"), "above": D("1.5")}


def test_a_negative_decimal_is_refused_too() -> None:
    with pytest.raises(ScoreError) as refused:
        checked_score(D("-0.1"), points=D(2), step=TENTH)
    assert refused.value.code == "negative"


@pytest.mark.parametrize(
    ("score", "words"),
    [
        ("0", "0.0"),
        ("2", "2.0"),
        ("1.80", "1.8"),
        ("1.75", "1.75"),
        ("1E+2", "100.0"),
        ("-0.20", "-0.2"),
        ("-0", "0.0"),
    ],
)
def test_a_score_is_written_with_one_decimal_and_more_only_if_needed(score: str, words: str) -> None:
    assert format_score(D(score)) == words


@given(st.integers(0, 10_000), st.sampled_from([D("0.01"), D("0.05"), D("0.1"), D("0.25"), D("0.5"), D(1)]))
def test_what_is_written_reads_back_the_same(steps: int, step: Decimal) -> None:
    score = steps * step % 100
    assert parse_score(format_score(score), points=D(100), step=step) == score


@given(st.text(max_size=8))
def test_any_text_is_a_score_on_the_step_or_a_score_error(typed: str) -> None:
    try:
        score = parse_score(typed, points=D(2), step=TENTH)
    except ScoreError:
        return
    assert 0 <= score <= 2
    assert score % TENTH == 0


@st.composite
def claims_of(draw: st.DrawFn, rubric: Rubric) -> dict[str, ElementClaim]:
    """A claim for some elements of a rubric: scored in hundredths or unscored, cited or not."""
    claims = {}
    for element in rubric.elements:
        if draw(st.booleans()):
            hundredths = st.integers(0, int(element.points * 100)).map(lambda n: D(n) / 100)
            score = draw(st.none() | hundredths)
            claims[element.code] = ElementClaim(element.code, element.points, score, draw(st.booleans()))
    return claims


@given(claims_of(SMALL))
def test_the_sum_over_a_indicators_is_the_total_over_all_elements(claims: dict[str, ElementClaim]) -> None:
    by_code = totals_by_indicator(SMALL, claims)
    unclaimed = [ElementClaim(e.code, e.points, None, False) for e in SMALL.elements if e.code not in claims]
    whole = totals([*claims.values(), *unclaimed])
    assert sum((by_code[code] for code in ("A1", "A2")), Totals()) == whole
    assert sum((by_code[code] for code in ("B1", "B2", "B3")), Totals()) == whole
    assert whole.points == SMALL.total_points
    assert whole.scored + whole.unscored == len(SMALL.elements)


@given(claims_of(SMALL))
def test_at_risk_is_claimed_minus_supported(claims: dict[str, ElementClaim]) -> None:
    for each in (totals(claims.values()), *totals_by_indicator(SMALL, claims).values()):
        assert each.at_risk == each.claimed - each.supported
        assert 0 <= each.supported <= each.claimed <= each.points - each.unscored_points


def test_totals_show_claimed_supported_at_risk_and_unscored() -> None:
    summed = totals(
        [
            ElementClaim("C1", D(1), D("0.9"), cited=True),
            ElementClaim("C2", D(1), D("0.8"), cited=False),
            ElementClaim("C3", D(2), None, cited=True),
            ElementClaim("C4", D(2), D(0), cited=False),
        ]
    )
    assert (summed.points, summed.claimed, summed.supported, summed.at_risk) == (
        D(6),
        D("1.7"),
        D("0.9"),
        D("0.8"),
    )
    assert (summed.scored, summed.unscored, summed.unscored_points) == (3, 1, D(2))


def test_sums_are_exact_where_floats_are_not() -> None:
    claims = [ElementClaim(f"C{n}", D(1), TENTH, cited=True) for n in range(1, 4)]
    assert totals(claims).claimed == D("0.3")
    assert str(totals(claims).claimed) == "0.3"


def test_an_empty_dossier_of_the_city_rubric_is_100_unscored_points() -> None:
    by_code = totals_by_indicator(find(DEFAULT), {})
    assert len(by_code) == 28
    assert list(by_code)[:3] == ["A1", "B1", "A2"]
    whole = sum((by_code[f"A{n}"] for n in range(1, 8)), Totals())
    assert whole == Totals(points=D(100), unscored=84, unscored_points=D(100))


def test_the_ladder_goes_from_the_school_over_each_expert_to_the_final_score() -> None:
    rungs = ladder(
        school=Judgement(None, D(2), "有制度"),
        experts=[
            Judgement("王老师", D("1.8"), "缺记录", Channel.DOCUMENTS),
            Judgement("李老师", None),
        ],
        final=Judgement("组长", D("1.9"), "合议"),
    )
    assert [(rung.stage, rung.who, rung.score, rung.reason, rung.channel) for rung in rungs] == [
        (Stage.SCHOOL, None, D(2), "有制度", None),
        (Stage.EXPERT, "王老师", D("1.8"), "缺记录", Channel.DOCUMENTS),
        (Stage.EXPERT, "李老师", None, "", None),
        (Stage.FINAL, "组长", D("1.9"), "合议", None),
    ]
    assert lost(D(2), D("1.9")) == TENTH


def test_what_came_before_stands_on_the_ladder_too() -> None:
    rungs = ladder(
        school=Judgement(None, D("1.9")),
        earlier=Judgement(None, D("1.7")),
        rounds=[Judgement("区级评估", D("1.8"))],
        final=Judgement(None, D("1.6")),
        appeal=Judgement(None, D("1.7")),
    )
    assert [(rung.stage, rung.who, rung.score) for rung in rungs] == [
        (Stage.EARLIER, None, D("1.7")),
        (Stage.SCHOOL, None, D("1.9")),
        (Stage.ROUND, "区级评估", D("1.8")),
        (Stage.FINAL, None, D("1.6")),
        (Stage.APPEAL, None, D("1.7")),
    ]


def test_the_ladder_has_no_final_rung_before_the_score_is_settled() -> None:
    assert [rung.stage for rung in ladder(school=Judgement(None, D(1)))] == ["school"]


@pytest.mark.parametrize(
    ("total", "name"), [("90", "优秀"), ("89.9", "合格"), ("100", "优秀"), ("59.99", None)]
)
def test_a_total_falls_in_the_highest_band_it_reaches(total: str, name: str | None) -> None:
    band = band_for(D(total), [Band("合格", D(60)), Band("优秀", D(90))])
    assert (band.name if band else None) == name


def test_without_published_bands_there_is_none() -> None:
    assert band_for(D(100), []) is None
