"""Every rule's sentences can be said of a real gap, in both languages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import force_locale

from portfolio import wording
from portfolio.models import EvidenceKind
from rubric.gaps import (
    CitedEvidence,
    ElementState,
    Gap,
    Rule,
    Scrutiny,
    default_weights,
    readiness,
)
from rubric.guidance import MaterialKind
from rubric.loader import load

READING = load(Path(__file__).parents[1] / "data" / "guided" / "reading.yaml")
NOW = datetime(2025, 11, 20, 9, 0, tzinfo=UTC)
PLAN = CitedEvidence(1, "plan", frozenset({2025}), None, "阅读计划")
PHOTO = CitedEvidence(2, "photo", frozenset({2025}), None, "阅览室.jpg")
OLD = CitedEvidence(3, "record", frozenset({2019}), None, "借阅登记")
WORDS = "每周开放书吧三次，学生借书由小管理员负责，校会上表扬读得多的班级。"


def gaps() -> dict[Rule, Gap]:
    """One gap of each rule, found in dossiers."""
    found: dict[Rule, Gap] = {}
    hasty = replace(PLAN, date=date(2026, 3, 1), made_at=NOW - timedelta(hours=1))
    for score, why, citations in [
        (None, "", ()),
        ("2", "", ()),
        ("2", "有", (OLD,)),
        ("2", WORDS, (hasty,)),
        ("2", WORDS, (PHOTO,)),
        ("1", WORDS, (PHOTO,)),
        ("1", WORDS, (OLD,)),
    ]:
        points = None if score is None else Decimal(score)
        states = [ElementState("C1", Decimal(2), points, why, citations)]
        figures = {"books": {2025: Decimal(10)}, "pupils": {2025: Decimal(100)}}
        weights = replace(default_weights(), most_elements_a_file=0)
        result = readiness(
            READING,
            states,
            window_start=2023,
            uncited=[(7, "一份材料")],
            scrutiny=Scrutiny(NOW, weights, figures),
        )
        found |= {gap.rule: gap for gap in result.gaps}
    return found


@pytest.mark.parametrize("locale", ["zh", "en"])
@pytest.mark.parametrize("rule", Rule)
def test_a_gap_is_told_in_words_of_one_language(app: Flask, rule: Rule, locale: str) -> None:
    gap = gaps()[rule]
    with app.test_request_context(), force_locale(locale):
        matter, advice = wording.gap_words(gap)
        name = str(wording.GAP_NAMES[wording.gap_rule(gap.key)])
    assert "%(" not in matter + advice
    assert "Label(" not in matter + advice
    assert name
    if locale == "zh":
        assert any("一" <= letter <= "鿿" for letter in matter)


def test_the_kinds_of_materials_are_the_kinds_of_evidence() -> None:
    assert [str(kind) for kind in MaterialKind] == [kind.value for kind in EvidenceKind]
