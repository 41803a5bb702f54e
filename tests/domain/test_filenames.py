"""Names that people gave their files are kept and made harmless."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from portfolio.filenames import LONGEST_NAME, UNNAMED, clean_display_name, content_disposition


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("2023年党支部会议记录.pdf", "2023年党支部会议记录.pdf"),
        ("家长会👨‍👩‍👧.jpg", "家长会👨‍👩‍👧.jpg"),
        ("C:\\fakepath\\照片.jpg", "照片.jpg"),
        ("../../etc/passwd", "passwd"),
        ("folder/", "folder"),
        ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie: x.pdf"),
        ("a\0b.pdf", "ab.pdf"),
        ("2023\u202efdp.exe", "2023fdp.exe"),
        ("\u2067\u2069\u200fa\u2028.txt", "a.txt"),
        ("..\u202e/..\\x.txt", "x.txt"),
        ("  计划.docx  ", "计划.docx"),
        ("cafe\u0301.txt", "café.txt"),
        ("lone \ud83d surrogate.txt", "lone  surrogate.txt"),
        ("", UNNAMED),
        ("..", UNNAMED),
        ("/", UNNAMED),
        ("\u202e\n", UNNAMED),
        ("结束...", "结束..."),
    ],
)
def test_a_name_is_kept_without_what_could_mislead(raw: str, clean: str) -> None:
    assert clean_display_name(raw) == clean


def test_a_long_name_is_cut_and_keeps_its_extension() -> None:
    cut = clean_display_name("很" * 500 + ".docx")
    assert len(cut) == LONGEST_NAME
    assert cut.endswith("很.docx")
    assert len(clean_display_name("a." + "b" * 500)) == LONGEST_NAME


@pytest.mark.parametrize(
    ("filename", "header"),
    [
        ("plan.pdf", 'attachment; filename="plan.pdf"'),
        ("会议.docx", "attachment; filename=\"file.docx\"; filename*=UTF-8''%E4%BC%9A%E8%AE%AE.docx"),
        ("2023年 a.pdf", "attachment; filename=\"2023 a.pdf\"; filename*=UTF-8''2023%E5%B9%B4%20a.pdf"),
        ('a"b\\c.txt', 'attachment; filename="c.txt"'),
        ('say "no".txt', "attachment; filename=\"say _no_.txt\"; filename*=UTF-8''say%20%22no%22.txt"),
        ("50%20.txt", "attachment; filename=\"50_20.txt\"; filename*=UTF-8''50%2520.txt"),
        ("a\r\nX: y.txt", 'attachment; filename="aX: y.txt"'),
        ("a\u202e.b.照片", "attachment; filename=\"a.b\"; filename*=UTF-8''a.b.%E7%85%A7%E7%89%87"),
        ("", "attachment; filename=\"file\"; filename*=UTF-8''%E6%9C%AA%E5%91%BD%E5%90%8D"),
    ],
)
def test_a_download_carries_its_name_in_any_language(filename: str, header: str) -> None:
    assert content_disposition(filename, inline=False) == header


def test_a_name_survives_the_header_whole() -> None:
    name = "佐证 (1)’s [终稿]；100%，#1 👩‍🏫.pdf"
    header = content_disposition(name, inline=True)
    assert header.startswith("inline; ")
    assert header.isascii()
    assert unquote(header.split("filename*=UTF-8''")[1]) == name
