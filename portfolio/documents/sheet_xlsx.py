"""What workbooks of the rubric's elements share: A4 landscape, headings on each page, cells that stay what they are."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xlsxwriter import Workbook


class SheetWriter:
    """Writes one worksheet."""

    def __init__(self, book: Workbook, name: str) -> None:
        self.page = book.add_worksheet(name)
        self.formats = _formats(book)

    def set_up(self, widths: Sequence[float], *, headings: tuple[int, int]) -> None:
        """Column widths in characters; the rows of the headings, first and last, are repeated on each page."""
        page = self.page
        for column, width in enumerate(widths):
            page.set_column(column, column, width)
        page.set_paper(9)
        page.set_landscape()
        page.fit_to_pages(1, 0)
        page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        page.set_footer("&C&P / &N")
        page.repeat_rows(*headings)
        page.freeze_panes(headings[1] + 1, 0)

    def title(self, words: str, lines: Sequence[str], *, last: int) -> None:
        """The first rows: the title and the lines under it, over all columns up to `last`."""
        self.span(0, 0, 0, words, "title", to=last)
        self.page.set_row(0, 28)
        for row, line in enumerate(lines, start=1):
            self.span(row, row, 0, line, "line", to=last)

    def span(self, first: int, last: int, column: int, words: str, style: str, to: int | None = None) -> None:
        """A cell over several rows or columns; a range of one is just a cell. Words stay words, `=` or not."""
        right = column if to is None else to
        if (first, column) != (last, right):
            self.page.merge_range(first, column, last, right, "", self.formats[style])
        self.text(first, column, words, style)

    def text(self, row: int, column: int, words: str, style: str) -> None:
        """Words."""
        self.page.write_string(row, column, words, self.formats[style])

    def number(self, row: int, column: int, score: Decimal | None, style: str) -> None:
        """A number, or an empty cell."""
        if score is None:
            self.page.write_blank(row, column, None, self.formats[style])
        else:
            self.page.write_number(row, column, score, self.formats[style])


def _formats(book: Workbook) -> dict[str, Any]:
    cell = {"font_name": "宋体", "font_size": 10, "border": 1, "text_wrap": True, "valign": "vcenter"}
    number = {**cell, "align": "center"}
    return {
        "title": book.add_format(
            {"font_name": "黑体", "font_size": 16, "align": "center", "valign": "vcenter"}
        ),
        "line": book.add_format({"font_name": "宋体", "font_size": 10, "align": "center"}),
        "note": book.add_format({"font_name": "宋体", "font_size": 8, "font_color": "#656b76"}),
        "heading": book.add_format({**number, "font_name": "黑体"}),
        "text": book.add_format(cell),
        "centred": book.add_format(number),
        # over several pages: in the middle, a page's end would cut through the words
        "tall": book.add_format({**cell, "valign": "top"}),
        "points": book.add_format({**number, "num_format": "General"}),
        "score": book.add_format({**number, "num_format": "0.0#"}),
        "total": book.add_format({**number, "num_format": "0.0#", "bold": True}),
        "sum": book.add_format({**cell, "font_name": "黑体", "align": "right"}),
    }
