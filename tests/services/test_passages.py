"""Passages: the words marked as people wrote them, in the place where most of them stand together."""

from __future__ import annotations

import pytest

from portfolio.queries.passages import WIDTH, Segment, marked, opening, passage, pattern_of


def told(segments: tuple[Segment, ...]) -> str:
    """With the words in brackets."""
    return "".join(f"[{text}]" if is_word else text for text, is_word in segments)


@pytest.mark.parametrize(
    ("words", "text", "expected"),
    [
        (["党建"], "黨建与党 建", "[黨建]与[党 建]"),
        (["abc"], "ＡＢＣ aBc", "[ＡＢＣ] [aBc]"),
        (["2023年"], "2023 年、２０２３年", "[2023 年]、[２０２３年]"),
        (["quality education"], "Quality\n education", "[Quality\n education]"),
        (["教研", "教研活动"], "教研活动与教研", "[教研活动]与[教研]"),
        (["a*b", "(c)"], "a*b 与 (C) 与 aab", "[a*b] 与 [(C)] 与 aab"),
        (["没有"], "别的", "别的"),
    ],
)
def test_words_are_marked_in_the_spelling_they_were_written_in(
    words: list[str], text: str, expected: str
) -> None:
    assert told(marked(text, pattern_of(words))) == expected


def test_the_passage_begins_with_the_sentence_and_tells_what_it_leaves_out() -> None:
    text = "很长的开头。" * 20 + "会议开始。教代会以无记名投票通过。" + "很长的结尾。" * 20
    found = told(passage(text, pattern_of(["教代会"])))
    assert "[教代会]以无记名投票通过。" in found
    assert found.startswith("…") and found.endswith("…")
    assert len(found) <= WIDTH + len("…[]…")


def test_the_passage_is_where_most_of_the_words_stand_together() -> None:
    text = "投票。" + "其他事项，" * 40 + "教代会投票" + "其他事项，" * 40 + "教代会"
    assert "[教代会][投票]" in told(passage(text, pattern_of(["教代会", "投票"])))


def test_a_phrase_over_a_line_s_end_is_one() -> None:
    assert told(passage("五育\n并举", pattern_of(["五育并举"]))) == "[五育并举]"


def test_without_the_words_there_is_no_passage_but_there_is_an_opening() -> None:
    pattern = pattern_of(["m2"])
    assert passage("操场 400 ㎡", pattern) == ()
    assert told(opening("操场 400 ㎡" + "。" * WIDTH, pattern)).startswith("操场 400 ㎡")
