"""The official form, taken apart and laid beside the published table, cell by cell."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pypdfium2
import pytest
from docx.oxml.ns import qn
from docx.shared import Mm

from portfolio.documents import form_docx, form_pdf, form_xlsx
from portfolio.documents.form import Scores, Sheet, Shown
from rubric.loader import DEFAULT, find

REFERENCE = json.loads((Path(__file__).parents[1] / "data" / "reference.json").read_text(encoding="utf-8"))
RUBRIC = find(DEFAULT)
HEADINGS = ["一级指标", "二级指标", "评估要素", "标准分", "评估方法"]
UNSCORED = "C84"
A4_LANDSCAPE = (841, 595)  # points


def a_sheet(shown: Shown, school: str = "西安市第一学校") -> Sheet:
    """Self 0.9 and final 0.8 of each element's points; C84 is unscored by the school."""
    scores = {
        element.code: Scores(
            own=None if element.code == UNSCORED else element.points * Decimal("0.9"),
            final=element.points * Decimal("0.8"),
        )
        for element in RUBRIC.elements
    }
    return Sheet(RUBRIC, school, "2026 年批次", scores, shown, footnote="申报包 1 号　SHA-256 " + "ab" * 32)


def expected_scores(code: str, points: int, shown: Shown) -> list[str]:
    """What the score columns of an element hold."""
    own = "" if code == UNSCORED else {1: "0.9", 2: "1.8"}[points]
    final = {1: "0.8", 2: "1.6"}[points]
    return {
        Shown.SELF: [own],
        Shown.PANEL: [final],
        Shown.BOTH: [own, final],
        Shown.EMPTY: [""],
    }[shown]


def published_rows(shown: Shown) -> list[list[str]]:
    """The published table, each merged cell written on every row it covers."""
    rows = []
    for a in REFERENCE["indicators"]:
        methods = "\n".join(f"{n}. {text}" for n, text in enumerate(a["methods"], start=1))
        for b in a["children"]:
            for c in b["elements"]:
                rows.append(
                    [
                        f"{a['code']}. {a['title']}（{a['points']}分）",
                        f"{b['code']}. {b['text']}（{b['points']}分）",
                        f"{c['code']}. {c['text']}",
                        str(c["points"]),
                        methods,
                        *expected_scores(c["code"], c["points"], shown),
                    ]
                )
    return rows


def word_rows(data: bytes) -> tuple[list[list[str]], list[list[str]], Any]:
    """Each row's texts as seen (a merged cell's text goes down the column), each row's merges, the table."""
    table = docx.Document(io.BytesIO(data)).tables[0]
    seen: list[list[str]] = []
    merges: list[list[str]] = []
    for tr in table._tbl.tr_lst:
        texts: list[str] = []
        marks: list[str] = []
        for tc in tr.tc_lst:
            text = "\n".join("".join(t.text or "" for t in p.iter(qn("w:t"))) for p in tc.iter(qn("w:p")))
            merge = tc.get_or_add_tcPr().find(qn("w:vMerge"))
            mark = "" if merge is None else merge.get(qn("w:val"))
            column = len(texts)
            texts.append(seen[-1][column] if mark == "continue" else text)
            marks.append(mark)
        seen.append(texts)
        merges.append(marks)
    return seen, merges, table


@pytest.mark.parametrize("shown", list(Shown))
def test_word_has_the_published_wording_scores_and_merges_in_every_cell(shown: Shown) -> None:
    seen, merges, table = word_rows(form_docx.document(a_sheet(shown)))
    heads = 2 if shown is Shown.BOTH else 1
    assert seen[0] == [*HEADINGS, "得分"]
    if shown is Shown.BOTH:
        assert seen[1] == [*HEADINGS, "自评", "终评"]
    assert seen[heads:-1] == published_rows(shown)
    starts_a = {a["children"][0]["elements"][0]["code"] for a in REFERENCE["indicators"]}
    starts_b = {b["elements"][0]["code"] for a in REFERENCE["indicators"] for b in a["children"]}
    for element, marks in zip(RUBRIC.elements, merges[heads:-1], strict=True):
        a = "restart" if element.code in starts_a else "continue"
        b = "restart" if element.code in starts_b else "continue"
        assert marks[:5] == [a, b, "", "", a], element.code
    repeated = [tr for tr in table._tbl.tr_lst if tr.trPr.find(qn("w:tblHeader")) is not None]
    assert repeated == table._tbl.tr_lst[:heads]
    assert all(tr.trPr.find(qn("w:cantSplit")) is not None for tr in table._tbl.tr_lst)


