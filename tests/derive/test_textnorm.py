"""One spelling of each character, and pieces that no phrase is lost between."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portfolio.derive import PageText
from portfolio.derive.textnorm import CHUNK, OVERLAP, chunks, folded, normalise, tidy
from portfolio.derive.traditional import SIMPLIFIED

TEXTS = st.text(
    alphabet=st.one_of(st.characters(), st.sampled_from("教研活动党建　 \n\tＡｂ１，，")), max_size=200
)


def test_text_for_reading_keeps_lines_and_chinese_punctuation() -> None:
    assert tidy("标题：甲，\r\n乙\r\n\r\n\r\n\r\n丙  ") == "标题：甲，\n乙\n\n丙"


def test_text_for_reading_has_nothing_invisible_and_usual_characters() -> None:
    assert tidy("a\x00b\u200bc\ufeffd\u202ee\ud800f\x1b") == "abcdef"
    assert tidy("⼀⽣ ﬁle 豈") == "一生 file 豈"
    assert tidy("co\ufffe\r\noperation") == "cooperation"


def test_text_for_searching_has_no_gaps_beside_ideographs_and_one_width() -> None:
    assert normalise("五育并\n举，促 发 展") == "五育并举,促发展"
    assert normalise("ＡＢＣ　１２３  x\ty") == "ABC 123 x y"
    assert normalise("共 12 人，AI 课堂") == "共12人,AI课堂"


@given(TEXTS)
def test_normalising_again_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert tidy(tidy(text)) == tidy(text)


@given(TEXTS)
def test_folding_keeps_every_character_in_its_place(text: str) -> None:
    assert len(folded(text)) == len(text)


def test_traditional_and_simplified_capital_and_small_are_alike() -> None:
    assert folded("黨建與ABC學校") == "党建与abc学校"


def test_the_table_of_characters_is_of_pairs_that_end_on_the_mainland() -> None:
    assert len(SIMPLIFIED) > 800
    for traditional, simplified in SIMPLIFIED.items():
        simplified.encode("gb2312")
        traditional.encode("big5hkscs")
        assert simplified not in SIMPLIFIED, (traditional, simplified)


def test_pieces_overlap_and_never_cross_a_page() -> None:
    first, second = "".join(chr(0x4E00 + at) for at in range(4500)), "乙" * 10
    found = list(chunks([PageText(1, first), PageText(2, "  "), PageText(3, second)]))
    assert [(piece.page, piece.position, len(piece.text)) for piece in found] == [
        (1, 0, CHUNK), (1, 1, CHUNK), (1, 2, 4500 - 2 * (CHUNK - OVERLAP)), (3, 0, 10),
    ]  # fmt: skip
    assert found[0].text[-OVERLAP:] == found[1].text[:OVERLAP]
    assert found[0].text + found[1].text[OVERLAP:] + found[2].text[OVERLAP:] == normalise(first)


@given(st.integers(min_value=0, max_value=3 * CHUNK))
def test_no_phrase_as_long_as_the_overlap_is_lost_between_pieces(length: int) -> None:
    text = "".join(chr(0x4E00 + at) for at in range(length))
    pieces = [piece.text for piece in chunks([PageText(1, text)])]
    text = normalise(text)
    assert all(0 < len(piece) <= CHUNK for piece in pieces)
    assert all(any(text[at : at + OVERLAP] in piece for piece in pieces) for at in range(0, len(text), 7))
