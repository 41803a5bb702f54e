"""The panel's documents, taken apart cell by cell and read back from Word, PDF and workbook."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import docx
import openpyxl
import pypdfium2
import pytest
from docx.oxml.ns import qn
from docx.shared import Mm

from portfolio.documents import (
    notice,
    panel_docx,
    panel_pdf,
    panel_report,
    panel_xlsx,
    paper_docx,
    paper_pdf,
    visit_record,
)
from portfolio.documents.panel_table import PanelTable, text_of
from tests.domain.test_official_form import A4_LANDSCAPE, words_of
from tests.paper_factory import (
    EXPERTS,
    NOT_ASSESSED,
    RUBRIC,
    a_notice,
    a_record,
    a_report,
    a_sheet,
    a_summary,
)

WRITERS = {"docx": panel_docx.document, "xlsx": panel_xlsx.workbook, "pdf": panel_pdf.document}
TABLES: dict[str, Callable[[], PanelTable]] = {
    "sheet": a_sheet,
    "summary": a_summary,
    "rounds": lambda: a_summary(below="区县初评"),
}


def word_rows(data: bytes) -> tuple[list[list[str]], list[list[str]], Any]:
    """Each row's texts in the columns they stand in (an empty one where a cell runs over), its merges, the table."""
    table = docx.Document(io.BytesIO(data)).tables[0]
    seen: list[list[str]] = []
    merges: list[list[str]] = []
    for tr in table._tbl.tr_lst:
        texts: list[str] = []
        marks: list[str] = []
        for tc in tr.tc_lst:
            properties = tc.get_or_add_tcPr()
            merge, span = properties.find(qn("w:vMerge")), properties.find(qn("w:gridSpan"))
            wide = 1 if span is None else int(span.get(qn("w:val")))
            mark = "" if merge is None else merge.get(qn("w:val"))
            words = "\n".join("".join(t.text or "" for t in p.iter(qn("w:t"))) for p in tc.iter(qn("w:p")))
            texts += [seen[-1][len(texts)] if mark == "continue" else words, *[""] * (wide - 1)]
            marks += [mark] * wide
        seen.append(texts)
        merges.append(marks)
    return seen, merges, table


def sums_of(data: bytes) -> dict[str, list[str]]:
    """The cells of the rows of sums, by their heading."""
    return {row[0]: row[3:] for row in word_rows(data)[0] if row[0].endswith(("小计", "合计"))}


def row_of(seen: list[list[str]], code: str) -> list[str]:
    """The cells right of the element's own."""
    return next(row[3:] for row in seen if re.match(rf"{code}[. ]", row[2]))


def test_a_score_sheet_says_of_every_element_what_the_expert_gave_and_why() -> None:
    seen, _merges, _table = word_rows(panel_docx.document(a_sheet()))
    assert seen[0] == ["一级指标", "二级指标", "评估要素", "标准分", "自评", "评分", "依据渠道", "评分理由"]
    assert row_of(seen, "C1") == ["1", "0.9", "0.5", "查阅资料", "会议记录缺少五月的。"]
    assert row_of(seen, "C2") == ["1", "0.9", "", "", ""]
    assert row_of(seen, "C84")[:2] == ["2", ""]
    words = [row[2] for row in seen if re.match(r"C\d+\. ", row[2])]
    assert words == [f"{e.code}. {e.text}" for e in RUBRIC.elements]


def test_a_score_sheet_sums_what_is_scored_and_counts_the_rest_beside_it() -> None:
    data = panel_docx.document(a_sheet())
    sums = sums_of(data)
    assert len(sums) == len(RUBRIC.indicators) + 1
    assert sums["A1 小计"][:3] == ["3", "2.7", "0.5"]
    assert sums["合计"][:2] == ["100", "88.2"]
    words = "\n".join(p.text for p in docx.Document(io.BytesIO(data)).paragraphs)
    assert "学校未自评 1 项（2 分），不计入合计。" in words
    assert "专家未评分 1 项（1 分），不计入合计。" in words
    assert "不由该专家评分 1 项（1 分），不计入合计。" in words
    assert "专家（签字）：" in words


