"""The weights file: what ours says, and what a wrong one is told."""

from decimal import Decimal
from pathlib import Path

import pytest

from rubric.gaps import Rule, default_weights, load_weights
from rubric.gaps.weights import DEFAULT
from rubric.reader import RubricInvalid


def test_ours_weighs_every_rule_and_has_the_published_limits() -> None:
    weights = default_weights()
    assert set(weights.shares) == set(weights.hours) == set(Rule)
    assert (weights.shortest_justification, weights.most_elements_a_file, weights.last_hours) == (30, 6, 72)
    assert weights.shares[Rule.UNMET_MEASURE] == Decimal("0.5")


def test_an_installation_may_have_its_own(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(changed("last_hours: 72", "last_hours: 24"), encoding="utf-8")
    assert load_weights(path).last_hours == 24


def changed(old: str, new: str) -> str:
    text = DEFAULT.read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    return text.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ("{share: 0.5, hours: 8}", "{share: 1.5, hours: 8}", "wrong_share", "a share is from 0 to 1, not 1.5"),
        ("{share: 0.5, hours: 8}", "{share: -1, hours: 8}", "not_a_number", "found '-1'"),
        ("{share: 0.5, hours: 8}", "{share: [1], hours: 8}", "not_a_number", "something else"),
        ("{share: 0.5, hours: 8}", "{share: 0.5, hours: 0}", "not_positive", "found 0"),
        ("{share: 0.5, hours: 8}", "{share: 0.5}", "missing_key", "rule has no hours"),
        ("  no_evidence: {share: 1,", "  no_evidence: {share: 0.9,", "wrong_share", "its share is 1"),
        ("{share: 0.6, hours: 1.5}", "{share: 0.3, hours: 1.5}", "wrong_share", "less than that of missing_year"),
        ("  only_photos: {share: 0.4,", "  only_photos: {share: 0.6,", "wrong_share", "of only_photos"),
        ("last_hours: 72", "last_hours: 7.5", "not_whole", "found 7.5"),
        ("last_hours: 72", "last_hour: 72", "unknown_key", "did you mean last_hours?"),
        ("  dated_ahead:", "  dated_behind:", "unknown_key", "dated_behind"),
    ],
)  # fmt: skip
def test_a_wrong_weight_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, code: str, words: str
) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(changed(old, new), encoding="utf-8")
    with pytest.raises(RubricInvalid) as refused:
        load_weights(path)
    (problem, *_) = refused.value.problems
    assert problem.code == code
    assert words in problem.message
    assert problem.line > 9
