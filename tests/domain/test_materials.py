"""Checklists that fill themselves from what is cited."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubric.cited import CitedEvidence
from rubric.loader import DEFAULT, find, load
from rubric.materials import Line, checklist
from rubric.model import Element

DATA = Path(__file__).parents[1] / "data"
XIAN = find(DEFAULT)
READING = load(DATA / "guided" / "reading.yaml")
YEARS = (2023, 2024, 2025)


def piece(
    title: str, kind: str = "other", *years: int, on: date | None = None, number: int = 0
) -> CitedEvidence:
    return CitedEvidence(number or hash(title) % 10**6, kind, frozenset(years), on, title)


def lines(*pieces: CitedEvidence, code: str = "C1", **more: frozenset[str]) -> dict[str, Line]:
    filled = checklist(READING.element(code), pieces, years=YEARS, **more)
    return {line.material.code: line for line in filled}


def covered(*pieces: CitedEvidence, code: str = "C1") -> set[str]:
    return {name for name, line in lines(*pieces, code=code).items() if line.covered}


@pytest.mark.parametrize(
    ("title", "kind", "names"),
    [
        ("2024学年阅读工作计划.docx", "plan", {"plan"}),
        ("2024学年阅读工作计划.docx", "other", {"plan"}),
        ("阅读工作计划和总结.pdf", "report", {"plan", "summary"}),
        ("图书馆管理制度", "rules", {"rules"}),
        ("管理制度（图书）", "other", {"rules"}),
        ("管理制度", "other", set()),
        ("借阅统计.xlsx", "data", {"register"}),
        ("某文件.pdf", "other", set()),
        ("某文件.pdf", "report", {"summary"}),
        ("IMG_2041.jpg", "photo", set()),
        ("阅读工作计划.jpg", "photo", set()),
        ("借阅登记本.jpg", "photo", {"register"}),
    ],
)
def test_a_title_names_materials_and_a_kind_only_where_the_title_is_silent(
    title: str, kind: str, names: set[str]
) -> None:
    assert covered(piece(title, kind)) == names


def test_a_kind_alone_does_not_choose_between_two_materials() -> None:
    assert covered(piece("IMG_2041", "photo"), code="C2") == set()
    assert covered(piece("阅览室.jpg", "photo"), code="C2") == {"seats"}


def test_full_width_and_capitals_are_alike() -> None:
    systems, _ = checklist(XIAN.element("C15"), [piece("ＯＡ系统使用截图")], years=YEARS)
    assert systems.covered


def test_missing_school_years_are_those_no_piece_speaks_for() -> None:
    line = lines(
        piece("计划一", "plan", 2025),
        piece("计划二", "plan", on=date(2024, 2, 1)),
        piece("总结", "report", 2024),
    )["plan"]
    assert (line.covered, line.complete, line.missing_years) == (True, False, (2024,))
    assert {each.title for each in line.evidence} == {"计划一", "计划二"}


def test_a_plan_of_three_years_needs_one_file() -> None:
    assert lines(piece("三年计划", "plan", 2023, 2024, 2025))["plan"].complete


def test_years_are_not_asked_for_where_the_wording_does_not() -> None:
    assert lines(piece("图书制度", "rules", 2015))["rules"].complete


def test_an_uncovered_material_lacks_every_year() -> None:
    line = lines()["plan"]
    assert (line.covered, line.missing_years) == (False, YEARS)


def test_what_is_ticked_by_hand_is_complete_and_keeps_its_evidence() -> None:
    line = lines(piece("计划", "plan", 2025), by_hand=frozenset({"plan"}))["plan"]
    assert (line.by_hand, line.complete, len(line.evidence)) == (True, True, 1)


def test_what_a_day_school_cannot_have_is_not_on_its_list() -> None:
    assert "corner" in lines(code="C2")
    assert "corner" not in lines(code="C2", absent=frozenset({"boarders"}))


def test_a_file_cited_for_two_pages_stands_once() -> None:
    twice = piece("计划", "plan", 2025)
    assert lines(twice, twice)["plan"].evidence == (twice,)


@pytest.mark.parametrize("element", XIAN.elements, ids=lambda element: element.code)
def test_a_material_is_recognised_by_its_own_name(element: Element) -> None:
    for material in element.expected:
        title = f"2024-2025学年{material.name.zh}.pdf"
        (line,) = [
            line
            for line in checklist(element, [piece(title, "other", 2024)], years=YEARS)
            if line.material == material
        ]
        assert line.covered, (element.code, title)


def test_nine_of_ten_real_titles_find_a_place_on_the_checklist_of_their_element() -> None:
    titles = [
        row.split("\t")[:2]
        for name in ("titles_dev.tsv", "titles_ours.tsv")
        for row in (DATA / name).read_text(encoding="utf-8").splitlines()
        if not row.startswith("#")
    ]
    placed = [
        title
        for title, codes in titles
        if any(
            line.covered
            for code in codes.split(",")
            for line in checklist(XIAN.element(code), [piece(title, "other")], years=YEARS)
        )
    ]
    assert len(placed) >= 0.9 * len(titles), len(placed) / len(titles)


words = st.sampled_from(["计划", "总结", "图书", "制度", "借阅", "其他", "汇报"])
pieces = st.builds(
    CitedEvidence,
    st.integers(1, 6),
    st.sampled_from(["plan", "report", "rules", "record", "photo", "other"]),
    st.frozensets(st.integers(2022, 2026), max_size=3),
    st.none() | st.dates(date(2022, 1, 1), date(2026, 12, 31)),
    st.lists(words, max_size=3).map("".join),
)


@given(st.lists(pieces, max_size=6, unique_by=lambda each: each.evidence_id), pieces)
def test_one_more_file_never_uncovers_a_material_or_a_year(
    cited: list[CitedEvidence], more: CitedEvidence
) -> None:
    more = replace(more, evidence_id=99)
    for before, after in zip(lines(*cited).values(), lines(*cited, more).values(), strict=True):
        assert before.covered <= after.covered
        assert set(after.missing_years) <= set(before.missing_years)


@given(st.lists(pieces, max_size=6))
def test_the_order_of_citations_does_not_matter(cited: list[CitedEvidence]) -> None:
    cited = list({each.evidence_id: each for each in cited}.values())
    forward, backward = lines(*cited), lines(*reversed(cited))
    for code, line in forward.items():
        assert set(line.evidence) == set(backward[code].evidence)
        assert line.missing_years == backward[code].missing_years