def test_a_score_sheet_that_is_not_in_says_so() -> None:
    words = "\n".join(
        p.text for p in docx.Document(io.BytesIO(panel_docx.document(a_sheet(handed_in_at=None)))).paragraphs
    )
    assert "尚未提交" in words
    assert "提交于 2026-11-20 17:30" in "\n".join(a_sheet().lines)


def test_the_summary_has_the_school_every_expert_and_the_final_in_every_row() -> None:
    seen, _merges, _table = word_rows(panel_docx.document(a_summary()))
    assert seen[0][4:] == ["自评", "专家复评", "", "", "", "", "中位", "极差", "终评", "确定方式", "理由"]
    assert seen[1][5:10] == list(EXPERTS)
    rows = [row for row in seen if re.match(r"C\d+ ", row[2])]
    assert [row[2] for row in rows] == [f"{e.code} {e.short_title}" for e in RUBRIC.elements]
    assert row_of(seen, "C1") == ["1", "0.9", "0.8", *["0.9"] * 5, "0.1", "0.9", "中位", "佐证材料不足，" * 3]
    assert row_of(seen, NOT_ASSESSED)[-3:-1] == ["", "不评"]
    sums = sums_of(panel_docx.document(a_summary()))
    assert sums["A1 小计"] == ["3", "2.7", "2.4", "2.7", "2.7", "2.7", "2.7", "2.7", "0.3", "2.7", "", ""]
    assert sums["合计"] == [
        "100",
        "88.2",
        "80.0",
        "90.0",
        "90.0",
        "90.0",
        "90.0",
        "90.0",
        "10.0",
        "88.2",
        "",
        "",
    ]


def test_the_summary_shows_the_round_below_and_says_what_is_not_settled() -> None:
    table = a_summary(below="区县初评", settled=80)
    assert [column.heading for column in table.columns][:2] == ["自评", "区县初评"]
    assert table.rows["C1"][1] == RUBRIC.element("C1").points
    assert any("尚未确定终评 4 项" in note for note in table.notes)


@pytest.mark.parametrize("name", TABLES)
def test_in_word_a_and_b_run_over_their_elements_and_the_headings_stand_on_each_page(name: str) -> None:
    made = TABLES[name]()
    seen, merges, table = word_rows(panel_docx.document(made))
    heads = 2 if made.grouped else 1
    at = heads
    for indicator in RUBRIC.indicators:
        for child in indicator.children:
            for element in child.elements:
                a = "restart" if element is indicator.elements[0] else "continue"
                b = "restart" if element is child.elements[0] else "continue"
                assert merges[at][:3] == [a, b, ""], element.code
                at += 1
        assert seen[at][0] == f"{indicator.code} 小计"
        at += 1
    rows = table._tbl.tr_lst
    assert [tr for tr in rows if tr.trPr.find(qn("w:tblHeader")) is not None] == rows[:heads]
    section = docx.Document(io.BytesIO(panel_docx.document(made))).sections[0]
    assert [round((side or 0) / Mm(1)) for side in (section.page_width, section.page_height)] == [297, 210]


@pytest.mark.parametrize("name", TABLES)
def test_the_columns_fill_the_page_and_no_more(name: str) -> None:
    made = TABLES[name]()
    assert sum(made.widths) + 11 + sum(column.width for column in made.columns) == pytest.approx(267)


def test_seven_experts_and_a_round_below_still_fit() -> None:
    made = a_summary((*EXPERTS, "诸葛孔明", "司马相如"), below="区县初评")
    assert sum(made.widths) + 11 + sum(column.width for column in made.columns) <= 267.01
    assert made.columns[-1].width >= 26


