"""What a file's name tells."""

from __future__ import annotations

import pytest

from portfolio.models import EvidenceKind
from portfolio.titles import default_title, guess_kind, guess_years


@pytest.mark.parametrize(
    ("filename", "title"),
    [
        ("2023年党支部会议记录.pdf", "2023年党支部会议记录"),
        ("校务公开目录 v1.2.xlsx", "校务公开目录 v1.2"),
        ("没有扩展名", "没有扩展名"),
        (".pdf", ".pdf"),
        ("长" * 300 + ".docx", "长" * 200),
    ],
)
def test_the_title_is_the_name_without_its_extension(filename: str, title: str) -> None:
    assert default_title(filename) == title


@pytest.mark.parametrize(
    ("filename", "kind"),
    [
        ("党支部会议记录.pdf", EvidenceKind.MINUTES),
        ("教代会纪要.docx", EvidenceKind.MINUTES),
        ("德育工作计划.docx", EvidenceKind.PLAN),
        ("绩效工资分配方案.pdf", EvidenceKind.PLAN),
        ("学校章程.pdf", EvidenceKind.RULES),
        ("教职工代表大会实施办法.pdf", EvidenceKind.RULES),
        ("工作计划完成情况总结.docx", EvidenceKind.REPORT),
        ("安全隐患排查台账.xlsx", EvidenceKind.DATA),
        ("家访记录.pdf", EvidenceKind.RECORD),
        ("荣誉证书.pdf", EvidenceKind.CERTIFICATE),
        ("IMG_2041.pdf", EvidenceKind.OTHER),
    ],
)
def test_the_kind_is_what_the_name_ends_in(filename: str, kind: EvidenceKind) -> None:
    assert guess_kind(filename, "document") == kind


def test_a_picture_without_words_is_a_photo_and_a_sheet_is_data() -> None:
    assert guess_kind("IMG_2041.jpg", "picture") == EvidenceKind.PHOTO
    assert guess_kind("2041.xlsx", "sheet") == EvidenceKind.DATA
    assert guess_kind("获奖证书.jpg", "picture") == EvidenceKind.CERTIFICATE


@pytest.mark.parametrize(
    ("filename", "years"),
    [
        ("2022-2023学年德育工作计划.docx", {2022}),
        ("2023—2024学年度第二学期总结.docx", {2023}),
        ("2020-2023学年汇总.xlsx", {2020, 2021, 2022}),
        ("2021-2023年体质健康汇总.xlsx", {2021, 2022, 2023}),
        ("安全应急演练记录 2025 春.pdf", {2024}),
        ("2023秋课程表.xls", {2023}),
        ("2023学年第一学期.pdf", {2023}),
        ("2023年3月会议记录.pdf", {2022}),
        ("2023年9月会议记录.pdf", {2023}),
        ("IMG_20230315_101112.jpg", {2022}),
        ("照片 2024-10-01.png", {2024}),
        ("2023年党支部会议记录.pdf", {2022, 2023}),
        ("校务公开目录.xlsx", set()),
        ("合同13812023456.pdf", set()),
        ("1990-2100.pdf", set()),
    ],
)
def test_school_years_are_read_from_the_name(filename: str, years: set[int]) -> None:
    assert guess_years(filename) == years
