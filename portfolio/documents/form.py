"""The official form (评估细则) as a workbook, in the published table's own shape."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import xlsxwriter

from rubric.model import Indicator, Rubric, SubIndicator
from rubric.scoring import format_score

# the published table's columns; the last, 得分, is split by who scored
HEADINGS = ("一级指标", "二级指标", "评估要素", "标准分", "评估方法")
SCORE_HEADINGS = ("自评", "专家组", "终评")
WIDTHS = (14, 24, 60, 7, 30, 8, 8, 8)
FIRST_ROW = 5
A, B, C, POINTS, METHODS, SELF, PANEL, FINAL = range(8)
# lines a row needs: Chinese characters that fit on one line of the widest column
_CHARACTERS_A_LINE = 29
_LINE_HEIGHT = 15


@dataclass(frozen=True, slots=True)
class Scores:
    """One element's scores; None where there is none yet."""

    own: Decimal | None = None
    panel: Decimal | None = None
    final: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A form to be: whose, of which cycle, and the scores by element code."""

    rubric: Rubric
    school: str
    cycle: str
    scores: Mapping[str, Scores] = field(default_factory=dict)
    # below the table: which package this is, and its digest
    footnote: str = ""


def workbook(sheet: Sheet) -> bytes:
    """The form as XLSX: A and B merged over their elements, headings on each page, A4 landscape."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(
        buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    page = book.add_worksheet("评估细则")
    formats = _formats(book)
    _set_up(page)
    _head(page, formats, sheet)
    row = FIRST_ROW
    for indicator in sheet.rubric.indicators:
        row = _indicator(page, formats, indicator, sheet.scores, row)
    _totals(page, formats, sheet, row)
    if sheet.footnote:
        page.merge_range(row + 1, A, row + 1, FINAL, sheet.footnote, formats["note"])
    book.close()
    return buffer.getvalue()


def _formats(book: xlsxwriter.Workbook) -> dict[str, Any]:
    cell = {"font_name": "宋体", "font_size": 10, "border": 1, "text_wrap": True, "valign": "vcenter"}
    return {
        "title": book.add_format(
            {"font_name": "黑体", "font_size": 16, "align": "center", "valign": "vcenter"}
        ),
        "line": book.add_format({"font_name": "宋体", "font_size": 10, "align": "center"}),
        "note": book.add_format({"font_name": "宋体", "font_size": 8, "font_color": "#656b76"}),
        "heading": book.add_format({**cell, "font_name": "黑体", "align": "center"}),
        "text": book.add_format(cell),
        "score": book.add_format({**cell, "align": "center", "num_format": "0.0#"}),
        "total": book.add_format({**cell, "align": "center", "num_format": "0.0#", "bold": True}),
    }


def _set_up(page: Any) -> None:
    for column, width in enumerate(WIDTHS):
        page.set_column(column, column, width)
    page.set_paper(9)
    page.set_landscape()
    page.fit_to_pages(1, 0)
    page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    page.set_footer("&C&P / &N")
    page.repeat_rows(FIRST_ROW - 2, FIRST_ROW - 1)
    page.freeze_panes(FIRST_ROW, 0)


def _head(page: Any, formats: dict[str, Any], sheet: Sheet) -> None:
    page.merge_range(0, A, 0, FINAL, sheet.rubric.title, formats["title"])
    page.set_row(0, 28)
    page.merge_range(
        1, A, 1, FINAL, f"（总分 {format_plain(sheet.rubric.total_points)} 分）", formats["line"]
    )
    page.merge_range(2, A, 2, FINAL, f"{sheet.school}　{sheet.cycle}", formats["line"])
    for column, words in enumerate(HEADINGS):
        page.merge_range(FIRST_ROW - 2, column, FIRST_ROW - 1, column, words, formats["heading"])
    page.merge_range(FIRST_ROW - 2, SELF, FIRST_ROW - 2, FINAL, "得分", formats["heading"])
    for column, words in enumerate(SCORE_HEADINGS, start=SELF):
        page.write_string(FIRST_ROW - 1, column, words, formats["heading"])


def _indicator(
    page: Any, formats: dict[str, Any], indicator: Indicator, scores: Mapping[str, Scores], row: int
) -> int:
    """Writes an A-indicator from this row on; returns the row below it."""
    last = row + len(indicator.elements) - 1
    title = f"{indicator.code}. {indicator.title}（{format_plain(indicator.points)}分）"
    methods = "\n".join(
        f"{number}. {method.text}" for number, method in enumerate(indicator.methods, start=1)
    )
    _span(page, row, last, A, title, formats["text"])
    _span(page, row, last, METHODS, methods, formats["text"])
    for child in indicator.children:
        row = _sub_indicator(page, formats, child, scores, row)
    return row


def _sub_indicator(
    page: Any, formats: dict[str, Any], child: SubIndicator, scores: Mapping[str, Scores], row: int
) -> int:
    last = row + len(child.elements) - 1
    _span(
        page, row, last, B, f"{child.code}. {child.text}（{format_plain(child.points)}分）", formats["text"]
    )
    for element in child.elements:
        text = f"{element.code}. {element.text}"
        page.set_row(row, _LINE_HEIGHT * max(2, -(-len(text) // _CHARACTERS_A_LINE)))
        page.write_string(row, C, text, formats["text"])
        page.write_number(row, POINTS, element.points, formats["score"])
        given = scores.get(element.code, Scores())
        for column, score in ((SELF, given.own), (PANEL, given.panel), (FINAL, given.final)):
            _write_score(page, row, column, score, formats["score"])
        row += 1
    return row


def _totals(page: Any, formats: dict[str, Any], sheet: Sheet, row: int) -> None:
    page.merge_range(row, A, row, C, "合计", formats["heading"])
    page.write_number(row, POINTS, sheet.rubric.total_points, formats["total"])
    page.write_blank(row, METHODS, None, formats["text"])
    for column, name in ((SELF, "own"), (PANEL, "panel"), (FINAL, "final")):
        given = [value for each in sheet.scores.values() if (value := getattr(each, name)) is not None]
        _write_score(page, row, column, sum(given, Decimal(0)) if given else None, formats["total"])


def _span(page: Any, first: int, last: int, column: int, words: str, style: Any) -> None:
    """A cell over several rows; a range of one is just a cell."""
    if first == last:
        page.write_string(first, column, words, style)
    else:
        page.merge_range(first, column, last, column, words, style)


def _write_score(page: Any, row: int, column: int, score: Decimal | None, style: Any) -> None:
    if score is None:
        page.write_blank(row, column, None, style)
    else:
        page.write_number(row, column, score, style)


def format_plain(points: Decimal) -> str:
    """Points as the published table writes them: 3, not 3.0."""
    return str(int(points)) if points == int(points) else format_score(points)
