"""A wrong rubric file: every mistake with its line, in one run."""

from pathlib import Path

import pytest

from rubric.loader import DATA, DEFAULT, Problem, RubricInvalid, load
from rubric.report import show, validate

GOOD = (Path(__file__).parents[1] / "data" / "small-rubric.yaml").read_text(encoding="utf-8")


def changed(*edits: tuple[int, str, str]) -> str:
    """The good file with some words of some lines (from 1) replaced; the words must stand there."""
    lines = GOOD.splitlines()
    for number, old, new in edits:
        assert old in lines[number - 1], (number, old, lines[number - 1])
        lines[number - 1] = lines[number - 1].replace(old, new)
    return "\n".join(lines) + "\n"


def problems_of(path: Path, content: str | bytes) -> list[Problem]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(RubricInvalid) as refused:
        load(path)
    return refused.value.problems


TEXT, POINTS = "生均图书达到规定册数。", "points: 1.5"


@pytest.mark.parametrize(
    ("edit", "line", "code", "words"),
    [
        ((49, "C5", "C1"), 49, "duplicate_code", "the code C1 stands twice, first on line 16"),
        ((24, "B2", "B1"), 24, "duplicate_code", "the code B1 stands twice, first on line 12"),
        ((32, "A2", "A1"), 32, "duplicate_code", "the code A1 stands twice, first on line 5"),
        (
            (50, "读书活动", "图书更新"),
            50,
            "duplicate_short_title",
            "图书更新 stands twice, first on line 21",
        ),
        ((18, f"text: {TEXT}", "points: 1.5"), 19, "duplicate_key", "points stands twice in one element"),
        ((14, "3", "3.25"), 14, "wrong_sum", "B1 has 3.25 points, its elements add up to 3.0"),
        ((7, "4.5", "4"), 7, "wrong_sum", "A1 has 4 points, its sub-indicators add up to 4.5"),
        ((3, "7.5", "100"), 3, "wrong_sum", "the rubric has 100 points, its indicators add up to 7.5"),
        ((17, "short_title", "shorttitle"), 17, "unknown_key", "in element; did you mean short_title?"),
        ((36, "text", "zzz"), 36, "unknown_key", "unknown key 'zzz' in method"),
        ((2, "title: 校园阅读评估细则", "# none"), 3, "missing_key", "rubric has no title"),
        ((18, f"text: {TEXT}", ""), 16, "missing_key", "element has no text"),
        ((19, POINTS, ""), 16, "missing_key", "element has no points"),
        ((18, TEXT, ""), 18, "blank_text", "the text is missing"),
        ((18, TEXT, '"  "'), 18, "blank_text", "the text is missing"),
        ((18, TEXT, "~"), 18, "blank_text", "the text is missing"),
        ((18, TEXT, "[一, 二]"), 18, "wrong_type", "expected text, found a list"),
        ((18, TEXT, "2023"), 18, "wrong_type", "expected text, found '2023'"),
        ((9, "查阅资料，实地查看", "{a: b}"), 9, "wrong_type", "expected text, found a mapping"),
        ((10, "[documents, inspect]", "documents"), 10, "wrong_type", "expected a list, found 'documents'"),
        ((10, "[documents, inspect]", ""), 10, "wrong_type", "expected a list, found nothing"),
        ((38, "text: 发放调查问卷", "? [a]\n        : b"), 38, "wrong_type", "expected a key, found a list"),
        ((10, "[documents, inspect]", "[]"), 10, "empty_list", "the list is empty"),
        ((10, "inspect", "inspection"), 10, "unknown_channel", "did you mean inspect?"),
        ((10, "inspect", "远程"), 10, "unknown_channel", "known are listen, documents"),
        (
            (17, "馆藏图书数量", "馆藏、书"),
            17,
            "short_title_length",
            "has 3 characters; it must have 4 to 10",
        ),
        ((17, "馆藏图书数量", "馆藏图书数量与质量标准"), 17, "short_title_length", "has 11 characters"),
        ((16, "C1", "D1"), 16, "bad_code", "'D1' is not a code such as C1"),
        ((16, "C1", "C01"), 16, "bad_code", "'C01' is not a code"),
        ((12, "B1", "A3"), 12, "bad_code", "'A3' is not a code such as B1"),
        ((5, "A1", "A"), 5, "bad_code", "'A' is not a code such as A1"),
        ((19, "1.5", "0"), 19, "bad_points", "positive number with at most 2 decimals, not '0'"),
        ((19, "1.5", "-1.5"), 19, "bad_points", "'-1.5'"),
        ((19, "1.5", "1.505"), 19, "bad_points", "'1.505'"),
        ((19, "1.5", '"1.5"'), 19, "bad_points", "'1.5'"),
        ((19, "1.5", "1e0"), 19, "bad_points", "'1e0'"),
        ((19, "1.5", ".inf"), 19, "bad_points", "'.inf'"),
        ((19, "1.5", "010"), 19, "bad_points", "'010'"),
        ((19, "1.5", "many"), 19, "bad_points", "'many'"),
        ((19, "1.5", ""), 19, "bad_points", "''"),
        ((19, "1.5", "[1.5]"), 19, "bad_points", "a list"),
        ((2, "校园", "\x07"), 2, "syntax", "not YAML: special characters are not allowed"),
        ((37, "]", ""), 38, "syntax", "not YAML: expected ',' or ']'"),
        ((50, "读书活动", "读书: 活动"), 50, "syntax", "not YAML: mapping values are not allowed here"),
    ],
)
def test_each_mistake_is_named_with_its_line(
    tmp_path: Path, edit: tuple[int, str, str], line: int, code: str, words: str
) -> None:
    found = problems_of(tmp_path / "wrong.yaml", changed(edit))
    named = [problem for problem in found if (problem.line, problem.code) == (line, code)]
    assert len(named) == 1, [str(problem) for problem in found]
    assert words in named[0].message


