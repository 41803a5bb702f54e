"""Documents come out page by page as text, and as images where their pages can be drawn."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime

import pytest
from PIL import Image

from portfolio.derive import Derived, Limits, PageText
from portfolio.derive.textnorm import normalise
from tests.derive.samples import (
    DOCX,
    PPTX,
    XLSX,
    document_xml,
    encoded,
    package_with,
    pdf,
    raw_pdf,
    scene,
    slides,
    word,
    workbook,
)

Made = Callable[..., Derived]
PDF = "application/pdf"


def test_each_page_of_a_pdf_has_its_text(made: Made) -> None:
    derived = made(pdf("学校管理制度 2024", "五育并举"), PDF)
    assert derived.page_count == 2
    assert [page.number for page in derived.pages] == [1, 2]
    assert "学校管理制度 2024" in derived.pages[0].text
    assert "五育并举" in derived.pages[1].text
    assert derived.text_source == "layer"
    assert derived.notes == ()


def test_a_word_that_a_pdf_breaks_at_a_line_is_whole_where_it_is_searched(made: Made) -> None:
    derived = made(pdf("#block(width: 50pt)[五育并举促发展]"), PDF)
    assert "\n" in derived.pages[0].text
    assert normalise(derived.pages[0].text) == "五育并举促发展"


def test_pages_of_a_pdf_are_drawn_in_two_widths_and_the_first_as_thumbnail(made: Made) -> None:
    derived = made(pdf("一", "二"), PDF)
    drawn = {(image.number, image.kind): image for image in derived.images}
    assert set(drawn) == {(1, "page"), (1, "page_large"), (1, "thumbnail"), (2, "page"), (2, "page_large")}
    for image in derived.images:
        with Image.open(image.path) as picture:
            assert picture.format == "WEBP"
            assert picture.size == (image.width, image.height)
    assert drawn[1, "page"].width == 900
    assert drawn[1, "page_large"].width == 1600
    assert drawn[1, "page"].height == pytest.approx(900 * 842 / 595, abs=2)
    with Image.open(drawn[1, "page_large"].path) as picture:
        assert sum(picture.convert("L").histogram()[:80]) > 10  # there is ink on it


def test_only_the_first_pages_are_drawn_unasked_and_others_on_demand(made: Made, out: object) -> None:
    file = pdf(*(f"第{number}页" for number in range(1, 6)))
    few = Limits(page_images=2)
    first = made(file, PDF, limits=few)
    assert {image.number for image in first.images} == {1, 2}
    assert len(first.pages) == 5
    assert first.notes == ("pages_not_drawn",)
    later = made(file, PDF, limits=few, pages=range(4, 9))
    assert sorted((image.number, image.kind) for image in later.images) == [
        (4, "page"), (4, "page_large"), (5, "page"), (5, "page_large"),
    ]  # fmt: skip
    assert later.pages == ()


def test_a_scanned_page_says_that_it_was_not_read_and_a_blank_one_does_not(made: Made) -> None:
    scan = encoded(scene(), "PDF")
    assert made(scan, PDF).notes == ("ocr_absent",)
    assert made(scan, PDF).text_source == "none"
    assert made(raw_pdf(b""), PDF).notes == ()


def test_a_page_of_odd_shape_stays_within_what_webp_holds(made: Made) -> None:
    derived = made(raw_pdf(b"0 0 10 10 re f").replace(b"[0 0 595 842]", b"[0 0 10 9000]"), PDF)
    assert max(image.height for image in derived.images) <= 16_000
    assert {image.kind for image in derived.images} == {"page", "thumbnail"}


def test_word_text_comes_in_paragraphs_with_tables_and_without_pages_of_its_own(made: Made) -> None:
    derived = made(word("会议记录", "时间：2024年9月"), DOCX)
    assert derived.pages == (PageText(1, "会议记录\n时间：2024年9月"),)
    assert derived.page_count is None
    assert derived.images == ()
    assert derived.notes == ("office_absent",)


def test_word_pages_are_those_the_author_began(made: Made) -> None:
    derived = made(word("第一页", None, "第二页"), DOCX)
    assert [page.text.strip() for page in derived.pages] == ["第一页", "第二页"]
    assert derived.page_count == 2


def test_word_pages_are_those_word_last_made_and_none_is_counted_twice(made: Made) -> None:
    body = (
        "<w:p><w:r><w:t>甲</w:t><w:lastRenderedPageBreak/><w:t>乙</w:t></w:r></w:p>"
        '<w:p><w:r><w:br w:type="page"/></w:r></w:p>'
        "<w:p><w:r><w:lastRenderedPageBreak/><w:t>丙</w:t></w:r></w:p>"
        '<w:p><w:r><w:br w:type="page"/></w:r></w:p>'
        '<w:p><w:r><w:br w:type="page"/></w:r></w:p>'
        "<w:p><w:r><w:t>戊</w:t></w:r></w:p>"
    )
    derived = made(package_with(word(), "word/document.xml", document_xml(body)), DOCX)
    assert [page.text.strip() for page in derived.pages] == ["甲", "乙", "丙", "", "戊"]


def test_a_text_box_is_read_once_and_what_was_deleted_not_at_all(made: Made) -> None:
    box = "<w:txbxContent><w:p><w:r><w:t>框内</w:t></w:r></w:p></w:txbxContent>"
    body = (
        '<w:p><w:pPr><w:tabs><w:tab w:val="left"/></w:tabs></w:pPr><w:r><w:t>外</w:t><w:tab/><w:t>面</w:t></w:r>'
        '<m:AlternateContent xmlns:m="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        f"<m:Choice>{box}</m:Choice><m:Fallback>{box}</m:Fallback></m:AlternateContent>"
        "<w:del><w:r><w:delText>旧</w:delText></w:r></w:del></w:p>"
    )
    derived = made(package_with(word(), "word/document.xml", document_xml(body)), DOCX)
    assert derived.pages[0].text == "框内\n外\t面"


def test_each_sheet_is_a_page_of_rows(made: Made) -> None:
    file = workbook(
        学生=[
            ["姓名", "人数", "日期"],
            ["一班", 42, datetime(2024, 9, 1)],
            [],
            ["二班", 40.5, date(2024, 9, 2)],
        ],
        教师=[["合格率", True, None, "=1+1"]],
    )
    derived = made(file, XLSX)
    assert derived.page_count == 2
    assert derived.pages[0].text == "学生\n姓名\t人数\t日期\n一班\t42\t2024-09-01\n二班\t40.5\t2024-09-02"
    assert derived.pages[1].text == "教师\n合格率\tTRUE"


def test_a_sheet_with_one_cell_far_away_costs_no_more_than_its_rows(made: Made) -> None:
    rows: list[list[object]] = [["甲"]] * 3000
    file = workbook(表=rows)
    far = b'<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'
    with zipfile.ZipFile(io.BytesIO(file)) as book:
        content = book.read("xl/worksheets/sheet1.xml").replace(b"</sheetData>", far)
    derived = made(package_with(file, "xl/worksheets/sheet1.xml", content), XLSX, limits=Limits(seconds=20))
    assert derived.pages[0].text.count("甲") == 3000


def test_each_slide_is_a_page_with_its_notes_in_the_order_shown(made: Made) -> None:
    derived = made(slides(("教研活动", "先介绍背景"), ("课后服务", "谢谢")), PPTX)
    assert derived.page_count == 2
    assert derived.pages[0].text.startswith("教研活动")
    assert "先介绍背景" in derived.pages[0].text
    assert derived.pages[1].text.startswith("课后服务")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_text_is_read_in_the_encodings_schools_use(made: Made, encoding: str) -> None:
    derived = made("班级,人数\r\n一（1）班,45\r\n".encode(encoding), "text/csv")
    assert derived.pages == (PageText(1, "班级,人数\n一（1）班,45"),)
    assert derived.text_source == "layer"


def test_text_is_cut_where_there_is_too_much_even_inside_a_character(made: Made) -> None:
    derived = made("教".encode() * 50_000, "text/plain", limits=Limits(text_characters=1000))
    assert derived.pages[0].text == "教" * 1000
    assert derived.notes == ("text_cut",)


def test_a_format_before_2007_says_that_it_needs_libreoffice(made: Made) -> None:
    derived = made(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "application/msword")
    assert derived.pages == ()
    assert derived.notes == ("office_absent",)
