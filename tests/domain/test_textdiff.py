"""Two texts side by side."""

from __future__ import annotations

import random
import time

from hypothesis import given
from hypothesis import strategies as st

from portfolio.textdiff import MOST_SENTENCES, Comparison, Fold, Pair, Part, Side, compare, sentences

OLD = "第一条 教代会每学年召开一次。代表六十人。\n第二条 学校章程由教代会审议。"
NEW = "第一条 教代会每学年召开两次。代表六十人。\n第二条 学校章程由教代会审议。\n第三条 本办法自公布之日起施行。"


def text(side: Side | None) -> str:
    return "".join(part.text for part in side.parts) if side else ""


def pairs(comparison: Comparison) -> list[Pair]:
    return [line for line in comparison.lines if isinstance(line, Pair)]


def test_a_changed_sentence_shows_which_signs_changed() -> None:
    found = compare([(1, OLD)], [(1, NEW)])
    changed = next(pair for pair in pairs(found) if pair.kind == "changed")
    assert changed.old == Side(1, (Part("第一条 教代会每学年召开"), Part("一", True), Part("次。")))
    assert changed.new == Side(1, (Part("第一条 教代会每学年召开"), Part("两", True), Part("次。")))


def test_added_and_removed_sentences_stand_alone() -> None:
    added = pairs(compare([(1, OLD)], [(1, NEW)]))[-1]
    assert (added.kind, added.old, text(added.new)) == ("added", None, "第三条 本办法自公布之日起施行。")
    removed = pairs(compare([(1, NEW)], [(1, OLD)]))[-1]
    assert (removed.kind, removed.new) == ("removed", None)


def test_unlike_sentences_are_one_gone_and_one_come() -> None:
    kinds = [pair.kind for pair in pairs(compare([(1, "春季运动会。")], [(1, "The annual budget.")]))]
    assert kinds == ["removed", "added"]


def test_equal_texts_have_nothing_to_show() -> None:
    found = compare([(1, OLD)], [(1, OLD)])
    assert found.equal
    assert found.counts == {"same": 3}


def test_another_break_of_lines_or_pages_is_no_change() -> None:
    whole = "近三年学校坚持五育并举，把劳动教育纳入课程计划，每学期开展家长开放日活动。"
    broken = "近三年学校坚持五育并举，把劳动教育\n纳入课程计划，每学期开展家长开放日\n活动。"
    assert compare([(1, whole)], [(2, broken)]).equal


def test_long_unchanged_runs_are_folded_to_their_number() -> None:
    lines = [f"第{number}条 内容{number}。" for number in range(50)]
    other = [*lines[:25], "新的一条。", *lines[25:]]
    found = compare([(1, "\n".join(lines))], [(1, "\n".join(other))])
    assert [line.count for line in found.lines if isinstance(line, Fold)] == [23, 23]
    assert len(pairs(found)) == 5


def test_the_page_of_each_sentence_is_kept() -> None:
    assert [sentence.page for sentence in sentences([(1, "甲。乙。"), (4, "丙。")])] == [1, 1, 4]


def test_texts_without_end_are_cut_and_compared_in_reasonable_time() -> None:
    chance = random.Random(7)
    old = "\n".join(
        "".join(chance.choices("教代会审议通过", k=12)) + "。" for _ in range(MOST_SENTENCES + 500)
    )
    new = "\n".join(
        "".join(chance.choices("教代会审议通过", k=12)) + "。" for _ in range(MOST_SENTENCES + 500)
    )
    started = time.process_time()
    found = compare([(1, old)], [(1, new)])
    assert found.cut
    assert time.process_time() - started < 10
    alike = "\n".join(["同一句。"] * (MOST_SENTENCES - 1))
    assert compare([(1, alike)], [(1, alike + "\n另一句。")]).counts["added"] == 1


@given(st.text("甲乙丙。！\n a.", max_size=60), st.text("甲乙丙。！\n a.", max_size=60))
def test_both_columns_say_what_both_texts_say(old: str, new: str) -> None:
    found = compare([(1, old)], [(1, new)])
    shown = found.counts
    assert shown.get("same", 0) + shown.get("changed", 0) + shown.get("removed", 0) == len(
        list(sentences([(1, old)]))
    )
    assert shown.get("same", 0) + shown.get("changed", 0) + shown.get("added", 0) == len(
        list(sentences([(1, new)]))
    )
    for pair in pairs(found):
        assert pair.kind != "changed" or text(pair.old) != text(pair.new)
