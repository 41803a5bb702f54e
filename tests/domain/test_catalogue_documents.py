"""The catalogue of a package and the labels of its boxes, read back by other programs."""

from __future__ import annotations

import io
import re
from pathlib import Path

import docx
import openpyxl
import pypdfium2
import pytest
from docx.oxml.ns import qn

from portfolio.documents import catalogue, catalogue_docx, catalogue_pdf, labels
from portfolio.documents.archive import register
from portfolio.documents.archive.contents import Contents
from portfolio.storage import Storage
from tests.archive_factory import SIGNED, Piece, package

LONG = "关于进一步加强教学常规管理的若干意见及实施情况汇总" * 12  # 300 characters
PIECES = (
    Piece("党支部会议记录", b"%PDF-1", ("C1", "C2"), pages=(3, 5)),
    Piece(LONG, b"%PDF-2", ("C1",)),
    Piece("=HYPERLINK(1)", b"%PDF-3", ("C4",)),
    Piece("运动会😀照片/汇总", b"%PDF-4", ("C60",)),
    *(Piece(f"教案 {number}", f"%PDF-{number}x".encode(), ("C22",)) for number in range(60)),
)
LINES = [
    ("A1-B1-C1-1", "党支部会议记录", "会议记录", "2024—2025、2025—2026", "2025-03-21", "第 3—5 页", "1", ""),
    ("A1-B1-C1-2", LONG, "会议记录", "2024—2025、2025—2026", "2025-03-21", "", "1", ""),
    (
        "A1-B1-C2-1", "党支部会议记录", "会议记录", "2024—2025、2025—2026", "2025-03-21", "第 3—5 页", "1",
        "见 A1-B1-C1-1",
    ),
]  # fmt: skip


@pytest.fixture
def contents(storage: Storage, tmp_path: Path) -> Contents:
    return package(storage, tmp_path, PIECES)


def words_of(pdf: pypdfium2.PdfDocument) -> str:
    return re.sub(r"\s+", "", "".join(page.get_textpage().get_text_bounded() for page in pdf))


def test_word_has_every_citation_under_its_number(contents: Contents) -> None:
    data = catalogue_docx.document(register.catalogue_of(contents), at=SIGNED)
    table = docx.Document(io.BytesIO(data)).tables[0]
    rows = [
        tuple("".join(t.text or "" for t in tc.iter(qn("w:t"))) for tc in tr.tc_lst)
        for tr in table._tbl.tr_lst
    ]
    assert rows[0] == register.HEADINGS
    assert [row for row in rows if len(row) == len(register.HEADINGS)][1:4] == LINES
    assert ("A1 加强党的领导与坚持正确办学方向",) in rows
    numbers = [row[0] for row in rows[1:] if len(row) == len(register.HEADINGS)]
    assert len(numbers) == len(set(numbers)) == sum(len(piece.elements) for piece in PIECES)


def test_the_workbook_holds_titles_as_text(contents: Contents) -> None:
    book = openpyxl.load_workbook(io.BytesIO(catalogue.workbook(register.catalogue_of(contents), at=SIGNED)))
    cells = {cell.value: cell.data_type for row in book.active.iter_rows() for cell in row if cell.value}
    assert cells["=HYPERLINK(1)"] == "s"


def test_the_pdf_repeats_its_headings_and_leaves_nothing_out(contents: Contents) -> None:
    sheet = register.catalogue_of(contents)
    with pypdfium2.PdfDocument(catalogue_pdf.document(sheet, at=SIGNED)) as pdf:
        assert len(pdf) > 1
        for page in pdf:
            text = page.get_textpage().get_text_bounded()
            assert "编号" in text
            assert re.search(r"A\d \S", text)  # the indicator that goes on
        words = words_of(pdf)
    assert LONG in words
    assert "运动会〓照片/汇总" in words
    assert all(f"A3-B8-C22-{number}" in words for number in range(1, 61))


def test_each_indicator_with_files_has_a_label_that_counts_what_is_in_its_box(contents: Contents) -> None:
    made = register.labels_of(contents)
    assert [(label.code, label.pieces, label.first, label.last) for label in made] == [
        ("A1", 2, "A1-B1-C1-1", "A1-B1-C1-2"),
        ("A2", 1, "A2-B2-C4-1", "A2-B2-C4-1"),
        ("A3", 60, "A3-B8-C22-1", "A3-B8-C22-60"),
        ("A5", 1, "A5-B15-C60-1", "A5-B15-C60-1"),
    ]


def test_labels_print_four_a_page(contents: Contents) -> None:
    made = register.labels_of(contents)
    with pypdfium2.PdfDocument(labels.document_pdf([*made, *made[:1]], at=SIGNED)) as pdf:
        assert len(pdf) == 2
        words = words_of(pdf)
    assert "A3-B8-C22-60" in words
    assert "60件" in words
    assert "学校课程与教学科研" in words  # downwards, a sign a line
    document = docx.Document(io.BytesIO(labels.document_docx([*made, *made[:1]], at=SIGNED)))
    assert [len(table.columns) for table in document.tables] == [4, 1]
    assert "学校课程与教学科研" in document.tables[0].rows[1].cells[2].text


def test_a_package_without_files_has_an_empty_catalogue(storage: Storage, tmp_path: Path) -> None:
    empty = package(storage, tmp_path, [])
    assert catalogue_pdf.document(register.catalogue_of(empty), at=SIGNED).startswith(b"%PDF-")
    assert catalogue_docx.document(register.catalogue_of(empty), at=SIGNED)
    assert labels.document_pdf(register.labels_of(empty), at=SIGNED).startswith(b"%PDF-")
    assert labels.document_docx(register.labels_of(empty), at=SIGNED)
