"""The self-assessment report, read back from Word and PDF."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from decimal import Decimal

import docx
import pypdfium2
from PIL import Image

from portfolio.documents import report_docx, report_pdf
from portfolio.documents.report import Assessed, Cited, Declared, Report
from rubric.loader import DEFAULT, find
from rubric.scoring import ElementClaim, totals, totals_by_indicator

RUBRIC = find(DEFAULT)
GREEN = (42, 129, 89)


def a_report() -> Report:
    """C1 has two citations and 0.9; C84 is unscored; everything else has its points and no file."""
    scores = {e.code: e.points for e in RUBRIC.elements} | {"C1": Decimal("0.9"), "C84": None}
    claims = {
        e.code: ElementClaim(e.code, e.points, scores[e.code], cited=e.code == "C1") for e in RUBRIC.elements
    }
    cited = (
        Cited("A1-B1-C1-1", "党支部会议记录", "第 3—5 页", "议题与决议"),
        Cited("A1-B1-C1-2", "工作计划😀" + "长" * 300, "", ""),
    )
    return Report(
        rubric=RUBRIC,
        school="西安市第一学校",
        cycle="2026 年批次",
        introductions={"A1": "## 概况\n坚持**党建引领**。\n\n- 先锋岗", "A7": "办学绩效显著。"},
        elements={
            e.code: Assessed(
                e,
                scores[e.code],
                "" if e.code == "C2" else f"{e.code} 的说明。",
                cited if e.code == "C1" else (),
            )
            for e in RUBRIC.elements
        },
        totals=totals(claims.values()),
        by_indicator=totals_by_indicator(RUBRIC, claims),
        gaps=[Declared("C84", "未评", Decimal(2), "问卷尚在汇总")],
        at=datetime(2026, 9, 30, 8, 0, 0, 123456, tzinfo=UTC),
    )


def bare(text: str) -> str:
    return re.sub(r"\s+", "", text)


EXPECTED = [
    "西安市第一学校自评报告",
    "A1加强党的领导与坚持正确办学方向32.90.92.00",  # points, claimed, supported, at risk, unscored
    "概况",
    "坚持党建引领。",
    "先锋岗",
    "C1党的领导机制0.9/1分",
    "C1的说明。",
    "〔A1-B1-C1-1党支部会议记录第3—5页议题与决议〕",
    "没有自评说明。",
    "未评/2分",
    "办学绩效显著。",
    "C84未评（2.0分）：问卷尚在汇总",
    "校长（签字）：",
]


def test_the_pdf_says_it_all_in_chinese_and_draws_its_charts() -> None:
    with pypdfium2.PdfDocument(report_pdf.document(a_report())) as pdf:
        words = bare("".join(page.get_textpage().get_text_bounded() for page in pdf))
        first = pdf[0].render(scale=1).to_pil().convert("RGB")
    assert [each for each in EXPECTED if bare(each) not in words] == []
    assert "工作计划〓长长" in words
    assert any(colour == GREEN for _count, colour in first.getcolors(1 << 20) or ())


def test_word_says_the_same_with_headings_in_its_outline() -> None:
    document = docx.Document(io.BytesIO(report_docx.document(a_report())))
    words = bare("\n".join(paragraph.text for paragraph in document.paragraphs))
    table = [[cell.text for cell in row.cells] for row in document.tables[0].rows]
    assert table[1] == ["A1 加强党的领导与坚持正确办学方向", "3", "2.9", "0.9", "2.0", "0"]
    assert table[-1] == ["合计", "100", "97.9", "0.9", "97.0", "1"]
    assert [each for each in EXPECTED if bare(each) not in words and "32.9" not in each] == []
    headings = [p.text for p in document.paragraphs if p.style and p.style.name == "Heading 1"]
    assert len(headings) == 3 + len(RUBRIC.indicators)
    assert len(document.inline_shapes) == 1
    strong = [run.text for p in document.paragraphs for run in p.runs if run.bold]
    assert "党建引领" in strong


def test_the_chart_shows_more_green_where_more_is_backed() -> None:
    bare_report = a_report()
    full = {e.code: ElementClaim(e.code, e.points, e.points, cited=True) for e in RUBRIC.elements}
    backed = Report(
        **{
            **{name: getattr(bare_report, name) for name in Report.__slots__},
            "by_indicator": totals_by_indicator(RUBRIC, full),
        }
    )
    assert green(report_pdf.chart(backed)) > 5 * green(report_pdf.chart(bare_report)) > 0


def green(png: bytes) -> int:
    """How many of a picture's points are of the colour of what is backed."""
    with Image.open(io.BytesIO(png)) as picture:
        colours = picture.convert("RGB").getcolors(1 << 24) or ()
    return sum(count for count, colour in colours if colour == GREEN)


def test_the_same_report_is_the_same_bytes() -> None:
    assert report_docx.document(a_report()) == report_docx.document(a_report())
    assert report_pdf.document(a_report()) == report_pdf.document(a_report())
