"""What to do next: points made safe by an hour of work."""

import random
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from rubric.gaps import Gap, Rule, default_weights, next_steps

D = Decimal
WEIGHTS = replace(
    default_weights(),
    hours={rule: D(1) for rule in Rule} | {Rule.UNMET_MEASURE: D(8), Rule.NO_JUSTIFICATION: D("0.5")},
)


def keys(*gaps: Gap, limit: int | None = 3) -> list[str]:
    return [step.gap.key for step in next_steps(gaps, WEIGHTS, limit=limit)]


def test_the_next_step_is_what_makes_most_points_safe_in_an_hour() -> None:
    assert keys(
        Gap(Rule.UNMET_MEASURE, "C38", D(2)),
        Gap(Rule.NO_EVIDENCE, "C9", D("1.5")),
        Gap(Rule.NO_JUSTIFICATION, "C1", D(1)),
    ) == ["C1:no_justification", "C9:no_evidence", "C38:unmet_measure"]


def test_three_things_unless_more_are_asked_for() -> None:
    gaps = [Gap(Rule.UNSCORED, f"C{n}", D(1)) for n in range(1, 9)]
    assert keys(*gaps) == ["C1:unscored", "C2:unscored", "C3:unscored"]
    assert len(keys(*gaps, limit=None)) == 8


def test_ties_go_by_points_then_what_blocks_then_rubric_order_then_rule() -> None:
    assert keys(
        Gap(Rule.OVERWORKED_FILE, "C2", D(0)),
        Gap(Rule.UNCITED_EVIDENCE, None, D(0), {"evidence_id": 7}),
        Gap(Rule.ONLY_PHOTOS, "C10", D(1)),
        Gap(Rule.OLD_EVIDENCE, "C10", D(1)),
        Gap(Rule.NO_EVIDENCE, "C10", D(1)),
        Gap(Rule.ONLY_PHOTOS, "C2", D(1)),
        Gap(Rule.NO_JUSTIFICATION, "C5", D("0.5")),
        Gap(Rule.NO_JUSTIFICATION, "C80", D(0)),
        limit=None,
    ) == [
        "C10:no_evidence",
        "C2:only_photos",
        "C10:old_evidence",
        "C10:only_photos",
        "C5:no_justification",
        "C80:no_justification",
        "evidence:7:uncited_evidence",
        "C2:overworked_file",
    ]


def test_a_step_knows_its_hours_and_its_yield() -> None:
    (step,) = next_steps([Gap(Rule.UNMET_MEASURE, "C38", D(2))], WEIGHTS)
    assert step.hours == D(8)
    assert step.points_an_hour == Fraction(1, 4)


some_gaps = st.lists(
    st.builds(
        Gap,
        st.sampled_from([rule for rule in Rule if rule is not Rule.UNCITED_EVIDENCE]),
        st.integers(1, 84).map("C{}".format),
        st.integers(0, 20).map(lambda tenths: D(tenths) / 10),
        part=st.sampled_from(["", "plan", "minutes"]),
    ),
    max_size=12,
    unique_by=lambda gap: gap.key,
)


@given(some_gaps, st.randoms(use_true_random=False))
def test_the_steps_are_the_same_whatever_the_order_of_the_gaps(
    gaps: list[Gap], shuffler: random.Random
) -> None:
    turned = gaps.copy()
    shuffler.shuffle(turned)
    assert keys(*gaps, limit=None) == keys(*turned, limit=None)
    yields = [step.points_an_hour for step in next_steps(gaps, WEIGHTS, limit=None)]
    assert yields == sorted(yields, reverse=True)
