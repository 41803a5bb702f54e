"""The demo's PDFs: one typst template, the text as JSON, the font embedded."""

import json
from datetime import UTC, datetime, time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from portfolio.demo.content import DATA
from portfolio.demo.materials import Material
from portfolio.demo.placeholders import Day

if TYPE_CHECKING:
    from typst import Compiler

_SEALED = {"plan", "rules", "report", "certificate"}


def pdf(material: Material, school_name: str) -> bytes:
    """The material as a PDF with one page for each of its pages; the same bytes every time."""
    compiled = _compiler().compile(
        input=_template(),
        format="pdf",
        sys_inputs={"document": json.dumps(_document(material, school_name), ensure_ascii=False)},
        timestamp=datetime.combine(material.dated_on, time(9), UTC),
    )
    if not isinstance(compiled, bytes):
        raise TypeError("typst answered with pages, not with one PDF")
    return compiled


def _document(material: Material, school_name: str) -> dict[str, object]:
    """What the template reads from its input."""
    dated_on = material.dated_on
    return {
        "school": school_name,
        "title": material.title,
        "opening": material.opening,
        "closing": material.closing,
        "date": str(f"{Day(dated_on.year, dated_on.month, dated_on.day)}"),
        "sealed": material.kind in _SEALED,
        "pages": [
            {"heading": page.heading, "facts": page.facts, "paragraphs": page.paragraphs}
            for page in material.pages
        ],
    }


@lru_cache(maxsize=1)
def _template() -> bytes:
    return (DATA / "document.typ").read_bytes()


@lru_cache(maxsize=1)
def _compiler() -> "Compiler":
    """One compiler for all documents: reading the fonts costs more than setting a page."""
    import pylopdf_fonts_zh_cn
    import typst

    folder: Path = pylopdf_fonts_zh_cn.serif_path().parent
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder])
    return typst.Compiler(font_paths=fonts)
