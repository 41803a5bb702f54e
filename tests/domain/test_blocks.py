"""Markdown as blocks that a document can set."""

from __future__ import annotations

import pytest

from portfolio.documents.blocks import Block, Run, blocks_of


def told(blocks: list[Block]) -> list[tuple[str, str, int, str]]:
    return [(block.kind, block.mark, block.depth, block.text) for block in blocks]


def test_paragraphs_headings_lists_quotes_and_tables_become_blocks() -> None:
    text = (
        "# 概况\n\n第一段。\n\n第二段，\n换行。\n\n1. 制度\n2. 队伍\n    - 先锋岗\n\n> 立德树人\n\n"
        "| 年度 | 次数 |\n|-|-|\n| 2025 | 12 |\n"
    )
    assert told(blocks_of(text)) == [
        ("heading", "", 0, "概况"),
        ("text", "", 0, "第一段。"),
        ("text", "", 0, "第二段，\n换行。"),
        ("item", "1.", 0, "制度"),
        ("item", "2.", 0, "队伍"),
        ("item", "•", 1, "先锋岗"),
        ("quote", "", 0, "立德树人"),
        ("row", "", 0, "年度　|　次数"),
        ("row", "", 0, "2025　|　12"),
    ]


def test_strong_and_slanted_words_keep_their_style() -> None:
    [block] = blocks_of("坚持**党建引领**，*三年*来")
    assert block.runs == [
        Run("坚持"),
        Run("党建引领", strong=True),
        Run("，"),
        Run("三年", slanted=True),
        Run("来"),
    ]


@pytest.mark.parametrize("text", ["", "   \n\n", "<script>alert(1)</script>", "<img src=x>"])
def test_what_has_no_words_has_no_blocks(text: str) -> None:
    assert blocks_of(text) == []


def test_html_that_somebody_typed_is_not_obeyed() -> None:
    assert told(blocks_of("<b onclick=x>粗</b> &lt;i&gt; 1 < 2 & 3")) == [("text", "", 0, "粗 <i> 1 < 2 & 3")]
