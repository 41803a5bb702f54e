"""Word documents as offices here expect them: A4, 宋体 and 黑体, page numbers, tables with merged cells.

Tables are written as XML at once: python-docx's own cells take seconds for eighty rows, and its merge leaves
empty paragraphs behind.
"""

from __future__ import annotations

import io
import unicodedata
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import docx
from docx.document import Document
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from portfolio.documents.blocks import Block

# Fonts that Word and WPS bring and LibreOffice has substitutes for
SERIF, SANS, LATIN = "宋体", "黑体", "Times New Roman"
_A4 = (Mm(210), Mm(297))
_TWENTIETHS_A_MM = 1440 / 25.4
_POINTS_A_MM = 72 / 25.4
_TWO_CHARACTERS = Pt(21)
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


class Merge(Enum):
    """A cell's part in a merge down its column."""

    NONE = "none"
    BEGINS = "restart"
    GOES_ON = "continue"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell's text, a paragraph a line; `span` columns wide."""

    text: str = ""
    merge: Merge = Merge.NONE
    span: int = 1
    centred: bool = False
    heading: bool = False
    # at the top of what may go on over several pages
    top: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A row; a heading is repeated on each page."""

    cells: tuple[Cell, ...]
    heading: bool = False


@dataclass(frozen=True, slots=True)
class Spine:
    """A part of a box's spine: its text, height in mm, size in points; written downwards if `vertical`."""

    text: str
    height: float
    size: float
    sans: bool = False
    vertical: bool = False


def begin(
    *, title: str, at: datetime, landscape: bool = False, margin: int = 15, numbered: bool = True
) -> Document:
    """An empty A4 document (margins in mm), its pages numbered below."""
    document = docx.Document()
    section = document.sections[0]
    width, height = reversed(_A4) if landscape else _A4
    section.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = width, height
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Mm(margin)
    section.footer_distance = Mm(8)
    _set_fonts(document)
    properties = document.core_properties
    properties.title, properties.author, properties.comments = clean(title), "", ""
    properties.created = properties.modified = at.astimezone(UTC)
    if numbered:
        _number_pages(section.footer.paragraphs[0])
    return document


def finished(document: Document) -> bytes:
    """The document's bytes, the same ones for the same document."""
    written, packed = io.BytesIO(), io.BytesIO()
    document.save(written)
    with zipfile.ZipFile(written) as parts, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in parts.namelist():
            info = zipfile.ZipInfo(name, _ZIP_EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, parts.read(name))
    return packed.getvalue()


def add_line(
    document: Document,
    text: str,
    *,
    size: float = 10.5,
    sans: bool = False,
    centred: bool = False,
    together: bool = False,
    indented: bool = False,
) -> None:
    """A paragraph of one style, size in points; `together`: on the page of what follows; `indented` as a letter's."""
    paragraph = document.add_paragraph()
    paragraph.paragraph_format.first_line_indent = _TWO_CHARACTERS if indented else None
    paragraph.paragraph_format.keep_with_next = together or None
    if centred:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    run = paragraph.add_run(clean(text))
    run.font.size = Pt(size)
    if sans:
        _fonts_of(run._element.get_or_add_rPr(), SANS)


def add_heading(document: Document, text: str, level: int) -> None:
    """A heading that Word's outline shows."""
    document.add_heading(clean(text), level)


def add_picture(document: Document, data: bytes, *, width: float) -> None:
    """A picture in a paragraph of its own, `width` mm wide."""
    document.add_picture(io.BytesIO(data), width=Mm(width))
    document.paragraphs[-1].alignment = WD_ALIGN_PARAGRAPH.CENTER


def add_blocks(document: Document, blocks: Iterable[Block]) -> None:
    """What somebody wrote in Markdown."""
    for block in blocks:
        paragraph = document.add_paragraph()
        if block.kind == "item":
            paragraph.paragraph_format.left_indent = Mm(6 * (block.depth + 1))
            paragraph.paragraph_format.first_line_indent = Mm(-6)
            paragraph.add_run(f"{block.mark}\t")
            paragraph.paragraph_format.tab_stops.add_tab_stop(Mm(6 * (block.depth + 1)))
        elif block.kind == "quote":
            paragraph.paragraph_format.left_indent = Mm(6)
        elif block.kind == "text":
            paragraph.paragraph_format.first_line_indent = _TWO_CHARACTERS
        for written in block.runs:
            run = paragraph.add_run(clean(written.text))
            run.bold = written.strong or block.kind == "heading"
            run.italic = written.slanted


def add_page_break(document: Document) -> None:
    """What follows begins a new page."""
    document.add_paragraph().add_run().add_break(WD_BREAK.PAGE)


def add_table(document: Document, widths: Sequence[float], rows: Iterable[Row], *, size: float = 9) -> None:
    """A ruled table: column widths in mm, size in points."""
    table = OxmlElement("w:tbl")
    table.append(_table_properties(widths))
    table.append(_grid(widths))
    for row in rows:
        table.append(_row(row, widths, size))
    body = document.element.body
    body.insert(len(body) - 1, table)  # before the section's properties, which stay last


def add_spines(document: Document, spines: Sequence[Sequence[Spine]], width: float) -> None:
    """A row of spines, each `width` mm wide, all of them of the same parts from top to foot."""
    table = OxmlElement("w:tbl")
    table.append(_table_properties([width] * len(spines)))
    table.append(_grid([width] * len(spines)))
    for parts in zip(*spines, strict=True):
        row = OxmlElement("w:tr")
        properties = OxmlElement("w:trPr")
        properties.append(OxmlElement("w:cantSplit"))
        properties.append(_with("w:trHeight", val=_twentieths(parts[0].height), hRule="exact"))
        row.append(properties)
        row.extend(_spine(part, width) for part in parts)
        table.append(row)
    body = document.element.body
    body.insert(len(body) - 1, table)