@pytest.mark.parametrize(
    ("edit", "codes"),
    [
        ((16, "C1", "D1"), ["bad_code"]),
        ((17, "short_title", "shorttitle"), ["unknown_key"]),
        ((19, POINTS, ""), ["missing_key"]),
        ((14, "3", "three"), ["bad_points"]),
        ((19, "1.5", "1"), ["wrong_sum"]),
        ((14, "3", "2"), ["wrong_sum", "wrong_sum"]),
        ((49, "C5", "C1"), ["duplicate_code"]),
    ],
)
def test_one_mistake_does_not_bring_others_in_its_train(
    tmp_path: Path, edit: tuple[int, str, str], codes: list[str]
) -> None:
    assert [problem.code for problem in problems_of(tmp_path / "wrong.yaml", changed(edit))] == codes


def test_all_mistakes_of_a_file_are_named_in_one_run_in_line_order(tmp_path: Path) -> None:
    content = changed(
        (3, "7.5", "8"),
        (10, "inspect", "inspection"),
        (14, "3", "2"),
        (17, "short_title", "short_titel"),
        (28, "C3", "C2"),
        (30, "阅览室每天开放。", ""),
        (36, "听汇报", "[听汇报]"),
        (48, "2.5", "2.555"),
        (50, "读书活动", "读书"),
    )
    assert [(problem.line, problem.code) for problem in problems_of(tmp_path / "wrong.yaml", content)] == [
        (3, "wrong_sum"),
        (7, "wrong_sum"),
        (10, "unknown_channel"),
        (14, "wrong_sum"),
        (17, "unknown_key"),
        (28, "duplicate_code"),
        (30, "blank_text"),
        (36, "wrong_type"),
        (48, "bad_points"),
        (50, "short_title_length"),
    ]


@pytest.mark.parametrize(
    ("content", "line", "code"),
    [
        ("", 1, "empty_file"),
        ("# nothing but a comment\n", 1, "empty_file"),
        ("- a\n- b\n", 1, "wrong_type"),
        ("just words", 1, "wrong_type"),
        ("title: a\n---\ntitle: b\n", 2, "syntax"),
        ("a: *nobody\n", 1, "syntax"),
        ("[" * 5000, 1, "syntax"),
        ("[" * 50_000 + "]" * 50_000, 1, "syntax"),
        (b"title: ok\nindicators: \xff\xfe\n", 2, "not_utf8"),
    ],
)
def test_a_file_that_is_no_rubric_at_all_is_explained(
    tmp_path: Path, content: str | bytes, line: int, code: str
) -> None:
    found = problems_of(tmp_path / "wrong.yaml", content)
    assert [(problem.line, problem.code) for problem in found] == [(line, code)]


def test_an_element_repeated_by_an_alias_is_a_duplicate(tmp_path: Path) -> None:
    content = changed((16, "- code: C1", "- &first\n            code: C1"), (14, "3", "4.5"))
    content = content.replace("      - code: B2\n", "          - *first\n      - code: B2\n")
    assert "duplicate_code" in {problem.code for problem in problems_of(tmp_path / "wrong.yaml", content)}


def test_a_list_that_contains_itself_is_refused_not_followed(tmp_path: Path) -> None:
    content = "title: a\ntotal_points: 1\nindicators: &self\n  - *self\n"
    assert [problem.code for problem in problems_of(tmp_path / "wrong.yaml", content)] == ["wrong_type"]


def test_a_missing_file_and_a_folder_are_explained(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.yaml", tmp_path):
        with pytest.raises(RubricInvalid) as refused:
            load(path)
        assert [problem.code for problem in refused.value.problems] == ["unreadable"]


def test_a_file_saved_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "saved-on-windows.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load(path).title == "校园阅读评估细则"


def test_the_name_of_a_rubric_is_that_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "reading-2026.yaml"
    path.write_text(GOOD, encoding="utf-8")
    assert load(path).name == "reading-2026"


def test_validate_prints_file_line_and_message_and_exits_1(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(changed((3, "7.5", "8"), (49, "C5", "C1")), encoding="utf-8")
    code, printed = validate(path)
    assert code == 1
    assert printed.splitlines() == [
        f"{path}:3: the rubric has 8 points, its indicators add up to 7.5",
        f"{path}:49: the code C1 stands twice, first on line 16",
    ]


def test_validate_counts_a_right_file_and_exits_0() -> None:
    path = DATA / f"{DEFAULT}.yaml"
    expected = "OK: 7 indicators, 21 sub-indicators, 84 elements, 100 points, digest " + load(path).digest
    assert validate(path) == (0, expected)


def test_show_prints_every_word_of_the_rubric_as_a_tree() -> None:
    rubric = load(DATA / f"{DEFAULT}.yaml")
    lines = show(rubric, as_json=False).splitlines()
    assert lines[0] == f"{rubric.title} · 100"
    for element in rubric.elements:
        at = next(n for n, line in enumerate(lines) if line.strip().startswith(f"{element.code} "))
        assert element.short_title in lines[at]
        assert lines[at + 1].strip() == element.text
