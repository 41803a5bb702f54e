"""Names in an archive: unpacked anywhere, told apart everywhere."""

from __future__ import annotations

import pytest

from portfolio.documents.archive.names import LONGEST_TITLE, extension, safe_name


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("会议记录", "会议记录"),
        ("计划/总结\\汇总: 2025?", "计划／总结＼汇总： 2025？"),
        ('<“最终*版|定稿">', "＜“最终＊版｜定稿＂＞"),
        ("末尾有点...", "末尾有点"),
        (" .. 前后空格 . ", "前后空格"),
        ("两行\n标题\t表", "两行 标题 表"),
        ("反转\u202efdp.exe", "反转fdp.exe"),
        ("升旗😀仪式", "升旗😀仪式"),
        ("完成 100%", "完成 100％"),
        ("CON", "_CON"),
        ("com1.报告", "_com1.报告"),
        ("../../etc/passwd", "／..／etc／passwd"),
        ("\0\u200b", "未命名"),
        ("...", "未命名"),
        ("é", "é"),
    ],
)
def test_a_title_becomes_a_name_that_windows_takes(title: str, name: str) -> None:
    assert safe_name(title) == name


@pytest.mark.parametrize("title", ["长" * 300, "😀" * 300, "a" * 300, "e\u0301" * 300, "长 . " * 100])
def test_a_long_title_is_cut_where_every_system_can_hold_it(title: str) -> None:
    name = safe_name(title)
    assert 1 <= len(name) <= LONGEST_TITLE
    assert len(name.encode()) <= 180
    assert len(name.encode("utf-16-le")) <= 2 * 120
    assert name == name.strip(" .")


@pytest.mark.parametrize(
    ("filename", "media_type", "copied", "expected"),
    [
        ("照片.JPEG", "image/jpeg", False, ".jpeg"),
        ("照片.pdf", "image/jpeg", False, ".jpg"),
        ("无扩展名", "application/pdf", False, ".pdf"),
        ("照片.heic", "image/heic", True, ".jpg"),
        ("照片.heic", "image/heic", False, ".heic"),
        ("怪.x", "application/x-unheard-of", False, ".bin"),
    ],
)
def test_a_file_opens_with_what_its_content_needs(
    filename: str, media_type: str, copied: bool, expected: str
) -> None:
    assert extension(filename, media_type, copied=copied) == expected
