"""Guidance in a rubric file: what ours says, that it is never official, and what a wrong one is told."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from rubric.guidance import ExpectedMaterial, Measure
from rubric.loader import DEFAULT, Problem, RubricInvalid, find, load
from rubric.model import Element, Rubric, from_described
from rubric.report import show

DATA = Path(__file__).parents[1] / "data"
GUIDED = DATA / "guided" / "reading.yaml"
CHINESE = re.compile(r"[一-鿿]")


@pytest.fixture(scope="module")
def xian() -> Rubric:
    return find(DEFAULT)


@pytest.fixture(scope="module")
def reading() -> Rubric:
    return load(GUIDED)


def wording_around(rubric: Rubric, element: Element) -> list[str]:
    methods = [method.text for method in rubric.indicator_of(element.code).methods]
    return [element.text, rubric.sub_indicator_of(element.code).text, *methods]


def guidance(rubric: Rubric) -> Iterator[tuple[Element, ExpectedMaterial | Measure]]:
    for element in rubric.elements:
        yield from ((element, material) for material in element.expected)
        yield from ((element, measure) for measure in element.measures)


def test_every_element_expects_two_to_six_materials(xian: Rubric) -> None:
    assert {e.code: len(e.expected) for e in xian.elements if not 2 <= len(e.expected) <= 6} == {}


def test_every_clause_is_a_piece_of_the_official_wording(xian: Rubric) -> None:
    strange = [
        (element.code, added.code)
        for element, added in guidance(xian)
        if not any(added.clause in official for official in wording_around(xian, element))
    ]
    assert strange == []


def test_three_school_years_are_wanted_where_the_wording_says_so_and_nowhere_else(xian: Rubric) -> None:
    for element, added in guidance(xian):
        if isinstance(added, ExpectedMaterial):
            says_so = re.search("近三年|近3年", added.clause) is not None
            assert added.three_years is says_so, (element.code, added.code)
    wanting = {e.code for e in xian.elements if any(material.three_years for material in e.expected)}
    assert {"C9", "C54", "C73"} <= wanting
    assert {xian.element(code).indicator for code in wanting} == {"A2", "A3", "A5", "A6"}


def test_names_are_chinese_and_english_and_short(xian: Rubric) -> None:
    for element, added in guidance(xian):
        assert CHINESE.search(added.name.zh), (element.code, added.code)
        assert not CHINESE.search(added.name.en), (element.code, added.code)
        assert len(added.name.zh) <= 16
        assert len(added.name.en) <= 48


def test_names_of_an_element_differ(xian: Rubric) -> None:
    for element in xian.elements:
        for names in ([m.name.zh for m in element.expected], [m.name.en for m in element.expected]):
            assert len(set(names)) == len(names), element.code


def test_the_methods_of_a1_are_asked_for_one_by_one(xian: Rubric) -> None:
    """查阅党建工作计划、总结、会议记录和落实措施等材料."""
    assert {"plan", "summary", "minutes", "measures"} <= {m.code for m in xian.element("C1").expected}


def test_guidance_is_no_part_of_the_official_text_nor_of_its_digest(xian: Rubric) -> None:
    official = json.dumps(xian.official(), ensure_ascii=False)
    assert not any(word in official for word in ("expected", "measures", "figures", "units", "clause"))
    bare = from_described({**xian.official(), "name": xian.name, "digest": xian.digest, **bare_parts(xian)})
    assert bare.digest == xian.digest
    assert bare.guidance_digest != xian.guidance_digest


def bare_parts(rubric: Rubric) -> dict[str, object]:
    """An edition as it was kept before there was any guidance."""
    stored = rubric.described()
    for indicator in stored["indicators"]:
        for child in indicator["children"]:
            for element in child["elements"]:
                element.pop("expected", None)
                element.pop("measures", None)
    return {"indicators": stored["indicators"]}


def test_an_edition_kept_without_guidance_loads_and_can_be_guided_by_the_installed_one(xian: Rubric) -> None:
    kept = {**xian.official(), "name": "kept", "digest": xian.digest, **bare_parts(xian)}
    old = from_described(json.loads(json.dumps(kept)))
    assert not any(element.expected or element.measures for element in old.elements)
    guided = old.guided_by(xian)
    assert (guided.name, guided.digest) == ("kept", xian.digest)
    assert guided.element("C38") == xian.element("C38")


def test_a_rubric_of_other_wording_cannot_guide(xian: Rubric, reading: Rubric) -> None:
    with pytest.raises(ValueError, match="worded otherwise"):
        xian.guided_by(reading)


def test_a_rubric_may_leave_guidance_out() -> None:
    small = load(DATA / "small-rubric.yaml")
    assert not any(element.expected or element.measures for element in small.elements)
    assert "figures" not in small.described()


def test_guidance_comes_back_from_a_stored_edition(reading: Rubric) -> None:
    assert from_described(json.loads(json.dumps(reading.described(), ensure_ascii=False))) == reading


def changed(line: int, old: str, new: str) -> str:
    lines = GUIDED.read_text(encoding="utf-8").splitlines()
    assert old in lines[line - 1], lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(old, new)
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("edit", "code", "words"),
    [
        ((21, "kind: plan", "kind: plans"), "unknown_kind", "unknown kind 'plans'; did you mean plan?"),
        ((21, "kind: plan", "kind: film"), "unknown_kind", "known are plan, rules, minutes"),
        (
            (22, "近三年阅读", "近三年的阅读"),
            "clause_not_official",
            "does not stand in the official wording of C1",
        ),
        ((23, "code: summary", "code: plan"), "duplicate_material", "plan stands twice, first on line 21"),
        ((23, "code: summary", "code: Summary"), "bad_name", "'Summary' is not a short name"),
        ((23, "three_years: true", "three_years: no"), "wrong_type", "expected true, or nothing at all"),
        ((21, "words: 计划,", ""), "missing_key", "material has no words"),
        ((23, "words", "word"), "unknown_key", "did you mean words?"),
        ((29, "books / pupils", "books / pupil"), "unknown_figure", "'pupil'; did you mean pupils?"),
        ((29, "books / pupils", "books / "), "bad_formula", "expected a number, a figure or a parenthesis"),
        ((29, "books / pupils", "books + pupils"), "mixed_units", "different units"),
        ((29, "20 册/人", "20 册"), "wrong_unit", "the threshold is in 册, the formula comes to 册/人"),
        ((29, "20 册/人", "20 %"), "wrong_unit", "the threshold is in %, the formula comes to 册/人"),
        ((29, "20 册/人", "20 本/人"), "bad_unit", "unknown unit '本'"),
        ((29, "20 册/人", "二十册/人"), "bad_unit", "is not a number with its unit"),
        ((29, "at_least: 20 册/人,", ""), "wrong_comparison", "exactly one of at_least, at_most"),
        ((29, "at_least", "at_most: 3 册/人, at_least"), "wrong_comparison", "this one has 2"),
        ((30, "生均图书达到20册", "生均图书达到15册"), "clause_not_official", "生均图书达到15册"),
        ((37, "only_with: boarders", "only_with: boarder"), "unknown_figure", "did you mean boarders?"),
        ((40, "code: seats", "code: books"), "duplicate_measure", "books stands twice, first on line 29"),
        ((44, "only_with: boarders", "only_with: day_pupils"), "unknown_figure", "'day_pupils'"),
        ((56, "unit: 人", "unit: 只"), "bad_unit", "unknown unit '只'"),
        ((57, "at_most: pupils", "at_most: pupls"), "unknown_figure", "did you mean pupils?"),
        ((59, "at_most: books", "at_most: pupils"), "wrong_unit", "pupils counts something else"),
        ((60, "code: seats", "code: books"), "duplicate_figure", "books stands twice, first on line 58"),
        ((61, "decimals: 0", "decimals: -1"), "wrong_type", "a whole number from 0 to 9"),
        ((53, "one: book", ""), "missing_key", "unit has no one"),
    ],
)
def test_each_mistake_of_guidance_is_named_with_its_line(
    tmp_path: Path, edit: tuple[int, str, str], code: str, words: str
) -> None:
    found = problems_of(tmp_path / "wrong.yaml", changed(*edit))
    near = [problem for problem in found if problem.code == code and abs(problem.line - edit[0]) <= 1]
    assert near, [str(problem) for problem in found]
    assert words in near[0].message


def problems_of(path: Path, content: str) -> list[Problem]:
    path.write_text(content, encoding="utf-8")
    with pytest.raises(RubricInvalid) as refused:
        load(path)
    return refused.value.problems


def test_one_unknown_unit_does_not_bring_others_in_its_train(tmp_path: Path) -> None:
    found = problems_of(tmp_path / "wrong.yaml", changed(58, "unit: 册", "unit: 本"))
    assert [problem.code for problem in found] == ["bad_unit"]


def test_show_prints_guidance_marked_as_such(xian: Rubric) -> None:
    lines = [line.strip() for line in show(xian, as_json=False).splitlines()]
    assert "+ 党建工作计划 (plan)" in lines
    assert "+ 体质健康测试数据 (data, three school years)" in lines
    assert "= 生均体育场馆面积: sports_area / pupils ≥ 10.2 m²/人" in lines
