"""The demo's evidence as real files, and tiny PDFs by the thousand for benchmarks.

The libraries that write them are heavy, so each is imported where it is used: no web worker loads one.
"""

import csv
import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING

from portfolio.demo import photo, typeset
from portfolio.demo.materials import Material, Table
from portfolio.demo.placeholders import Day

if TYPE_CHECKING:
    from docx.document import Document
    from docx.styles.style import ParagraphStyle
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

_BOM = "\ufeff"
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
_SMALL_PARTS = (
    "<</Type/Catalog/Pages 2 0 R>>",
    "<</Type/Pages/Kids[3 0 R]/Count 1>>",
    "<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
)
_SMALL_FONT = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"


def make(material: Material, school_name: str, folder: Path) -> Path:
    """Writes the material's file into the folder under its own name; the same bytes every time."""
    path = folder / material.file_name
    path.write_bytes(_WRITERS[material.format](material, school_name))
    return path


def make_small(number: int) -> bytes:
    """A valid PDF of one page and less than 1 kB that differs from every other number's."""
    stream = f"BT /F 18 Tf 40 100 Td (Evidence {number}) Tj ET"
    parts = (*_SMALL_PARTS, f"<</Length {len(stream)}>>stream\n{stream}\nendstream", _SMALL_FONT)
    written, offsets = "%PDF-1.4\n", []
    for index, part in enumerate(parts, 1):
        offsets.append(len(written))
        written += f"{index} 0 obj{part}endobj\n"
    entries = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size = len(parts) + 1
    trailer = f"trailer<</Size {size}/Root 1 0 R>>\nstartxref\n{len(written)}\n%%EOF\n"
    return f"{written}xref\n0 {size}\n0000000000 65535 f \n{entries}{trailer}".encode("ascii")


def _text(material: Material, school_name: str) -> bytes:
    """Plain text, as somebody would type it in an editor on Windows."""
    blocks = [material.title, school_name, material.opening]
    for page in material.pages:
        blocks += [page.heading, *(f"{label}：{value}" for label, value in page.facts), *page.paragraphs]
    blocks.append(material.closing)
    return "\r\n\r\n".join(filter(None, blocks)).encode("utf-8")


def _csv(material: Material, _school_name: str) -> bytes:
    """The table alone, with the byte order mark a spreadsheet needs to see it is UTF-8."""
    table = _table(material)
    written = io.StringIO()
    csv.writer(written).writerows([table.header, *table.rows])
    return (_BOM + written.getvalue()).encode("utf-8")


def _docx(material: Material, school_name: str) -> bytes:
    """A Word document in 宋体 with headings in 黑体."""
    import docx

    document = docx.Document()
    _set_fonts(document)
    _set_properties(document, material, school_name)
    document.sections[0].header.paragraphs[0].text = school_name
    document.add_heading(material.title, 0)
    _add_paragraph(document, material.opening)
    for page in material.pages:
        document.add_heading(page.heading, 1)
        for label, value in page.facts:
            _add_paragraph(document, f"{label}：{value}")
        for paragraph in page.paragraphs:
            _add_paragraph(document, paragraph)
    _add_paragraph(document, material.closing)
    _sign(document, school_name, material.dated_on)
    written = io.BytesIO()
    document.save(written)
    return _without_times(written.getvalue())


def _set_fonts(document: "Document") -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Cm, Pt

    styles = document.styles
    for name, font, points in (("Normal", "宋体", 12), ("Title", "黑体", 20), ("Heading 1", "黑体", 15)):
        _set_font(styles[name], font, points)
    styles["Title"].paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.8)
    styles["Normal"].paragraph_format.line_spacing = 1.5
    styles["Normal"].paragraph_format.space_after = Pt(0)


def _set_font(style: "ParagraphStyle", font: str, points: int) -> None:
    """Names the font for Chinese text too: Word looks at `eastAsia`, and at a theme's font before either."""
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    style.font.name, style.font.size = font, Pt(points)
    style.font.color.rgb = RGBColor(0x1A, 0x1A, 0x1A)
    fonts = style.element.rPr.rFonts
    for name in [name for name in fonts.attrib if "Theme" in name]:
        del fonts.attrib[name]
    fonts.set(qn("w:eastAsia"), font)


def _set_properties(document: "Document", material: Material, school_name: str) -> None:
    properties = document.core_properties
    properties.title, properties.author = material.title, school_name
    properties.created = properties.modified = datetime.combine(material.dated_on, time(9))


