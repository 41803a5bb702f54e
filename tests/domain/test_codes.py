"""Codes in the names of files and folders."""

from __future__ import annotations

import pytest

from rubric.codes import candidates_in_path, codes_in_path
from rubric.loader import find

RUBRIC = find("xian-new-quality-school")


@pytest.mark.parametrize(
    ("path", "codes"),
    [
        ("C12", ("C12",)),
        ("c12_党建.docx", ("C12",)),
        ("C12.pdf", ("C12",)),
        ("Ｃ１２党建.docx", ("C12",)),
        ("C-12 聘任.docx", ("C12",)),
        ("c 07 校长.docx", ("C7",)),
        ("校长证书（C7）.pdf", ("C7",)),
        ("党建-C2.docx", ("C2",)),
        ("2023-C2 党建.docx", ("C2",)),
        ("photo_C17.jpg", ("C17",)),
        ("C12-1 聘任方案.docx", ("C12",)),
        ("C12.3聘任", ("C12",)),
        ("C12证明材料.pdf", ("C12",)),
        ("C3区级表彰.pdf", ("C3",)),
        ("C14、C13 会议记录.pdf", ("C14", "C13")),
        ("C14,c14 会议记录.pdf", ("C14",)),
        ("A2 学校管理/C14 民主/IMG_1.jpg", ("C14",)),
        ("C14\\会议\\扫描件.pdf", ("C14",)),
        ("C12/C14 教代会.docx", ("C14",)),
        ("C84/", ("C84",)),
    ],
)
def test_an_element_s_code_is_read_from_a_name_or_a_folder(path: str, codes: tuple[str, ...]) -> None:
    assert codes_in_path(path, RUBRIC) == codes


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "ABC123.docx",
        "C123.docx",
        "C0.docx",
        "C85.docx",
        "C3PO.png",
        "2023C1.docx",
        "Type-C1接口.jpg",
        "type C1接口.jpg",
        "USB C1.jpg",
        "C1楼消防通道.jpg",
        "C2 号楼.jpg",
        "C1驾照.jpg",
        "DSC12.jpg",
        "党建.c12",
        "B3/校长.docx",
        "A2 学校管理/计划.docx",
        "C12-C15 聘任与公开.zip",
        "维生素.docx",
    ],
)
def test_what_only_looks_like_a_code_maps_to_nothing(path: str) -> None:
    assert codes_in_path(path, RUBRIC) == ()


@pytest.mark.parametrize(
    ("path", "codes"),
    [
        ("B3/校长述职.docx", ("C7", "C8")),
        ("b3 领导班子/照片/IMG_1.jpg", ("C7", "C8")),
        ("【B4】规划/规划.pdf", ("C9",)),
        ("A1加强党的领导/会议.docx", ("C1", "C2", "C3")),
        ("A2 学校管理/B3/校长.docx", ("C7", "C8")),
        ("Ａ１/会议.docx", ("C1", "C2", "C3")),
        ("C7-C9 材料/述职.docx", ("C7", "C8", "C9")),
        ("C7至C8.zip", ("C7", "C8")),
    ],
)
def test_a_group_s_code_narrows_the_choice(path: str, codes: tuple[str, ...]) -> None:
    assert candidates_in_path(path, RUBRIC) == codes


def test_an_indicator_s_folder_has_all_its_elements() -> None:
    assert candidates_in_path("A2 学校管理/", RUBRIC) == tuple(f"C{number}" for number in range(4, 19))


@pytest.mark.parametrize(
    "path",
    [
        "A4纸打印稿.docx",
        "A4 打印/x.pdf",
        "B1层消防.jpg",
        "B2教室/照片.jpg",
        "A8/x",
        "B2B.docx",
        "B22/x",
        "尺寸A4.pdf",
        "会议/x",
    ],
)
def test_paper_sizes_and_storeys_are_no_groups(path: str) -> None:
    assert candidates_in_path(path, RUBRIC) == ()