@pytest.mark.parametrize("name", TABLES)
def test_the_workbook_says_the_same_in_numbers_that_count(name: str) -> None:
    made = TABLES[name]()
    page = openpyxl.load_workbook(io.BytesIO(panel_xlsx.workbook(made))).active
    found = {
        str(page.cell(row, 3).value).split(".")[0].split(" ")[0]: row for row in range(1, page.max_row + 1)
    }
    for code, values in made.rows.items():
        cells = [page.cell(found[code], 5 + at) for at in range(len(values))]
        for cell, value in zip(cells, values, strict=True):
            if isinstance(value, str):
                assert (cell.value or "") == value, (code, cell.coordinate)
            else:
                assert cell.value is None if value is None else float(cell.value) == float(value)
    merged = {str(area) for area in page.merged_cells.ranges}
    first = found["C1"]
    assert f"A{first}:A{first + 2}" in merged
    assert page.print_title_rows == f"${len(made.lines) + 2}:${len(made.lines) + 3}"


def test_words_that_look_like_a_formula_stay_words() -> None:
    made = a_sheet(reason="=1+1", expert="@SUM(A1)")
    page = openpyxl.load_workbook(io.BytesIO(panel_xlsx.workbook(made))).active
    cells = [cell for row in page.iter_rows() for cell in row if str(cell.value or "").startswith(("=", "@"))]
    assert [(cell.value, cell.data_type) for cell in cells] == [("=1+1", "s")]


@pytest.mark.parametrize("name", TABLES)
def test_the_pdf_says_it_in_chinese_with_its_headings_on_each_page(name: str) -> None:
    made = TABLES[name]()
    with pypdfium2.PdfDocument(panel_pdf.document(made)) as pdf:
        words = words_of(pdf)
        for page in pdf:
            assert "评估要素" in page.get_textpage().get_text_bounded()
            assert (round(page.get_width() - 0.5), round(page.get_height() - 0.5)) == A4_LANDSCAPE
    for line in (*made.lines, *made.notes, *made.signatures):
        assert re.sub(r"\s+", "", line) in words
    for element in RUBRIC.elements:
        assert re.sub(r"\s+", "", element.text if made.whole_wording else element.short_title) in words
    assert "合计" + "".join(text_of(value) for value in ("100", *made.total)) in words


@pytest.mark.parametrize("extension", WRITERS)
@pytest.mark.parametrize("name", TABLES)
def test_the_same_table_is_the_same_bytes(name: str, extension: str) -> None:
    made: PanelTable = TABLES[name]()
    write: Any = WRITERS[extension]
    assert write(made) == write(made)


def letter(data: bytes) -> tuple[str, list[list[list[str]]]]:
    """A letter's paragraphs and its tables."""
    document = docx.Document(io.BytesIO(data))
    tables = [[[cell.text for cell in row.cells] for row in table.rows] for table in document.tables]
    return "\n".join(p.text for p in document.paragraphs), tables


def test_the_notice_says_the_total_and_each_area_and_what_was_lost_and_why() -> None:
    words, (areas, lost, left_out) = letter(paper_docx.document(notice.paper(a_notice())))
    assert "西安市第一学校：" in words
    assert "终评总分 97.4 分（满分 100 分，学校自评 86.4 分）。" in words
    assert areas[1] == ["A1 加强党的领导与坚持正确办学方向", "3", "2.7", "2.5", "0.5"]
    assert areas[-1] == ["合计", "100", "86.4", "97.4", "0.6"]
    assert lost[1:] == [
        ["C1 党的领导机制", "1", "0.9", "0.5", "0.5", "组长裁定", "会议记录缺少五月的。"],
        [f"C5 {RUBRIC.element('C5').short_title}", "1", "0.9", "0.9", "0.1", "中位", "与学校自评一致。"],
    ]
    assert left_out[1] == [
        f"{NOT_ASSESSED} {RUBRIC.element(NOT_ASSESSED).short_title}",
        "2",
        "问卷回收不足，不作评价。",
    ]
    assert "总体评价" in words
    assert "评定单位（盖章）：" in words


def test_a_band_and_a_pass_are_said_only_where_they_were_set() -> None:
    plain, _ = letter(paper_docx.document(notice.paper(a_notice())))
    assert "等次" not in plain
    assert "合格线" not in plain
    said, _ = letter(paper_docx.document(notice.paper(a_notice(band="优秀", passed=False))))
    assert "等次：优秀，未达到合格线。" in said


