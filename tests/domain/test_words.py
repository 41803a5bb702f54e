"""The file of words beside a rubric."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rubric.loader import available, find
from rubric.words import load, words_for

RUBRIC = find("xian-new-quality-school")


def test_every_element_has_words() -> None:
    words = words_for(RUBRIC)
    assert set(words) == {element.code for element in RUBRIC.elements}
    assert min(map(len, words.values())) >= 10


def test_a_file_of_words_is_not_taken_for_a_rubric() -> None:
    assert available() == ["xian-new-quality-school"]


def test_words_are_found_beside_a_further_rubric(tmp_path: Path) -> None:
    other = replace(RUBRIC, name="other")
    assert words_for(other, tmp_path) == {}
    (tmp_path / "words").mkdir()
    (tmp_path / "words/other.yaml").write_text("C1: 党课 党建\nC14: 教代会\n", "utf-8")
    assert words_for(other, tmp_path) == {"C1": ("党课", "党建"), "C14": ("教代会",)}


@pytest.mark.parametrize(
    ("content", "mistakes"),
    [
        ("C1: 党课\nC99: 观鸟", ["'C99' is no element"]),
        ("C1: ''\nC2: [党员]\nC3: 3", ["C1 has no words", "C2 has no words", "C3 has no words"]),
        ("C1: 党课 党建 ~党课", ["C1 has 党课 twice"]),
        ("- 党课", ["no mapping"]),
        ("C1: [", ["not YAML"]),
    ],
)
def test_a_file_that_doesn_t_fit_the_rubric_is_refused_with_every_mistake(
    tmp_path: Path, content: str, mistakes: list[str]
) -> None:
    path = tmp_path / "words.yaml"
    path.write_text(content, "utf-8")
    with pytest.raises(ValueError) as refused:
        load(path, RUBRIC)
    assert all(mistake in str(refused.value) for mistake in mistakes)