@pytest.mark.parametrize(
    ("shown", "sums", "remark"),
    [
        (Shown.SELF, ["88.2"], "未自评 1 项（2 分），不计入合计"),
        (Shown.PANEL, ["80.0"], ""),
        (Shown.BOTH, ["88.2", "80.0"], "未自评 1 项（2 分），不计入合计"),
        (Shown.EMPTY, [""], ""),
    ],
)
def test_word_sums_what_is_scored_and_counts_what_is_not(shown: Shown, sums: list[str], remark: str) -> None:
    assert RUBRIC.element(UNSCORED).points == 2  # what the remark says
    seen, _merges, _table = word_rows(form_docx.document(a_sheet(shown)))
    assert seen[-1] == ["合计", "100", remark, *sums]


def test_word_is_a4_landscape_in_fonts_that_every_office_has() -> None:
    document = docx.Document(io.BytesIO(form_docx.document(a_sheet(Shown.SELF))))
    section = document.sections[0]
    sides = (section.page_width, section.page_height)
    assert [round((side or 0) / Mm(1)) for side in sides] == [297, 210]
    east = document.styles["Normal"].element.rPr.rFonts.get(qn("w:eastAsia"))
    assert east == "宋体"
    used = {fonts.get(qn("w:eastAsia")) for fonts in document.element.iter(qn("w:rFonts"))}
    assert used <= {"宋体", "黑体"}
    assert "得分：学校自评" in document.paragraphs[2].text
    assert "ab" * 32 in document.paragraphs[-1].text


@pytest.mark.parametrize("shown", list(Shown))
def test_the_workbook_has_the_published_wording_and_merges_in_every_cell(shown: Shown) -> None:
    page = openpyxl.load_workbook(io.BytesIO(form_xlsx.workbook(a_sheet(shown)))).active
    covered = {}
    for area in page.merged_cells.ranges:
        value = page.cell(area.min_row, area.min_col).value
        for row in range(area.min_row, area.max_row + 1):
            covered.update({(row, column): value for column in range(area.min_col, area.max_col + 1)})

    def text(row: int, column: int) -> str:
        value = covered.get((row, column), page.cell(row, column).value)
        return "" if value is None else str(value)

    wanted = published_rows(shown)
    for row, cells in enumerate(wanted, start=6):
        assert [text(row, column) for column in range(1, len(cells) + 1)] == cells
    merged = {str(area) for area in page.merged_cells.ranges}
    row = 6
    for a in REFERENCE["indicators"]:
        last = row + sum(len(b["elements"]) for b in a["children"]) - 1
        assert {f"A{row}:A{last}", f"E{row}:E{last}"} <= merged
        for b in a["children"]:
            if len(b["elements"]) > 1:
                assert f"B{row}:B{row + len(b['elements']) - 1}" in merged
            row += len(b["elements"])
    assert page.print_title_rows == "$4:$5"
    assert page.page_setup.paperSize == 9


def words_of(pdf: pypdfium2.PdfDocument) -> str:
    """The text of all pages without white space: lines break within words."""
    return re.sub(r"\s+", "", "".join(page.get_textpage().get_text_bounded() for page in pdf))


def test_the_pdf_has_the_published_wording_headings_on_each_page_and_something_on_the_first() -> None:
    with pypdfium2.PdfDocument(form_pdf.document(a_sheet(Shown.BOTH))) as pdf:
        words = words_of(pdf)
        for row in published_rows(Shown.BOTH):
            # a page may end within the tall cells; the elements stay whole
            assert row[2].replace(" ", "") in words
        for a in REFERENCE["indicators"]:
            assert f"{a['code']}.{a['title']}" in words
            assert all(method in words for method in a["methods"])
        for page in pdf:
            assert "评估要素" in page.get_textpage().get_text_bounded()
            assert (round(page.get_width() - 0.5), round(page.get_height() - 0.5)) == A4_LANDSCAPE
        picture = pdf[0].render(scale=1).to_pil().convert("L")
    black = sum(picture.histogram()[:128]) / (picture.width * picture.height)
    assert 0.02 < black < 0.5


def test_what_the_fonts_lack_is_marked_and_never_left_out() -> None:
    sheet = replace(a_sheet(Shown.SELF), school="第一学校😀㐀\u202e分校")
    with pypdfium2.PdfDocument(form_pdf.document(sheet)) as pdf:
        assert "第一学校〓㐀分校" in words_of(pdf)


@pytest.mark.parametrize("write", [form_docx.document, form_xlsx.workbook, form_pdf.document])
def test_the_same_form_is_the_same_bytes(write: Any) -> None:
    assert write(a_sheet(Shown.BOTH)) == write(a_sheet(Shown.BOTH))


def test_a_school_name_that_looks_like_a_formula_stays_text() -> None:
    sheet = replace(a_sheet(Shown.SELF), school="=1+1", cycle="")
    page = openpyxl.load_workbook(io.BytesIO(form_xlsx.workbook(sheet))).active
    assert page["A3"].data_type == "s"
    assert page["A3"].value.startswith("=1+1")