def test_the_notice_says_until_when_an_error_may_be_answered() -> None:
    over = datetime(2026, 11, 27, 16, tzinfo=UTC)  # midnight in the school
    said, _ = letter(paper_docx.document(notice.paper(a_notice(answer_by=over))))
    assert "请于2026年11月27日（含当日）前" in said


def test_a_school_that_lost_nothing_reads_so() -> None:
    words, tables = letter(paper_docx.document(notice.paper(a_notice(lost=False))))
    assert "各评估要素均获满分。" in words
    assert len(tables) == 2


def test_the_notice_as_pdf_says_the_same() -> None:
    with pypdfium2.PdfDocument(paper_pdf.document(notice.paper(a_notice(band="优秀")))) as pdf:
        words = words_of(pdf)
    for said in (
        "评估结果通知书",
        "等次：优秀",
        "A1加强党的领导与坚持正确办学方向32.72.50.5",
        "C1党的领导机制",
        "会议记录缺少五月的。",
        "办学思路清晰。",
        "合计10086.497.40.6",
    ):
        assert said in words


def test_the_report_says_the_result_what_the_panel_wrote_and_the_rectification_list() -> None:
    words, (areas, items) = letter(paper_docx.document(panel_report.paper(a_report())))
    assert "终评总分 97.4 分（满分 100 分，学校自评 86.4 分），失分要素 2 项。" in words
    assert areas[-1][0] == "合计"
    order = [words.index(each) for each in ("专家组意见", "主要成绩", "存在问题", "分项评价", "整改清单")]
    assert order == sorted(order)
    assert "党建与教学融合。" in words
    assert "支部生活正常。" in words
    assert items[0] == ["序号", "评估要素", "问题", "整改措施", "责任人", "完成时限"]
    assert items[1] == [
        "1",
        "C1 党的领导机制",
        "会议记录缺少五月的。",
        "补齐并建立归档制度。",
        "李主任",
        "2027年3月31日",
    ]
    assert len(items) == 3


def test_a_report_without_a_list_says_so() -> None:
    words, tables = letter(paper_docx.document(panel_report.paper(a_report(items=0))))
    assert "没有列入整改清单的事项。" in words
    assert len(tables) == 1


def test_the_report_as_pdf_says_the_same() -> None:
    with pypdfium2.PdfDocument(paper_pdf.document(panel_report.paper(a_report()))) as pdf:
        words = words_of(pdf)
    for said in (
        "评审报告",
        "党建与教学融合。",
        "1C1党的领导机制会议记录缺少五月的。",
        "2027年3月31日",
        "专家组长（签字）：",
    ):
        assert said in words


def test_the_record_of_a_visit_says_what_was_done_found_drawn_and_answered() -> None:
    words, (agenda, found, drawn, seeds, asked) = letter(paper_docx.document(visit_record.paper(a_record())))
    assert "共 2 项，已完成 1 项。" in words
    assert agenda[1] == ["实地查看", "A6", "实地查看功能部室", "王建国　2026-11-20 17:30"]
    assert agenda[2][3] == ""
    assert found[1] == [
        "2026-11-20 17:30",
        "李秀英",
        "C1、C2",
        "图书室每天开放两小时。（与申报材料不符）",
        "2",
    ]
    assert drawn[1][1:4] == ["教师业务档案", "86 取 2", "3 王某、17 李某"]
    assert "重抽：首次名单有误" in drawn[1][4]
    assert seeds[1] == ["1", f"种子 {'5' * 64}\n清单 {'d' * 64}"]
    assert asked[1] == ["家长", "C84", "您对学校满意吗？", "满意 203、一般 12（共 215）"]


def test_a_visit_without_findings_says_so() -> None:
    words, tables = letter(paper_docx.document(visit_record.paper(a_record(empty=True))))
    assert [each in words for each in ("没有记录发现。", "没有抽样。", "没有问卷结果。")] == [True] * 3
    assert len(tables) == 1


def test_the_record_as_pdf_says_the_same() -> None:
    with pypdfium2.PdfDocument(paper_pdf.document(visit_record.paper(a_record()))) as pdf:
        words = words_of(pdf)
    for said in ("实地评估记录", "图书室每天开放两小时。（与申报材料不符）", "满意203、一般12（共215）"):
        assert said in words
