"""Writes a Word document from top to bottom, with python-docx."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import docx
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from portfolio.documents import word_xml
from portfolio.documents.blocks import Block
from portfolio.documents.word import SANS, SERIF, Row, Spine, clean, finished

_A4 = (Mm(210), Mm(297))
_TWO_CHARACTERS = Pt(21)


class Writer:
    """Adds to the end of one document."""

    def __init__(self, *, title: str, at: datetime, landscape: bool, margin: int, numbered: bool) -> None:
        self._document = docx.Document()
        section = self._document.sections[0]
        width, height = reversed(_A4) if landscape else _A4
        section.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
        section.page_width, section.page_height = width, height
        section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Mm(margin)
        section.footer_distance = Mm(8)
        self._set_fonts()
        properties = self._document.core_properties
        properties.title, properties.author, properties.comments = clean(title), "", ""
        properties.created = properties.modified = at.astimezone(UTC)
        if numbered:
            _number_pages(section.footer.paragraphs[0])

    def finished(self) -> bytes:
        """The document's bytes, the same ones for the same document."""
        return finished(self._document)

    def add_line(
        self,
        text: str,
        *,
        size: float = 10.5,
        sans: bool = False,
        centred: bool = False,
        together: bool = False,
        indented: bool = False,
    ) -> None:
        """A paragraph of one style, size in points.

        `together`: on the page of what follows; `indented` as a letter's.
        """
        paragraph = self._document.add_paragraph()
        paragraph.paragraph_format.first_line_indent = _TWO_CHARACTERS if indented else None
        paragraph.paragraph_format.keep_with_next = together or None
        if centred:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        run = paragraph.add_run(clean(text))
        run.font.size = Pt(size)
        if sans:
            word_xml.set_fonts(run._element.get_or_add_rPr(), SANS)

    def add_heading(self, text: str, level: int) -> None:
        """A heading that Word's outline shows."""
        self._document.add_heading(clean(text), level)

    def add_picture(self, data: bytes, *, width: float) -> None:
        """A picture in a paragraph of its own, `width` mm wide."""
        self._document.add_picture(io.BytesIO(data), width=Mm(width))
        self._document.paragraphs[-1].alignment = WD_ALIGN_PARAGRAPH.CENTER

    def add_blocks(self, blocks: Iterable[Block]) -> None:
        """What somebody wrote in Markdown."""
        for block in blocks:
            paragraph = self._document.add_paragraph()
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

    def add_page_break(self) -> None:
        """What follows begins a new page."""
        self._document.add_paragraph().add_run().add_break(WD_BREAK.PAGE)

    def add_table(self, widths: Sequence[float], rows: Iterable[Row], *, size: float = 9) -> None:
        """A ruled table: column widths in mm, size in points."""
        self._add(word_xml.table(widths, rows, size=size))

    def add_spines(self, spines: Sequence[Sequence[Spine]], width: float) -> None:
        """A row of spines, each `width` mm wide, all of them of the same parts from top to foot."""
        self._add(word_xml.spines(spines, width))

    def _add(self, element: Any) -> None:
        body = self._document.element.body
        body.insert(len(body) - 1, element)  # before the section's properties, which stay last

    def _set_fonts(self) -> None:
        for name, east in (("Normal", SERIF), ("Heading 1", SANS), ("Heading 2", SANS), ("Heading 3", SANS)):
            style: Any = self._document.styles[name]
            word_xml.set_fonts(style.element.get_or_add_rPr(), east)
            style.font.color.rgb = None
        normal: Any = self._document.styles["Normal"]
        normal.font.size = Pt(10.5)
        normal.paragraph_format.space_after = Pt(4)


def _number_pages(paragraph: Any) -> None:
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for instruction, after in (("PAGE", " / "), ("NUMPAGES", "")):
        field = OxmlElement("w:fldSimple")
        field.set(qn("w:instr"), instruction)
        field.append(word_xml.run("1"))
        paragraph._p.append(field)
        if after:
            paragraph._p.append(word_xml.run(after))
