"""Tables of a Word document, written as XML at once.

python-docx's own cells take seconds for eighty rows, and its merge leaves empty paragraphs behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from portfolio.documents.word import LATIN, SANS, Cell, Merge, Row, Spine, clean

_TWENTIETHS_A_MM = 1440 / 25.4
_POINTS_A_MM = 72 / 25.4


def table(widths: Sequence[float], rows: Iterable[Row], *, size: float) -> Any:
    """A ruled table: column widths in mm, size in points."""
    element = _ruled(widths)
    for row in rows:
        element.append(_row(row, widths, size))
    return element


def spines(beside: Sequence[Sequence[Spine]], width: float) -> Any:
    """A row of spines, each `width` mm wide, all of them of the same parts from top to foot."""
    element = _ruled([width] * len(beside))
    for parts in zip(*beside, strict=True):
        row = OxmlElement("w:tr")
        properties = OxmlElement("w:trPr")
        properties.append(OxmlElement("w:cantSplit"))
        properties.append(_with("w:trHeight", val=_twentieths(parts[0].height), hRule="exact"))
        row.append(properties)
        row.extend(_spine(part, width) for part in parts)
        element.append(row)
    return element


def run(text: str, size: float | None = None, *, sans: bool = False) -> Any:
    """Text of one look, size in points."""
    element = OxmlElement("w:r")
    properties = OxmlElement("w:rPr")
    if sans:
        set_fonts(properties, SANS)
    if size is not None:
        for name in ("w:sz", "w:szCs"):
            properties.append(_with(name, val=str(round(size * 2))))
    element.append(properties)
    written = OxmlElement("w:t")
    written.text = text
    written.set(qn("xml:space"), "preserve")
    element.append(written)
    return element


def set_fonts(properties: Any, east: str) -> None:
    """Every script's font: one left out would be the theme's, which has no Chinese."""
    found = properties.find(qn("w:rFonts"))
    if found is not None:
        properties.remove(found)
    fonts = OxmlElement("w:rFonts")
    for script, name in (("ascii", LATIN), ("hAnsi", LATIN), ("cs", LATIN), ("eastAsia", east)):
        fonts.set(qn(f"w:{script}"), name)
    fonts.set(qn("w:hint"), "eastAsia")  # “” and … as Chinese signs
    properties.insert(0, fonts)


def _spine(part: Spine, width: float) -> Any:
    size = part.size
    if part.vertical:  # smaller where it would not fit on one line
        size = min(size, part.height * _POINTS_A_MM / (max(1, len(part.text)) * 1.15))
    cell = _cell(Cell(part.text, centred=True, heading=part.sans), width, size)
    if part.vertical:
        properties = cell.find(qn("w:tcPr"))
        properties.insert(len(properties) - 1, _with("w:textDirection", val="tbRl"))
    return cell


def _ruled(widths: Sequence[float]) -> Any:
    table = OxmlElement("w:tbl")
    table.append(_table_properties(widths))
    table.append(_grid(widths))
    return table


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
        paragraph.append(run(text, size, sans=cell.heading))
    return paragraph


def _with(tag: str, **attributes: str) -> Any:
    element = OxmlElement(tag)
    for name, value in attributes.items():
        element.set(qn(f"w:{name}"), value)
    return element


def _twentieths(millimetres: float) -> str:
    """In the unit of Word's widths: twentieths of a point."""
    return str(round(millimetres * _TWENTIETHS_A_MM))