def _add_paragraph(document: "Document", text: str) -> None:
    """A paragraph with its first line indented by two characters; none for an empty text."""
    from docx.shared import Pt

    if text:
        document.add_paragraph(text).paragraph_format.first_line_indent = Pt(24)


def _sign(document: "Document", school_name: str, dated_on: date) -> None:
    """The school's name and the date, at the right as an office signs."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    day = f"{Day(dated_on.year, dated_on.month, dated_on.day)}"
    for line in ("", school_name, day):
        document.add_paragraph(line).alignment = WD_ALIGN_PARAGRAPH.RIGHT


def _without_times(archive: bytes) -> bytes:
    """The same archive with one fixed time for all its members."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(written, "w") as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name, _ZIP_EPOCH), old.read(name), zipfile.ZIP_DEFLATED)
    return written.getvalue()


def _xlsx(material: Material, school_name: str) -> bytes:
    """A workbook of one sheet: title, header, rows, and a row of sums as formulas."""
    import xlsxwriter

    table, written = _table(material), io.BytesIO()
    with xlsxwriter.Workbook(written, {"in_memory": True}) as book:
        book.set_properties(
            {
                "title": material.title,
                "author": school_name,
                "created": datetime.combine(material.dated_on, time(9)),
            }
        )
        looks = {"font_name": "宋体", "border": 1, "align": "center", "valign": "vcenter"}
        cell, rate = book.add_format(looks), book.add_format({**looks, "num_format": "0.0%"})
        head = book.add_format({**looks, "bold": True, "bg_color": "#E8EEF7", "text_wrap": True})
        sheet = book.add_worksheet(table.sheet)
        _write_heading(
            sheet, material, school_name, table, book.add_format({"bold": True, "font_size": 15}), head
        )
        _write_rows(sheet, table, cell)
        _write_sums(sheet, table, head)
        _write_rates(sheet, table, head, rate)
        sheet.write(_FIRST_ROW + len(table.rows) + 2, 0, material.closing)
    return written.getvalue()


_FIRST_ROW = 3  # below the title, the school's name and the header


def _write_heading(
    sheet: "Worksheet", material: Material, school_name: str, table: Table, title: "Format", head: "Format"
) -> None:
    sheet.write(0, 0, material.title, title)
    sheet.write(1, 0, f"{school_name}　{material.dated_on.isoformat()}")
    sheet.write_row(_FIRST_ROW - 1, 0, table.header, head)
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, len(table.header), 15)
    sheet.set_row(_FIRST_ROW - 1, 32)
    sheet.freeze_panes(_FIRST_ROW, 1)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)


def _write_rows(sheet: "Worksheet", table: Table, look: "Format") -> None:
    for index, row in enumerate(table.rows, _FIRST_ROW):
        for column, text in enumerate(row):
            number = _number(text)
            if number is None:
                sheet.write_string(index, column, text, look)
            else:
                sheet.write_number(index, column, number, look)


def _write_sums(sheet: "Worksheet", table: Table, look: "Format") -> None:
    last = _FIRST_ROW + len(table.rows)
    if not table.summed:
        return
    for column in range(len(table.header)):
        sheet.write(last, column, "合计" if column == 0 else "", look)
    for column in table.summed:
        name = chr(ord("A") + column)
        formula = f"=SUM({name}{_FIRST_ROW + 1}:{name}{last})"
        total = sum(number for row in table.rows if (number := _number(row[column])) is not None)
        sheet.write_formula(last, column, formula, look, total)


def _write_rates(sheet: "Worksheet", table: Table, head: "Format", look: "Format") -> None:
    if table.rate is None:
        return
    title, above, below = table.rate
    column = len(table.header)
    sheet.write(_FIRST_ROW - 1, column, title, head)
    for index, row in enumerate(table.rows, _FIRST_ROW):
        formula = f"={chr(ord('A') + above)}{index + 1}/{chr(ord('A') + below)}{index + 1}"
        sheet.write_formula(index, column, formula, look, float(row[above]) / float(row[below]))


def _number(text: str) -> float | None:
    """The cell as a number, None where it is words."""
    try:
        return float(Decimal(text))
    except InvalidOperation:
        return None


def _table(material: Material) -> Table:
    if material.table is None:
        raise ValueError(f"{material.key}: a {material.format} needs a table")
    return material.table


_WRITERS: dict[str, Callable[[Material, str], bytes]] = {
    "pdf": typeset.pdf,
    "jpg": photo.jpeg,
    "docx": _docx,
    "xlsx": _xlsx,
    "txt": _text,
    "csv": _csv,
}