def _spine(part: Spine, width: float) -> Any:
    size = part.size
    if part.vertical:  # smaller where it would not fit on one line
        size = min(size, part.height * _POINTS_A_MM / (max(1, len(part.text)) * 1.15))
    cell = _cell(Cell(part.text, centred=True, heading=part.sans), width, size)
    if part.vertical:
        properties = cell.find(qn("w:tcPr"))
        properties.insert(len(properties) - 1, _with("w:textDirection", val="tbRl"))
    return cell


def clean(text: str) -> str:
    """Text that XML can hold: no control characters but line ends and tabs."""
    return "".join(
        sign for sign in text if sign in "\n\t" or unicodedata.category(sign) not in ("Cc", "Cs")
    ).translate({0xFFFE: None, 0xFFFF: None})


def _set_fonts(document: Document) -> None:
    for name, east in (("Normal", SERIF), ("Heading 1", SANS), ("Heading 2", SANS), ("Heading 3", SANS)):
        style: Any = document.styles[name]
        _fonts_of(style.element.get_or_add_rPr(), east)
        style.font.color.rgb = None
    normal: Any = document.styles["Normal"]
    normal.font.size = Pt(10.5)
    normal.paragraph_format.space_after = Pt(4)


def _fonts_of(properties: Any, east: str) -> None:
    """Every script's font: one left out would be the theme's, which has no Chinese."""
    found = properties.find(qn("w:rFonts"))
    if found is not None:
        properties.remove(found)
    fonts = OxmlElement("w:rFonts")
    for script, name in (("ascii", LATIN), ("hAnsi", LATIN), ("cs", LATIN), ("eastAsia", east)):
        fonts.set(qn(f"w:{script}"), name)
    fonts.set(qn("w:hint"), "eastAsia")  # “” and … as Chinese signs
    properties.insert(0, fonts)


def _number_pages(paragraph: Any) -> None:
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for instruction, after in (("PAGE", " / "), ("NUMPAGES", "")):
        field = OxmlElement("w:fldSimple")
        field.set(qn("w:instr"), instruction)
        field.append(_run("1", None, False))
        paragraph._p.append(field)
        if after:
            paragraph._p.append(_run(after, None, False))


def _table_properties(widths: Sequence[float]) -> Any:
    properties = OxmlElement("w:tblPr")
    properties.append(_with("w:tblW", w=_twentieths(sum(widths)), type="dxa"))
    borders = OxmlElement("w:tblBorders")
    for side in ("top", "left", "bottom", "right", "insideH", "insideV"):
        borders.append(_with(f"w:{side}", val="single", sz="4", space="0", color="000000"))
    properties.append(borders)
    properties.append(_with("w:tblLayout", type="fixed"))
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        margins.append(_with(f"w:{side}", w="60", type="dxa"))
    properties.append(margins)
    return properties


def _grid(widths: Sequence[float]) -> Any:
    grid = OxmlElement("w:tblGrid")
    for width in widths:
        grid.append(_with("w:gridCol", w=_twentieths(width)))
    return grid


def _row(row: Row, widths: Sequence[float], size: float) -> Any:
    element = OxmlElement("w:tr")
    properties = OxmlElement("w:trPr")
    properties.append(OxmlElement("w:cantSplit"))
    if row.heading:
        properties.append(OxmlElement("w:tblHeader"))
    element.append(properties)
    column = 0
    for cell in row.cells:
        element.append(_cell(cell, sum(widths[column : column + cell.span]), size))
        column += cell.span
    return element


def _cell(cell: Cell, width: float, size: float) -> Any:
    element = OxmlElement("w:tc")
    properties = OxmlElement("w:tcPr")
    properties.append(_with("w:tcW", w=_twentieths(width), type="dxa"))
    if cell.span > 1:
        properties.append(_with("w:gridSpan", val=str(cell.span)))
    if cell.merge is not Merge.NONE:
        properties.append(_with("w:vMerge", val=cell.merge.value))
    properties.append(_with("w:vAlign", val="top" if cell.top else "center"))
    element.append(properties)
    for text in clean(cell.text).split("\n"):
        element.append(_paragraph(text, cell, size))
    return element


def _paragraph(text: str, cell: Cell, size: float) -> Any:
    paragraph = OxmlElement("w:p")
    properties = OxmlElement("w:pPr")
    properties.append(_with("w:spacing", before="20", after="20"))
    if cell.centred:
        properties.append(_with("w:jc", val="center"))
    paragraph.append(properties)
    if text:
        paragraph.append(_run(text, size, cell.heading))
    return paragraph


def _run(text: str, size: float | None, sans: bool) -> Any:
    run = OxmlElement("w:r")
    properties = OxmlElement("w:rPr")
    if sans:
        _fonts_of(properties, SANS)
    if size is not None:
        for name in ("w:sz", "w:szCs"):
            properties.append(_with(name, val=str(round(size * 2))))
    run.append(properties)
    written = OxmlElement("w:t")
    written.text = text
    written.set(qn("xml:space"), "preserve")
    run.append(written)
    return run


def _with(tag: str, **attributes: str) -> Any:
    element = OxmlElement(tag)
    for name, value in attributes.items():
        element.set(qn(f"w:{name}"), value)
    return element


def _twentieths(millimetres: float) -> str:
    """In the unit of Word's widths: twentieths of a point."""
    return str(round(millimetres * _TWENTIETHS_A_MM))
