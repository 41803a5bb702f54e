"""The terms of pages and of searches: whatever holds a word has its terms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portfolio.derive import PageText
from portfolio.derive.grams import LONGEST_QUERY, MOST_WORDS, index_terms, read_query
from portfolio.derive.textnorm import CHUNK, OVERLAP, Chunk, chunks, folded, normalise

SCHOOL = 7
TEXTS = st.text(alphabet="教研活动党建黨AbＣ1２，。- \n", max_size=60)


def terms(text: str, position: int = 0) -> list[str]:
    return index_terms(Chunk(1, position, folded(normalise(text))), school_id=SCHOOL).split(" ")


def words(q: str) -> list[str]:
    return [word.text for word in read_query(q)]


def test_terms_are_pairs_of_ideographs_the_last_of_a_row_and_words_of_other_scripts() -> None:
    assert terms("教研活动，C12方案") == ["§7", "教研", "研活", "活动", "动", "c12", "方案", "案"]
    assert terms("ＧＢＫ 2024年 a_b") == ["§7", "gbk", "2024", "年", "a", "b"]
    assert terms("，。 !") == ["§7"]


def test_the_end_of_a_word_that_the_piece_before_holds_is_no_word() -> None:
    assert terms("cation of pupils", position=1) == ["§7", "of", "pupils"]
    assert terms("cation of pupils", position=0) == ["§7", "cation", "of", "pupils"]
    assert terms("育人", position=1) == ["§7", "育人", "人"]


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("党建 教研", ["党建", "教研"]),
        ("党建、教研，活动；会议", ["党建", "教研", "活动", "会议"]),
        ("“党建 教研”", ["党建教研"]),
        ('"Quality of Education" 2023', ["quality of education", "2023"]),
        ("「立德树人」『五育』", ["立德树人", "五育"]),
        ("黨建 ＡＢＣ", ["党建", "abc"]),
        ("党建 党建 黨建", ["党建"]),
        ("“没有结束", ["没有结束"]),
        ('。 *** "" “” 😀 _ %', []),
        ("", []),
    ],
)
def test_a_search_is_words_and_phrases_in_one_spelling(q: str, expected: list[str]) -> None:
    assert words(q) == expected


def test_long_searches_are_cut() -> None:
    assert words("教" * 300) == ["教" * OVERLAP]
    assert len(words(" ".join("甲乙丙丁戊己庚辛壬癸"))) == MOST_WORDS
    assert words("甲 " * LONGEST_QUERY + "乙") == ["甲"]


@given(TEXTS, st.integers(0, 60), st.integers(1, 20))
def test_what_holds_a_row_of_ideographs_has_its_terms_side_by_side(
    text: str, start: int, length: int
) -> None:
    for word in read_query(folded(normalise(text))[start : start + length]):
        found = terms(text)
        assert all(any(term.startswith(begin) for term in found) for begin in word.beginnings if begin > "一")
        if word.row:
            assert " ".join(word.whole) in " ".join(found)


def test_a_word_on_the_border_of_two_pieces_is_whole_in_one_of_them() -> None:
    for start in range(CHUNK - OVERLAP - 12, CHUNK + 2):
        text = "的" * (start - 1) + "，quality education，"
        pieces = list(chunks([PageText(1, text)]))
        held = [index_terms(piece, school_id=SCHOOL).split(" ") for piece in pieces]
        assert any("quality" in found and "education" in found for found in held), start
        assert not any("uality" in found or "ducation" in found for found in held), start
