"""From titles and texts to elements: how often it is right, and what it says of its reasons."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from rubric.loader import find, load
from rubric.model import Rubric
from rubric.suggest import Suggester, Suggestion, without_noise
from rubric.words import words_for

DATA = Path(__file__).resolve().parents[1] / "data"

Labelled = list[tuple[str, set[str]]]


@pytest.fixture(scope="module")
def rubric() -> Rubric:
    return find("xian-new-quality-school")


@pytest.fixture(scope="module")
def suggester(rubric: Rubric) -> Suggester:
    return Suggester(rubric, words_for(rubric))


def titles(file: str, half: str | None = None) -> Labelled:
    lines = (DATA / file).read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [(row[0], set(row[1].split(","))) for row in rows if half is None or row[2] == half]


def share_right(suggester: Suggester, labelled: Labelled, limit: int) -> float:
    right = [
        title for title, codes in labelled if codes & set(codes_of(suggester.suggest(title, limit=limit)))
    ]
    return len(right) / len(labelled)


def codes_of(suggestions: Iterable[Suggestion]) -> list[str]:
    return [suggestion.code for suggestion in suggestions]


@pytest.mark.parametrize(
    ("file", "half", "least", "in_first_three", "in_first_place"),
    [
        ("titles_dev.tsv", None, 90, 0.97, 0.85),
        ("titles_ours.tsv", "tuning", 150, 0.95, 0.85),
        ("titles_ours.tsv", "held-out", 150, 0.95, 0.85),
    ],
)
def test_a_right_element_is_among_the_first(
    suggester: Suggester,
    file: str,
    half: str | None,
    least: int,
    in_first_three: float,
    in_first_place: float,
) -> None:
    labelled = titles(file, half)
    assert len(labelled) >= least
    assert share_right(suggester, labelled, limit=3) >= in_first_three
    assert share_right(suggester, labelled, limit=1) >= in_first_place


def test_every_element_can_come_first_for_a_title_of_ours(suggester: Suggester, rubric: Rubric) -> None:
    labelled = titles("titles_ours.tsv") + titles("titles_dev.tsv")
    first = {suggester.suggest(title, limit=1)[0].code for title, _ in labelled}
    assert first == {element.code for element in rubric.elements}


def test_the_words_hold_no_title_of_the_lists(rubric: Rubric) -> None:
    names = {without_noise(title) for title, _ in titles("titles_dev.tsv")}
    official = "".join(element.text for element in rubric.elements)
    ours = {word for words in words_for(rubric).values() for word in words if word not in official}
    assert not names & ours


def test_it_says_which_words_told(suggester: Suggester) -> None:
    first = suggester.suggest("教代会会议记录.pdf")[0]
    assert (first.code, first.because) == ("C14", ("教代会", "会议记录"))


def test_without_a_known_word_the_shared_characters_are_the_reason(rubric: Rubric) -> None:
    suggestions = Suggester(rubric, {}).suggest("组培室旧照")
    assert suggestions[0].code == "C65"
    assert any("组培室" in reason for reason in suggestions[0].because)


@pytest.mark.parametrize(
    "title", ["", ".docx", "IMG_2041.jpg", "2023-2024学年", "DSC00017", "新建文件夹", "🙂", "\n"]
)
def test_a_title_that_tells_nothing_gets_no_suggestion(suggester: Suggester, title: str) -> None:
    assert suggester.suggest(title) == []


def test_the_text_tells_where_the_title_doesn_t(suggester: Suggester) -> None:
    text = "本周食堂从业人员健康证齐全，餐厅地面整洁，学生宿舍内务良好。食堂留样按时登记，饮水机已消毒。" * 3
    suggestions = suggester.suggest("扫描件0017.pdf", text)
    assert suggestions[0].code == "C69"
    assert suggestions[0].because
    assert all(reason in text for reason in suggestions[0].because)


def test_a_telling_title_stands_against_its_text(suggester: Suggester) -> None:
    text = "家长会上，班主任讲了食品安全、交通安全和防溺水。" * 200
    assert suggester.suggest("控辍保学台账.xlsx", text)[0].code == "C11"


def test_like_titles_cited_before_come_first(rubric: Rubric) -> None:
    history = [("2022年秦岭观鸟日志.docx", frozenset({"C57"})), ("党支部会议记录", frozenset({"C2"}))]
    title = "2024年秦岭观鸟日志（终稿）.docx"
    words = words_for(rubric)
    assert "C57" not in codes_of(Suggester(rubric, words).suggest(title))
    first = Suggester(rubric, words, history).suggest(title)[0]
    assert (first.code, first.because[0]) == ("C57", "《秦岭观鸟日志》")


def test_history_of_another_rubric_s_codes_is_passed_over(rubric: Rubric) -> None:
    suggester = Suggester(rubric, words_for(rubric), [("观鸟日志", frozenset({"C99"}))])
    assert "C99" not in codes_of(suggester.suggest("观鸟日志"))


def test_it_keeps_to_the_elements_asked_about_and_to_the_limit(suggester: Suggester) -> None:
    among = {"C8", "C13", "C14", "C99"}
    suggestions = suggester.suggest("教代会关于岗位职责和领导班子的会议记录", limit=2, among=among)
    assert len(suggestions) == 2
    assert set(codes_of(suggestions)) <= among
    assert suggester.suggest("教代会会议记录", limit=0) == []


def test_scores_fall_and_are_positive(suggester: Suggester) -> None:
    scores = [suggestion.score for suggestion in suggester.suggest("德育与安全教育工作计划", limit=84)]
    assert scores == sorted(scores, reverse=True)
    assert all(score > 0 for score in scores)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("2023-2024学年德育工作计划（最终版）.docx", "德育工作计划( )"),
        ("西安市雁塔区劳动路小学校务公开目录.pdf", "校务公开目录"),
        ("XX学校党课.pptx", "党课"),
        ("ＯＡ系统 V2.1", "oa系统"),
        ("小学生守则.pdf", "小学生守则"),
        ("与王庄小学结对帮扶协议.pdf", "与王庄小学结对帮扶协议"),
        ("家长学校授课计划", "家长学校授课计划"),
        ("C4.1 双减", "c4.1 双减"),
    ],
)
def test_dates_drafts_extensions_and_the_school_s_own_name_are_no_evidence(title: str, name: str) -> None:
    assert without_noise(title) == name


def test_a_school_s_name_is_not_taken_for_its_subject(suggester: Suggester) -> None:
    assert "C65" not in codes_of(suggester.suggest("西安市碑林区实验小学教代会会议记录"))


def test_latin_words_have_edges(suggester: Suggester) -> None:
    assert "C15" in codes_of(suggester.suggest("OA截图"))
    assert suggester.suggest("board.png") == []


def test_another_rubric_works_by_its_wording_alone() -> None:
    small = load(DATA / "small-rubric.yaml")
    suggester = Suggester(small, words_for(small))
    for element in small.elements:
        assert element.code in codes_of(suggester.suggest(element.text))
